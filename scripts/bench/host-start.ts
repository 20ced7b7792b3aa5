// How long a task host takes: from its start until it says, as to an agent, that it can run units of the tutorial.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { FrameReader, textFrame } from '../../agent/wire/frames.ts';
import type { BeginMessage, FromHost } from '../../agent/wire/messages.ts';
import { Pulse } from '../../agent/wire/pulse.ts';
import { bundlePipeline } from '../../src/loader/bundle.ts';
import { importBundle } from '../../src/loader/import-bundle.ts';
import { materializeBundle } from '../../src/loader/materialize.ts';
import { encodeValue } from '../../src/model/values.ts';
import { planSum } from '../../src/plan/hash.ts';
import { buildPlan, commandsOf } from '../../src/sdk/internal.ts';

const PIPELINE = path.join(import.meta.dirname, '..', '..', 'examples', 'tutorial', 'pipeline.ts');
const COMMAND = 'compute_data';
const ARGS = { multiplier: 3 };

export class HostStart {
  readonly #begin: BeginMessage;

  private constructor(begin: BeginMessage) {
    this.#begin = begin;
  }

  static async create(directory: string): Promise<HostStart> {
    const bundles = path.join(directory, 'bundles');
    mkdirSync(bundles, { mode: 0o700 });
    const bundle = await bundlePipeline(PIPELINE);
    const bundlePath = await materializeBundle({ ...bundle, dir: bundles });
    const definition = commandsOf(await importBundle(bundlePath, bundle.pipelineDir))[COMMAND];
    if (definition === undefined) throw new Error(`the tutorial has no ${COMMAND}`);
    const { plan } = await buildPlan(COMMAND, definition, ARGS);
    return new HostStart({
      kind: 'begin',
      run: 'measured',
      command: COMMAND,
      args: encodeValue(ARGS),
      planSum: planSum(plan),
      bundlePath,
      pipelineDir: bundle.pipelineDir,
      workdir: directory,
      databases: {},
      blobDir: directory,
      variables: {},
    });
  }

  async seconds(program: string, env: Record<string, string>): Promise<number> {
    const pulse = Pulse.create(this.#begin.blobDir);
    const begun = performance.now();
    const stdio = ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', pulse.fd] as const;
    const child = spawn(program, ['__host'], { env, stdio: [...stdio] });
    try {
      (child.stdio[3] as Writable).write(textFrame(this.#begin));
      const reader = new FrameReader();
      for await (const chunk of child.stdio[4] as Readable) {
        for (const { payload } of reader.push(chunk as Buffer)) {
          const message = JSON.parse(payload.toString()) as FromHost;
          if (message.kind === 'ready') return (performance.now() - begun) / 1000;
          if (message.kind === 'setup-failed') throw new Error(`the host is not ready: ${JSON.stringify(message.failure)}`);
        }
      }
      throw new Error('the host has ended');
    } finally {
      child.kill('SIGKILL');
      pulse.close();
    }
  }
}
