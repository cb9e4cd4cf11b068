// What a config of 50,000 routes and 5,000 endpoints costs: time until ready, a scrape, reloads of one weight and of a route more, splits by the API, how long `/livez`
// and a request wait meanwhile (the longest of all), the CPU that Sluice uses, and resident memory. Who asks when a change is in force asks
// cheaply: a scrape each 50 ms would be a load of its own, and has a line of its own. On a busy machine the least of the repeats counts.
// Usage: node bench/large-config.ts [ROUTES] [ENDPOINTS]. Linux only (/proc).

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './machine/ports.ts';

const MAIN = join(import.meta.dirname, '..', 'src/app/main.js');
const [routes, endpoints] = [Number(process.argv[2] ?? 50_000), Number(process.argv[3] ?? 5_000)];
const pools = Math.max(1, Math.floor(endpoints / 10));
const [port, adminPort] = [await freePort(), await freePort()];
const folder = mkdtempSync(join(tmpdir(), 'sluice-large-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'sluice.yaml');

/** @param more routes in the middle of the list, each of a host of its own */
function write(weight: number, more = 0): void {
  const lines = [
    `listeners: [{ name: web, address: 127.0.0.1:${port} }]`,
    `admin: { address: 127.0.0.1:${adminPort} }`,
    'state: memory',
    'pools:',
  ];
  for (let pool = 0; pool < pools; pool++) {
    const addresses = (first: number): string =>
      Array.from({ length: 5 }, (_, index) => `127.0.${pool >> 8}.${pool & 255}:${first + index}`).join(', ');
    lines.push(`  pool-${pool}:`, `    versions: { v1: { endpoints: [${addresses(9000)}] }, v2: { endpoints: [${addresses(9005)}] } }`);
    lines.push(`    split: { v1: ${pool === 0 ? 100 - weight : 95}, v2: ${pool === 0 ? weight : 5} }`);
  }
  lines.push('routes:', '  - { name: here, hosts: [here], respond: { status: 200 } }');
  for (let route = 1; route < routes; route++) {
    if (route === routes >> 1)
      for (let each = 0; each < more; each++) lines.push(`  - { name: more-${each}, hosts: [more-${each}.example.com], pool: pool-0 }`);
    lines.push(
      `  - name: route-${route}`,
      `    hosts: [host-${route % 5000}.example.com]`,
      `    match: [{ path: { prefix: /api/${route} } }]`,
      `    pool: pool-${route % pools}`,
    );
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
}

const admin = `http://127.0.0.1:${adminPort}`;

async function ask(url: string): Promise<{ readonly status: number; readonly ms: number; readonly text: string }> {
  const beganMs = performance.now();
  try {
    const response = await fetch(url, { headers: { host: 'here' } });
    return { status: response.status, text: await response.text(), ms: performance.now() - beganMs };
  } catch {
    return { status: 0, text: '', ms: 0 };
  }
}

function residentMb(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [now, most] = ['VmRSS', 'VmHWM'].map((key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  return `${(now ?? 0).toFixed(0)} MB resident, at most ${(most ?? 0).toFixed(0)} MB`;
}

async function until(revision: number): Promise<void> {
  while (!(await ask(`${admin}/v1/revisions?limit=1`)).text.includes(`"revision":${revision},`)) await pause(20);
}

/** Of all its threads, since it began. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

let [livezMs, requestMs, isOver] = [0, 0, false];

/** Asks both again and again until it is over. */
async function watch(): Promise<void> {
  while (!isOver) {
    const [livez, request] = await Promise.all([ask(`${admin}/livez`), ask(`http://127.0.0.1:${port}/`)]);
    livezMs = Math.max(livezMs, livez.ms);
    requestMs = Math.max(requestMs, request.ms);
    await pause(5);
  }
}

async function measure(name: string, pid: number, act: () => Promise<unknown>): Promise<void> {
  [livezMs, requestMs] = [0, 0];
  const [beganMs, usedMs] = [performance.now(), cpuMs(pid)];
  await act();
  const [ms, used] = [performance.now() - beganMs, cpuMs(pid) - usedMs];
  const waits = `/livez waits ${livezMs.toFixed(0)} ms, a request ${requestMs.toFixed(0)} ms`;
  console.log(`${name}: ${ms.toFixed(0)} ms (${used} of CPU); ${waits}; ${residentMb(pid)}`);
}

write(5);
const child = spawn(process.execPath, [MAIN, '--log-level', 'error', 'run', '--config', path, '--workers', '1'], { stdio: 'ignore' });
const pid = child.pid ?? 0;
await measure('ready', pid, async () => {
  while ((await ask(`${admin}/readyz`)).status !== 200) await pause(20);
});
// The first call loads the API.
await until(1);
await pause(3000);
const watching = watch();
await measure('a scrape', pid, () => ask(`${admin}/metrics`));
let revision = 1;
for (const weight of [10, 15, 20]) {
  await pause(2000);
  await measure('a reload of one weight', pid, () => {
    write(weight);
    return until(++revision);
  });
}
for (const more of [1, 2, 3]) {
  await pause(2000);
  await measure('a reload with a route more', pid, () => {
    write(20, more);
    return until(++revision);
  });
}
for (const v2 of [50, 51, 52]) {
  await pause(2000);
  await measure('a split by the API', pid, () =>
    fetch(`${admin}/v1/pools/pool-1/split`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ weights: { v1: 100 - v2, v2 } }),
    }),
  );
}
await measure('ten seconds of rest', pid, () => pause(10_000));
isOver = true;
await watching;
child.kill('SIGTERM');
