// A task host whose agent takes units back while more of them are on their way to it.
import { expect, onTestFinished, test } from 'vitest';
import { HostProcess } from '../../../agent/hosts/host-process.ts';
import { HostPrograms } from '../../../agent/hosts/programs.ts';
import { encodeUnits } from '../../../agent/wire/columns.ts';
import { FRAME, textFrame } from '../../../agent/wire/frames.ts';
import type { FromHost, ToHost } from '../../../agent/wire/messages.ts';
import { encodeValue } from '../../../src/model/values.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, PIPELINE } from './with-agent.ts';

test('all that comes between the first unit that must not begin and the recall is dropped with it', async () => {
  const coordinator = await ScriptedCoordinator.create(PIPELINE, 'acts');
  onTestFinished(() => coordinator.close());
  const heard: FromHost[] = [];
  const gone = Promise.withResolvers<void>();
  const host = new HostProcess(
    {
      cpus: null,
      limitMib: 0,
      programs: new HostPrograms(),
      scratchDir: coordinator.directory,
      environment: process.env,
      watch: { add: () => {}, remove: () => {} },
    },
    {
      onFrame: ({ kind, payload }) => {
        if (kind === FRAME.text) heard.push(JSON.parse(payload.toString()) as FromHost);
      },
      onOutput: () => {},
      onExit: () => gone.resolve(),
    },
  );
  const tell = (message: ToHost): void => host.send(textFrame(message));
  const give = (firstK: number): void =>
    host.send(
      encodeUnits({
        step: 1,
        firstK,
        index: [firstK, firstK + 1],
        attempt: [1, 1],
        element: Array(2).fill(encodeValue(act('give'))),
      }),
    );
  host.pulse.limit(0);
  tell(coordinator.beginMessage);
  tell({ kind: 'step', step: 1, id: 'map', cpus: 1, map: true, shared: '{}', noOutputs: false });
  give(1);
  give(3);
  tell({ kind: 'recall' });
  await coordinator.waitFor('the answer', () => heard.some(({ kind }) => kind === 'recalled'));
  const begun = host.pulse.lastBegun();
  host.leave();
  await gone.promise;
  expect(heard.slice(1)).toEqual([{ kind: 'recalled', fromK: 1 }]);
  expect(begun).toBe(0);
});
