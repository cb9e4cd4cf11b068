import { describe, expect, it } from 'vitest';
import type { CounterKey } from '../../../src/telemetry/counter-key.ts';
import { CounterRegistry } from '../../../src/telemetry/counter-registry.ts';
import { CounterSet } from '../../../src/telemetry/counter-set.ts';
import { Exposition } from '../../../src/telemetry/exposition.ts';
import { METRICS } from '../../../src/telemetry/names.ts';
import { MIRROR_OUTCOMES, MIRRORED } from '../../../src/telemetry/mirror-outcomes.ts';
import { OUTCOME } from '../../../src/telemetry/outcomes.ts';
import { adoptPlan } from '../../scaffold/adopt-plan.ts';

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A small strict parser of the Prometheus text format: throws on any line that is not in it. */
function parse(text: string): { series: Series[]; types: Map<string, string> } {
  const series: Series[] = [];
  const types = new Map<string, string>();
  if (!text.endsWith('\n')) throw new Error('the text must end in a line feed');
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type) {
      if (types.has(type[1]!)) throw new Error(`second TYPE of ${type[1]}`);
      types.set(type[1]!, type[2]!);
      continue;
    }
    series.push(parseSeries(line));
  }
  return { series, types };
}

function parseSeries(line: string): Series {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`no name: ${line}`);
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"/.exec(line.slice(at));
      if (!label) throw new Error(`bad label: ${line}`);
      labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
      at += label[0].length;
      if (line[at] === ',') at++;
    }
    at++;
  }
  const value = line.slice(at);
  if (!/^ (?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|Nan|NaN)$/.test(value)) throw new Error(`bad value: ${line}`);
  return { name, labels, value: Number(value) };
}

async function open(keys: readonly CounterKey[], workers = 2) {
  const registry = new CounterRegistry(workers);
  const sets = Array.from({ length: workers }, (_, worker) => new CounterSet(worker));
  const plan = registry.reserve(keys);
  for (const set of sets) adoptPlan(set, plan);
  registry.commit(plan, 'all');
  const exposition = new Exposition(registry, { retryReasons: ['reset', '5xx'], choiceReasons: ['route', 'weight'], build: '1.2.3' });
  const scrape = async () => parse(String(await exposition.text()));
  const values = async (name: string) => (await scrape()).series.filter((series) => series.name === name);
  return { registry, sets, exposition, scrape, values };
}

const V1 = { pool: 'shop', version: 'v1' };

describe('Exposition', () => {
  it('adds up exact statuses over workers', async () => {
    const { sets, values } = await open([{ kind: 'route', route: 'r', ...V1 }]);
    sets[0]!.route('r', 'shop', 'v1').responded(200);
    sets[0]!.route('r', 'shop', 'v1').responded(404);
    sets[1]!.route('r', 'shop', 'v1').responded(404);
    sets[1]!.route('r', 'shop', 'v1').responded(200);
    sets[1]!.route('r', 'shop', 'v1').responded(200);
    sets[1]!.route('r', 'shop', 'v1').responded(0);
    sets[0]!.route('', '', '').responded(404);
    const rows = (await values('sluice_requests_total')).map(
      ({ labels, value }) => `${labels['route']}|${labels['pool']}|${labels['version']}|${labels['status']} ${value}`,
    );
    expect(rows.sort()).toEqual(['r|shop|v1|200 3', 'r|shop|v1|404 2', 'r|shop|v1|500 0', 'r|shop|v1|other 1', '|||404 1'].sort());
  });

  it('has a histogram in seconds whose buckets add up', async () => {
    const { sets, values } = await open([{ kind: 'version', ...V1 }]);
    const durations = [0.2, 1, 1.01, 40, 99, 30_000, 31_000, 90_000];
    for (const [index, ms] of durations.entries()) {
      const version = sets[index % 2]!.version('shop', 'v1');
      version.began();
      version.ended(ms);
    }
    const buckets = await values('sluice_request_duration_seconds_bucket');
    for (const { labels, value } of buckets) {
      const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']) * 1000;
      expect(value, `le ${labels['le']}`).toBe(durations.filter((ms) => ms <= bound).length);
    }
    expect(buckets).toHaveLength(15);
    expect((await values('sluice_request_duration_seconds_sum'))[0]!.value).toBeCloseTo(durations.reduce((a, b) => a + b) / 1000, 9);
    expect((await values('sluice_request_duration_seconds_count'))[0]!.value).toBe(8);
    expect((await values('sluice_requests_in_flight'))[0]!.value).toBe(0);
  });

  it('has a line with 0 for whatever can happen, from the start', async () => {
    const { scrape } = await open([
      { kind: 'version', ...V1 },
      { kind: 'mirror', pool: 'shop', mirror: 'dark', version: 'v3' },
      { kind: 'listener', listener: 'web' },
      { kind: 'route', route: 'r', pool: 'shop', version: '' },
      { kind: 'route', route: 'r', ...V1 },
      { kind: 'route', route: 'moved', pool: '', version: '' },
    ]);
    const { series } = await scrape();
    const row = (name: string) => series.filter((s) => s.name === name).map(({ labels, value }) => ({ ...labels, value }));
    const errors = row('sluice_requests_total').filter((each) => 'status' in each && /^5/.test(String(each.status)));
    expect(errors).toEqual([
      { route: 'r', pool: 'shop', version: '', status: '503', value: 0 },
      { route: 'r', ...V1, status: '500', value: 0 },
      { route: 'moved', pool: '', version: '', status: '500', value: 0 },
    ]);
    expect(row('sluice_requests_total')).toContainEqual({ route: 'r', ...V1, status: '200', value: 0 });
    expect(row('sluice_request_errors_total')).toEqual([{ ...V1, value: 0 }]);
    for (const outcome of ['ok', 'connect_refused', 'upstream_error', 'response_timeout'])
      expect(row('sluice_attempts_total')).toContainEqual({ ...V1, outcome, value: 0 });
    expect(row('sluice_attempts_total')).not.toContainEqual({ ...V1, outcome: 'no_route', value: 0 });
    expect(row('sluice_retries_total')).toHaveLength(2);
    expect(row('sluice_choices_total')).toHaveLength(2);
    expect(row('sluice_mirrored_total')).toHaveLength(MIRROR_OUTCOMES.length);
    expect(row('sluice_refused_total')).toContainEqual({ listener: 'web', outcome: 'overload', value: 0 });
    expect(series.filter((each) => each.value !== 0 && each.name.startsWith('sluice_')).map(({ name }) => name)).toEqual([
      'sluice_config_last_reload_successful',
      'sluice_build_info',
    ]);
  });

  it('names outcomes and reasons', async () => {
    const { sets, scrape } = await open([
      { kind: 'version', ...V1 },
      { kind: 'mirror', pool: 'shop', mirror: 'dark', version: 'v3' },
      { kind: 'listener', listener: 'web' },
    ]);
    const version = sets[0]!.version('shop', 'v1');
    version.attempted(OUTCOME.connect_refused.index);
    version.retried(1);
    version.chosen(0);
    const mirror = sets[0]!.mirror('shop', 'dark', 'v3');
    for (const outcome of [MIRRORED.ok, MIRRORED.lag]) {
      mirror.began();
      mirror.ended(outcome.index);
    }
    mirror.dropped(MIRRORED.limit.index);
    mirror.began();
    mirror.opened();
    mirror.waits(7);
    version.received(100);
    version.sent(2000);
    sets[1]!.listener('web').refused(OUTCOME.bad_request.index);
    sets[1]!.listener('web').opened();
    sets[1]!.listener('web').requested();
    const { series } = await scrape();
    const row = (name: string) => series.filter((s) => s.name === name && s.value !== 0).map(({ labels, value }) => ({ ...labels, value }));
    expect(row('sluice_attempts_total')).toEqual([{ ...V1, outcome: 'connect_refused', value: 1 }]);
    expect(row('sluice_retries_total')).toEqual([{ ...V1, reason: '5xx', value: 1 }]);
    expect(row('sluice_choices_total')).toEqual([{ ...V1, reason: 'route', value: 1 }]);
    const dark = { pool: 'shop', mirror: 'dark', version: 'v3' };
    const mirrored = ['ok', 'limit', 'lag'].map((outcome) => ({ ...dark, outcome, value: 1 }));
    expect(row('sluice_mirrored_total')).toEqual(mirrored);
    expect(row('sluice_mirror_in_flight')).toEqual([{ ...dark, value: 1 }]);
    expect(row('sluice_mirror_connections')).toEqual([{ ...dark, value: 1 }]);
    expect(row('sluice_mirror_waiting_bytes')).toEqual([{ ...dark, value: 7 }]);
    expect(row('sluice_request_bytes_total')).toEqual([{ ...V1, value: 100 }]);
    expect(row('sluice_response_bytes_total')).toEqual([{ ...V1, value: 2000 }]);
    expect(row('sluice_refused_total')).toEqual([{ listener: 'web', outcome: 'bad_request', value: 1 }]);
    expect(row('sluice_connections')).toEqual([{ listener: 'web', value: 1 }]);
    expect(row('sluice_listener_requests_total')).toEqual([{ listener: 'web', value: 1 }]);
  });

  it('calls an endpoint ready only while every worker does', async () => {
    const { registry, sets, values } = await open([{ kind: 'endpoint', ...V1, endpoint: '127.0.0.1:9001' }]);
    const ready = async () => (await values('sluice_endpoint_ready'))[0]!.value;
    const [one, two] = sets.map((set) => set.endpoint('shop', 'v1', '127.0.0.1:9001'));
    expect(await ready()).toBe(1);
    one!.notReady();
    one!.ejected(1);
    two!.notReady();
    expect(await ready()).toBe(0);
    one!.ready();
    expect(await ready()).toBe(0);
    registry.forgetGauges(1);
    expect(await ready()).toBe(1);
    expect((await values('sluice_endpoint_ejections_total'))[0]!.value).toBe(1);
  });

  it('tells what the main thread knows, each worker by itself, and Node', async () => {
    const { exposition, sets, scrape } = await open([]);
    exposition.reloaded('rejected');
    exposition.serves(7, [{ ...V1, weight: 95 }]);
    exposition.workersAre({ running: 2 });
    exposition.workerRestarted();
    exposition.accessLogDropped(4);
    sets[1]!.worker().looped(0.5, 20);
    const { series, types } = await scrape();
    const row = (name: string) => series.filter((s) => s.name === name).map(({ labels, value }) => ({ ...labels, value }));
    expect(row('sluice_config_revision')).toEqual([{ value: 7 }]);
    expect(row('sluice_config_reloads_total')).toContainEqual({ result: 'rejected', value: 1 });
    expect(row('sluice_config_reloads_total')).toHaveLength(3);
    expect(row('sluice_split_weight')).toEqual([{ ...V1, value: 95 }]);
    expect(row('sluice_workers')).toEqual([{ state: 'running', value: 2 }]);
    expect(row('sluice_worker_restarts_total')).toEqual([{ value: 1 }]);
    expect(row('sluice_access_log_dropped_total')).toEqual([{ value: 4 }]);
    expect(row('sluice_build_info')).toEqual([{ version: '1.2.3', value: 1 }]);
    expect(row('sluice_worker_event_loop_delay_seconds')).toEqual([
      { worker: '0', value: 0 },
      { worker: '1', value: 0.02 },
    ]);
    expect(row('process_cpu_seconds_total')).toHaveLength(1);
    for (const { name, type } of Object.values(METRICS)) expect(types.get(name), name).toBe(type);
  });

  it('escapes whatever a config may hold, and shows exactly the labels that are declared', async () => {
    const hostile = 'a"b\\c\nd{},= é\\n';
    const { sets, scrape } = await open([
      { kind: 'route', route: hostile, ...V1 },
      { kind: 'endpoint', ...V1, endpoint: 'unix:/a\\"b' },
    ]);
    sets[0]!.route(hostile, 'shop', 'v1').responded(200);
    const { series } = await scrape();
    expect(series.find((s) => s.name === 'sluice_requests_total' && s.value === 1)!.labels).toEqual({
      route: hostile,
      ...V1,
      status: '200',
    });
    expect(series.find((s) => s.name === 'sluice_endpoint_ready')!.labels['endpoint']).toBe('unix:/a\\"b');
    for (const { name, labels } of Object.values(METRICS)) {
      for (const one of series.filter((s) => s.name === name)) expect(Object.keys(one.labels).sort()).toEqual([...labels].sort());
    }
  });

  it('says which deploy a version is, whatever its name holds', async () => {
    const exposition = new Exposition(new CounterRegistry(1), { retryReasons: [], choiceReasons: [], build: '1' });
    const infos = async () => parse(String(await exposition.text())).series.filter(({ name }) => name === METRICS.versionInfo.name);
    expect(await infos()).toEqual([]);
    const labels = { pool: 'shop', version: 'v2', deploy: 'a"b\\ {x="1"} é', sha: '' };
    exposition.registerDeploys(() => [[labels, 1]]);
    expect(await infos()).toEqual([{ name: 'sluice_version_info', labels, value: 1 }]);
  });

  it('drops the series of what the config dropped', async () => {
    const { registry, sets, values } = await open([{ kind: 'route', route: 'r', ...V1 }]);
    sets[0]!.route('r', 'shop', 'v1').responded(200);
    const plan = registry.reserve([]);
    for (const set of sets) adoptPlan(set, plan);
    registry.commit(plan, 'all');
    expect((await values('sluice_requests_total')).map(({ labels }) => labels['route'])).toEqual(['']);
  });

  it('scrapes 10,000 routes of three versions quickly', async () => {
    const keys: CounterKey[] = [];
    for (let n = 0; n < 10_000; n++)
      for (const version of ['v1', 'v2', 'v3']) keys.push({ kind: 'route', route: `route-${n}`, pool: `pool-${n % 50}`, version });
    const { sets, exposition } = await open(keys);
    for (let n = 0; n < 10_000; n++)
      for (const set of sets) for (const status of [200, 404]) set.route(`route-${n}`, `pool-${n % 50}`, 'v1').responded(status);
    await exposition.text();
    // CPU time of this thread: unlike elapsed time it does not depend on what else the machine does.
    const before = process.threadCpuUsage();
    const text = String(await exposition.text());
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1000;
    console.info(`10,000 routes, 20,000 series: ${tookMs.toFixed()} ms, ${text.length} characters`);
    expect(text.split('\nsluice_requests_total{').length - 1).toBe(20_000);
    expect(tookMs).toBeLessThan(600);
  });

  it('refuses tables of reasons that do not fit', () => {
    const many = Array.from({ length: 17 }, (_, n) => `r${n}`);
    expect(() => new Exposition(new CounterRegistry(1), { retryReasons: many, choiceReasons: [], build: '' })).toThrow(/more than 16/);
    expect(() => new Exposition(new CounterRegistry(1), { retryReasons: [], choiceReasons: many, build: '' })).toThrow(/more than 16/);
  });
});
