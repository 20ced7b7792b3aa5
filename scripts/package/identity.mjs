// What tells one executable from any other, put into it: a digest of all that goes in. So an agent knows what it runs without
// reading 131 MB (src/system/program-hash.ts).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * @param {Record<string, string>} files by name
 * @returns {string}
 */
export function identityOf(files) {
  const digest = createHash('sha256');
  for (const name of Object.keys(files).sort()) {
    const content = readFileSync(files[name] ?? '');
    digest.update(`${name}\0${content.length}\0`).update(content);
  }
  return digest.digest('hex');
}
