// Ends process groups of user code when this process is killed: hosts of an agent, the plan host of a command. A shell (1 MB)
// waits for the end of a pipe that only this process holds.
import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT = `groups=' '
while read -r what group; do
  case $what in
    add) groups="$groups$group " ;;
    remove) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done`;

export class Watchdog {
  #child: ChildProcess | undefined;

  /** Must be called before `add`. */
  start(): void {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: {} });
    this.#child.on('error', () => {}); // without it, they still end by their pipes
    this.#child.stdin?.on('error', () => {});
    this.#child.unref();
  }

  add(group: number): void {
    this.#child?.stdin?.write(`add ${group}\n`);
  }

  remove(group: number): void {
    this.#child?.stdin?.write(`remove ${group}\n`);
  }

  /** When all groups have ended. */
  stop(): void {
    this.#child?.stdin?.end();
  }
}
