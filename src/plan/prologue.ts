// The lines of shell that run in an allocation before its agent, as people write them.
import { type ErrorCode, OutflowError } from '../model/errors.ts';

/** A text of one or more lines, or several of them. `where`: for messages, such as `` `prologue` of map m ``. */
export function prologueLines(given: unknown, where: string, code: ErrorCode = 'bad-directive'): string[] {
  const texts = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(texts) || texts.some((text) => typeof text !== 'string' || text.includes('\0')))
    throw new OutflowError(code, `${where} must be a text of shell or an array of them`, { hint: "such as ['module load gcc']" });
  const lines = texts.flatMap((text: string) => text.split(/\r?\n/)).filter((line) => line.trim() !== '');
  const directive = lines.find((line) => /^\s*#SBATCH\b/.test(line));
  if (directive !== undefined)
    throw new OutflowError(code, `${where} has the line '${directive.trim()}', which would do nothing there`, {
      hint: 'write it as an option: sbatch: { … }',
    });
  return lines;
}
