// What the words of a command line say before any of them is parsed. The smallest program loads it: it imports nothing.

/** The commands on a pipeline. */
export const PIPELINE_VERBS = ['plan', 'run', 'submit'] as const;

export type PipelineVerb = (typeof PIPELINE_VERBS)[number];

export function pipelineVerb(word: string | undefined): PipelineVerb | undefined {
  return PIPELINE_VERBS.find((verb) => verb === word);
}

export function wantsHelp(words: readonly string[]): boolean {
  return beforeDashes(words).some((word) => word === '--help' || word === '-h');
}

export function wantsJson(words: readonly string[]): boolean {
  return beforeDashes(words).includes('--json');
}

/** What follows `--` are values. */
function beforeDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}
