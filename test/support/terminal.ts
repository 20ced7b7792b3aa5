// Runs a command on a pseudo-terminal, as a person at a keyboard: what it shows, what is pressed, how it ends.
import { execa } from 'execa';
import { vi } from 'vitest';

export interface Terminal {
  /** All that was shown so far, escape sequences included. */
  readonly shown: string;
  /** Waits until what was shown matches. */
  until(pattern: RegExp): Promise<void>;
  press(keys: string): void;
  /** Closes the terminal: the command gets SIGHUP. */
  close(): void;
  /** The exit code. */
  readonly ended: Promise<number | undefined>;
}

export const CTRL_C = '\u0003';

/** `script` of util-linux makes the terminal, and passes the exit code on. */
export function onTerminal(command: string[], options: { cwd: string; env: Record<string, string> }): Terminal {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const line = `stty rows 24 cols 90; exec ${words}`;
  const child = execa('script', ['--quiet', '--flush', '--return', '--command', line, '/dev/null'], {
    ...options,
    reject: false,
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('utf8');
  });
  return {
    get shown() {
      return shown;
    },
    until: async (pattern) => {
      await vi.waitFor(
        () => {
          if (!pattern.test(shown)) throw new Error(`the terminal never showed ${pattern}; at last: ${shown.slice(-2_000)}`);
        },
        { timeout: 60_000, interval: 20 },
      );
    },
    press: (keys) => void child.stdin.write(keys),
    // `script` hands a SIGHUP to nobody; when it is gone, the kernel does.
    close: () => void child.kill('SIGKILL'),
    ended: child.then((result) => result.exitCode),
  };
}
