// Starts that must not happen, and what they say: exit code 1, one clear line, nothing left listening.

import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectAt, get } from './scaffold/client.ts';
import { runCommand, startCommand } from './scaffold/command.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

function responding(address: string, more: object = {}): object {
  return {
    ...configFor({}),
    pools: {},
    listeners: [{ name: 'web', address }],
    routes: [{ name: 'all', respond: { status: 200, body: 'hi' } }],
    ...more,
  };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(false))).once('error', () => resolve(true));
  });
}

/** The server of another program, without SO_REUSEPORT. */
async function occupy(where: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
  open({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  return server;
}

test('a broken YAML ends with 1, its Problems on stderr by line and column, and nothing listening', async () => {
  const port = await freePort();
  const file = makeFolder().write('bad.yaml', `listeners:\n  - name: web\n    address: 127.0.0.1:${port}\n    adress: oops\nroutes: {}\n`);
  const { code, stdout, stderr } = await runCommand(['run', '--config', file]);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.split('\n')).toContain(`${file}:4:5: listeners[0]: unknown key "adress" (did you mean "address"?)`);
  expect(stderr).toContain(`${file}:5:9: `);
  expect(await isFree(port)).toBe(true);
});

test('broken syntax is located, too', async () => {
  const file = makeFolder().write('bad.yaml', 'listeners: [\n  { name: web\n');
  const { code, stderr } = await runCommand(['run', '--config', file]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\S*bad\.yaml:\d+:\d+: \S/);
});

test('a missing file and an empty folder are named', async () => {
  const folder = makeFolder();
  const missing = await runCommand(['run', '--config', folder.file('none.yaml')]);
  expect([missing.code, missing.stderr.trim().split('\n').length]).toEqual([1, 1]);
  expect(missing.stderr).toContain(folder.file('none.yaml'));
  mkdirSync(folder.file('empty'));
  const empty = await runCommand(['run', '--config', folder.file('empty')]);
  expect(empty.code).toBe(1);
  expect(empty.stderr).toContain(folder.file('empty'));
  expect(empty.stderr).not.toContain('    at ');
});

test('a file that cannot be read is named', async () => {
  // Root reads everything; a loop of links is unreadable for all.
  const folder = makeFolder();
  symlinkSync(folder.file('b.yaml'), folder.file('a.yaml'));
  symlinkSync(folder.file('a.yaml'), folder.file('b.yaml'));
  const { code, stderr } = await runCommand(['run', '--config', folder.file('a.yaml')]);
  expect(code).toBe(1);
  expect(stderr).toContain(folder.file('a.yaml'));
  expect(stderr).not.toContain('    at ');
});

test.each([1, 2])('a port that is taken ends with 1 and says so, with %i worker(s)', async (workers) => {
  const port = await freePort();
  await occupy({ port, host: '127.0.0.1' });
  const file = makeFolder().write('a.yaml', responding(`127.0.0.1:${port}`));
  const { code, stdout, stderr } = await runCommand(['run', '--config', file, '--workers', `${workers}`]);
  expect([code, stdout]).toEqual([1, '']);
  const told = stderr.split('\n').filter((line) => line.includes('in use'));
  expect(told).toEqual([
    `sluice: ${file}:1:39: listeners[0].address: 127.0.0.1:${port} is in use by another process: stop that one, or choose another port`,
  ]);
});

test('an admin port that is taken ends with 1 and says so', async () => {
  const port = await freePort();
  await occupy({ port, host: '127.0.0.1' });
  const file = makeFolder().write('a.yaml', responding('127.0.0.1:0', { admin: { address: `127.0.0.1:${port}` } }));
  const { code, stderr } = await runCommand(['--log-level', 'silent', 'run', '--config', file]);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `sluice: ${file}:1:74: admin.address: 127.0.0.1:${port} is in use by another process: stop that one, or choose another port\n`,
  );
});

test('an address that cannot be bound is told at its place, with the way out', async () => {
  const folder = makeFolder();
  const absent = folder.file('absent/a.sock');
  const cases = [
    [responding('192.0.2.1:8080'), 'listeners[0].address: 192.0.2.1:8080 is not an address of this machine: choose one that it has'],
    [responding(`unix:${absent}`), `listeners[0].address: unix:${absent} needs the folder ${folder.file('absent')}, which is not there`],
    [responding('127.0.0.1:0', { admin: { address: `unix:${absent}` } }), `admin.address: unix:${absent} needs the folder`],
    [
      responding('127.0.0.1:0', { admin: { address: '127.0.0.1:0', probes: { address: `unix:${absent}` } } }),
      `admin.probes.address: unix:${absent} needs the folder`,
    ],
  ] as const;
  const told = await Promise.all(
    cases.map(async ([config], index) => {
      const file = folder.write(`${index}.yaml`, config);
      const { code, stderr } = await runCommand(['--log-level', 'silent', 'run', '--config', file, '--workers', '1']);
      const [, place = '', message = ''] = /^sluice: (.*?):\d+:\d+: ([^\n]*)\n$/.exec(stderr) ?? [];
      return [code, place === file, message.slice(0, cases[index]?.[1].length)] as const;
    }),
  );
  expect(told).toEqual(cases.map(([, message]) => [1, true, message]));
});

test('the socket of the admin API has the mode that the config says', async () => {
  const folder = makeFolder();
  const [admin, probes] = [folder.file('admin.sock'), folder.file('probes.sock')];
  const config = responding('127.0.0.1:0', {
    admin: { address: `unix:${admin}`, mode: '0620', probes: { address: `unix:${probes}`, mode: '0666' } },
  });
  const started = startCommand(['run', '--config', folder.write('a.yaml', config), '--workers', '1']);
  await started.printed(/sluice ready/);
  expect([statSync(admin).mode & 0o777, statSync(probes).mode & 0o777]).toEqual([0o620, 0o666]);
  started.signal('SIGTERM');
  expect((await started.ended).code).toBe(0);
});

test.each([1, 2])('a second Sluice on the same port is not let in, with %i worker(s)', async (workers) => {
  const port = await freePort();
  const config = responding(`127.0.0.1:${port}`);
  const first = await startSluice(config, { workers });
  const file = makeFolder().write('a.yaml', config);
  const { code, stderr } = await runCommand(['--log-level', 'silent', 'run', '--config', file, '--workers', `${workers}`]);
  expect(code).toBe(1);
  expect(stderr).toContain('is in use by another process');
  for (let asked = 0; asked < 10; asked++) {
    const wire = await connectAt({ host: '127.0.0.1', port });
    await wire.write(get());
    expect((await wire.readMessage()).body).toBe('hi');
  }
  expect(await first.metric('sluice_listener_requests_total')).toBe(10);
});

test('a socket file without a listener is replaced; one in use and a plain file are left alone', async () => {
  const folder = makeFolder();
  const path = folder.file('web.sock');
  const file = folder.write('a.yaml', responding(`unix:${path}`));
  // A server that dies leaves its file behind.
  const dead = startCommand(['run', '--config', file]);
  await dead.printed(/sluice ready/);
  dead.signal('SIGKILL');
  await dead.ended;
  expect(existsSync(path)).toBe(true);
  const living = startCommand(['run', '--config', file, '--workers', '2']);
  await living.printed(/sluice ready/);
  const wire = await connectAt({ path });
  await wire.write(get());
  expect((await wire.readMessage()).body).toBe('hi');
  wire.destroy();
  const second = await runCommand(['--log-level', 'silent', 'run', '--config', file]);
  expect([second.code, second.stderr]).toEqual([
    1,
    `sluice: ${file}:1:39: listeners[0].address: unix:${path} is in use by another process: stop that one, or choose another path\n`,
  ]);
  living.signal('SIGTERM');
  expect((await living.ended).code).toBe(0);
  expect(existsSync(path)).toBe(false);
  folder.write('web.sock', 'precious');
  const third = await runCommand(['--log-level', 'silent', 'run', '--config', file]);
  expect(third.code).toBe(1);
  expect(third.stderr).toContain(`unix:${path} is a file that is no socket`);
  expect(existsSync(path)).toBe(true);
});
