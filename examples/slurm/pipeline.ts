// The tutorial on Slurm: each unit owns 5 CPUs, and takes 5 s of them. The same file runs on one machine.
//
//   npx outflow plan compute_data --multiplier 15 --backend slurm
//   npx outflow run compute_data --multiplier 15 --backend slurm
//   npx outflow run compute_data --multiplier 15 --backend parallel
import { setTimeout as sleep } from 'node:timers/promises';
import { command, flag, iterateOn, mapTask, sql, task } from 'outflow';
import { z } from 'zod';

const GenData = task({
  name: 'GenData',
  outputs: { some_data_array: z.array(z.int()) },
  run: () => [42, 43, 44, 45],
});

const Compute = task({
  name: 'Compute',
  args: { multiplier: z.int() },
  inputs: { some_data: iterateOn('some_data_array', z.int()) },
  outputs: { computation_result: z.number() },
  run: async ({ some_data }, { args: { multiplier }, cpus, db, log, signal }) => {
    // On a compute node too: the database is reached through the agent.
    const known = await db.maybeOneFirst(sql.type(z.object({ result: z.number() }))`
      select result from computations where input = ${some_data} and multiplier = ${multiplier}
    `);
    if (known !== null) return known;

    const seconds = 5 / cpus;
    log.info(`${cpus} CPUs available, computation will last ${seconds} seconds`);
    await sleep(seconds * 1000, undefined, { signal });

    const result = some_data * multiplier;
    // A unit may run more than once: inserting the same result again changes nothing.
    await db.query(sql.typeAlias('void')`
      insert into computations (input, multiplier, result) values (${some_data}, ${multiplier}, ${result})
      on conflict do nothing
    `);
    return result;
  },
});

const PrintData = task({
  name: 'PrintData',
  inputs: { map_computation_result: z.array(z.array(z.object({ computation_result: z.number() }))) },
  run: ({ map_computation_result }) => {
    console.log(`Result of the mapped computation: ${JSON.stringify(map_computation_result)}`);
  },
});

export const compute_data = command({
  description: 'Multiply each element of some data on 5 CPUs, and remember the results in a database',
  args: { multiplier: flag.integer({ required: true, description: 'what each element is multiplied by' }) },
  setup: () => {
    const mapped = mapTask({ outputName: 'map_computation_result', cpusPerTask: 5 }, () => Compute());
    return GenData().pipe(mapped).pipe(PrintData());
  },
});
