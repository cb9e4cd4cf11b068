// A request whose version chance has drawn while a rollout of its pool counts, and what has been counted of it.

import { createSizes, SizeBounds, SizeWriter } from '../../../src/telemetry/body-sizes.ts';
import type { PoolConfig, RouteConfig } from '../../../src/config/model.ts';
import { route } from '../../../src/proxy/steps/route.ts';
import { observe } from '../../../src/proxy/steps/observe.ts';
import { REASON_NONE } from '../../../src/routing/choice.ts';
import { createCounts, partsFor, SEGMENTS } from '../../../src/telemetry/evidence-layout.ts';
import type { Arm } from '../../../src/telemetry/evidence-layout.ts';
import { createSignals, SignalsReader, SignalsWriter } from '../../../src/telemetry/evidence-signals.ts';
import { sumArm } from '../../../src/telemetry/evidence-sums.ts';
import type { ArmSums } from '../../../src/telemetry/evidence-sums.ts';
import { createUsers, EvidenceUsers } from '../../../src/telemetry/evidence-users.ts';
import type { SentValue } from '../../../src/telemetry/evidence-values.ts';
import { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';
import type { SeenEvent } from '../../../src/telemetry/evidence-writer.ts';
import { OUTCOME } from '../../../src/telemetry/outcomes.ts';
import type { OutcomeCode } from '../../../src/telemetry/outcomes.ts';
import { bind, FakeExchange, FakeUpstream, makeServing } from './fakes.ts';

export const STABLE = 0;
export const FRESH = 1;
const SPLIT = { stable: 95, fresh: 5, old: 0 };
const GET = 'GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n';

export interface CountedOptions {
  readonly head?: string;
  readonly pool?: Partial<PoolConfig>;
  readonly route?: Partial<RouteConfig>;
  readonly fields?: readonly SeenEvent[];
  readonly routes?: readonly SeenEvent[];
  readonly users?: SharedArrayBuffer;
  readonly valueFields?: readonly SeenEvent[];
  readonly redirects?: readonly number[];
  readonly emptyBodies?: readonly number[];
  readonly smallBodies?: readonly number[];
}

/** Evidence of one segment in one worker. */
export function makeEvidence(
  {
    fields = [],
    routes = [],
    valueFields = [],
    redirects = [],
    emptyBodies = [],
    smallBodies,
    users = createUsers(7),
  }: CountedOptions = {},
  segment = 0,
) {
  const [counts, memory] = [createCounts(1), createSignals()];
  const told = new SignalsWriter(memory, 5000);
  const signals = new SignalsReader(memory, 2);
  let news = 0;
  const sent: SentValue[] = [];
  const sizes = createSizes(1);
  const cells = new Float64Array(counts);
  const writer = new EvidenceWriter({
    ...{ baseline: STABLE, canary: FRESH, cells, worker: 0, segment, signals, fields, routes },
    users: new EvidenceUsers(users),
    news: { raise: () => void news++ },
    top: { add: () => undefined },
    valueFields,
    redirects,
    emptyBodies,
    smallBodies: smallBodies ?? [],
    sizes: smallBodies && new SizeWriter(sizes, 0),
    values: { send: (value) => void sent.push(value) },
  });
  const sums = (arm: Arm): ArmSums => sumArm(cells, partsFor(1), segment % SEGMENTS, arm);
  return { writer, told, sums, sent, sizes: new SizeBounds(sizes), news: () => news };
}

export type Counted = ReturnType<typeof draw>;

/** A request for which chance draws this version; `evidence` counts. */
export function draw(version: number, options: CountedOptions = {}, evidence = makeEvidence(options)) {
  const exchange = new FakeExchange(options.head ?? GET);
  const { state, calls, fakeContext } = exchange;
  const made = makeServing(calls, SPLIT, { pool: options.pool ?? {}, route: options.route ?? {} });
  made.pool.evidence = evidence.writer;
  made.pool.drawn.push(version);
  state.serving = made.serving;
  fakeContext.deadlines.nowMs = performance.now();
  state.startedMs = state.attempt.startedMs = state.attempt.versionSinceMs = fakeContext.deadlines.nowMs;
  const upstream = new FakeUpstream(calls);
  return {
    ...made,
    ...{ exchange, state, calls, upstream, evidence, downstream: exchange.downstream },
    /** Finds its version, and begins an attempt. */
    begin() {
      route(exchange);
      if (state.attempt.version !== undefined && state.active) bind(state, upstream);
      return this;
    },
    /** As the driver has it at the end of the exchange. */
    end(outcome: OutcomeCode = 'ok', status = 200) {
      Object.assign(state, { outcome: OUTCOME[outcome], status });
      observe(state, exchange.context);
      return this;
    },
    /** What has been counted of both, without what is 0. */
    get counted() {
      return { stable: notable(evidence.sums(STABLE)), fresh: notable(evidence.sums(FRESH)) };
    },
    get chosen() {
      return { version: state.choice.version?.name, isNone: state.choice.reason === REASON_NONE };
    },
  };
}

/** Every exchange has them, whatever becomes of it. */
const UNTOLD: ReadonlySet<string> = new Set<keyof ArmSums>(['requests', 'met']);

function notable(sums: ArmSums): Partial<Record<keyof ArmSums, unknown>> {
  const isZero = (value: unknown): boolean => (Array.isArray(value) ? value.every((each) => each === 0) : value === 0);
  return Object.fromEntries(Object.entries(sums).filter(([name, value]) => !UNTOLD.has(name) && !isZero(value)));
}
