// What an agent is told that cannot take part in the run: why, and nothing of the run's environment or databases.
import { ownSpoken, type Spoken, whyNotTogether } from '../rpc/compatibility.ts';
import type { Hello, Welcome } from '../rpc/messages.ts';
import type { Providers } from './providers.ts';

const NOTHING: Omit<Welcome, 'refusal' | 'epoch' | 'run' | keyof Spoken> = {
  command: '',
  args: '',
  planHash: '',
  planSum: '',
  bundleHash: '',
  pipelineDir: '',
  workdir: '',
  reportSeq: 0,
  databases: {},
  maxRunning: 0,
  orphanGraceMs: 0,
  environment: {},
  secondsLeft: 0,
  tunnel: false,
};

export interface Refusing extends Pick<Welcome, 'run' | 'epoch'> {
  providers: Pick<Providers, 'whyAnotherProgram' | 'onRefused'>;
  warn(text: string): void;
}

/** What an agent gets in place of a welcome; undefined: it can take part. */
export function refusals({ run, epoch, providers, warn }: Refusing): (hello: Hello) => Welcome | undefined {
  const own = ownSpoken();
  return (hello) => {
    const refusal = whyNotTogether(own, hello, { own: 'coordinator', other: 'agent' }) ?? providers.whyAnotherProgram(hello);
    if (refusal === undefined) return undefined;
    const where = [hello.host, ...(hello.job === '' ? [] : [`job ${hello.job}`])].join(', ');
    providers.onRefused(hello.allocation);
    warn(`an agent was refused (${where}): ${refusal}`);
    return { ...NOTHING, ...own, run, epoch, refusal };
  };
}
