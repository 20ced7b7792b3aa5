// What a unit finds around it: environment, working directory, the number of CPUs. Put back between units, at no cost for
// units that change nothing: changes are noticed as they are made.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { cpuVariableNames } from '../cpus/cpu-variables.ts';
import { TempDir } from './temp-dir.ts';

export class Surroundings {
  readonly #environment = process.env;
  #tempDir: TempDir | undefined;
  readonly #changeDirectory = process.chdir;
  /** Variables that the unit has changed, and what they were. */
  readonly #changed = new Map<string, string | undefined>();
  /** Of the tasks that run, which may be several at once: what each has set, and what there was before them. */
  readonly #ofTasks = new Map<string, { before: string | undefined; layers: { value: string }[] }>();
  #cpuVariables: readonly string[] = [];
  #workdir = '';
  #hasMoved = false;
  #cpus = 0;

  /** Takes the place of `process.env`, `process.chdir`, `os.availableParallelism` and `os.tmpdir`. Before user code is loaded. */
  install(): void {
    process.env = this.#watchedEnvironment();
    process.chdir = (directory) => {
      this.#hasMoved = true;
      this.#changeDirectory.call(process, directory);
    };
    os.availableParallelism = () => this.#cpus || 1;
    const { tmpdir } = os; // does not look into process.env
    os.tmpdir = () => {
      this.#tempDir?.onSeen();
      return tmpdir();
    };
    syncBuiltinESMExports();
  }

  /** Before the pipeline is loaded. `variables`: of this host (null: none of that name). */
  enter(workdir: string, variables: Readonly<Record<string, string | null>>): void {
    this.#workdir = workdir;
    this.#changeDirectory.call(process, workdir);
    for (const [name, value] of Object.entries(variables)) setOrDelete(this.#environment, name, value ?? undefined);
    this.#cpuVariables = cpuVariableNames(this.#environment);
  }

  /** The pipeline is loaded: what is in TMPDIR from now on is a unit's. */
  beginUnits(): void {
    this.restore();
    this.#tempDir = new TempDir(this.#environment['TMPDIR']);
  }

  /** What the next unit may use, said wherever programs look for it; its children inherit it. */
  grant(cpus: number): void {
    if (cpus === this.#cpus) return;
    this.#cpus = cpus;
    for (const name of this.#cpuVariables) this.#environment[name] = String(cpus);
  }

  /** Sets a task's own variables; gives what takes them back when the task has ended. */
  useVariables(variables: Readonly<Record<string, string>>): () => void {
    const undos = Object.entries(variables).map(([name, value]) => this.#useVariable(name, value));
    return () => {
      for (const undo of undos) undo();
    };
  }

  #useVariable(name: string, value: string): () => void {
    const { before, layers } = this.#ofTasks.get(name) ?? { before: process.env[name], layers: [] };
    this.#ofTasks.set(name, { before, layers });
    const layer = { value };
    layers.push(layer);
    process.env[name] = value;
    return () => {
      if (layers.at(-1) === layer) setOrDelete(process.env, name, layers.at(-2)?.value ?? before);
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) this.#ofTasks.delete(name);
    };
  }

  /** After each unit. */
  restore(): void {
    if (this.#changed.size > 0) {
      for (const [name, value] of this.#changed) setOrDelete(this.#environment, name, value);
      this.#changed.clear();
    }
    if (this.#hasMoved) {
      this.#hasMoved = false;
      this.#changeDirectory.call(process, this.#workdir);
    }
    if (process.exitCode !== undefined) process.exitCode = undefined;
    this.#tempDir?.clean();
  }

  #watchedEnvironment(): NodeJS.ProcessEnv {
    const note = (environment: NodeJS.ProcessEnv, name: PropertyKey): void => {
      if (typeof name === 'string' && !this.#changed.has(name)) this.#changed.set(name, environment[name]);
    };
    return new Proxy(this.#environment, {
      get: (environment, name) => {
        if (name === 'TMPDIR') this.#tempDir?.onSeen();
        return environment[name as string];
      },
      set(environment, name, value) {
        note(environment, name);
        environment[name as string] = value;
        return true;
      },
      deleteProperty(environment, name) {
        note(environment, name);
        return delete environment[name as string];
      },
      defineProperty(environment, name, descriptor) {
        note(environment, name);
        return Reflect.defineProperty(environment, name, descriptor);
      },
    });
  }
}

function setOrDelete(environment: NodeJS.ProcessEnv, name: string, value: string | undefined): void {
  if (value === undefined) delete environment[name];
  else environment[name] = value;
}
