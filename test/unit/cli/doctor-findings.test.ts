// What doctor makes of what it sees: limits, file systems, a site, and what a probe tells.
import { describe, expect, test } from 'vitest';
import { clockFinding } from '../../../cli/doctor/clock.ts';
import { isNetwork, kindIn } from '../../../cli/doctor/file-system.ts';
import { missing, ok, warning } from '../../../cli/doctor/finding.ts';
import { limitFindings, parseLimits } from '../../../cli/doctor/limits.ts';
import { addressesFinding } from '../../../cli/doctor/listening.ts';
import { probeFindings } from '../../../cli/doctor/probe/findings.ts';
import type { NodeReport } from '../../../cli/doctor/probe/report.ts';
import { nodeFinding } from '../../../cli/doctor/program.ts';
import { groupLines, verdictLine } from '../../../cli/doctor/render.ts';
import { commandsFinding, siteFindings, versionFinding } from '../../../cli/doctor/slurm.ts';
import { diskFinding, spaceFinding } from '../../../cli/doctor/state-root.ts';
import { plain } from '../../../cli/text/style.ts';
import type { Directive, PartitionFacts, SiteFacts, SlurmSettings } from '../../../src/plan/slurm.ts';
import { partition } from '../../support/site.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max processes             96365                96365                processes 
Max open files            200                  1048576              files     
Max address space         8589934592           unlimited            bytes     
`;

describe('ulimits', () => {
  test('are read from the kernel', () => {
    expect(parseLimits(LIMITS)).toEqual({
      'Max cpu time': null,
      'Max file size': null,
      'Max processes': 96365,
      'Max open files': 200,
      'Max address space': 8589934592,
    });
  });

  test('that are too low are named with the command that raises them', () => {
    expect(limitFindings(parseLimits(LIMITS))).toEqual([
      missing('open files', '200 (ulimit -n)', expect.stringContaining('`ulimit -n 1024`')),
      warning('address space', '8 GiB (ulimit -v)', expect.stringContaining('`ulimit -v 33554432`')),
    ]);
  });

  test('that are high enough are one line', () => {
    expect(limitFindings({ 'Max open files': 20000, 'Max processes': null })).toEqual([
      ok('ulimits', 'open files 20,000, processes unlimited, address space unlimited'),
    ]);
  });
});

describe('the file system', () => {
  const mounts = [
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '40 22 0:35 / /home rw - nfs4 server:/home rw',
    '41 40 0:36 / /home/ada/my\\040disk rw - xfs /dev/sdb rw',
    '42 22 0:37 / /home rw - lustre mds:/home rw',
  ].join('\n');

  test.each([
    ['/var/lib', 'ext4'],
    ['/home/ada', 'lustre'],
    ['/home/ada/my disk/x', 'xfs'],
    ['/homes', 'ext4'],
  ])('of %s is that of its innermost mount', (directory, kind) => {
    expect(kindIn(mounts, directory)).toBe(kind);
  });

  test('on the network is no place for the embedded database, and good enough without', () => {
    expect(['nfs4', 'lustre', 'gpfs', 'beegfs', 'fuse.sshfs'].every(isNetwork)).toBe(true);
    expect(['ext4', 'xfs', 'overlay', 'tmpfs', 'fuse.ext4'].some(isNetwork)).toBe(false);
    expect(diskFinding({ kind: 'nfs4' }, true)).toMatchObject({
      verdict: 'warning',
      advice: expect.stringContaining('OUTFLOW_DATABASE_URL'),
    });
    expect(diskFinding({ kind: 'nfs4' }, false)).toMatchObject({ verdict: 'ok' });
    expect(diskFinding({ kind: 'tmpfs' }, true)).toMatchObject({ verdict: 'warning' });
  });

  test('needs room', () => {
    const verdicts = [50, 500, 5000].map((mib) => spaceFinding({ freeBytes: mib * 2 ** 20, freeFiles: null }).verdict);
    expect(verdicts).toEqual(['missing', 'warning', 'ok']);
    expect(spaceFinding({ freeBytes: 2 ** 40, freeFiles: 12 })).toMatchObject({
      found: '1 TiB free, but only 12 files more',
      verdict: 'warning',
    });
  });
});

test('Node must be new enough', () => {
  expect(nodeFinding('v24.1.0', '/bin/node')).toEqual(ok('node', '24.1.0, /bin/node'));
  expect(nodeFinding('v22.12.0', '/bin/node').verdict).toBe('missing');
});

test('a clock may be two seconds off', () => {
  expect(clockFinding(-800, "node1's")).toEqual(ok('clock', "800 ms behind node1's"));
  expect(clockFinding(90_000, "node1's")).toMatchObject({ verdict: 'warning', found: "1 m 30 s ahead of node1's" });
  expect(clockFinding(40_000, "node1's", 60_000)).toEqual(ok('clock', "as node1's"));
});

test('loopback alone is no address for agents', () => {
  expect(addressesFinding(['login1:4000', '10.0.0.1:4000', '[fd00::2]:4000'])).toEqual(
    ok('addresses', 'login1, 10.0.0.1, [fd00::2]'),
  );
  expect(addressesFinding(['127.0.0.1:4000', '[::1]:4000'])).toMatchObject({
    verdict: 'warning',
    advice: expect.stringContaining('--listen'),
  });
});

describe('Slurm', () => {
  const hourly = (name: string, more: Partial<PartitionFacts> = {}) => partition(name, { maxTimeMinutes: 60, ...more });
  const site = (more: Partial<SiteFacts> = {}): SiteFacts => ({
    nodes: [],
    partitions: [hourly('debug', { isDefault: true, defaultTimeMinutes: 10 }), hourly('batch', { isUp: false })],
    maxArraySize: 1001,
    ...more,
  });
  const settings = { maxAllocations: 10 } as SlurmSettings;
  const found = (facts: SiteFacts, directives: Record<string, string> = {}) =>
    siteFindings(
      facts,
      settings,
      Object.entries(directives).map(([name, value]): Directive => ({ name, value, source: 'flag' })),
    );

  test('that lacks commands is said with their names', () => {
    expect(commandsFinding('/nowhere')).toMatchObject({ verdict: 'missing', found: expect.stringContaining('sbatch, squeue') });
  });

  test('needs a version with srun --overlap', () => {
    expect(['20.02.3', '20.11.9', '24.05.1'].map((version) => versionFinding(version).verdict)).toEqual(['missing', 'ok', 'ok']);
  });

  test('is known by its nodes, arrays and the partition of a run', () => {
    expect(found(site())).toEqual([
      warning('nodes', '0 of 0 nodes in service', expect.any(String)),
      ok('job arrays', 'MaxArraySize 1001'),
      ok('partition', 'debug (the default): at most 1:00:00, 0:10:00 where no time is set; 1 more'),
    ]);
  });

  test.each([
    [{ partition: 'nowhere' }, { verdict: 'missing', found: 'Slurm shows no partition nowhere', advice: 'there are debug' }],
    [{ partition: 'batch' }, { verdict: 'missing', found: 'batch is down' }],
    [{ time: '2:00:00' }, { verdict: 'missing', advice: expect.stringContaining('no allocation would start') }],
    [{ time: '30' }, { verdict: 'ok' }],
  ])('with %j has this partition', (directives, expected) => {
    expect(found(site(), directives).at(-1)).toMatchObject(expected);
  });

  test('without a default partition wants one to be named', () => {
    expect(found(site({ partitions: [hourly('batch')] })).at(-1)).toMatchObject({
      verdict: 'warning',
      advice: expect.stringContaining('--sbatch partition=NAME'),
    });
  });

  test('without arrays cannot be used', () => {
    expect(found(site({ maxArraySize: 0 }))[1]?.verdict).toBe('missing');
    expect(found(site({ maxArraySize: 4 }))[1]?.verdict).toBe('warning');
  });
});

describe('the probe', () => {
  const report: NodeReport = {
    host: 'node1',
    atMs: 1_000_000,
    aheadMs: 12,
    node: 'v24.1.0',
    limits: null,
    cpus: { granted: 1, usable: 8, warning: '' },
    directory: { kind: 'nfs4', error: null },
    temporary: { path: '/tmp', freeBytes: 2 ** 34, error: null },
    addresses: [
      { address: 'login1:4000', error: 'no answer within 5 s' },
      { address: '10.0.0.1:4000', error: null },
    ],
  };
  const told = (more: Partial<NodeReport>) =>
    probeFindings({ kind: 'told', job: 'job 7', tookMs: 2_100, report: { ...report, ...more }, seenMs: 1_000_500 });

  test('is content where one address answers', () => {
    expect(told({})).toEqual([
      ok('job', 'job 7 on node1 answered after 2.1 s'),
      ok('directory', 'of runs: node1 sees it and writes into it (nfs4)'),
      ok('network', 'node1 reaches us at 10.0.0.1:4000'),
      ok('node', '24.1.0, node1'),
      ok('clock', "12 ms behind node1's"),
      ok('CPUs', '1 granted, none bound: units are counted, not pinned'),
      ok('temporary', '/tmp, 16 GiB free'),
    ]);
  });

  test('says of each address why it does not answer', () => {
    const addresses = report.addresses.map(({ address }) => ({ address, error: 'no answer within 5 s' }));
    expect(told({ addresses, aheadMs: null })).toContainEqual(
      missing(
        'network',
        'node1 does not reach us at login1:4000: no answer within 5 s; 10.0.0.1:4000: no answer within 5 s',
        expect.stringContaining('--listen'),
      ),
    );
  });

  test('that could not start, or was refused, says what to change', () => {
    const waiting = { kind: 'never', reason: 'PartitionTimeLimit', text: 'set a shorter `time`', expectedStartMs: null } as const;
    expect(probeFindings({ kind: 'never', job: 'job 7', waiting })).toEqual([
      missing('job', 'job 7 cannot start (PartitionTimeLimit)', 'set a shorter `time`'),
    ]);
    expect(probeFindings({ kind: 'refused', message: 'invalid partition specified: x' })[0]).toMatchObject({
      found: 'sbatch refused it: invalid partition specified: x',
      advice: expect.stringContaining('--sbatch NAME=VALUE'),
    });
    expect(
      probeFindings({ kind: 'waited', job: 'job 7', patienceMs: 60_000, waiting: { ...waiting, kind: 'wait' }, node: '' })[0],
    ).toMatchObject({ found: expect.stringContaining('job 7 had not started after 1 m 00 s: PartitionTimeLimit') });
  });
});

test('what is found is a line each, with what to do below', () => {
  const group = { title: 'state', findings: [ok('disk', 'ext4'), missing('space', '3 MiB free', 'free some')] };
  expect(groupLines(group, plain)).toEqual([
    'state',
    '  ✓ disk           ext4',
    '  ✗ space          3 MiB free',
    '                   → free some',
    '',
  ]);
  expect(verdictLine([group], plain)).toBe('1 thing that a run needs is missing');
  expect(verdictLine([{ title: '', findings: [warning('a', 'b', 'c')] }], plain)).toBe('nothing is missing, 1 warning');
});
