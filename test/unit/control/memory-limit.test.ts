import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { totalmem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { cgroupBytes, findFiles, memoryLimit } from '../../../src/control/memory-limit.ts';

const MIB = 1024 ** 2;
const root = mkdtempSync(join(tmpdir(), 'sluice-cgroup-')) + '/';

afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(root + path), { recursive: true });
    writeFileSync(root + path, text);
  }
}

function measured(): number | undefined {
  const files = findFiles(root);
  return files === undefined ? undefined : cgroupBytes(files);
}

test('a limit of the operator counts the process', () => {
  const { limitBytes, processBytes: processBytes } = memoryLimit({ memoryBytes: 512 * MIB });
  expect(limitBytes).toBe(512 * MIB);
  expect(processBytes()).toBeGreaterThan(10 * MIB);
});

test('off is no limit', () => {
  expect(memoryLimit({ memoryBytes: 0 }).limitBytes).toBe(0);
});

test.each([0, totalmem(), 2 ** 63 - 4096, 2 ** 64])('auto is no limit where the system names %d', (bytes) => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(bytes);
  expect(memoryLimit({ memoryBytes: 'auto' }).limitBytes).toBe(0);
});

test('auto is the limit of the system where it is smaller than the machine', () => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(300 * MIB);
  const { limitBytes, processBytes: processBytes } = memoryLimit({ memoryBytes: 'auto' });
  expect(limitBytes).toBe(300 * MIB);
  expect(processBytes()).toBeGreaterThan(10 * MIB);
});

test('a cgroup of version 2 counts all but the file cache that is not in use', () => {
  put({
    'proc/self/cgroup': '0::/app.slice/sluice\n',
    'sys/fs/cgroup/app.slice/sluice/memory.current': '1000\n',
    'sys/fs/cgroup/app.slice/sluice/memory.stat': 'anon 500\nactive_file 100\ninactive_file 300\n',
  });
  expect(measured()).toBe(700);
});

test('a container that sees its own cgroup at the top', () => {
  put({
    'proc/self/cgroup': '0::/docker/0123\n',
    'sys/fs/cgroup/memory.current': '1000\n',
    'sys/fs/cgroup/memory.stat': 'inactive_file 1\n',
  });
  expect(measured()).toBe(999);
});

test('a cgroup of version 1', () => {
  put({
    'proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/pods/7\n0::/\n',
    'sys/fs/cgroup/memory/pods/7/memory.usage_in_bytes': '1000\n',
    'sys/fs/cgroup/memory/pods/7/memory.stat': 'inactive_file 5\ntotal_inactive_file 400\n',
  });
  expect(measured()).toBe(600);
});

test.each([{}, { 'proc/self/cgroup': '0::/\n' }, { 'proc/self/cgroup': 'nonsense', 'sys/fs/cgroup/memory.current': 'max\n' }])(
  'nothing is measured where the kernel says nothing',
  (files: Readonly<Record<string, string>>) => {
    put(files);
    expect(measured()).toBeUndefined();
  },
);
