// What a person is told who starts an agent by hand, on stderr. Of other agents the run tells.

const WAIT_NOTICE_MS = 2_000;

export interface Narrator {
  joined(agent: string, run: string, cpus: number): void;
  left(unitsDone: number): void;
  /** Says what is waited for, if that takes long; until what it gives is called. */
  waiting(what: () => string): () => void;
}

/** `isHeard`: there is such a person. */
export function narrator(isHeard: boolean): Narrator {
  const say = (text: string): void => {
    if (isHeard) process.stderr.write(`${text}\n`);
  };
  return {
    joined: (agent, run, cpus) => say(`agent ${agent} has joined run ${run}, CPUs: ${cpus}. Ctrl-C lets it leave.`),
    left: (unitsDone) => say(`the agent leaves, units done: ${unitsDone}`),
    waiting: (what) => {
      const timer = setTimeout(() => say(what()), WAIT_NOTICE_MS);
      return () => clearTimeout(timer);
    },
  };
}
