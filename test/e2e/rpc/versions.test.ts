// Programs of different versions, over real gRPC: they work together, or each says why not. The other version is played by the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { selfCommand } from '../../../src/system/self.ts';
import { newerCoordinator, newerSession } from '../../support/newer-protocol.ts';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { until } from '../../support/until.ts';

describe('an agent of today', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(() => close?.());

  async function withCoordinator(welcome: object) {
    const directory = mkdtempSync(path.join(tmpdir(), 'of-versions-'));
    const [address, joinFile] = [`unix:${path.join(directory, 's')}`, path.join(directory, 'join.json')];
    const coordinator = await newerCoordinator(address, welcome);
    writeFileSync(joinFile, JSON.stringify({ addresses: [address], run: 'testrun1', workers: 1 }), { mode: 0o600 });
    const { command, args } = selfCommand('agent', '--join', joinFile);
    const agent = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const [printed, ended] = [text(agent.stderr), once(agent, 'exit')];
    close = async () => {
      agent.kill('SIGTERM');
      await ended;
      coordinator.close();
      rmSync(directory, { recursive: true });
    };
    return { coordinator, printed, ended };
  }

  test('says why it cannot work with a coordinator that has left its protocol behind', async () => {
    const { printed, ended } = await withCoordinator({ protocol: 9, oldestProtocol: 7, version: '9.0.0' });
    expect((await ended)[0]).toBe(6);
    expect(await printed).toMatch(
      /^error: the coordinator is too new for the agent: the coordinator is outflow 9\.0\.0 and speaks protocols 7 to 9; the agent is outflow \d+\.\d+\.\d+\S* and speaks protocol 1\n {2}start it with the outflow that submitted the run/,
    );
  });

  test('works with a newer one that still knows its protocol, and passes over what it does not know', async () => {
    const { coordinator } = await withCoordinator({ protocol: 9, oldestProtocol: 1, version: '9.0.0' });
    await until(() => coordinator.heard.some(({ kind }) => kind === 'heartbeat'));
    const [{ hello }] = coordinator.heard;
    expect(hello).toMatchObject({ protocol: 1, oldestProtocol: 1, programHash: expect.stringMatching(/^build:[0-9a-f]{16}$/) });
    expect(coordinator.heard.filter(({ kind }) => kind === 'hello')).toHaveLength(1); // it has not dialled again
  });
});

describe('a coordinator of today', () => {
  let world: World;
  let run: string;
  let address: string;
  beforeAll(async () => {
    world = makeWorld();
    const pipeline = path.join(projectRoot, 'test/fixtures/replaced/pipeline.ts');
    const notes = path.join(world.dir, 'notes');
    ({ run } = await world.json<{ run: string }>(['submit', 'fresh', '--notes', notes, '-p', pipeline]));
    const joins = path.join(world.home, 'runs', run, 'join');
    const file = await until(() => readdirSync(joins).find((name) => name.endsWith('.json')));
    [address] = JSON.parse(readFileSync(path.join(joins, file), 'utf8')).addresses;
  });
  afterAll(async () => {
    world.write('notes.go', '');
    await until(async () => (await world.json<{ state: string }>(['status', run])).state === 'succeeded');
    await world.end();
  });

  /** What it answers to a hello. */
  async function answered(hello: object): Promise<any> {
    const { client, call } = newerSession(address, hello);
    const [message] = await once(call, 'data');
    call.cancel();
    client.close();
    return message.welcome;
  }

  test('tells an agent that has left its protocol behind why it cannot take part, and nothing of the run', async () => {
    const welcome = await answered({ protocol: 9, oldestProtocol: 7, version: '9.0.0' });
    expect(welcome).toMatchObject({
      refusal: expect.stringMatching(
        /^the agent is too new for the coordinator: the agent is outflow 9\.0\.0 and speaks protocols 7 to 9; the coordinator is outflow \S+ and speaks protocol 1$/,
      ),
      protocol: 1,
      databases: {},
      environment: {},
      bundleHash: '',
    });
    const told = 'an agent was refused (elsewhere): the agent is too new';
    await until(async () => (await world.run(['logs', run])).stdout.includes(told)); // committed with the next batch
  });

  test('works with a newer one that still knows its protocol, and with one from before there were numbers', async () => {
    for (const hello of [{ protocol: 9, oldestProtocol: 1, version: '9.0.0' }, {}]) {
      expect(await answered(hello)).toMatchObject({ refusal: '', run, bundleHash: expect.stringMatching(/./) });
    }
  });
});
