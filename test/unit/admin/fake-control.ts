// A ControlApi that remembers what it was asked, over a real Config. It judges nothing: tests say what becomes of a change.

import { decodeText } from '../../../src/config/decode.ts';
import type { Impact } from '../../../src/routing/impact.ts';
import type { MissedWrites } from '../../../src/api/missed-writes.ts';
import type { MirrorReportOutcome } from '../../../src/control/control-api.ts';
import type { RecentExchangesResponse, ShownExchange } from '../../../src/api/exchanges.ts';
import type { ExplainRequest } from '../../../src/api/explain.ts';
import type { JournalLine } from '../../../src/api/journal.ts';
import type { Marker } from '../../../src/api/markers.ts';
import type { PoolStatus } from '../../../src/api/pools.ts';
import { EXAMPLES } from '../../../src/api/contract.ts';
import type { ConfigDiff, Overview } from '../../../src/api/overview.ts';
import type { PoolStats } from '../../../src/api/stats.ts';
import type { Drill } from '../../../src/api/drills.ts';
import type { RolloutReport } from '../../../src/api/rollout-report.ts';
import type { RolloutPlan, RolloutView } from '../../../src/api/rollouts.ts';
import type { RolloutOutcome, RolloutsApi } from '../../../src/control/rollouts/rollouts-api.ts';
import type { RevisionSummary } from '../../../src/api/revisions.ts';
import type {
  ChangeOutcome,
  ChangeRequest,
  ControlApi,
  ExchangeQuery,
  JournalQuery,
  KeptConfig,
  MarkOutcome,
  MarkRequest,
} from '../../../src/control/control-api.ts';

const YAML = `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
state: memory
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001] }
      v2: { endpoints: [{ address: 127.0.0.1:9002, zone: a }] }
    split: { v1: 90, v2: 10 }
    overrides:
      - { name: qa, header: { name: x-version, value: v2 }, version: v2 }
routes: [{ name: shop, match: [{ path: { prefix: / } }], pool: shop }]
`;

const ROLLOUT = EXAMPLES.Rollout as unknown as RolloutView;
const PLAN = EXAMPLES.RolloutPlan as unknown as RolloutPlan;

export const LINK_CODE = `approve.0.2.1767225600.${'0123456789abcdef'.repeat(2)}`;
export const LINK = {
  is: 'open',
  action: 'approve',
  text: 'The rollout goes on to step 4 of 5: 100 %.',
  untilMs: 1_767_225_600_000,
} as const;

type Explained = ReturnType<ControlApi['explain']>;

export class FakeControl implements ControlApi {
  revision = 7;
  config = decodeText('test.yaml', YAML).config!;
  readonly orders: ChangeRequest[] = [];
  readonly questions: ExplainRequest[] = [];
  readonly marks: MarkRequest[] = [];
  markOutcome: MarkOutcome | undefined = undefined;
  readonly marked: Marker[] = [
    { pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab', url: undefined, reason: '', author: 'ci', atMs: 1 },
  ];
  readonly queries: ExchangeQuery[] = [];
  impact: Impact = { pools: [{ pool: 'shop', users: 0.1 }], requests: { compared: 40, otherwise: 4.1, share: 0.1025 } };
  readonly refusals: { method: string; path: string; reason: string; author: string }[] = [];
  readonly lines: JournalLine[] = [];
  readonly followers = new Set<(line: JournalLine) => void>();
  outcome: (order: ChangeRequest) => ChangeOutcome | Promise<ChangeOutcome> = (order) => this.#judge(order);
  explanation: Explained = {
    listener: 'web',
    method: 'GET',
    authority: 'shop',
    path: '/',
    outcome: 'pool',
    status: undefined,
    route: 'shop',
    match: 'prefix /',
    pool: 'shop',
    version: undefined,
    reason: 'weight',
    override: undefined,
    location: undefined,
    target: '/',
    shares: [{ version: 'v1', weight: 90, share: 0.9, ready: true }],
    mirrors: [{ name: 'dark', to: { pool: 'engine', version: undefined }, copied: 'share', share: 0.1, why: 'Chance decides.' }],
    considered: [],
    omitted: 0,
    steps: ['Route shop.'],
  };

  change(order: ChangeRequest): Promise<ChangeOutcome> {
    this.orders.push(order);
    return Promise.resolve(this.outcome(order));
  }

  readonly rolloutCalls: unknown[] = [];
  linkOf: RolloutsApi['link'] = ({ code }) => (code === LINK_CODE ? { ...LINK, rollout: ROLLOUT } : undefined);
  followed: Awaited<ReturnType<RolloutsApi['follow']>> = undefined;
  rolloutOutcome: RolloutOutcome = { result: 'done', rollout: ROLLOUT };
  readonly rollouts: RolloutsApi = {
    start: (request) => this.#asked(['start', request]),
    list: () => [ROLLOUT],
    report: async (id) => (id === ROLLOUT.id ? (EXAMPLES.RolloutReport as RolloutReport) : undefined),
    find: (id) => (id === ROLLOUT.id ? ROLLOUT : undefined),
    act: (id, action, by) => this.#asked([action, id, by]),
    awaiting: () => undefined,
    link: (asked) => this.linkOf(asked),
    follow: async (asked, reason) => {
      this.rolloutCalls.push(['follow', asked, reason]);
      return this.followed ?? this.linkOf(asked);
    },
    plan: async ({ pools: [first] }) =>
      first?.pool === 'shop' ? PLAN : { result: 'unknown', message: `There is no pool ${first?.pool}.` },
    breaker: async (pool) => (pool === 'shop' ? EXAMPLES.Breaker : undefined),
    resetBreaker: async (pool) => (pool === 'shop' ? EXAMPLES.Breaker : undefined),
    freeze: EXAMPLES.Freeze,
    setFreeze: async (frozen) => ({ ...EXAMPLES.Freeze, frozen }),
    drill: async () => ({ result: 'done', drill: EXAMPLES.Drill as Drill }),
    lastDrill: () => undefined,
    alarms: async (alarms) => alarms.length,
    conversions: async (events) => events.length,
  };

  async #asked(call: unknown): Promise<RolloutOutcome> {
    this.rolloutCalls.push(call);
    return this.rolloutOutcome;
  }

  pools(): readonly PoolStatus[] {
    return [poolStatus(this.revision)];
  }

  pool(name: string): PoolStatus | undefined {
    return this.pools().find((pool) => pool.name === name);
  }

  stats(name: string, windowMs: number): PoolStats | undefined {
    return this.pool(name) && { ...EXAMPLES.PoolStats, pool: name, windowMs };
  }

  async overview(): Promise<Overview> {
    return EXAMPLES.Overview;
  }

  async configDiff(): Promise<ConfigDiff> {
    return EXAMPLES.ConfigDiff;
  }

  async revisions({ before, limit }: { before: number | undefined; limit: number }): Promise<readonly RevisionSummary[]> {
    const all = Array.from({ length: this.revision }, (_, index) => summary(this.revision - index));
    return all.filter(({ revision }) => before === undefined || revision < before).slice(0, limit);
  }

  async findRevision(number: number): Promise<KeptConfig | undefined> {
    return number <= this.revision ? { ...summary(number), written: async () => ({ pools: {} }) } : undefined;
  }

  async journal({ after, limit, kind, sinceMs = -Infinity, from = 'oldest' }: JournalQuery): Promise<readonly JournalLine[]> {
    const fitting = this.lines.filter((line) => line.seq > after && line.atMs >= sinceMs && (kind ?? line.kind) === line.kind);
    return from === 'oldest' ? fitting.slice(0, limit) : fitting.slice(-limit);
  }

  get journalSpan(): { first: number; last: number } {
    const last = this.lines.at(-1)?.seq ?? 0;
    return { first: this.lines[0]?.seq ?? last + 1, last };
  }

  mark(order: MarkRequest): Promise<MarkOutcome> {
    this.marks.push(order);
    const marker: Marker = { ...order.marker, author: order.author, atMs: 1 };
    const { revision } = this;
    if (order.dryRun) return Promise.resolve({ result: 'dry-run', revision, changed: true, marker });
    return Promise.resolve(this.markOutcome ?? { result: 'marked', revision, changed: true, marker, workers: { applied: 2, total: 2 } });
  }

  async markers(): Promise<{ markers: readonly Marker[]; recent: readonly Marker[] }> {
    return { markers: this.marked, recent: this.marked };
  }

  follow(onLine: (line: JournalLine) => void): () => void {
    this.followers.add(onLine);
    return () => void this.followers.delete(onLine);
  }

  explain(request: ExplainRequest): Explained {
    this.questions.push(request);
    return this.explanation;
  }

  exchanges(query: ExchangeQuery): Promise<RecentExchangesResponse> {
    this.queries.push(query);
    return Promise.resolve({ workers: { responded: 2, total: 2 }, exchanges: [shownExchange(), { ...shownExchange(), ...UNROUTED }] });
  }

  report: MirrorReportOutcome = { result: 'uncompared', message: 'mirror dark of pool shop compares nothing' };
  missed: MissedWrites | string = { pool: 'shop', mirror: 'dark', total: 0, writes: [], next: undefined };

  mirrorReport(): Promise<MirrorReportOutcome> {
    return Promise.resolve(this.report);
  }

  missedWrites(): MissedWrites | string {
    return this.missed;
  }

  refused(detail: { method: string; path: string; reason: string; author: string }): void {
    this.refusals.push(detail);
  }

  /** Something happens. */
  happen(detail: Readonly<Record<string, unknown>> = {}, seq = (this.lines.at(-1)?.seq ?? 0) + 1): JournalLine {
    const line: JournalLine = { seq, atMs: 1, kind: 'change', author: 'ci', revision: this.revision, detail };
    this.lines.push(line);
    for (const follower of this.followers) follower(line);
    return line;
  }

  #judge({ expected, dryRun }: ChangeRequest): ChangeOutcome {
    const { revision } = this;
    if (expected !== undefined && expected !== revision) return { result: 'stale', revision };
    const differences = [{ path: 'pools.shop.split.v1', before: undefined, after: '10' }];
    if (dryRun) return { result: 'dry-run', revision, differences, impact: this.impact };
    return { result: 'applied', revision: revision + 1, workers: { applied: 2, total: 2 }, differences };
  }
}

const UNROUTED = {
  route: undefined,
  pool: undefined,
  version: undefined,
  endpoint: undefined,
  reason: undefined,
  override: undefined,
  firstByteMs: undefined,
  status: 404,
  outcome: 'no_route',
};

export function shownExchange(): ShownExchange {
  return {
    atMs: 1_700_000_000_000,
    id: 'abcdef0123451',
    listener: 'web',
    client: '127.0.0.1',
    method: 'GET',
    authority: 'shop.example.com',
    target: '/cart?token=***',
    fields: [{ name: 'Cookie', value: '***' }],
    cut: false,
    route: 'shop',
    pool: 'shop',
    version: 'v2',
    deploy: 'd1',
    endpoint: '127.0.0.1:9002',
    reason: 'override',
    override: 'qa',
    keyed: true,
    status: 200,
    outcome: 'ok',
    attempts: 1,
    durationMs: 12.345,
    firstByteMs: 11,
    bytesIn: 0,
    bytesOut: 1234,
  };
}

function poolStatus(revision: number): PoolStatus {
  const endpoint = { weight: 1, inFlight: 0, connections: 1 };
  const drain = { since: 1, deadline: undefined, inFlight: 3, connections: 1, inFlightAtStart: 9, estimateMs: 1500 };
  const live = { inFlight: 3, connections: 1 };
  return {
    name: 'shop',
    revision,
    workers: { applied: 2, total: 2 },
    weights: { v1: 90, v2: 10 },
    versions: [
      {
        name: 'v1',
        weight: 90,
        share: 0.9,
        ready: true,
        draining: false,
        ...live,
        endpoints: [{ ...endpoint, address: '127.0.0.1:9001', zone: undefined, ready: true, reason: undefined }],
      },
      {
        name: 'v2',
        weight: 10,
        share: 0.1,
        ready: false,
        draining: true,
        ...live,
        endpoints: [{ ...endpoint, address: '127.0.0.1:9002', zone: 'a', ready: false, reason: 'draining', drain }],
        deploy: { deploy: 'd1', sha: undefined, atMs: 1 },
        drain,
      },
    ],
    overrides: [{ name: 'qa', version: 'v2', origin: 'file' }],
    mirrors: [{ name: 'qa', to: { pool: 'shop', version: 'v2' }, percent: 10, origin: 'file' }],
  };
}

function summary(revision: number): RevisionSummary {
  const differences = [{ path: 'pools.shop.split.v1', before: '100', after: undefined }];
  return { revision, atMs: 1_700_000_000_000, author: 'ci', reason: 'step', cause: 'api', differences };
}
