import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cpuLimit, workersFor } from '../../../src/control/cpu-limit.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-cpu-')) + '/';

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  }
}

/** The mounts of a machine: version 1 with processors in `cpu,cpuacct`, or version 2. */
const V1 =
  '30 23 0:27 /ROOT /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n' +
  '31 23 0:28 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory\n';
const V2 = '30 23 0:27 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n';
const mounts = (text: string, top = ''): string => `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${text.replace('/ROOT', top === '' ? '/' : top)}`;

function putV1(path: string, quotas: Readonly<Record<string, readonly [number, number]>>, top = ''): void {
  put({ 'proc/self/cgroup': `5:memory:/other\n4:cpu,cpuacct:${path}\n1:name=systemd:/x\n0::/\n`, 'proc/self/mountinfo': mounts(V1, top) });
  for (const [folder, [quota, period]] of Object.entries(quotas)) {
    const at = `sys/fs/cgroup/cpu,cpuacct${folder}`;
    put({ [`${at}/cpu.cfs_quota_us`]: `${quota}\n`, [`${at}/cpu.cfs_period_us`]: `${period}\n` });
  }
}

function putV2(path: string, quotas: Readonly<Record<string, string>>): void {
  put({ 'proc/self/cgroup': `0::${path}\n`, 'proc/self/mountinfo': mounts(V2) });
  for (const [folder, text] of Object.entries(quotas)) put({ [`sys/fs/cgroup${folder}/cpu.max`]: `${text}\n` });
}

test('a quota of version 1 counts', () => {
  putV1('/app', { '/app': [250_000, 100_000], '': [-1, 100_000] });
  expect(cpuLimit(root)).toBe(2.5);
});

test('of nested ones the smallest holds, in both versions', () => {
  putV1('/pod/app', { '/pod/app': [400_000, 100_000], '/pod': [150_000, 100_000], '': [-1, 100_000] });
  expect(cpuLimit(root)).toBe(1.5);
  rmSync(root, { recursive: true });
  putV2('/pod/app', { '/pod/app': 'max 100000', '/pod': '300000 100000' });
  expect(cpuLimit(root)).toBe(3);
});

test.each([
  ['sees its own cgroup at the top', '/docker/abc', '/docker/abc', ''],
  ['is below what it sees at the top', '/docker/abc', '/docker/abc/inner', '/inner'],
  ['does not see the path that it is told', '', '/docker/abc', ''],
  ['is told a path outside', '/docker/abc', '/../other', ''],
])('a container that %s', (_what, top, path, folder) => {
  putV1(path, { [folder]: [50_000, 100_000] }, top);
  expect(cpuLimit(root)).toBe(0.5);
});

test('both versions side by side, as on a machine between the two', () => {
  putV1('/app', { '/app': [200_000, 100_000] });
  put({ 'proc/self/mountinfo': mounts(`${V1.replace('/ROOT', '/')}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`) });
  expect(cpuLimit(root)).toBe(2);
});

test('a mount with a blank in its name', () => {
  put({
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': '30 23 0:27 / /odd\\040place rw - cgroup2 cgroup2 rw\n',
    'odd place/cpu.max': '100000 100000\n',
  });
  expect(cpuLimit(root)).toBe(1);
});

test.each([
  ['no quota', () => putV1('/app', { '/app': [-1, 100_000] })],
  ['max', () => putV2('/app', { '/app': 'max 100000' })],
  ['what is no number', () => putV2('/app', { '/app': 'lots of it' })],
  ['a period of 0', () => putV1('/app', { '/app': [1000, 0] })],
  ['no such files', () => undefined],
  ['text that is none of these', () => put({ 'proc/self/cgroup': ':::\n\n7\n', 'proc/self/mountinfo': ' - \n- - -\ncgroup2\n' })],
])('%s limits nothing', (_what, make) => {
  make();
  expect(cpuLimit(root)).toBeUndefined();
});

test('the system that this runs on has a limit above 0, or none', () => {
  expect(cpuLimit() ?? 1).toBeGreaterThan(0);
});

test.each([
  [8, undefined, 8],
  [8, 2.5, 2],
  [8, 0.3, 1],
  [2, 16, 2],
])('%i processors with a limit of %s: %i workers', (processors, limit, workers) => {
  expect(workersFor(processors, limit)).toBe(workers);
});
