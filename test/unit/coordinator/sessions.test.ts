// Which sessions are taken for dead.
import { afterEach, expect, test, vi } from 'vitest';
import { Sessions } from '../../../src/coordinator/sessions.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import type { AgentStream } from '../../../src/rpc/server.ts';

afterEach(() => void vi.useRealTimers());

/** A session of an agent that says nothing, and whether we have ended it. */
function silent() {
  vi.useFakeTimers();
  const nothing = (): never => expect.unreachable();
  const host = { enqueue: nothing, welcome: nothing, refusal: nothing, stepInfo: nothing, elementAt: nothing };
  const sessions = new Sessions(host);
  let isEnded = false;
  const stream: AgentStream = {
    send: () => {},
    writable: true,
    onDrain: () => {},
    pause: () => {},
    resume: () => {},
    end: () => {
      isEnded = true;
    },
  };
  sessions.onAgent(stream);
  return { isEnded: () => isEnded };
}

test('one that is silent for long', () => {
  const { isEnded } = silent();
  vi.advanceTimersByTime(LIMITS.silenceMs);
  expect(isEnded()).toBe(false);
  vi.advanceTimersByTime(LIMITS.heartbeatMs);
  expect(isEnded()).toBe(true);
});

test('none for the time in which nobody could be heard, as this process was stopped', () => {
  const { isEnded } = silent();
  vi.advanceTimersByTime(LIMITS.heartbeatMs);
  vi.setSystemTime(Date.now() + 60_000);
  vi.advanceTimersByTime(LIMITS.heartbeatMs);
  expect(isEnded()).toBe(false);
  vi.advanceTimersByTime(LIMITS.silenceMs + LIMITS.heartbeatMs);
  expect(isEnded()).toBe(true);
});
