// What doctor found, for people. Pure.
import { counted, pad } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import type { Finding, FindingGroup, Verdict } from './finding.ts';

const MARKS: Readonly<Record<Verdict, { mark: string; colour: Parameters<Paint>[0] }>> = {
  ok: { mark: '✓', colour: 'green' },
  warning: { mark: '!', colour: 'yellow' },
  missing: { mark: '✗', colour: 'red' },
};
/** Of the longest name of a check: groups are told before the next ones are known. */
const NAMES = 13;

export function groupLines({ title, findings }: FindingGroup, paint: Paint): string[] {
  return [paint('bold', title), ...findings.flatMap((finding) => findingLines(finding, paint)), ''];
}

function findingLines({ check, verdict, found, advice }: Finding, paint: Paint): string[] {
  const { mark, colour } = MARKS[verdict];
  const [first = '', ...more] = found.split('\n');
  const indent = ' '.repeat(NAMES + 6);
  return [
    `  ${paint(colour, mark)} ${pad(check, NAMES)}  ${first}`,
    ...more.map((line) => `${indent}${line}`),
    ...(advice === null ? [] : advice.split('\n').map((line) => `${indent}${paint('dim', `→ ${line}`)}`)),
  ];
}

export function verdictLine(groups: readonly FindingGroup[], paint: Paint): string {
  const all = groups.flatMap(({ findings }) => findings);
  const [missing, warnings] = (['missing', 'warning'] as const).map(
    (verdict) => all.filter((it) => it.verdict === verdict).length,
  );
  const also = warnings ? `, ${counted(warnings, 'warning')}` : '';
  if (missing)
    return paint(
      'red',
      `${missing === 1 ? '1 thing that a run needs is' : `${missing} things that a run needs are`} missing${also}`,
    );
  return warnings ? paint('yellow', `nothing is missing${also}`) : paint('green', 'all that a run needs is here');
}
