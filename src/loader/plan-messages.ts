// What the CLI and its plan host say to each other over IPC.
import type { ErrorData } from '../model/errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { CommandDescription } from '../sdk/internal.ts';

/** What the host is asked; it does one thing at a time, in this order. */
export type PlanRequest =
  | { kind: 'load'; script: string; pipelineDir: string; file: string }
  | { kind: 'config'; script: string; pipelineDir: string; file: string }
  | { kind: 'describe' }
  | { kind: 'plan'; command: string; args: Record<string, unknown> };

export interface PlanAnswers {
  load: null;
  config: unknown;
  describe: CommandDescription[];
  plan: Plan;
}

export type PlanReply =
  | { kind: 'ready' }
  | { kind: 'answer'; id: number; answer: unknown }
  | { kind: 'error'; id: number; error: ErrorData };

export type Numbered = PlanRequest & { id: number };
