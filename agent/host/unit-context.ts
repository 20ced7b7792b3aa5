// The context of one unit's tasks. What costs something is made when it is first read.
import type { Database, Logger, UnitContext } from '../../src/sdk/internal.ts';
import { noDatabase } from './databases.ts';
import { type LogLines, loggerOf } from './log-lines.ts';
import type { UnitScope } from './scope.ts';

/** What is the same for all units of a host. */
export interface HostContext {
  run: string;
  workdir: string;
  lines: LogLines;
  databases(): Readonly<Record<string, Database>>;
}

export class HostUnitContext implements UnitContext {
  readonly cpus: number;
  readonly index: number;
  readonly attempt: number;
  readonly run: string;
  readonly workdir: string;
  readonly #scope: UnitScope;
  readonly #host: HostContext;
  #log: Logger | undefined;

  constructor(scope: UnitScope, cpus: number, host: HostContext) {
    this.cpus = cpus;
    this.index = scope.index;
    this.attempt = scope.attempt;
    this.run = host.run;
    this.workdir = host.workdir;
    this.#scope = scope;
    this.#host = host;
  }

  get log(): Logger {
    this.#log ??= loggerOf(this.#host.lines, this.#scope);
    return this.#log;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get db(): Database {
    return this.databases['default'] ?? noDatabase();
  }

  get databases(): Readonly<Record<string, Database>> {
    return this.#host.databases();
  }
}
