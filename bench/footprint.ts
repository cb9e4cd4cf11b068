// What one idle instance costs: resident memory with one and two workers, time until ready, CPU while idle, and a command of the CLI.
// Usage: node bench/footprint.ts [SECONDS]. Linux only (/proc). The first start fills the cache of compiled code and is not counted.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './machine/ports.ts';

const MAIN = join(import.meta.dirname, '..', 'src/app/main.js');
const STARTS = 5;
const COMMANDS = 10;
/** Of utime and stime in /proc. */
const TICKS_PER_SECOND = 100;

interface Running {
  readonly child: ChildProcess;
  readonly admin: string;
  readonly readyMs: number;
}

const seconds = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'sluice-footprint-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

await stop(await start(1));
const ready: number[] = [];
for (let round = 0; round < STARTS; round++) {
  const running = await start(1);
  ready.push(running.readyMs);
  await stop(running);
}
const sizes: number[] = [];
for (const workers of [1, 2]) {
  const running = await start(workers);
  await pause(3000);
  sizes.push(residentMb(running));
  const before = cpuSeconds(running);
  await pause(seconds * 1000);
  console.log(`idle CPU, ${workers} worker(s)       ${(((cpuSeconds(running) - before) / seconds) * 100).toFixed(2)} % of a core`);
  if (workers === 1) console.log(`sluice status             ${median(timeStatus(running)).toFixed(0)} ms (median of ${COMMANDS})`);
  await stop(running);
}
const [one = 0, two = 0] = sizes;
console.log(`ready                     ${median(ready).toFixed(0)} ms (median of ${STARTS}, best ${Math.min(...ready).toFixed(0)})`);
console.log(`resident, 1 worker        ${one.toFixed(1)} MB`);
console.log(`resident, further worker  ${(two - one).toFixed(1)} MB`);

async function start(workers: number): Promise<Running> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = join(folder, 'sluice.yaml');
  const pool = 'pools: { a: { versions: { v1: { endpoints: [127.0.0.1:9] } } } }';
  writeFileSync(config, `listeners: [{ name: web, address: 127.0.0.1:${port} }]\nadmin: { address: 127.0.0.1:${adminPort} }\n${pool}\n`);
  const admin = `http://127.0.0.1:${adminPort}`;
  const beganMs = performance.now();
  const child = spawn(process.execPath, [MAIN, '--log-level', 'error', 'run', '--config', config, '--workers', String(workers)], {
    stdio: 'ignore',
  });
  for (;;) {
    const response = await fetch(`${admin}/readyz`).catch(() => undefined);
    if (response?.status === 200) return { child, admin, readyMs: performance.now() - beganMs };
    await pause(2);
  }
}

async function stop({ child }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function timeStatus({ admin }: Running): readonly number[] {
  const run = (): number => {
    const beganMs = performance.now();
    spawnSync(process.execPath, [MAIN, 'status', '--admin', admin], { stdio: 'ignore' });
    return performance.now() - beganMs;
  };
  run();
  return Array.from({ length: COMMANDS }, run);
}

function residentMb({ child }: Running): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1000;
}

function cpuSeconds({ child }: Running): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
