// Text as Postgres takes it: no content of a log line, an error or a value may make an insert fail.

const REPLACEMENT = '\uFFFD';

/** NUL and lone surrogates become U+FFFD; all else stays. Almost always the same string. */
export function cleanText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', REPLACEMENT) : wellFormed;
}
