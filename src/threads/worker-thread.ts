// Entry of a data-plane thread: takes Configs from the control thread, compiles and serves them, and drains when told.

import { parentPort } from 'node:worker_threads';
import type { Config } from '../config/model.ts';
import type { PressureLevel } from '../control/pressure.ts';
import { Deadlines } from '../lib/deadlines.ts';
import { loopMeter } from '../lib/clock.ts';
import { collectGarbage, heapBytes, isLargeHeap } from '../lib/heap.ts';
import { forwardLog } from '../lib/log.ts';
import { Pulse } from '../lib/pulse.ts';
import { ProxyContext } from '../proxy/context.ts';
import { drain } from '../proxy/drain.ts';
import type { ServingState } from '../proxy/serving-state.ts';
import { Pace, SERVING_TURN_MS, finishInTurns } from '../lib/pace.ts';
import { finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { compileInSteps } from '../routing/compile.ts';
import type { Table } from '../routing/table.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { CounterSet } from '../telemetry/counter-set.ts';
import { EvidenceNews } from '../telemetry/evidence-news.ts';
import { LivePools } from '../upstream/live-pools.ts';
import { ChangeoverGate } from './changeover.ts';
import type { Changeover } from './changeover.ts';
import { ComparisonSampler } from './comparison-sampler.ts';
import { saveCompiled } from '../lib/compile-cache.js';
import { EvidenceWriters } from './evidence-writers.ts';
import { Inbox } from './inbox.ts';
import { changed } from './list-change.ts';
import { ListenerSet } from './listener-set.ts';
import type { TlsUpdate, Update } from '../control/ports.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { ServingBuilder } from './serving-builder.ts';
import { UpstreamTls } from './upstream-tls.ts';
import type { UpstreamSides } from './upstream-tls.ts';

const FLUSH_MS = 200;
const LOOP_METER_MS = 1000;
/** As often as the control thread looks. */
const HEAP_METER_MS = 250;

const port = parentPort;
if (port === null) throw new Error('worker-thread.ts is started by Sluice, as a worker thread');
const post = (message: FromWorker): void => port.postMessage(message);
const inbox = new Inbox(port);
// While the control thread still reads the config: what was only needed to load this thread's code goes.
collectGarbage();
const start = await inbox.first;

const gate = new ChangeoverGate(start.changeovers);
const deadlines = new Deadlines();
const counters = new CounterSet(start.index);
const log = forwardLog((line) => post({ kind: 'log', line }));
const upstreamTls = new UpstreamTls();
const livePools = new LivePools({
  deadlines,
  counters,
  log,
  worker: start.index,
  workers: start.workers,
  secureFor: upstreamTls.find,
  onEjections: (change) => post({ kind: 'ejections', change }),
  onFault: (error) => context?.failed(error),
});
const evidence = new EvidenceWriters(start.index, new EvidenceNews((pool) => post({ kind: 'evidence', pool })));
const builder = new ServingBuilder(livePools, counters, evidence);
const sampler = new ComparisonSampler(start.workers, post);
let pressure: PressureLevel = 0;
let context: ProxyContext | undefined;
let listeners: ListenerSet | undefined;

let routes: Config['routes'] = [];
let pools: Config['pools'] = [];
/** Of the Config that serves: one that is refused says nothing of the connections of now. */
let servedPools: Config['pools'] = [];

async function apply({ update: sent, routes: sentRoutes, pools: sentPools, ports, changeover }: Apply): Promise<Record<string, number>> {
  // Also when it is refused: the control thread goes by what it has sent.
  routes = changed(routes, sentRoutes);
  const before = pools;
  pools = sentPools.map((pool) => (typeof pool === 'number' ? before[pool]! : pool));
  const update: Update = { ...sent, config: { ...sent.config, pools, routes } };
  counters.place(update.counters);
  const steps = compileAndCount(update);
  // What serves goes on serving.
  const table = context === undefined ? finish(steps) : await finishInTurns(steps, new Pace(undefined, SERVING_TURN_MS));
  await upstreamTls.prepare(pools);
  const sides = upstreamTls.make(pools, update.tls);
  if (context === undefined || listeners === undefined) {
    takeUpstreamTls(pools, sides);
    context = new ProxyContext(builder.build(update, table), deadlines, counters.worker(), log);
    context.setPseudonym(start.pseudonym);
    context.setOverloadLevel(pressure);
    context.shadows.createTap = sampler.find;
    listeners = new ListenerSet(context, counters, start);
    await listeners.prepare(update.config.listeners, ports, update.tls);
  } else {
    // Binding is what can still fail; it comes before anything is changed.
    await listeners.prepare(update.config.listeners, ports, update.tls);
    takeUpstreamTls(pools, sides);
    await goOver(context, builder.build(update, table), changeover);
  }
  sampler.forget();
  setAccessLog(context, update);
  const bound = listeners.apply(update.config.listeners);
  counters.settle();
  await listeners.released();
  return bound;
}

async function goOver(served: ProxyContext, serving: ServingState, changeover: Changeover | undefined): Promise<void> {
  if (changeover !== undefined) {
    served.serveNext(serving, () => gate.isOpen(changeover));
    await gate.pass(changeover);
  }
  served.serve(serving);
}

function* compileAndCount(update: Update): Steps<Table> {
  const table = yield* compileInSteps(update.config, update.revision);
  yield* builder.prepare(table);
  return table;
}

function setAccessLog(target: ProxyContext, update: Update): void {
  const config = update.config.accessLog;
  if (config === undefined) {
    target.accessLog?.flush();
    target.accessLog = undefined;
  } else if (target.accessLog !== undefined) target.accessLog.resample(config.sample);
  else target.accessLog = new AccessLog(config.sample, (chunk, lines) => post({ kind: 'access', chunk, lines }));
}

const utilization = loopMeter();
const pulse = new Pulse([
  { everyMs: FLUSH_MS, run: flush },
  { everyMs: LOOP_METER_MS, run: () => context?.counters.looped(utilization(), deadlines.takeLateness()) },
  { everyMs: HEAP_METER_MS, run: () => context?.counters.memoryUsed(heapBytes()) },
]);
deadlines.onPace = (awake) => {
  pulse.pace(awake);
  livePools.pace(awake);
};

function flush(): void {
  context?.accessLog?.flush();
  sampler.flush();
}

type Apply = Extract<ToWorker, { kind: 'apply' }>;
type Change = Extract<ToWorker, { kind: 'apply' | 'endpoints' | 'rollouts' | 'tls' }>;

/** Says at once what is left: a worker at rest would say it much later, and memory counts as short until then. */
function collect(): void {
  collectGarbage();
  context?.counters.memoryUsed(heapBytes());
}

/** The Table stays: it names versions, not endpoints. */
function setEndpoints({ versions, counters: plan }: Extract<ToWorker, { kind: 'endpoints' }>): void {
  counters.place(plan);
  livePools.setEndpoints(versions);
  counters.settle();
}

function takeUpstreamTls(of: Config['pools'], sides: UpstreamSides): void {
  servedPools = of;
  if (upstreamTls.take(sides)) livePools.secure();
}

/** What is refused of it leaves all as it was. */
function setTls(tls: TlsUpdate): void {
  const sides = upstreamTls.make(servedPools, tls);
  listeners?.setTls(tls);
  takeUpstreamTls(servedPools, sides);
}

async function onChange(message: Change): Promise<void> {
  const { id } = message;
  try {
    if (message.kind === 'apply') {
      const isFirst = context === undefined;
      const bound = await apply(message);
      // What a large config has left goes before anybody counts on this thread.
      if (isFirst && isLargeHeap()) collectGarbage();
      post({ kind: 'applied', id, ports: bound });
      if (isFirst) saveCompiled();
      return;
    }
    if (message.kind === 'endpoints') setEndpoints(message);
    else if (message.kind === 'tls') setTls(message.tls);
    else context?.serve(builder.count(context.serving, message.rollouts));
    post({ kind: 'followed', id });
  } catch (error) {
    post({ kind: 'refused', id, reason: error instanceof Error ? error.message : String(error) });
  }
}

function setDeploys({ id, deploys }: Extract<ToWorker, { kind: 'deploys' }>): void {
  livePools.setDeploys(deploys);
  post({ kind: 'followed', id });
}

function setPressure(level: PressureLevel): void {
  pressure = level;
  context?.setOverloadLevel(level);
  if (level > 0) for (const listener of listeners?.open ?? []) listener.closeUnused();
}

async function onMessage(
  message: Exclude<ToWorker, { kind: 'health' | 'deploys' | 'ejections' | 'pressure' | 'collect' | 'recall' | 'compare' }>,
): Promise<void> {
  if (message.kind !== 'drain') return onChange(message);
  const cut = context === undefined ? 0 : await drain(context, listeners?.open ?? [], message);
  flush();
  sampler.connect(undefined);
  pulse.stop();
  // Unused upstream connections would keep the thread alive.
  livePools.apply([]);
  deadlines.close();
  post({ kind: 'drained', cut });
  port?.close();
}

// One after the other: a drain that overtakes an apply would leave the new listeners open.
let queue = Promise.resolve();
inbox.open((message) => {
  // Health and pressure wait for nobody: what is in flight while the worker drains is to be retried well, too, and may be too much.
  if (message.kind === 'health') livePools.setUnhealthy(message.unhealthy);
  else if (message.kind === 'deploys') setDeploys(message);
  else if (message.kind === 'ejections') livePools.lookForEjections();
  else if (message.kind === 'pressure') setPressure(message.level);
  else if (message.kind === 'collect') collect();
  else if (message.kind === 'recall') post({ kind: 'recalled', id: message.id, exchanges: context?.recent.list() ?? [] });
  else if (message.kind === 'compare') sampler.connect(message.link);
  else queue = queue.then(() => onMessage(message));
});
