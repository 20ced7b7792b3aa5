// `outflow results`: what a run's steps gave, as JSON.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseAddress } from '../../src/model/ids.ts';
import { OutflowCommand } from '../base-command.ts';
import { withStore } from '../open-store.ts';
import { decoded, storedOutput } from '../results/stored-output.ts';
import { findRun, newestRun } from '../run-arg.ts';
import { findStep, stepLabels } from '../text/step-labels.ts';

export default class Results extends OutflowCommand {
  static override summary = 'Print what a run gave, as JSON.';
  static override description =
    "The outputs of the steps that end the workflow, or of one step or unit. Dates are ISO texts, bytes base64, Maps arrays of pairs; --raw keeps outflow's own tags.";
  static override examples = [
    '<%= config.bin %> results last',
    '<%= config.bin %> results 7k2m Compute/2',
    '<%= config.bin %> results 7k2m/Compute --raw',
  ];
  static override args = {
    ...newestRun,
    step: Args.string({ description: 'STEP or STEP/INDEX. Default: the steps that end the workflow.', ignoreStdin: true }),
  };
  static override flags = { raw: Flags.boolean({ description: 'The stored texts, with tags for what JSON does not have.' }) };

  override async run(): Promise<{ run: string; results: Record<string, unknown> }> {
    const { args, flags } = await this.parse(Results);
    const address = parseAddress([args.run ?? 'last', args.step].filter((part) => part !== undefined).join('/'));
    return withStore(async (store) => {
      const { record, plan } = await findRun(store, address.run);
      const run = record.id;
      const { steps, terminating } = plan.workflow;
      const labels = stepLabels(plan);
      const ordinals =
        address.step === undefined
          ? terminating.map((id) => steps.findIndex((step) => step.id === id))
          : [findStep(plan, address.step)];
      const results: Record<string, unknown> = {};
      const texts: string[] = [];
      for (const step of ordinals) {
        const { index } = address;
        const output = await storedOutput({ store, run, plan, step, ...(index === undefined ? {} : { index }) });
        const name = index === undefined ? (labels[step] as string) : `${labels[step]}/${index}`;
        results[name] = flags.raw ? output : await decoded(store, output);
        texts.push(flags.raw ? output : JSON.stringify(results[name], null, 2));
      }
      if (!this.jsonEnabled()) {
        const text = ordinals.length === 1 || flags.raw ? texts.join('\n') : JSON.stringify(results, null, 2);
        process.stdout.write(`${text}\n`);
        const isEmpty = texts.every((one) => one === '{}');
        if (isEmpty && address.step === undefined)
          process.stderr.write(`its last steps give nothing; of another: outflow results ${run} ${labels[0]}\n`);
      }
      return { run, results };
    });
  }
}
