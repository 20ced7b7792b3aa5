// What of a tsconfig.json esbuild passes over in silence: `emitDecoratorMetadata` needs the types, which only tsc knows.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { displayPath } from './code-frame.ts';

/** `code`: what became of `inputs`, paths from `dir`. Decorators of before the standard are calls of a helper of esbuild's in it. */
export function decoratorWarnings(code: string, inputs: readonly string[], dir: string): string[] {
  if (!code.includes('__decorateClass')) return [];
  const own = inputs.filter((file) => /\.[cm]?tsx?$/.test(file) && !file.includes('node_modules/'));
  const tsconfig = metadataTsconfig(own.map((file) => path.resolve(dir, file)));
  if (tsconfig === undefined) return [];
  return [
    `${displayPath(tsconfig)}: emitDecoratorMetadata has no effect, since types are not read when a pipeline is bundled: Reflect.getMetadata('design:type', …) finds nothing. Name the types in the decorators, or import what tsc makes of these files`,
  ];
}

interface Tsconfig {
  extends?: string | string[];
  compilerOptions?: { emitDecoratorMetadata?: boolean };
}

/** The nearest tsconfig.json of these files that asks for the metadata of decorators, be it by one that it extends. */
function metadataTsconfig(files: readonly string[]): string | undefined {
  const dirs = new Set(files.map((file) => path.dirname(file)));
  const nearest = new Set([...dirs].map(nearestTsconfig));
  return [...nearest].find((file) => file !== undefined && asksForMetadata(file) === true);
}

function nearestTsconfig(from: string): string | undefined {
  for (let dir = from; ; dir = path.dirname(dir)) {
    const file = path.join(dir, 'tsconfig.json');
    if (existsSync(file)) return file;
    if (path.dirname(dir) === dir) return undefined;
  }
}

function asksForMetadata(file: string, seen: readonly string[] = []): boolean | undefined {
  if (seen.includes(file)) return undefined;
  const { extends: bases = [], compilerOptions } = read(file);
  if (compilerOptions?.emitDecoratorMetadata !== undefined) return compilerOptions.emitDecoratorMetadata;
  // The last one wins.
  for (const base of [bases].flat().reverse()) {
    const found = resolveBase(base, file);
    const asks = found === undefined ? undefined : asksForMetadata(found, [...seen, file]);
    if (asks !== undefined) return asks;
  }
  return undefined;
}

/** JSON with comments and with commas before a closing bracket. What cannot be read is esbuild's to tell. */
function read(file: string): Tsconfig {
  try {
    const plain = readFileSync(file, 'utf8')
      .replace(/^\uFEFF/, '')
      .replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '$1')
      .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, '$1');
    return JSON.parse(plain) ?? {};
  } catch {
    return {};
  }
}

function resolveBase(base: string, from: string): string | undefined {
  const isPath = /^\.{0,2}\//.test(base);
  for (const name of [base, `${base}.json`, `${base}/tsconfig.json`]) {
    if (isPath) {
      const file = path.resolve(path.dirname(from), name);
      if (file.endsWith('.json') && existsSync(file)) return file;
      continue;
    }
    try {
      const file = createRequire(from).resolve(name);
      if (file.endsWith('.json')) return file;
    } catch {
      // under another of its names
    }
  }
  return undefined;
}
