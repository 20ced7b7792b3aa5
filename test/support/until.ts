// Waits for a condition, with a deadline: no test sleeps and hopes.
import { setTimeout as pause } from 'node:timers/promises';

/** Asks again every 20 ms until the answer is neither false nor undefined, and gives it. Throws after `seconds`. */
export async function until<T>(ask: () => Promise<T | false | undefined> | T | false | undefined, seconds = 40): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`the condition did not come true within ${seconds} s: ${ask}`);
    await pause(20);
  }
}
