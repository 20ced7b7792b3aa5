// Reads argv before the command's own arguments are known: which pipeline file, and which words may be the command's name.

/** How outflow's own flags are written, with dashes: `--backend`, `-b`. */
export interface OwnFlags {
  withValue: ReadonlySet<string>;
  withoutValue: ReadonlySet<string>;
}

export interface Word {
  text: string;
  /** False: it follows a flag that is not outflow's, and may be that flag's value. */
  certain: boolean;
}

export interface FirstPass {
  pipeline: string | undefined;
  words: Word[];
}

export function firstPass(argv: readonly string[], own: OwnFlags): FirstPass {
  const pass: FirstPass = { pipeline: undefined, words: [] };
  let afterUnknownFlag = false;
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] as string;
    if (token === '--') {
      pass.words.push(...argv.slice(at + 1).map((text) => ({ text, certain: true })));
      break;
    }
    if (!token.startsWith('-') || token === '-') {
      pass.words.push({ text: token, certain: !afterUnknownFlag });
      afterUnknownFlag = false;
      continue;
    }
    const { flag, value } = splitFlag(token, own);
    afterUnknownFlag = value === undefined && !own.withoutValue.has(flag) && !own.withValue.has(flag);
    if (!own.withValue.has(flag)) continue;
    const given = value ?? argv[++at];
    if (flag === '-p' || flag === '--pipeline') pass.pipeline = given;
  }
  return pass;
}

/** `--pipeline=x`, `-p=x` and `-px` hold their value; so may an unknown flag. */
function splitFlag(token: string, own: OwnFlags): { flag: string; value?: string } {
  const equals = token.indexOf('=');
  const short = token.slice(0, 2);
  if (!token.startsWith('--') && token.length > 2 && own.withValue.has(short)) {
    return { flag: short, value: token.slice(token[2] === '=' ? 3 : 2) };
  }
  return equals < 0 ? { flag: token } : { flag: token.slice(0, equals), value: token.slice(equals + 1) };
}

/**
 * The first certain word that is one of `names`, else the first word at all that is one: a word after an unknown flag is
 * taken for that flag's value as long as another can be the name. With neither: the word that was meant, if any.
 */
export function pickName(words: readonly Word[], names: readonly string[]): { name: string } | { unknown: string | undefined } {
  const isName = (word: Word): boolean => names.includes(word.text);
  const found = words.find((word) => word.certain && isName(word)) ?? words.find(isName);
  if (found) return { name: found.text };
  return { unknown: (words.find((word) => word.certain) ?? words[0])?.text };
}

/** How the flags of a command class (or of its entry in the manifest) are written. */
export function ownFlags(flags: Record<string, { type: string; char?: string | undefined }>): OwnFlags {
  const own = { withValue: new Set<string>(), withoutValue: new Set(['--json', '--help', '-h']) };
  for (const [name, { type, char }] of Object.entries(flags)) {
    const set = type === 'option' ? own.withValue : own.withoutValue;
    set.add(`--${name}`);
    if (char) set.add(`-${char}`);
  }
  return own;
}
