// The two forms of a bundle: a script, whose compiled code can be kept; a module where the pipeline waits at its top (top-level await).

export type BundleForm = 'script' | 'module';

/** In a script: what the pipeline exports. */
export const EXPORTS = '__outflow_exports';

/** How a script begins: it is a function, in which `module`, `exports` and `arguments` are no names, as in a module. */
const START = `(()=>{'use strict';`;

export function scriptOf(code: string): string {
  return `${START}${code}return ${EXPORTS}})`;
}

export function formOf(code: string): BundleForm {
  return code.startsWith(START) ? 'script' : 'module';
}
