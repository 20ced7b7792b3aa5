// One letter for each state of a unit, stream and level of a log line: columns of type "char" take one byte a row.
import { OutflowError } from '../../model/errors.ts';
import type { UnitState } from '../../model/states.ts';
import type { LogLevel, LogStream } from '../types.ts';

const STATES: Record<UnitState, string> = { succeeded: 's', failed: 'f', skipped: 'k', cancelled: 'c', aborted: 'a' };
const STREAMS: Record<LogStream, string> = { stdout: 'o', stderr: 'e', log: 'l', system: 's' };
const LEVELS: Record<LogLevel, string> = { debug: 'd', info: 'i', warn: 'w', error: 'e' };

export const stateCode = (state: UnitState): string => STATES[state];
export const streamCode = (stream: LogStream): string => STREAMS[stream];
export const levelCode = (level: LogLevel): string => LEVELS[level];

export const stateOf = decoder(STATES, 'state of a unit');
export const streamOf = decoder(STREAMS, 'stream');
export const levelOf = decoder(LEVELS, 'level');

function decoder<Name extends string>(codes: Record<Name, string>, what: string): (code: string) => Name {
  const names = new Map(Object.entries(codes).map(([name, code]) => [code, name as Name]));
  return (code) => {
    const name = names.get(code);
    if (name === undefined)
      throw new OutflowError('database-newer', `the database holds an unknown ${what}: ${JSON.stringify(code)}`);
    return name;
  };
}
