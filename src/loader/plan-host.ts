// The plan host: a child process of the CLI, and the only one of it in which user code runs. Started as `__plan-host`, over IPC.
//
// It loads the bundle, describes its commands, runs `setup`, evaluates a configuration that is code. What user code may do to a
// process (print, exit, hang, throw late) ends in one answer or in the end of this process, and the client tells it.
import { type ErrorCode, OutflowError } from '../model/errors.ts';
import { withoutTypes } from '../plan/hash.ts';
import type { Plan } from '../plan/plan.ts';
import { buildPlan, commandsOf, describeCommand } from '../sdk/internal.ts';
import { KEEP_CODE } from '../system/kept-code.ts';
import { importBundle, keepBundles } from './import-bundle.ts';
import { suggestion } from './nearest.ts';
import { planDifference } from './plan-difference.ts';
import type { Numbered, PlanReply, PlanRequest } from './plan-messages.ts';
import { userError } from './user-error.ts';

/** What is under way: of which request, which error its user code makes, and how a sentence about it begins. */
interface Doing {
  id: number;
  code: ErrorCode;
  /** `the pipeline file`, `setup of command x`. */
  who: string;
}

const exit = process.exit.bind(process);
let doing: Doing | undefined;
/** An error of user code that surfaced while nothing was asked: the next request fails with it. */
let late: unknown;
let namespace: Record<string, unknown> = {};

export async function runPlanHost(): Promise<void> {
  process.on('disconnect', () => exit(0)); // the parent is gone; its watchdog ends a host that is in a loop without end
  watchUserCode();
  let last = Promise.resolve();
  process.on('message', (request: Numbered) => {
    last = last.then(() => answer(request));
  });
  reply({ kind: 'ready' });
}

async function answer({ id, ...request }: Numbered): Promise<void> {
  const mine = about(id, request);
  doing = mine;
  // While user code is all that could go on, a drained event loop means that it waits for nothing.
  process.channel?.unref();
  try {
    if (late !== undefined) throw late;
    const result = await perform(request);
    if (doing === mine) reply({ kind: 'answer', id, answer: result });
  } catch (error) {
    if (doing === mine) reply({ kind: 'error', id, error: userError(error, mine.code, `${mine.who} throws`) });
  } finally {
    if (doing === mine) doing = undefined;
    process.channel?.ref();
  }
}

function about(id: number, request: PlanRequest): Doing {
  switch (request.kind) {
    case 'load':
    case 'describe':
      return { id, code: 'pipeline-throws', who: 'the pipeline file' };
    case 'config':
      return { id, code: 'bad-config', who: 'the configuration' };
    case 'plan':
      return { id, code: 'setup-throws', who: `setup of command ${request.command}` };
  }
}

async function perform(request: PlanRequest): Promise<unknown> {
  switch (request.kind) {
    case 'load':
      namespace = await importBundle(request.script, request.pipelineDir);
      return null;
    case 'config':
      return configOf(await importBundle(request.script, request.pipelineDir), request.file);
    case 'describe':
      return Object.entries(commandsOf(namespace)).map(([name, definition]) => describeCommand(name, definition));
    case 'plan':
      return plan(request.command, request.args);
  }
}

function configOf(exported: Record<string, unknown>, file: string): unknown {
  if ('default' in exported) return plainData(exported['default'], file);
  throw new OutflowError('bad-config', `the configuration ${file} has no default export`, { hint: 'write export default { … }' });
}

function plainData(value: unknown, file: string): unknown {
  const failed = (why: string): OutflowError =>
    new OutflowError('bad-config', `the default export of the configuration ${file} is not plain data: ${why}`, {
      hint: 'write export default { … }',
    });
  if (typeof value !== 'object') throw failed(`it is of type ${typeof value}`);
  try {
    return JSON.parse(JSON.stringify(value));
  } catch (error) {
    throw failed((error as Error).message.split('\n')[0]!);
  }
}

/** `setup` runs twice, since each task host will run it again and must get the same graph. */
async function plan(name: string, args: Record<string, unknown>): Promise<Plan> {
  const commands = commandsOf(namespace);
  const command = commands[name];
  if (!command) {
    const hint = suggestion(name, Object.keys(commands));
    throw new OutflowError('unknown-command', `the pipeline has no command ${name}`, { hint });
  }
  const { plan: first } = await buildPlan(name, command, structuredClone(args));
  const { plan: second } = await silently(() => buildPlan(name, command, structuredClone(args), { withTypes: false }));
  const different = planDifference(withoutTypes(first), second);
  if (different === undefined) {
    keepBundles();
    (process as NodeJS.EventEmitter).emit(KEEP_CODE);
    return first;
  }
  throw new OutflowError('setup-not-deterministic', `setup of command ${name} builds another workflow each time: ${different}`, {
    hint: 'setup may depend on its arguments only: clocks, random numbers and changing files belong in a task',
  });
}

/** What the second run of `setup` prints is the same once more. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
  for (const { stream } of streams) stream.write = () => true;
  try {
    return await work();
  } finally {
    for (const { stream, write } of streams) stream.write = write;
  }
}

function reply(message: PlanReply): void {
  process.send?.(message);
}

/** Fails what is under way for good: user code may still run, but its answer no longer counts. */
function fail(error: unknown, what = 'throws'): void {
  if (doing === undefined) {
    late ??= error;
    return;
  }
  reply({ kind: 'error', id: doing.id, error: userError(error, doing.code, `${doing.who} ${what}`.trim()) });
  doing = undefined;
  process.channel?.ref();
}

function watchUserCode(): void {
  process.on('uncaughtException', (error) => fail(error));
  process.on('unhandledRejection', (error) => fail(error));
  process.on('SIGINT', () => {}); // the CLI decides what Ctrl-C means
  process.on('beforeExit', () => {
    if (doing === undefined) return;
    fail(new OutflowError(doing.code, `${doing.who} never ends: it waits for a promise that nothing can resolve any more`));
  });
  process.exit = (code) => {
    const called = new Error(`process.exit(${code ?? ''})`);
    const place = userError(called, 'pipeline-throws', '').where;
    fail(
      new OutflowError(
        doing?.code ?? 'pipeline-throws',
        `${doing?.who ?? 'the pipeline file'} calls process.exit(${code ?? ''})`,
        { where: place },
      ),
    );
    throw called;
  };
}
