// The part of docs/cli.md that is made from the manifest and the table of exit codes.
import manifest from '../../cli/oclif.manifest.json' with { type: 'json' };
import { EXIT_CODES } from '../../src/model/errors.ts';

interface Flag {
  name: string;
  char?: string;
  type: string;
  allowNo?: boolean;
  helpValue?: string;
  description?: string;
  default?: unknown;
  required?: boolean;
}

interface CommandEntry {
  summary?: string;
  description?: string;
  args: Record<string, { name: string; required?: boolean; description?: string; default?: unknown }>;
  flags: Record<string, Flag>;
  examples?: string[];
}

const ORDER = [
  'plan',
  'run',
  'submit',
  'status',
  'logs',
  'cancel',
  'resume',
  'runs',
  'results',
  'agents',
  'exec',
  'drain',
  'db:start',
  'db:stop',
  'db:status',
  'db:url',
  'doctor',
  'agent',
  'version',
  'licenses',
  'completions',
];

/** Markdown: a section a command. */
export function commandSections(): string {
  const commands = manifest.commands as unknown as Record<string, CommandEntry>;
  const left = Object.keys(commands).filter((id) => !ORDER.includes(id));
  return [...ORDER, ...left].map((id) => sectionOf(id, commands[id] as CommandEntry)).join('\n\n');
}

export function exitCodeTable(): string {
  const rows = Object.values(EXIT_CODES).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return ['| code | meaning |', '|---|---|', ...rows].join('\n');
}

function sectionOf(id: string, { summary, description, args, flags, examples = [] }: CommandEntry): string {
  const name = `outflow ${id.replaceAll(':', ' ')}`;
  const words = Object.values(args).map((arg) => (arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`));
  const shown = Object.values(flags).filter((flag) => flag.name !== 'json');
  const rows = [
    ...Object.values(args).map(
      (arg) =>
        `| \`${arg.name.toUpperCase()}\` | ${arg.description ?? ''}${arg.default === undefined ? '' : ` Default: \`${arg.default}\`.`} |`,
    ),
    ...shown.map((flag) => `| ${flagText(flag)} | ${descriptionOf(flag)} |`),
  ];
  const parts = [`### ${name}`, [summary, description].filter(Boolean).join(' '), `\`${[name, ...words, '[flags]'].join(' ')}\``];
  if (rows.length > 0) parts.push(['| | |', '|---|---|', ...rows].join('\n'));
  if (examples.length > 0)
    parts.push(['```sh', ...examples.map((example) => example.replaceAll('<%= config.bin %>', 'outflow')), '```'].join('\n'));
  return parts.join('\n\n');
}

function flagText({ name, char, type, allowNo, helpValue }: Flag): string {
  const value = type === 'option' ? ` ${(helpValue ?? 'VALUE').replaceAll('|', '\\|')}` : '';
  return `\`${char ? `-${char}, ` : ''}--${allowNo ? '[no-]' : ''}${name}${value}\``;
}

function descriptionOf(flag: Flag): string {
  const isDefault = flag.type === 'option' && flag.default !== undefined;
  return `${flag.required ? 'Required. ' : ''}${flag.description ?? ''}${isDefault ? ` Default: \`${flag.default}\`.` : ''}`;
}
