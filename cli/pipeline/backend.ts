// Which backend a run has, and why that one: flag > command > config > default.
import { OutflowError } from '../../src/model/errors.ts';
import { BACKENDS, type Backend } from '../../src/plan/plan.ts';

export interface ChosenBackend {
  backend: Backend;
  /** Who said so. */
  why: 'flag' | 'command' | 'config' | 'default';
}

export function chooseBackend(said: {
  flag?: string | undefined;
  command?: string | undefined;
  config?: string | undefined;
}): ChosenBackend {
  for (const why of ['flag', 'command', 'config'] as const) {
    const name = said[why];
    if (name !== undefined) return { backend: backendNamed(name), why };
  }
  return { backend: 'sequential', why: 'default' };
}

/** `--backend parallel`, `the command's definition`, … for people. */
export function whyText({ backend, why }: ChosenBackend): string {
  switch (why) {
    case 'flag':
      return `--backend ${backend}`;
    case 'command':
      return "the command's definition";
    case 'config':
      return 'outflow.config';
    case 'default':
      return 'the default';
  }
}

function backendNamed(name: string): Backend {
  if (name === 'default') return 'sequential';
  const backend = BACKENDS.find((known) => known === name);
  if (backend) return backend;
  throw new OutflowError('bad-config', `there is no backend ${name}`, { hint: `backends: ${BACKENDS.join(', ')}` });
}
