// `npm run fuzz`: inputs by chance until a number of them is through, or one shows a fault; then it says which and ends with 1.
//
//   npm run fuzz -- [--inputs 100000] [--seed N] [--only request,response,chunks,frames,hpack,request-fields,response-fields,config,admin,peers]
//
// A fault is printed with what makes it again: its target and the input as a JSON string, ready for corpus.json beside this file.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../scaffold/seeded-random.ts';
import { makeRequest } from './grammar.ts';
import { startThrough } from './peers/compare.ts';
import type { Through } from './peers/compare.ts';
import { startHaproxy, startNginx, startNode } from './peers/peer.ts';
import type { Peer } from './peers/peer.ts';
import type { Input, Target } from './target.ts';
import { openAdminTarget } from './targets/admin.ts';
import { config } from './targets/config.ts';
import { chunks, request, response } from './targets/http1.ts';
import { frames, hpack, requestFields, responseFields } from './targets/http2.ts';

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const inputs = Number(values.inputs);
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
if (!Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  console.error(
    'npm run fuzz -- [--inputs N] [--seed N] [--only request,response,chunks,frames,hpack,request-fields,response-fields,config,admin,peers]',
  );
  process.exit(2);
}
const only = values.only?.split(',');
/** Connections, real or in memory, or whole configs: each costs as much as many heads. */
const SHARES: Readonly<Record<string, number>> = {
  config: 0.02,
  admin: 0.02,
  peers: 0.05,
  frames: 0.2,
  'request-fields': 0.1,
  'response-fields': 0.1,
};
const BATCH = 256;
let faulty = 0;

console.log(`seed ${seed}`);
for (const open of [
  () => request,
  () => response,
  () => chunks,
  () => frames,
  () => hpack,
  () => requestFields,
  () => responseFields,
  () => config,
  openAdminTarget,
]) {
  const target = await open();
  if (only === undefined || only.includes(target.name)) await fuzz(target);
  await target.close?.();
}
if (only === undefined || only.includes('peers')) await fuzzPeers();
process.exit(faulty > 0 ? 1 : 0);

function countOf(name: string): number {
  return Math.ceil(inputs * (SHARES[name] ?? 1));
}

async function fuzz(target: Target): Promise<void> {
  const chance = seededRandom(seed);
  const count = countOf(target.name);
  const began = performance.now();
  for (let index = 0; index < count; index++) {
    const input = target.make(chance);
    try {
      await target.run(input);
    } catch (error) {
      tell(target.name, input, (error as Error).message);
      return;
    }
  }
  done(target.name, count, began);
}

async function fuzzPeers(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
  for (const [name, start] of [
    ['node', startNode],
    ['nginx', () => startNginx(dir)],
    ['haproxy', () => startHaproxy(dir)],
  ] as const) {
    const peer = await start();
    if (peer === undefined) console.log(`peers: ${name} is not installed`);
    else await fuzzPeer(peer, mkdtempSync(join(dir, 'sluice-')));
  }
  rmSync(dir, { recursive: true, force: true });
}

async function fuzzPeer(peer: Peer, dir: string): Promise<void> {
  const chance = seededRandom(seed);
  const through = await startThrough(peer, dir);
  const began = performance.now();
  const count = countOf('peers');
  let [forwarded, refused] = [0, 0];
  for (let left = count; left > 0; left -= BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, left) }, () => makeRequest(chance));
    const result = await through.send(batch);
    forwarded += result.forwarded;
    refused += result.refused;
    if (result.faults.length > 0) {
      tell(`peers: ${peer.name}`, await smallest(through, batch), result.faults[0]!);
      break;
    }
  }
  await through.close();
  await peer.close();
  done(`peers: ${peer.name}`, count, began, `, ${forwarded} forwarded, ${refused} of them refused there`);
}

/** The one input of a batch that shows the fault alone, as far as one does. */
async function smallest(through: Through, batch: readonly Input[]): Promise<Input> {
  let suspects = batch;
  while (suspects.length > 1) {
    const half = suspects.slice(0, suspects.length >> 1);
    suspects = (await through.send(half)).faults.length > 0 ? half : suspects.slice(half.length);
  }
  return suspects[0] ?? '';
}

function tell(name: string, input: Input, message: string): void {
  faulty++;
  console.error(`FAULT ${name}: ${message}\n  ${JSON.stringify(input)}`);
}

function done(name: string, count: number, beganMs: number, more = ''): void {
  console.log(`${name}: ${count} inputs in ${((performance.now() - beganMs) / 1000).toFixed(1)} s${more}`);
}
