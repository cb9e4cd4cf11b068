// What a flood of handshakes costs that are begun and never finished: memory for each, and how long clients wait that were there before, or
// come in the middle of it. Usage: node bench/flood.ts [CONNECTIONS] [TREE] [NODE OPTIONS FOR SLUICE]. Linux only (/proc), and openssl.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { freePort } from './machine/ports.ts';
import { makeCertificate } from './rivals/certificate.ts';

const WINDOW_MS = 2000;
const CALM_MS = 4000;
/** Connections open, and code is compiled: not counted. */
const WARM_MS = 1000;
const FLOOD_MS = 8000;
const RESPONSE = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const REQUEST = 'GET / HTTP/1.1\r\nhost: bench.test\r\n\r\n';
const TO = { host: '127.0.0.1', servername: 'bench.test', rejectUnauthorized: false };

interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

const [connections = '9000', tree = '.', ...nodeOptions] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sluice-flood-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const upstream = createServer((socket) => void socket.on('error', () => undefined).on('data', () => socket.write(RESPONSE)));
await new Promise<void>((done) => upstream.listen(0, '127.0.0.1', done));
const { child, port } = await start((upstream.address() as AddressInfo).port);
let isOver = false;
let refused = 0;
const kept: Sample[] = [];
const fresh: Sample[] = [];
const clients = [askOn(kept), askOn(kept), connectAgain(fresh)];
await pause(WARM_MS);
const calmFrom = performance.now();
await pause(CALM_MS);
const floodFrom = performance.now();
const before = residentKiB(child);
const program = fileURLToPath(new URL('load/flood-process.ts', import.meta.url));
const crowd = spawn(process.execPath, [program, String(port), connections], { stdio: 'inherit' });
let peak = before;
while (performance.now() - floodFrom < FLOOD_MS) {
  await pause(50);
  peak = Math.max(peak, residentKiB(child));
}
isOver = true;
await Promise.all(clients);
crowd.kill('SIGKILL');
child.kill('SIGTERM');
await once(child, 'exit');
upstream.close();
console.log(`memory            ${((peak - before) / Number(connections)).toFixed(1)} KiB for each of ${connections}`);
tell('kept connection', kept);
tell('new connection', fresh);
console.log(`new connections that were refused: ${refused}`);

function tell(what: string, samples: readonly Sample[]): void {
  const windows: (readonly Sample[])[] = [];
  for (let from = floodFrom; from < floodFrom + FLOOD_MS; from += WINDOW_MS / 4)
    windows.push(samples.filter(({ atMs }) => atMs >= from && atMs < from + WINDOW_MS));
  const calm = samples.filter(({ atMs }) => atMs >= calmFrom && atMs < floodFrom);
  const figures = (of: readonly Sample[]): string =>
    `p50 ${quantile(of, 0.5).toFixed(1)} p99 ${quantile(of, 0.99).toFixed(1)} max ${quantile(of, 1).toFixed(1)} ms (${of.length})`;
  const [worst = []] = windows.filter(({ length }) => length > 0).toSorted((a, b) => quantile(b, 0.99) - quantile(a, 0.99));
  console.log(`${what.padEnd(18)}calm: ${figures(calm)}; worst ${WINDOW_MS / 1000} s: ${figures(worst)}`);
}

function quantile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** A client that was there before: one request after the other. */
async function askOn(samples: Sample[]): Promise<void> {
  const socket = connect({ ...TO, port });
  await once(socket, 'secureConnect');
  while (!isOver) {
    const beganMs = performance.now();
    socket.write(REQUEST);
    await once(socket, 'data');
    samples.push({ atMs: beganMs, tookMs: performance.now() - beganMs });
    await pause(1);
  }
  socket.destroy();
}

/** Clients that come, one after the other: a handshake and a request each. */
async function connectAgain(samples: Sample[]): Promise<void> {
  while (!isOver) {
    const beganMs = performance.now();
    const socket = connect({ ...TO, port }).on('error', () => undefined);
    socket.write(REQUEST);
    const isServed = await once(socket, 'data').catch(() => undefined);
    if (isServed === undefined) refused++;
    else samples.push({ atMs: beganMs, tookMs: performance.now() - beganMs });
    socket.destroy();
    await pause(5);
  }
}

async function start(upstreamPort: number): Promise<{ child: ChildProcess; port: number }> {
  const [own, adminPort] = [await freePort(), await freePort()];
  const config = join(folder, 'sluice.json');
  const tls = { certificates: [makeCertificate(folder)] };
  writeFileSync(
    config,
    JSON.stringify({
      listeners: [{ name: 'web', address: `127.0.0.1:${own}`, limits: { connections: 40_000 }, tls }],
      admin: { address: `127.0.0.1:${adminPort}` },
      pools: { a: { versions: { v1: { endpoints: [`127.0.0.1:${upstreamPort}`] } } } },
      routes: [{ name: 'all', pool: 'a' }],
    }),
  );
  const parameters = [...nodeOptions, join(resolve(tree), 'src/app/main.js'), '--log-level', 'error', 'run', '--config', config];
  const started = spawn(process.execPath, [...parameters, '--workers', '1'], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.on('exit', () => started.kill('SIGKILL'));
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => undefined);
    if (response?.status === 200) return { child: started, port: own };
    await pause(20);
  }
}

function residentKiB({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}
