// V8 keeps a source that is not ASCII in two bytes a character: it is read, and its kept code checked, in twice the time.

/**
 * esbuild escapes all but what stands in regular expressions.
 * @param {string} code
 */
export function asAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
