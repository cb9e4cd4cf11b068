// Two trees of Sluice against each other: same upstream, same generator, same core, in turns. Says whether a change costs CPU time.
// Usage: node bench/paired.ts OTHER_TREE [small|large|upload|mirrors|rollout|users] [ROUNDS]. The last column is this tree over the other one.
// In `rollout` and `users` (each with a key) this tree counts for a rollout, and the other one does not: it may be the same tree.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chooseGenerator } from './load/generator.ts';
import { killChildrenOnExit, startChild } from './machine/children.ts';
import { freePort } from './machine/ports.ts';
import { describeMeasurements } from './report/rows.ts';
import type { Rival } from './rivals/rival.ts';
import { sluiceConfiguration } from './rivals/sluice.ts';
import { measureRivals } from './scenarios/proxied.ts';

const LOADS = {
  small: { path: '/', bodyBytes: 0, connections: 64, shape: {} },
  large: { path: '/large', bodyBytes: 0, connections: 64, shape: {} },
  upload: { path: '/upload', bodyBytes: 1024 * 1024, connections: 16, shape: {} },
  rollout: { path: '/', bodyBytes: 0, connections: 64, shape: { versions: 2, split: '{ v1: 95, v2: 5 }' } },
  users: {
    ...{ path: '/', bodyBytes: 0, connections: 64 },
    shape: { versions: 2, split: '{ v1: 50, v2: 50 }', pool: 'affinity: { header: user-agent }' },
  },
  mirrors: { path: '/', bodyBytes: 0, connections: 64, shape: { versions: 2, mirror: '{ name: dark, version: v2 }' } },
} as const;

const SECONDS = 2;

const COUNTING: ReadonlySet<string> = new Set<keyof typeof LOADS>(['rollout', 'users']);
const counting = ['--import', new URL('./rivals/counting.ts', import.meta.url).href];

const [otherTree, scenario = 'small', rounds = '10'] = process.argv.slice(2);
if (otherTree === undefined || !existsSync(mainOf(otherTree)) || !isScenario(scenario) || !/^[1-9]\d*$/.test(rounds)) {
  console.error(`node bench/paired.ts OTHER_TREE [${Object.keys(LOADS).join('|')}] [ROUNDS]`);
  process.exit(2);
}
await compare(resolve(otherTree), scenario, Number(rounds));

async function compare(other: string, name: keyof typeof LOADS, count: number): Promise<never> {
  killChildrenOnExit();
  const dir = mkdtempSync(join(tmpdir(), 'sluice-paired-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  const { shape, ...load } = LOADS[name];
  const rivals = [
    treeAt('other', other, shape),
    treeAt('this', join(import.meta.dirname, '..'), shape, COUNTING.has(name) ? counting : []),
  ];
  const measurements = await measureRivals(rivals, { ...load, seconds: SECONDS, rounds: count }, { generator: chooseGenerator(), dir });
  console.log(`${name}\n${describeMeasurements(measurements, ['other'])}`);
  process.exit(measurements.some(({ failure }) => failure !== '') ? 1 : 0);
}

function treeAt(
  name: string,
  folder: string,
  shape: (typeof LOADS)[keyof typeof LOADS]['shape'],
  nodeArguments: readonly string[] = [],
): Rival {
  return {
    name,
    install: `${folder} has no src/app/main.ts`,
    available: () => true,
    start: async (upstreamPort, dir) => {
      const [port, adminPort] = [await freePort(), await freePort()];
      const file = join(dir, 'sluice.yaml');
      writeFileSync(file, sluiceConfiguration({ port, adminPort, upstreamPort, ...shape }));
      const args = [...nodeArguments, mainOf(folder), 'run', '--config', file, '--workers', '1'];
      const child = startChild({ role: 'proxy', file: process.execPath, args, env: { NODE_ENV: 'production' } });
      return { port, pids: [child.pid], child };
    },
  };
}

function mainOf(folder: string): string {
  return join(folder, 'src/app/main.ts');
}

function isScenario(name: string): name is keyof typeof LOADS {
  return Object.hasOwn(LOADS, name);
}
