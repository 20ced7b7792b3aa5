// What a coordinator does for those who call it.
import type { Duplex } from 'node:stream';
import type { ExecInput, ExecOutput } from './exec-messages.ts';
import type { AgentMessage, AgentStatus, CoordinatorMessage, TunnelTarget, WatchEvent } from './messages.ts';
import type { MessageStream, StreamHandlers } from './streams.ts';

/** One connection life of an agent. */
export type AgentStream = MessageStream<CoordinatorMessage>;
export type AgentStreamHandlers = StreamHandlers<AgentMessage>;

/** What is emitted while it is not writable waits in memory: whoever emits sees to it that it is not much. */
export interface WatchStream {
  emit(event: WatchEvent): void;
  readonly isWritable: boolean;
  onDrain(listener: () => void): void;
}

/** A method whose handler is left out answers that it is not implemented. */
export interface ServerHandlers {
  onAgent(stream: AgentStream): AgentStreamHandlers;
  getBlob(sha256: string): AsyncIterable<Uint8Array>;
  putBlob(sha256: string, size: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Emits until `signal` aborts (the watcher went) or it returns. */
  watch(request: { logs: boolean }, to: WatchStream, signal: AbortSignal): Promise<void>;
  cancel(request: { now: boolean }): Promise<void>;
  agents?(): AgentStatus[];
  /** "", or why the agent cannot be drained. */
  drain?(agent: string): string;
  /** From the CLI; the first message is the request. Call `pause` to leave what comes at the caller. */
  exec?(stream: MessageStream<ExecOutput>): StreamHandlers<ExecInput>;
  /** From the agent that was asked for it; its first message says which `exec` it is. */
  agentExec?(stream: MessageStream<ExecInput>): StreamHandlers<ExecOutput>;
  /** `socket` is to be joined with one to the database. Destroying it breaks the tunnel, with the error's message. */
  tunnel?(target: TunnelTarget, socket: Duplex): void;
}
