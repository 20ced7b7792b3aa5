// How `logs` writes a line: as text, as one object a line, or within one document.
import type { Plan } from '../../src/plan/plan.ts';
import type { StoredLog } from '../../src/store/types.ts';
import { stepLabels } from '../text/step-labels.ts';
import { paintFor } from '../text/style.ts';
import { taskLine } from '../watch/render-lines.ts';
import { toTaskLine } from '../watch/task-line.ts';
import { type UnitFailure, unitFailureLines } from './failures.ts';

export class TextLines {
  readonly #plan: Plan;
  readonly #labels: string[];
  readonly #paint = paintFor(process.stdout);

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#labels = stepLabels(plan);
  }

  print(line: StoredLog): void {
    process.stdout.write(`${taskLine(toTaskLine(line, this.#plan, this.#labels), this.#paint)}\n`);
  }

  failure(failure: UnitFailure): void {
    process.stdout.write(`${unitFailureLines(failure, this.#paint).join('\n')}\n`);
  }

  end(): void {}
}

/** One document of all lines, written as they are read; or (`isStream`) one object a line. */
export class JsonLines {
  readonly #plan: Plan;
  readonly #labels: string[];
  readonly #isStream: boolean;
  readonly #head: string;
  readonly #failures: UnitFailure[] = [];
  #count = 0;

  constructor(run: string, plan: Plan, isStream: boolean) {
    this.#plan = plan;
    this.#labels = stepLabels(plan);
    this.#isStream = isStream;
    this.#head = `{\n  "run": ${JSON.stringify(run)},\n  "lines": [`;
  }

  print(line: StoredLog): void {
    const { id, index, attempt, stream, level, text } = line;
    const step = line.step === null ? null : (this.#plan.workflow.steps[line.step]?.id ?? null);
    const label = line.step === null ? null : this.#labels[line.step];
    const at = new Date(line.atMs).toISOString();
    const data = JSON.stringify({ id, at, step, label, index, attempt, stream, level, text });
    process.stdout.write(this.#isStream ? `${data}\n` : `${this.#count++ === 0 ? this.#head : ','}\n    ${data}`);
  }

  failure(failure: UnitFailure): void {
    if (this.#isStream) process.stdout.write(`${JSON.stringify({ failure })}\n`);
    else this.#failures.push(failure);
  }

  end(): void {
    if (this.#isStream) return;
    const failures = this.#failures.length === 0 ? '' : `,\n  "failures": ${JSON.stringify(this.#failures)}`;
    process.stdout.write(`${this.#count === 0 ? `${this.#head}]` : '\n  ]'}${failures}\n}\n`);
  }
}
