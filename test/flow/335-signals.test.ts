// Signals: from its first line on a process that serves is neither killed by one nor opened to a debugger, as process 1 too.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { programOf } from '../scaffold/program.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const HARMLESS = [
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGXCPU',
  'SIGTRAP',
  'SIGSYS',
] as const;
const STOPS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

interface Started {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly stdout: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** @param within a command that ends by executing its parameters */
async function start(within: readonly string[] = []): Promise<Started> {
  const folder = makeFolder();
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = folder.file('sluice.yaml');
  const pool = 'pools: { a: { versions: { v1: { endpoints: [127.0.0.1:9] } } } }';
  writeFileSync(config, `listeners: [{ name: web, address: 127.0.0.1:${port} }]\nadmin: { address: 127.0.0.1:${adminPort} }\n${pool}\n`);
  const [program, ...words] = [...within, process.execPath, programOf(), 'run', '--config', config, '--workers', '1'];
  const child = spawn(program!, words, { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] });
  open({ close: () => Promise.resolve(void child.kill('SIGKILL')) });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  return { child, ended, stdout: () => texts.stdout, stderr: () => texts.stderr };
}

/** Until all is registered: Node itself listens for TERM and INT before our first line, and for nothing else (proc(5), SigCgt). */
async function hears(pid: number): Promise<void> {
  await eventually('its ears', () => {
    const path = `/proc/${pid}/status`;
    const mask = existsSync(path) ? /SigCgt:\s*([0-9a-f]+)/.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
    return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(constants.signals.SIGSYS - 1)) & 1n) === 1n;
  });
}

test('all of them at the first moment that it hears them: it starts, and no debugger listens', async () => {
  const { child, stdout, stderr, ended } = await start();
  await hears(child.pid!);
  for (const signal of HARMLESS) child.kill(signal);
  await eventually('ready', () => stdout().includes('sluice ready'));
  for (const signal of HARMLESS) child.kill(signal);
  await eventually('reload', () => stderr().includes('unchanged') || stderr().includes('reload'));
  child.kill('SIGTERM');
  expect(await within('the end', ended)).toBe(0);
  expect(stderr()).not.toContain('Debugger listening');
});

test('USR1 before its first line: the debugger that Node opens is closed', async () => {
  // Node opens it for that signal from its own start on; the preloaded line stands for a signal that came early.
  const { stdout, stderr, child, ended } = await start([
    'env',
    'NODE_OPTIONS=--import=data:text/javascript,import(%22node:inspector%22).then(i=>i.open(0))',
  ]);
  await eventually('ready', () => stdout().includes('sluice ready'));
  const port = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(stderr())?.[1];
  expect(port).toBeDefined();
  await expect(fetch(`http://127.0.0.1:${port}/json`)).rejects.toThrow();
  child.kill('SIGTERM');
  expect(await within('the end', ended)).toBe(0);
});

test.each(STOPS)('%s at the first moment: it ends with 0', async (signal) => {
  const { child, ended } = await start();
  await hears(child.pid!);
  child.kill(signal);
  expect(await within('the end', ended)).toBe(0);
});

/** A name space of processes takes privileges. */
const hasNameSpaces = spawnSync('unshare', ['--fork', '--pid', 'true']).status === 0;

test.skipIf(!hasNameSpaces).each(STOPS)('%s as process 1 while it starts: it ends with 0', async (signal) => {
  const { child, ended } = await start(['unshare', '--fork', '--pid', '--kill-child']);
  const inner = await eventually('process 1', () => childOf(child.pid!));
  await hears(inner);
  process.kill(inner, signal);
  expect(await within('the end', ended)).toBe(0);
});

function childOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

test('QUIT drains: what runs is finished, exit code 0', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor(upstream));
  const wire = await connectTo(sluice);
  await wire.write(get('/bytes/200000/3?slow=300'));
  await wire.arrival();
  sluice.signal('SIGQUIT');
  expect((await wire.readMessage()).body).toHaveLength(200_000);
  expect(await within('the end', sluice.exited)).toEqual({ code: 0, signal: null });
});

test('USR1 opens log files anew, without a reload', async () => {
  const folder = makeFolder();
  const path = folder.file('access.log');
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { accessLog: { path } } }));
  await ask(sluice, get('/bytes/1/1'));
  await eventually('a line', () => existsSync(path) && readFileSync(path, 'utf8').includes('/bytes/1/1'));
  renameSync(path, `${path}.1`);
  sluice.signal('SIGUSR1');
  await eventually('told', () => sluice.logs.some(({ msg }) => msg === 'log files are opened anew'));
  await ask(sluice, get('/bytes/2/2'));
  await eventually('a line', () => existsSync(path) && readFileSync(path, 'utf8').includes('/bytes/2/2'));
  expect(readFileSync(`${path}.1`, 'utf8')).not.toContain('/bytes/2/2');
  expect(await sluice.metric('sluice_config_reloads_total', { result: 'unchanged' })).toBe(0);
});
