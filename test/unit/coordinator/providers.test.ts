// Agents on this host: none is started for a run that nobody holds any more.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LocalAllocations } from '../../../src/coordinator/allocations.ts';
import { Providers } from '../../../src/coordinator/providers.ts';
import type { LoadedRun } from '../../../src/store/types.ts';

test('an agent that was asked for in the last moment of a run is not started', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'outflow providers-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const local = new LocalAllocations(directory);
  const published = vi.spyOn(local, 'publish');
  const spawned = vi.spyOn(local, 'spawn').mockReturnValue({ process: null, ended: Promise.resolve(''), end() {}, kill() {} });
  const providers = new Providers({
    local,
    loaded: { record: { id: 'r' } } as LoadedRun,
    pools: { specs: [{ kind: 'local' }], prologues: [[]], ofStep: [0] },
    address: 'unix:/none',
    slots: 1,
    databases: {},
    enqueue: () => {},
    onEndKnown: () => {},
    log: () => {},
    notice: () => {},
  });
  const allocate = (id: string): void =>
    providers.carryOut({ kind: 'allocate', pool: 0, allocations: [id], shape: null, excludedNodes: [] });

  allocate('1-1');
  await published.mock.results[0]?.value;
  await turn();
  expect(spawned).toHaveBeenCalledTimes(1);

  allocate('1-2');
  providers.stop();
  await published.mock.results[1]?.value;
  await turn();
  expect(spawned).toHaveBeenCalledTimes(1);
});
