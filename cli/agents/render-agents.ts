// Agents as a table for people.
import type { AgentStatus } from '../../src/rpc/messages.ts';
import { clock, count } from '../text/format.ts';
import type { Paint } from '../text/style.ts';
import { table } from '../text/table.ts';

const GIB = 1024 ** 3;

export function agentLines(agents: readonly AgentStatus[], paint: Paint): string[] {
  const columns = [
    { head: 'AGENT' },
    { head: 'NODE' },
    { head: 'JOB' },
    { head: 'STATE' },
    { head: 'CPUS', right: true },
    { head: 'DONE', right: true },
    { head: 'MEMORY', right: true },
    { head: 'GPUS', right: true },
    { head: 'TIME LEFT', right: true },
  ];
  return table(columns, agents.map(rowOf), paint);
}

function rowOf(agent: AgentStatus): string[] {
  return [
    agent.id,
    agent.host,
    agent.job,
    agent.state,
    `${agent.cpusUsed}/${agent.cpus}`,
    count(agent.unitsDone),
    memoryText(agent),
    agent.gpus > 0 ? String(agent.gpus) : '',
    agent.secondsLeft > 0 ? clock(agent.secondsLeft * 1000) : '',
  ];
}

/** `1.2/16 GiB`; what is granted is left out where it is not known. */
function memoryText({ memoryBytes, memoryUsedBytes }: AgentStatus): string {
  if (memoryBytes === 0 && memoryUsedBytes === 0) return ''; // not told yet
  const inGib = (bytes: number): string => String(Number((bytes / GIB).toPrecision(2)));
  return `${inGib(memoryUsedBytes)}${memoryBytes > 0 ? `/${inGib(memoryBytes)}` : ''} GiB`;
}
