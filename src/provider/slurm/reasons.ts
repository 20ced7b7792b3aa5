// Why a job waits, in outflow's words: will it start by itself, never as it is, or must somebody do something.
import type { Waiting } from '../../plan/slurm.ts';
import { limitTextOf } from './limit-reasons.ts';

type Kind = Waiting['kind'];
type Row = [kind: Kind, text: string];

const TABLE: Record<string, Row> = {
  // The ordinary course of things.
  None: ['wait', 'Slurm has not looked at it yet'],
  Priority: ['wait', 'jobs of higher priority come first'],
  Resources: ['wait', 'it is next, and waits until enough nodes are free'],
  BeginTime: ['wait', 'its earliest start has not come yet (`begin`, or two minutes after a requeue)'],
  Dependency: ['wait', 'it waits for the jobs that `dependency` names'],
  Licenses: ['wait', 'the licenses it asks for are in use'],
  JobArrayTaskLimit: ['wait', 'as many jobs of its array run as may at a time'],
  Reservation: ['wait', 'its reservation has not begun'],
  Prolog: ['wait', "the site's prolog is still running"],
  Cleaning: ['wait', 'its earlier execution is still being cleaned up'],
  Constraints: ['wait', 'no node that satisfies its constraints is available at the moment'],
  SchedDefer: ['wait', 'the site starts jobs only in its next scheduling cycle'],
  FedJobLock: ['wait', 'the clusters of the federation are agreeing on where it runs'],
  BurstBufferResources: ['wait', 'the burst buffer has no room at the moment'],
  BurstBufferStageIn: ['wait', 'the burst buffer is being filled'],
  PowerNotAvail: ['wait', 'the site has no power for it at the moment'],
  PowerReserved: ['wait', 'the power it needs is reserved'],
  AccountingPolicy: ['wait', 'a limit of your account or QOS is reached'],
  AssociationJobLimit: ['wait', 'your account runs as many jobs as it may'],
  AssociationResourceLimit: ['wait', 'your account uses as much as it may'],
  AssociationTimeLimit: ['wait', 'your account uses as much time as it may'],
  QOSJobLimit: ['wait', 'its QOS runs as many jobs as it may'],
  QOSResourceLimit: ['wait', 'its QOS uses as much as it may'],
  QOSTimeLimit: ['wait', 'its QOS uses as much time as it may'],

  // As it is, it cannot start.
  PartitionTimeLimit: ['never', 'it asks for more time than its partition allows: set a shorter `time`, or another `partition`'],
  PartitionNodeLimit: [
    'never',
    'it asks for more nodes than its partition allows or has: lower nodesPerAllocation, or choose another `partition`',
  ],
  PartitionConfig: [
    'never',
    'it is outside a limit of its partition: compare `time`, nodes, `account` and `qos` with `scontrol show partition`',
  ],
  BadConstraints: ['never', 'no node can satisfy what it asks for: change `constraint`, `mem`, `gres` or the CPUs of a unit'],
  DependencyNeverSatisfied: [
    'never',
    'a job that `dependency` names has ended in the wrong way, or does not exist: remove `dependency`',
  ],
  InvalidAccount: ['never', 'its account does not exist: set `account` to one of yours (`sacctmgr show user $USER withassoc`)'],
  InvalidQOS: ['never', 'its QOS does not exist or is not yours: set another `qos`'],
  AccountNotAllowed: ['never', 'its account may not use this partition: set another `account` or `partition`'],
  QOSNotAllowed: ['never', 'its QOS may not be used with this account or partition: set another `qos`'],
  DeadLine: ['never', 'it cannot end before its `deadline`: set a later one, or a shorter `time`'],
  ReservationDeleted: ['never', 'its reservation does not exist any more: remove `reservation`'],
  ReservationInvalid: ['never', 'its reservation cannot be used: remove `reservation`'],
  MaxMemPerLimit: ['never', 'it asks for more memory a CPU or node than the site allows: lower `mem`, or ask for more CPUs'],

  // Somebody must do something.
  JobHeldUser: ['admin', 'it is held: `scontrol release` it, or remove `hold`'],
  JobHeldAdmin: ['admin', 'an administrator holds it: ask them why'],
  JobHoldMaxRequeue: [
    'admin',
    'it was put back into the queue too often, and is held: ask the administrators why it cannot start',
  ],
  PartitionDown: ['admin', 'its partition is down: choose another `partition`, or ask the administrators'],
  PartitionInactive: [
    'admin',
    'its partition starts no jobs at the moment: choose another `partition`, or ask the administrators',
  ],
  NodeDown: ['admin', 'a node it needs is down'],
  FrontEndDown: ['admin', 'no front end node is up'],
  BurstBufferOperation: ['admin', 'an operation of the burst buffer failed'],
  QOSUsageThreshold: ['admin', 'your account has used too much for this QOS: set another `qos`, or ask the administrators'],
  SystemFailure: ['admin', 'Slurm, a file system or the network failed: ask the administrators'],
  JobLaunchFailure: ['admin', 'it could not be launched on its node: ask the administrators'],
};

/** What Slurm says in words of its own in place of a reason. */
const SENTENCES: [RegExp, Kind, string][] = [
  [
    /^ReqNodeNotAvail.*maint/i,
    'wait',
    'its nodes are reserved for maintenance that begins before it would end: with a shorter `time` it may start earlier',
  ],
  [/^ReqNodeNotAvail.*UnavailableNodes:\w/i, 'admin', 'nodes it needs are down, drained or do not answer'],
  [/^ReqNodeNotAvail/i, 'wait', 'a node it needs is in use or reserved'],
  [/^Nodes required for job are DOWN/i, 'wait', 'the nodes it needs are in use by jobs of higher priority, or down'],
  [/^launch failed requeued held/i, 'admin', "it could not be launched (often the site's prolog failed on a node), and is held"],
  [/requeued.*held|held state/i, 'admin', 'it was put back into the queue, and is held'],
  [/special exit state/i, 'admin', 'it was put back into the queue with a special exit state, and is held'],
  [
    /can't use this partition|not permitted to use this partition|not allowed/i,
    'never',
    'it may not use this partition: set another `partition`, `account` or `qos`',
  ],
  [/dependency.*(can't|never)/i, 'never', 'its `dependency` will never be satisfied: remove it'],
];

/** `reason`: as squeue (`%r`) says it, or scontrol, which writes `_` for blanks. One that is unknown will pass. */
export function waitingOf(reason: string, expectedStartMs: number | null): Waiting {
  const words = reason.includes(' ') ? reason.trim() : reason.replaceAll(/(?<=\w|,)_/g, ' ');
  const name = /^[A-Z]\w*(?=,|$)/.exec(words)?.[0] ?? words;
  const [kind, text] = explained(name || 'None', words);
  return { kind, reason: name || 'None', text, expectedStartMs: kind === 'wait' ? expectedStartMs : null };
}

function explained(name: string, words: string): Row {
  const sentence = SENTENCES.find(([pattern]) => pattern.test(words));
  if (sentence) return [sentence[1], words === name ? sentence[2] : `${sentence[2]} (Slurm says: ${words})`];
  if (Object.hasOwn(TABLE, name)) return TABLE[name] as Row;
  return limitTextOf(name) ?? ['wait', `Slurm says: ${words}`];
}
