// Whatever the workflow and whichever steps fail: the stepper starts each step at most once, in order, and always comes to an end.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Step, TaskStep, Workflow } from '../../src/plan/plan.ts';
import { Stepper } from '../../src/plan/stepper.ts';

interface Case {
  /** For each step, which of the steps before it (as parts of one) it comes after. */
  links: number[][];
  fails: boolean[];
  /** Which of the running steps settles next. */
  choices: number[];
}

const anyCase: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    links: fc.array(fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { maxLength: 3 }), {
      minLength: size,
      maxLength: size,
    }),
    fails: fc.array(
      fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
      { minLength: size, maxLength: size },
    ),
    choices: fc.array(fc.nat(), { minLength: size, maxLength: size }),
  }),
);

function workflowOf({ links }: Case): Workflow {
  const steps = links.map((link, i): TaskStep => {
    const after = i === 0 ? [] : [...new Set(link.map((part) => `s${Math.floor(part * i)}`))];
    return {
      ...{
        kind: 'task',
        id: `s${i}`,
        name: `s${i}`,
        after,
        outputs: [{ name: 'out' }],
        language: 'typescript',
        task: 't',
        role: 'task',
      },
      inputs: after.map((step) => ({ name: step, source: { kind: 'step', step, output: 'out' } })),
      options: { retries: { max: 0, delayMs: 0 }, isolate: false },
    };
  });
  const followed = new Set(steps.flatMap(({ after }) => after));
  return { steps, inputs: [], terminating: steps.map(({ id }) => id).filter((id) => !followed.has(id)) };
}

test('a workflow is walked to its end, every step with the outputs of all before it', () => {
  fc.assert(
    fc.property(anyCase, (given) => {
      const workflow = workflowOf(given);
      const stepper = new Stepper<string>(workflow, {}, (text) => text);
      const running: Step[] = stepper.ready();
      const settled = new Map<string, boolean>();
      for (let turn = 0; running.length > 0; turn++) {
        const [step] = running.splice((given.choices[turn] as number) % running.length, 1) as [Step];
        expect(stepper.inputsOf(step.id)).toEqual(Object.fromEntries(step.after.map((id) => [id, `of ${id}`])));
        const fails = given.fails[Number(step.id.slice(1))] as boolean;
        if (fails) stepper.fail(step.id);
        else stepper.succeed(step.id, { out: `of ${step.id}` });
        settled.set(step.id, !fails);
        running.push(...stepper.ready());
      }
      expect(stepper.isDone).toBe(true);
      expect(settled.size + stepper.unreachable().length).toBe(workflow.steps.length);
      for (const id of stepper.unreachable()) {
        expect(workflow.steps.find((step) => step.id === id)?.after.some((before) => settled.get(before) !== true)).toBe(true);
      }
      expect(stepper.held()).toEqual(workflow.terminating.filter((id) => settled.get(id)).sort(byNumber));
    }),
  );
});

function byNumber(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1));
}
