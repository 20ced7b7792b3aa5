// What an agent of the simulation holds, has said and has not read; what becomes of it is the world's.
import type { Effect } from '../../src/core/effects.ts';
import type { AgentInfo, Event, Lease } from '../../src/core/events.ts';

export interface SimAgent {
  id: string;
  allocation: string;
  cpus: number;
  memoryMib: number;
  session: number | null;
  epoch: number;
  /** Held leases by key; true: running. */
  held: Map<string, { lease: Lease; attempt: number; running: boolean }>;
  seq: number;
  unacked: Extract<Event, { kind: 'report' }>[];
  draining: boolean;
  /** It was signalled: what runs is cut off as soon as it hears why. */
  isSignalled: boolean;
  inbox: Effect[];
  /** Nothing more of these steps. */
  isClosed: boolean;
}

export function newAgent(offers: Pick<SimAgent, 'id' | 'allocation' | 'cpus' | 'memoryMib'>): SimAgent {
  return {
    ...offers,
    session: null,
    epoch: 0,
    held: new Map(),
    seq: 0,
    unacked: [],
    draining: false,
    isSignalled: false,
    inbox: [],
    isClosed: false,
  };
}

export function infoOf({ id, allocation, cpus }: SimAgent): AgentInfo {
  return { id, allocation, host: 'h', pid: 1, cpus, memoryMib: 0, gpus: 0, job: '', version: '1' };
}

export function leasesIn(report: Extract<Event, { kind: 'report' }>): Lease[] {
  return [
    ...report.succeeded.flatMap((batch) =>
      batch.index.map((index, at) => ({ step: batch.step, index, epoch: batch.epoch, n: batch.n[at] as number })),
    ),
    ...report.failed.map(({ lease }) => lease),
  ];
}

export const keyOf = (lease: Lease): string => `${lease.step}/${lease.index}/${lease.epoch}/${lease.n}`;
