// Where in the user's code a failure began: the first place of its stack, from here where it is below. One of the user's own files
// rather than of a package.
import path from 'node:path';

/** `pipeline.ts:12:9`; undefined where the stack names no file. */
export function userFrame(stack: string | undefined): string | undefined {
  // A path may hold spaces and parentheses; what stands before it (a function's name) holds no slash.
  const found = (stack ?? '').matchAll(/^\s*at (?:[^/\n]*\()?((?:file:\/\/)?\/.+?:\d+(?::\d+)?)\)?$/gm);
  const places = [...found].map(([, each]) => each as string);
  const place = places.find((each) => !each.includes('/node_modules/')) ?? places[0];
  if (place === undefined) return undefined;
  const [, file = '', position = ''] = /^(?:file:\/\/)?(.*?)(:\d+(?::\d+)?)$/.exec(place) ?? [];
  const relative = path.relative(process.cwd(), file);
  return (relative.startsWith('..') || path.isAbsolute(relative) ? file : relative) + position;
}
