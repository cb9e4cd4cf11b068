// The surroundings of one step: a state as it is after `begin`, and what stands on both sides of it, each writing down what it is told.

import type { OutgoingRequest } from '../../../src/http/request.ts';
import { writeRequestHead } from '../../../src/http1/write-request.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import type { RequestHead } from '../../../src/http1/request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import { BODY_CHUNKED } from '../../../src/http/body-kind.ts';
import { LogPace } from '../../../src/lib/log-pace.ts';
import type { Deadline } from '../../../src/lib/deadlines.ts';
import type { ProxyContext } from '../../../src/proxy/context.ts';
import type { Downstream, ListenerSettings } from '../../../src/proxy/downstream/downstream.ts';
import { Http1Responses } from '../../../src/proxy/downstream/http1-responses.ts';
import type { ByteStream } from '../../../src/net/byte-stream.ts';
import type { ExchangeControl } from '../../../src/proxy/exchange-control.ts';
import { ExchangeState } from '../../../src/proxy/exchange-state.ts';
import type { ServedPool, ServingState } from '../../../src/proxy/serving-state.ts';
import { compileTrust } from '../../../src/routing/trust.ts';
import { RecentExchanges } from '../../../src/telemetry/recent-exchanges.ts';
import type { EvidenceWriter } from '../../../src/telemetry/evidence-writer.ts';
import type { Outcome } from '../../../src/telemetry/outcomes.ts';
import type { LongLived, UpstreamStream } from '../../../src/upstream/protocol/upstream-stream.ts';
import type { Endpoint } from '../../../src/upstream/endpoint.ts';
import { Introduction } from '../../../src/upstream/introduction.ts';
import { RetryBudget } from '../../../src/upstream/resilience/retry-budget.ts';
import type { NO_ENDPOINT, OVERLOAD } from '../../../src/upstream/stream-request.ts';
import { ACQUIRED } from '../../../src/upstream/stream-request.ts';
import type { VersionRuntime } from '../../../src/upstream/version-runtime.ts';
import type { PoolConfig, RouteConfig } from '../../../src/config/model.ts';
import { FakeState, makePool, makeRoute, makeTable } from '../routing/make-table.ts';

const LIMITS = { headerBytes: 16_384, headerCount: 100, requestLineBytes: 8192 };

export const SETTINGS: ListenerSettings = {
  ...LIMITS,
  name: 'web',
  headerTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  http1: true,
  http2: true,
  streams: 100,
  requestsPerConnection: 0,
  tunnels: 0,
  connections: 0,
  bodyBytes: 0,
  trust: compileTrust([]),
  tls: undefined,
  proxyProtocol: false,
  passthrough: 'off',
};

export const trusting = (...networks: string[]): ListenerSettings => ({ ...SETTINGS, trust: compileTrust(networks) });

/** Counters of any kind: each call goes into `calls` as `prefix.name(arguments)`. */
export function counting<T>(calls: string[], prefix: string): T {
  const note = (name: string, given: unknown[]): void => void calls.push(`${prefix}.${name}(${given.join(',')})`);
  return new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...given: unknown[]) =>
          note(String(name), given),
    },
  ) as T;
}

export class FakeDownstream implements Downstream {
  readonly calls: string[] = [];
  isHttp2 = false;
  /** As it was told last. */
  watchedMs = 0;
  readonly owner: {
    settings: ListenerSettings;
    counters: never;
    lastServing: ServingState | undefined;
    tunnelsFull: boolean;
    onTunnelOpened: () => void;
    onTunnelClosed: () => void;
  };
  longLived: LongLived | undefined = undefined;
  peer = '192.0.2.7';
  readonly security = undefined;
  readonly introduction = new Introduction(() => '');
  /** Whether the listener would keep its connection. */
  mayKeep = true;
  forwarded = '';
  /** All that was written, as latin1; replies of our own as they are. */
  written = '';
  /** Whether what is written leaves at once. */
  flushes = true;
  /** Whose request it is. */
  request: { readonly head: RequestHead; readonly body: { readonly done: boolean } } | undefined = undefined;
  /** It writes as HTTP/1 does. */
  readonly #responses = new Http1Responses(this.#stream(), { onFlushed: () => undefined });

  constructor(settings: ListenerSettings = SETTINGS) {
    this.owner = { settings, counters: counting(this.calls, 'listener'), lastServing: undefined, ...this.#tunnels() };
  }

  #tunnels(): Pick<FakeDownstream['owner'], 'tunnelsFull' | 'onTunnelOpened' | 'onTunnelClosed'> {
    const note = (call: string) => () => void this.calls.push(call);
    return { tunnelsFull: false, onTunnelOpened: note('tunnelOpened'), onTunnelClosed: note('tunnelClosed') };
  }

  openTunnel(): never {
    throw new Error('no bytes behind it');
  }

  giveBack(): void {
    this.calls.push('giveBack');
  }

  passEarly(): void {
    this.calls.push('passEarly');
  }

  closeTunnel(): void {
    this.calls.push('closeTunnel');
  }

  #stream(): ByteStream {
    const write = (text: string): boolean => {
      this.written += text;
      return this.flushes;
    };
    const unsent = (): number => (this.flushes ? 0 : 1);
    return {
      writeText: (text: string) => write(text),
      writeBytes: (bytes: Buffer) => write(bytes.toString('latin1')),
      cork: () => undefined,
      uncork: () => undefined,
      get unsentBytes() {
        return unsent();
      },
      get borrows() {
        return unsent() > 0;
      },
    } as unknown as ByteStream;
  }

  /** Whether it says that its connection is kept. */
  get keeps(): boolean {
    return this.#responses.keeps;
  }

  get #keepsAsAsked(): boolean {
    const { head, body } = this.request!;
    return this.mayKeep && head.keepAlive && body.done;
  }

  sendInterim(response: ResponseHead): void {
    this.#responses.interim(this.request!.head, response);
  }

  sendHead(upstream: UpstreamStream, fields: string, from: number, to: number, done: boolean): boolean {
    return this.#responses.head(this.request!.head, this.#keepsAsAsked, upstream, fields, from, to, done);
  }

  sendBody(upstream: UpstreamStream, from: number, to: number, done: boolean): boolean {
    return this.#responses.body(this.request!.head, upstream, from, to, done);
  }

  endBody(upstream: UpstreamStream): boolean {
    return this.#responses.endBody(upstream);
  }

  sendReply(status: number, fields: string, body: string): void {
    this.#responses.local(this.request!.head, this.#keepsAsAsked, status, fields, body);
  }

  sendSwitch(response: ResponseHead, fields: string, protocol: string): void {
    this.#responses.switchTo(response, fields, protocol);
  }

  sendConnected(): void {
    this.#responses.connected();
  }

  watchProgress(stallMs: number): void {
    this.calls.push('watch');
    this.watchedMs = stallMs;
  }

  unwatchProgress(): void {
    this.calls.push('unwatch');
  }

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  abort(): void {
    this.calls.push('abort');
  }

  cutOff(looksDone: boolean): void {
    this.calls.push(`cutOff(${this.#responses.tellsCut(looksDone)})`);
  }

  end(clean: boolean): void {
    this.calls.push(`end(${clean})`);
  }
}

export class FakeUpstream {
  readonly calls: string[];
  readonly endpoint: Endpoint;
  readonly head = new ResponseHead();
  readonly scanner = new ChunkedScanner();
  readonly memory = Buffer.alloc(4096, '.');
  text = '';
  textBody = 0;
  trailers = '';
  responses = 0;
  responding = false;
  sent = false;
  connected = true;
  idle = false;
  /** All that was sent. */
  received = '';
  /** Whether what is sent leaves at once. */
  drains = true;

  constructor(calls: string[] = [], key = '10.0.0.1:80') {
    this.calls = calls;
    this.endpoint = { key, inFlight: 0, counters: counting(calls, key) } as unknown as Endpoint;
  }

  get real(): UpstreamStream {
    return this as unknown as UpstreamStream;
  }

  begin(_sink: unknown, request: OutgoingRequest, authority: string, text: string, bytes: Buffer | undefined): boolean {
    this.calls.push(`begin ${request.method}`);
    return this.send(writeRequestHead(request, authority) + text + (bytes?.toString('latin1') ?? ''));
  }

  send(text: string): boolean {
    this.sent = true;
    this.received += text;
    return this.drains;
  }

  sendBytes(bytes: Buffer): boolean {
    return this.send(bytes.toString('latin1'));
  }

  sendRead(bytes: Buffer, from: number, to: number): boolean {
    return this.sendCopy(bytes, from, to);
  }

  sendCopy(bytes: Buffer, from: number, to: number): boolean {
    return this.send(bytes.toString('latin1', from, to));
  }

  sendEnd(trailers: string): void {
    this.calls.push(`sendEnd(${trailers})`);
  }

  release(): void {
    this.calls.push('release');
  }

  destroy(): void {
    this.calls.push('destroy');
  }

  resume(): void {
    this.calls.push('resume upstream');
  }

  /** Takes in a response as the connection does: in `text` when it is small, else in memory. Returns what `onResponse` gets. */
  respond(response: string, { requestMethod = 'GET', small = true, headroom = 512 } = {}): { from: number; to: number } {
    const end = readResponseHead(response, 0, this.head, { ...LIMITS }, requestMethod);
    if (end <= 0) throw new Error(`not a response: ${this.head.refusal}`);
    const from = headroom;
    const to = from + this.memory.write(response.slice(end), from, 'latin1');
    this.responding = true;
    if (this.head.body === BODY_CHUNKED) {
      this.scanner.reset();
      this.scanner.scan(this.memory, from, to);
    }
    this.text = small ? response : '';
    this.textBody = end;
    return { from, to };
  }

  /** More of the body. */
  add(body: string, at = 512): { from: number; to: number } {
    const to = at + this.memory.write(body, at, 'latin1');
    if (this.head.body === BODY_CHUNKED) this.scanner.scan(this.memory, at, to);
    return { from: at, to };
  }
}

export interface FakeVersionSettings {
  retryAttempts: number;
  retryOn: Set<string>;
  retryStatuses: Set<number>;
  leastRetryStatus: number;
  acrossVersions: boolean;
  holdMs: number;
  responseLimits: typeof LIMITS;
  connectMs: number;
  responseMs: number;
  stallMs: number;
  tunnelMs: number;
}

export class FakeVersion {
  readonly calls: string[];
  readonly name: string;
  readonly deploy = 'deploy-9';
  readonly counters: unknown;
  readonly budget = new RetryBudget();
  readonly fallbackBudget = new RetryBudget();
  readonly settings: FakeVersionSettings = {
    ...{
      retryAttempts: 1,
      retryOn: new Set(),
      retryStatuses: new Set(),
      retryCalls: new Set(),
      leastRetryStatus: 500,
      acrossVersions: false,
      holdMs: 0,
    },
    ...{ connectMs: 1000, responseMs: 15_000, stallMs: 300_000, tunnelMs: 3_600_000, responseLimits: LIMITS },
  };
  followsLatency = false;
  isBusy = false;
  readyCount = 1;
  rampShare = 1;
  acquires: typeof ACQUIRED | typeof NO_ENDPOINT | typeof OVERLOAD = ACQUIRED;
  holds: typeof ACQUIRED | typeof OVERLOAD = ACQUIRED;
  /** Called by `acquire` when it finds a place. */
  onAcquired: (request: ExchangeControl) => void = () => undefined;

  constructor(calls: string[], name = 'v1') {
    this.calls = calls;
    this.name = name;
    this.counters = counting(calls, name);
  }

  get real(): VersionRuntime {
    return this as unknown as VersionRuntime;
  }

  acquire(request: ExchangeControl): number {
    this.calls.push(`${this.name}.acquire`);
    if (this.acquires === ACQUIRED) this.onAcquired(request);
    return this.acquires;
  }

  hold(): number {
    this.calls.push(`${this.name}.hold`);
    return this.holds;
  }

  releaseSlot(): void {
    this.calls.push(`${this.name}.releaseSlot`);
  }

  withdraw(): void {
    this.calls.push(`${this.name}.withdraw`);
  }

  succeeded(endpoint: Endpoint): void {
    this.calls.push(`${this.name}.succeeded(${endpoint.key})`);
  }

  failed(endpoint: Endpoint, outcome: Outcome, status = 0): void {
    this.calls.push(`${this.name}.failed(${endpoint.key},${outcome.code},${status})`);
  }

  observed(endpoint: Endpoint, status: number): void {
    this.calls.push(`${this.name}.observed(${endpoint.key},${status})`);
  }

  gaveUp(sinceMs: number, why: string): void {
    this.calls.push(`${this.name}.gaveUp(${sinceMs},${why})`);
  }
}

export class FakeContext {
  readonly calls: string[];
  readonly deadlines = {
    nowMs: 100,
    get atMs(): number {
      return this.nowMs;
    },
    armed: new Map<Deadline, number>(),
    refresh: (): number => this.deadlines.nowMs,
    arm: (deadline: Deadline, durationMs: number): void => void this.deadlines.armed.set(deadline, durationMs),
  };
  readonly recent = new RecentExchanges();
  readonly shadows = { tapOf: () => undefined };
  readonly faults: unknown[] = [];
  readonly malformed = new LogPace();
  readonly logged: unknown[] = [];
  readonly log = { warn: (fields: unknown): void => void this.logged.push(fields) };
  accessLog: unknown = undefined;
  rejectsRequests = false;
  pseudonym = 'sluice';
  via = '1.1 sluice';
  viaHttp2 = '2 sluice';
  cdnLoop = 'cdn-loop: sluice\r\n';
  serving: ServingState | undefined = undefined;

  get servingNow(): ServingState | undefined {
    return this.serving;
  }

  constructor(calls: string[]) {
    this.calls = calls;
  }

  get real(): ProxyContext {
    return this as unknown as ProxyContext;
  }

  newRequestId(): string {
    return 'id-1';
  }

  failed(error: unknown): void {
    this.faults.push(error);
  }
}

/** An exchange whose driver only writes down what it is asked for. */
export class FakeExchange implements ExchangeControl {
  readonly isRaw = false;
  readonly calls: string[] = [];
  readonly state = new ExchangeState({ onDeadline: () => undefined });
  readonly fakeContext = new FakeContext(this.calls);
  readonly context = this.fakeContext.real;
  readonly downstream: FakeDownstream;
  readonly introduction = new Introduction(() => '');
  readonly affinityKey = '';
  readonly failedEndpoint = undefined;
  readonly wantsFresh = false;
  readonly upgrades = false;
  readonly holdOver = false;
  readonly leavesVersion = false;

  constructor(head = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n', settings: ListenerSettings = SETTINGS) {
    this.downstream = new FakeDownstream(settings);
    parse(head, this.state.head);
    this.state.body.begin(this.state.head, 0);
    this.state.downstream = this.downstream;
    this.downstream.request = this.state;
    this.state.active = true;
  }

  /** The deadlines that were armed, by name. */
  get armed(): Readonly<Record<string, number>> {
    const { exchangeDeadline, responseDeadline, holdDeadline } = this.state;
    const names = { exchange: exchangeDeadline, response: responseDeadline, hold: holdDeadline };
    const { armed } = this.fakeContext.deadlines;
    return Object.fromEntries(Object.entries(names).flatMap(([name, one]) => (armed.has(one) ? [[name, armed.get(one)!]] : [])));
  }

  endAttempt(outcome: Outcome): void {
    this.calls.push(`endAttempt(${outcome.code})`);
    this.state.attempt.holdsSlot = false;
    this.state.attempt.connection = undefined;
  }

  abort(outcome: Outcome): void {
    this.calls.push(`abort(${outcome.code})`);
  }

  finish(): void {
    this.calls.push(`finish(${this.state.outcome.code})`);
    this.state.active = false;
  }

  responseEnded(): void {
    this.calls.push('responseEnded');
  }

  becomeTunnel(): void {
    this.calls.push('becomeTunnel');
  }

  watchClient(): void {
    this.calls.push('watchClient');
  }

  pauseClient(): void {
    this.calls.push('pauseClient');
    this.state.clientPaused = true;
  }

  resumeClient(): void {
    this.calls.push('resumeClient');
    this.state.clientPaused = false;
  }

  onWaiting(): void {}
  onHeld(): void {}
  onStillHeld = (): boolean => false;
  onTurnedAway(): void {}
  onConnecting(): void {}
  onConnected(): void {}
  onSwitch(): string {
    this.calls.push('onSwitch');
    return '';
  }

  onInterim(): void {}
  onResponse = (): boolean => true;
  onResponseBytes = (): boolean => true;
  onUpstreamDrained(): void {}
  onUpstreamFailure = (_: unknown, __: Outcome): void => undefined;
}

export interface Serving {
  readonly serving: ServingState;
  readonly versions: readonly FakeVersion[];
  readonly pool: FakePool;
}

/** The living side of a pool, for routing as well. */
export class FakePool extends FakeState {
  readonly versions: readonly FakeVersion[];
  readonly mirrors = [];
  evidence: EvidenceWriter | undefined = undefined;

  constructor(versions: readonly FakeVersion[]) {
    super();
    this.versions = versions;
  }
}

/** One pool `shop`, and one route to it. */
export function makeServing(
  calls: string[],
  split: Readonly<Record<string, number>> = { v1: 1 },
  { pool = {}, route = {}, routes = [] }: { pool?: Partial<PoolConfig>; route?: Partial<RouteConfig>; routes?: RouteConfig[] } = {},
): Serving {
  const toShop = makeRoute('shop', { action: { kind: 'pool', pool: 'shop', version: undefined }, ...route });
  const table = makeTable([...routes, toShop], [makePool(split, pool)]);
  const versions = Object.keys(split).map((name) => new FakeVersion(calls, name));
  const living = new FakePool(versions);
  const counters = (name: string): never => counting(calls, name);
  const serving = {
    table,
    pools: [living as unknown as ServedPool],
    routes: table.routes.map(({ name }) => ['none', ...Object.keys(split)].map((version) => counters(`${name}/${version}`))),
    connects: [],
    unrouted: counters('unrouted'),
  };
  return { serving, versions, pool: living };
}

/** An exchange that has been routed to the first version of `shop`. */
export function makeRouted(head?: string, split?: Readonly<Record<string, number>>, given: Parameters<typeof makeServing>[2] = {}) {
  const exchange = new FakeExchange(head);
  const { state, calls } = exchange;
  const made = makeServing(calls, split, given);
  const [version] = made.versions;
  state.serving = made.serving;
  state.match = made.serving.table.matchers.get('web')!.find(state.head);
  state.destination = made.serving.table.destinations[state.match!.route.index];
  state.choice.version = state.destination!.pool.versions[0];
  state.attempt.version = version!.real;
  state.startedMs = 100;
  state.attempt.startedMs = 100;
  const upstream = new FakeUpstream(calls);
  return { ...made, exchange, state, calls, version: version!, upstream, downstream: exchange.downstream };
}

/** The attempt is under way on `upstream`. */
export function bind({ attempt }: ExchangeState, upstream: FakeUpstream): void {
  attempt.count++;
  attempt.holdsSlot = true;
  attempt.connection = upstream.real;
  attempt.endpoint = upstream.endpoint;
}

export function parse(text: string, head: RequestHead): RequestHead {
  if (readRequestHead(text, 0, head, LIMITS) <= 0) throw new Error(`not a request: ${head.refusal}`);
  return head;
}
