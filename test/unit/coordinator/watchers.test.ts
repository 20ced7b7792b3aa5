// Those who watch a run, and do not read: their terminal is stopped (Ctrl-Z), or their lines come faster than they are shown.
import { expect, test } from 'vitest';
import { Watchers } from '../../../src/coordinator/watchers.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import type { Progress, WatchEvent } from '../../../src/rpc/messages.ts';
import type { LogRow } from '../../../src/store/types.ts';
import { until } from '../../support/until.ts';

const line = (text: string): LogRow => ({
  step: 0,
  index: 0,
  attempt: 1,
  seq: 0,
  atMs: 0,
  stream: 'log',
  level: 'info',
  text,
});

/** A watcher, who came when some lines were committed already. */
function watched(...before: LogRow[]) {
  let slurmCalls = 0;
  const progress = (): Progress => ({ ...({} as Progress), slurmCalls: ++slurmCalls });
  const watchers = new Watchers(progress);
  const heard: WatchEvent[] = [];
  const gone = new AbortController();
  let drained = (): void => {};
  const to = {
    isWritable: true,
    emit: (event: WatchEvent) => void heard.push(event),
    onDrain: (listener: () => void) => {
      drained = listener;
    },
  };
  watchers.logs(before);
  void watchers.watch({ logs: true }, to, gone.signal);
  const drain = (): void => {
    to.isWritable = true;
    drained();
  };
  const of = <Kind extends WatchEvent['kind']>(kind: Kind) => heard.filter((event) => event.kind === kind);
  return { watchers, to, drain, of, made: () => slurmCalls, gone };
}

test('progress does not pile up for who does not read; the latest is told when there is room again', async () => {
  const { watchers, to, drain, of, made } = watched();
  expect(of('progress')).toHaveLength(1);
  to.isWritable = false;
  for (let time = 0; time < 3; time++) {
    const before = made();
    watchers.changed();
    await until(() => made() > before);
  }
  expect(of('progress')).toHaveLength(1);
  drain();
  expect(of('progress')).toHaveLength(2);
  drain();
  expect(of('progress')).toHaveLength(2);
});

test('of lines beyond the bound the last is told, when there is room again, and then those that come', () => {
  const { watchers, to, drain, of } = watched();
  to.isWritable = false;
  watchers.logs(Array.from({ length: LIMITS.watcherLines + 7 }, (_, n) => line(`line ${n}`)));
  expect(of('log')).toHaveLength(LIMITS.watcherLines);
  drain();
  expect(of('log').at(-1)).toMatchObject({ log: { text: `line ${LIMITS.watcherLines + 6}` } });
  watchers.logs([line('later')]);
  expect(of('log').at(-1)).toMatchObject({ log: { text: 'later' } });
});

test('one that comes late is told the last line: those before are in the store', () => {
  const { of } = watched(line('first'), line('last'));
  expect(of('log')).toMatchObject([{ log: { text: 'last' } }]);
});

test('one that has gone hears nothing more', () => {
  const { watchers, drain, of, gone } = watched();
  gone.abort();
  watchers.logs([line('nobody')]);
  drain();
  expect(of('log')).toEqual([]);
  expect(of('progress')).toHaveLength(1);
});
