// The bench against rivals: same upstream, same generator, same core; CPU time per request is the figure that counts.
// Ends with 1 when Sluice fails to run or breaks a budget.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkBudgets, checkIdleBudget, checkTunnelBudget } from './budgets.ts';
import type { BudgetResult } from './budgets.ts';
import { chooseGenerator } from './load/generator.ts';
import { h2loadGenerator } from './load/h2load.ts';
import { handshakeGenerator } from './load/handshakes.ts';
import type { Generator } from './load/load.ts';
import { tunnelGenerator } from './load/tunnels.ts';
import { isInstalled, killChildrenOnExit } from './machine/children.ts';
import { parseOptions, USAGE } from './options.ts';
import type { Options, ScenarioName } from './options.ts';
import { describeIdle, describeMeasurements } from './report/rows.ts';
import { describeInstallation, RIVALS } from './rivals/all.ts';
import { haproxy, http2Haproxy, secureHaproxy, secureHttp2Haproxy } from './rivals/haproxy.ts';
import { http2Nginx, secureHttp2Nginx, secureNginx, upgradingNginx } from './rivals/nginx.ts';
import { relay } from './rivals/node-servers.ts';
import type { Rival } from './rivals/rival.ts';
import { MIRRORING, secureSluice, sluice, sluiceWithRoutes, tunnellingSluice } from './rivals/sluice.ts';
import { measureIdle } from './scenarios/idle.ts';
import type { IdleMeasurement } from './scenarios/idle.ts';
import { measureRivals } from './scenarios/proxied.ts';
import type { Measurement } from './scenarios/proxied.ts';

interface Tools {
  readonly generator: Generator;
  readonly dir: string;
}

interface Result {
  readonly scenario: ScenarioName;
  readonly measurements: readonly (Measurement | IdleMeasurement)[];
  readonly table: string;
  readonly budgets: readonly BudgetResult[];
}

/** Fewer connections for uploads: what is in flight when the time is up has cost, but is not counted. */
const LOADS = {
  small: { path: '/', bodyBytes: 0, connections: 64 },
  large: { path: '/large', bodyBytes: 0, connections: 64 },
  upload: { path: '/upload', bodyBytes: 1024 * 1024, connections: 16 },
  routes: { path: '/', bodyBytes: 0, connections: 64 },
  mirrors: { path: '/', bodyBytes: 0, connections: 64 },
  tls: { path: '/', bodyBytes: 0, connections: 64 },
  'tls-large': { path: '/large', bodyBytes: 0, connections: 64 },
  handshakes: { path: '/', bodyBytes: 0, connections: 16 },
  resumed: { path: '/', bodyBytes: 0, connections: 16 },
  h2: { path: '/', bodyBytes: 0, connections: 16 },
  'h2-single': { path: '/', bodyBytes: 0, connections: 16 },
  'h2-large': { path: '/large', bodyBytes: 0, connections: 16 },
  'h2-tls': { path: '/', bodyBytes: 0, connections: 16 },
  tunnels: { path: '/', bodyBytes: 0, connections: 64 },
} as const;

/** Scenarios over TLS. */
const SECURE: ReadonlySet<ScenarioName> = new Set(['tls', 'tls-large', 'handshakes', 'resumed']);
const SECURE_RIVALS = [secureSluice, secureNginx, secureHaproxy];

/** Scenarios over HTTP/2: by prior knowledge, and over TLS. */
const HTTP2: ReadonlySet<ScenarioName> = new Set(['h2', 'h2-single', 'h2-large']);
const HTTP2_RIVALS = [sluice, http2Nginx, http2Haproxy];
const SECURE_HTTP2_RIVALS = [secureSluice, secureHttp2Nginx, secureHttp2Haproxy];

/** Those that carry tunnels. */
const TUNNELLING = [tunnellingSluice, relay, upgradingNginx, haproxy];

/** Scenarios with a load of their own. */
const GENERATORS: Readonly<Partial<Record<ScenarioName, Generator>>> = {
  handshakes: handshakeGenerator('full'),
  resumed: handshakeGenerator('resumed'),
  h2: h2loadGenerator(10),
  'h2-single': h2loadGenerator(1),
  'h2-large': h2loadGenerator(10),
  'h2-tls': h2loadGenerator(10),
  tunnels: tunnelGenerator,
};

/** Scenarios in which Sluice is compared with itself. */
const OURS: Readonly<Partial<Record<ScenarioName, { readonly rivals: () => readonly Rival[]; readonly reference: string }>>> = {
  routes: { rivals: () => [sluiceWithRoutes(10), sluiceWithRoutes(10_000)], reference: '10 routes' },
  mirrors: { rivals: () => MIRRORING, reference: 'no mirror' },
};

/** Those that say something about idle connections; the relay needs two files for each. */
const IDLE_RIVALS = ['sluice', 'nginx', 'undici'];
const IDLE_CONNECTIONS = 10_000;
const OPEN_TUNNELS = 5_000;

await main();

async function main(): Promise<void> {
  const options = readOptions();
  if (options.installHelp) return console.log(describeInstallation());
  if (!existsSync('/proc/self/stat')) throw new Error('The bench reads CPU time from /proc: it needs Linux.');
  killChildrenOnExit();
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  // Not every rival runs its workers as the user who started it.
  chmodSync(dir, 0o755);
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  const tools = { generator: chooseGenerator(), dir };
  const machine = describeMachine(tools.generator);
  console.log(machine);
  const results: Result[] = [];
  for (const scenario of options.scenarios) {
    if (scenario.startsWith('h2') && !isInstalled('h2load')) {
      console.log(`\n${scenario}\nskipped: its load is made by h2load (apt-get install nghttp2-client)`);
      continue;
    }
    const result = await runScenario(scenario, options, tools);
    console.log(`\n${scenario}\n${result.table}`);
    result.budgets.forEach((budget) => console.log(`  ${budget.text}`));
    results.push(result);
  }
  writeResults(results, machine, options);
  const sluiceFailed = results.some((result) =>
    result.measurements.some((each) => each.failure !== '' && /sluice|routes|mirror/.test(each.rival)),
  );
  process.exit(sluiceFailed || results.some((result) => result.budgets.some((budget) => !budget.kept)) ? 1 : 0);
}

function runScenario(scenario: ScenarioName, options: Options, tools: Tools): Promise<Result> {
  if (scenario === 'idle') return runIdle(options, tools);
  return scenario === 'open-tunnels' ? runOpenTunnels(options, tools) : runLoad(scenario, options, tools);
}

async function runLoad(scenario: keyof typeof LOADS, options: Options, tools: Tools): Promise<Result> {
  const ours = OURS[scenario];
  const known = knownRivals(scenario);
  const rivals = (ours?.rivals() ?? chosenRivals(options, [], known)).filter((rival) => rival.available());
  const shape = LOADS[scenario];
  const load = { ...shape, connections: options.connections || shape.connections, seconds: options.seconds, rounds: options.rounds };
  const measurements = await measureRivals(rivals, load, { ...tools, generator: GENERATORS[scenario] ?? tools.generator });
  const table = describeMeasurements(measurements, ours === undefined ? ['nginx', 'relay'] : [ours.reference]);
  return { scenario, measurements, table, budgets: checkBudgets(scenario, measurements) };
}

function knownRivals(scenario: ScenarioName): readonly Rival[] {
  if (scenario === 'tunnels') return TUNNELLING;
  if (scenario === 'h2-tls') return SECURE_HTTP2_RIVALS;
  if (HTTP2.has(scenario)) return HTTP2_RIVALS;
  return SECURE.has(scenario) ? SECURE_RIVALS : RIVALS;
}

async function runIdle(options: Options, tools: Tools): Promise<Result> {
  const measurements: IdleMeasurement[] = [];
  for (const rival of chosenRivals(options, IDLE_RIVALS)) {
    if (rival.available()) measurements.push(await measureIdle(rival, 'requests', options.connections || IDLE_CONNECTIONS, tools));
  }
  return { scenario: 'idle', measurements, table: describeIdle(measurements), budgets: measurements.flatMap(checkIdleBudget) };
}

async function runOpenTunnels(options: Options, tools: Tools): Promise<Result> {
  const measurements: IdleMeasurement[] = [];
  for (const rival of chosenRivals(options, [], TUNNELLING)) {
    if (rival.available()) measurements.push(await measureIdle(rival, 'tunnels', options.connections || OPEN_TUNNELS, tools));
  }
  return { scenario: 'open-tunnels', measurements, table: describeIdle(measurements), budgets: checkTunnelBudget(measurements) };
}

/** What `--only` names; else those in `usual`; else all. */
function chosenRivals(options: Options, usual: readonly string[], known = RIVALS): readonly Rival[] {
  const names = options.only.length > 0 ? options.only : usual;
  return known.filter((rival) => names.length === 0 || names.includes(rival.name));
}

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return process.exit(2);
  }
}

function describeMachine(generator: Generator): string {
  const missing = RIVALS.filter((rival) => !rival.available()).map((rival) => rival.name);
  const absent = missing.length === 0 ? '' : `; not installed: ${missing.join(', ')}`;
  return `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, Linux ${release()}, Node ${process.versions.node}, load by ${generator.name}${absent}`;
}

function writeResults(results: readonly Result[], machine: string, options: Options): void {
  const at = new Date().toISOString();
  const text = `${JSON.stringify({ at, machine, seconds: options.seconds, rounds: options.rounds, results }, undefined, 2)}\n`;
  const folder = new URL('results/', import.meta.url).pathname;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.replaceAll(':', '-')}.json`);
  for (const each of [file, ...(options.json === '' ? [] : [options.json])]) writeFileSync(each, text);
  console.log(`\nresults: ${file}`);
}
