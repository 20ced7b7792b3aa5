// What the documentation shows is true: TypeScript blocks compile, and commands shown with their `$` run and print what follows.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { makeWorld, projectRoot } from '../support/outflow.ts';

interface Block {
  /** `docs/sdk.md:12` */
  at: string;
  language: string;
  text: string;
}

const files = [
  'README.md',
  'CHANGELOG.md',
  'ARCHITECTURE.md',
  ...readdirSync(path.join(projectRoot, 'docs')).map((file) => `docs/${file}`),
].filter((file) => file.endsWith('.md'));
const blocks = files.flatMap(blocksOf);

function blocksOf(file: string): Block[] {
  const text = readFileSync(path.join(projectRoot, file), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => ({
    at: `${file}:${text.slice(0, match.index).split('\n').length}`,
    language: match[1] as string,
    text: match[2] as string,
  }));
}

describe('TypeScript blocks compile', () => {
  const directory = path.join(projectRoot, 'test-results/docs');
  const typescript = blocks.filter(({ language }) => language === 'ts');
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('all of them, with the types that users get', async () => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const { at, text } of typescript) writeFileSync(path.join(directory, `${at.replace(/\W+/g, '-')}.ts`), text);
    const options = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: true, erasableSyntaxOnly: false, paths: { outflow: ['../../src/index.ts'] } },
      include: ['*.ts', '../../src/*.d.ts'],
    };
    writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(options));
    const { stdout } = await execa('tsc', ['-p', directory], { reject: false, preferLocal: true, localDir: projectRoot });
    expect(stdout).toBe('');
    expect(typescript.length).toBeGreaterThan(0);
  });
});

/** A console block is lines of `$ npx outflow …`, each followed by what it prints; `…` on a line stands for anything. */
describe('console blocks run as they are shown', () => {
  const shown = blocks.filter(({ language }) => language === 'console');

  test.each(shown.map(({ at, text }) => [at, text]))('%s', async (_at, text) => {
    const world = makeWorld();
    try {
      for (const part of text.split(/^\$ /m).filter(Boolean)) {
        const [command = '', ...lines] = part.trimEnd().split('\n');
        const [program, ...args] = command.split(' ').filter((word) => word !== 'npx');
        expect(program).toBe('outflow');
        const { stdout, stderr } = await world.run(args, { cwd: path.join(projectRoot, 'examples/tutorial') });
        const printed = `${stdout}\n${stderr}`;
        for (const line of lines) for (const piece of line.split('…')) expect(printed).toContain(piece.trim());
      }
    } finally {
      await world.end();
    }
  });
});
