// Lets plain Node import SQL files as text and protocol files as codecs, as the build and vitest do.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { protoModule } from '../../scripts/proto-module.mjs';

registerHooks({
  load(url, context, nextLoad) {
    if (!/\.(proto|sql)$/.test(url)) return nextLoad(url, context);
    const file = fileURLToPath(url);
    const source = url.endsWith('.proto') ? protoModule(file) : `export default ${JSON.stringify(readFileSync(file, 'utf8'))};`;
    return { format: 'module', shortCircuit: true, source };
  },
});
