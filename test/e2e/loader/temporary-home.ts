// An OUTFLOW_HOME of its own for the tests of a file, and this clone's sources as the program that is started.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const programFile = path.resolve(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');

/** To be called at the top of a test file. */
export function useTemporaryHome(): void {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(path.join(tmpdir(), 'outflow-home-'));
    process.env['OUTFLOW_HOME'] = home;
    process.env['OUTFLOW_SELF'] = programFile;
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
}
