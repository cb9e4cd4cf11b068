// A bound address in one worker: accepts connections and hands what they read to their connection.
// Long because what a connection becomes, TLS, a passage or a protocol, is decided where it is counted and ended.

import { after, nowMs, soon } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import type { Accepted } from '../net/accepted.ts';
import type { ByteStream } from '../net/byte-stream.ts';
import type { ConnectionEnds } from '../net/connection-ends.ts';
import { ListeningSocket } from '../net/listening-socket.ts';
import type { SecureByteStream } from '../net/tls/secure-byte-stream.ts';
import { ALPN_HTTP2 } from '../tls/protocols.ts';
import type { Acceptor, BindAddress } from '../net/listening-socket.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { ListenerCounters } from '../telemetry/listener-counters.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { ProxyContext } from './context.ts';
import type { ListenerSettings } from './downstream/downstream.ts';
import type { ClientConnection, ConnectionOwner } from './downstream/client-connection.ts';
import { Http1Connection, IDLE_GRACE_MS } from './downstream/http1-connection.ts';
import { Http2Connection } from './downstream/http2-connection.ts';
import type { Opening } from './downstream/opening.ts';
import { OpeningConnection } from './downstream/opening-connection.ts';
import type { OpeningOwner } from './downstream/opening-connection.ts';
import { ProxiedConnection } from './downstream/proxied-connection.ts';
import type { ProxiedOwner } from './downstream/proxied-connection.ts';
import type { Security } from './downstream/security.ts';
import { PassedConnection } from './passthrough/passed-connection.ts';
import type { PassedClient, PassedOwner } from './passthrough/passed-connection.ts';
import { PeekedConnection } from './passthrough/peeked-connection.ts';
import type { PeekedOwner } from './passthrough/peeked-connection.ts';
import { ExchangePool } from './exchange-pool.ts';
import { Exchange } from './exchange.ts';
import type { ServingState } from './serving-state.ts';

/** Bounds how long a flood of new connections can keep a leaving listener open. */
const MAX_CALM_TURNS = 200;
const CALM_MS = 0.2;
/** What comes between the last look at the queue and the close is reset: half of the turns go by in wait for a shorter one. */
const SHORT_MS = 0.04;
/** One alone may have come in the middle of an accept. */
const CALM_TURNS = 2;

const ACCEPT_LOG_MS = 1000;
const NO_BYTES = Buffer.alloc(0);

export class Listener implements Acceptor, ConnectionOwner, OpeningOwner, ProxiedOwner, PeekedOwner, PassedOwner {
  readonly context: ProxyContext;
  counters: ListenerCounters;
  settings: ListenerSettings;
  /** No connection is kept: it leaves, or passes connections through from now on. */
  closing = false;
  /** The last one that knew this listener, once it is leaving: requests that were on their way are served by it. */
  lastServing: ServingState | undefined = undefined;
  readonly connections = new Set<ClientConnection>();
  /** Those that are passed through. */
  readonly #passed = new Set<PassedConnection>();
  /** Of these nobody knows yet whether they become connections. */
  readonly #openings = new Set<Opening>();
  readonly exchanges: ExchangePool;

  readonly #allCounters: CounterSet;
  readonly #socket = new ListeningSocket(this);
  #quietUntilMs = 0;
  #tunnels = 0;
  /** Open streams of HTTP/2. */
  #streams = 0;
  #grace: Timer | undefined = undefined;
  #accepted = 0;
  #hasPort = false;

  constructor(settings: ListenerSettings, context: ProxyContext, counters: CounterSet) {
    this.settings = settings;
    this.context = context;
    this.exchanges = new ExchangePool(() => new Exchange(context));
    this.#allCounters = counters;
    this.counters = counters.listener(settings.name);
  }

  /** Binds and accepts. Returns the port (0 for a path). Rejects when the address cannot be bound. */
  open(address: BindAddress): Promise<number> {
    this.#hasPort = 'port' in address;
    return this.#socket.open(address);
  }

  /** Serves what was accepted so far and from here on; the Table that knows this listener is in force by now. */
  start(): void {
    this.#socket.start();
  }

  /** Takes over settings; under a new name its open connections count as that listener's. */
  configure(settings: ListenerSettings, counters: ListenerCounters): void {
    if (settings.passthrough !== this.settings.passthrough) this.#turnTo(settings.passthrough);
    this.settings = settings;
    if (counters === this.counters) return;
    this.counters.moved(-this.size);
    counters.moved(this.size);
    this.counters.tunnelsMoved(-this.#tunnels);
    counters.tunnelsMoved(this.#tunnels);
    this.counters.streamsMoved(-this.#streams);
    counters.streamsMoved(this.#streams);
    this.counters = counters;
  }

  /** What was served by routes finishes what it has, and what is passed through stays, whatever new connections get. */
  #turnTo(passthrough: ListenerSettings['passthrough']): void {
    this.closing = passthrough !== 'off';
    this.#grace?.stop();
    if (this.closing) this.#retireAll();
    if (this.closing) this.#grace = after(IDLE_GRACE_MS, () => this.#closeIdle(), { unref: true });
  }

  /**
   * Accepts no more. What is under way goes on; connections without a request close after the grace, the others after their response.
   * Resolves when the address is free again.
   */
  retire(graceMs: number): Promise<void> {
    this.closing = true;
    this.start();
    this.lastServing ??= this.context.serving;
    this.#grace?.stop();
    this.#retireAll();
    this.#grace = after(graceMs, () => this.#closeUnbegun(), { unref: true });
    return new Promise((resolve) => this.#closeWhenCalm(MAX_CALM_TURNS, 0, resolve));
  }

  #retireAll(): void {
    for (const connection of this.connections) connection.retire();
  }

  /** Ends connections that were used and are not now. One that is new may have its first request on its way. */
  closeUnused(): void {
    for (const connection of this.connections) if (!connection.busy && connection.requests > 0) connection.linger();
  }

  destroyAll(): void {
    this.#grace?.stop();
    for (const connection of this.connections) connection.onGone();
    for (const connection of this.#passed) connection.destroy();
    for (const opening of this.#openings) opening.destroy();
  }

  /** Connections, those included that are being opened. */
  get size(): number {
    return this.connections.size + this.#passed.size + this.#openings.size;
  }

  /** What the kernel has accepted for us would be reset with the socket: it is taken first, until short turns bring nothing more. */
  #closeWhenCalm(turns: number, calmTurns: number, onClosed: () => void): void {
    const before = this.#accepted;
    const sinceMs = nowMs();
    soon(() => {
      const longestMs = turns > MAX_CALM_TURNS / 2 ? SHORT_MS : CALM_MS;
      const calm = this.#accepted === before && nowMs() - sinceMs < longestMs ? calmTurns + 1 : 0;
      if (calm < CALM_TURNS && turns > 0) return this.#closeWhenCalm(turns - 1, calm, onClosed);
      this.#socket.close();
      onClosed();
    });
  }

  #closeIdle(): void {
    for (const connection of this.connections) if (!connection.busy) connection.linger();
  }

  #closeUnbegun(): void {
    this.#closeIdle();
    for (const opening of this.#openings) if (!opening.begun) opening.destroy();
  }

  get tunnelsFull(): boolean {
    const most = this.settings.tunnels;
    return most > 0 && this.#allCounters.openTunnels(this.settings.name) >= most;
  }

  onTunnelOpened(): void {
    this.#tunnels++;
    this.counters.tunnelOpened();
  }

  onTunnelClosed(): void {
    this.#tunnels--;
    this.counters.tunnelClosed();
  }

  onStreamOpened(): void {
    this.#streams++;
    this.counters.streamOpened();
  }

  onStreamClosed(): void {
    this.#streams--;
    this.counters.streamClosed();
  }

  /** Its tunnels are to end within this time. */
  leaveTunnels(withinMs: number): void {
    for (const connection of this.connections) connection.leave(withinMs);
    for (const connection of this.#passed) connection.leave(withinMs);
  }

  onConnectionClosed(connection: ClientConnection): void {
    this.connections.delete(connection);
    this.counters.closed();
  }

  onAccepted(accepted: Accepted): void {
    const most = this.settings.connections;
    this.#accepted++;
    // Left to wait in the kernel's queue a client would learn nothing; closed at once it can turn to another instance.
    if (this.context.rejectsConnections || (most > 0 && this.#allCounters.openConnections(this.settings.name) >= most)) {
      this.counters.refused(OUTCOME.overload.index);
      accepted.destroy();
      return;
    }
    this.counters.opened();
    const { tls, proxyProtocol, passthrough } = this.settings;
    if (!proxyProtocol && tls === undefined && passthrough === 'off') return this.#serveAccepted(accepted.open());
    const { peer } = accepted;
    if (this.#isGone(peer)) return this.#drop(accepted);
    if (passthrough !== 'off' && !proxyProtocol) return this.#pass(accepted, peer, undefined, NO_BYTES);
    if (tls !== undefined && !proxyProtocol) return this.#secure(new OpeningConnection(this, tls, accepted, peer), NO_BYTES);
    const proxied = new ProxiedConnection(this, accepted, peer);
    this.#openings.add(proxied);
    proxied.begin();
  }

  #serveAccepted(stream: ByteStream): void {
    const { peer } = stream;
    if (this.#isGone(peer)) this.#drop(stream);
    else this.#serve(stream, peer, undefined);
  }

  /** It was reset before it was accepted. What it has sent must not be served for a client without an address, which nobody could tell. */
  #isGone(peer: string): boolean {
    return peer === '' && this.#hasPort;
  }

  #drop(connection: Accepted | ByteStream): void {
    connection.destroy();
    this.counters.closed();
  }

  onIntroduced(proxied: ProxiedConnection, accepted: Accepted, rest: Buffer): void {
    this.#openings.delete(proxied);
    const { tls, passthrough } = this.settings;
    const { client, named } = proxied;
    if (passthrough !== 'off') return this.#pass(accepted, client, named, rest);
    if (tls !== undefined) {
      const opening = new OpeningConnection(this, tls, accepted, client);
      opening.named = named;
      return this.#secure(opening, rest);
    }
    const stream = accepted.open();
    this.#serve(stream, client, undefined).named = named;
    if (rest.length > 0) stream.owner?.onRead(rest, rest.length);
  }

  #secure(opening: OpeningConnection, first: Buffer): void {
    this.#openings.add(opening);
    opening.begin(first);
  }

  #pass(accepted: Accepted, peer: string, named: ConnectionEnds | undefined, first: Buffer): void {
    if (this.settings.passthrough === 'whole') return this.#passOn(accepted, { peer, named, serverName: '' }, first);
    const opening = new PeekedConnection(this, accepted, { peer, named });
    this.#openings.add(opening);
    opening.begin(first);
  }

  onNamed(opening: PeekedConnection, accepted: Accepted, serverName: string, first: Buffer): void {
    this.#openings.delete(opening);
    this.#passOn(accepted, { ...opening.client, serverName }, first);
  }

  #passOn(accepted: Accepted, client: PassedClient, first: Buffer): void {
    const connection = new PassedConnection(this, accepted.open(), client);
    this.#passed.add(connection);
    connection.begin(first);
  }

  onPassedClosed(connection: PassedConnection): void {
    this.#passed.delete(connection);
    this.counters.closed();
  }

  onSecured(opening: OpeningConnection, stream: SecureByteStream, security: Security): void {
    this.#openings.delete(opening);
    const connection =
      stream.protocol === ALPN_HTTP2 ? this.#serveHttp2(stream, opening.peer, security) : this.#serve(stream, opening.peer, security);
    connection.named = opening.named;
  }

  onHttp2(connection: ClientConnection, stream: ByteStream, first: Buffer): void {
    this.connections.delete(connection);
    const { peer } = connection;
    const next = this.#serveHttp2(stream, peer, undefined);
    next.named = connection.named;
    next.onRead(first, first.length);
  }

  onPlainHttp(opening: OpeningConnection, stream: ByteStream, first: Buffer): void {
    this.#openings.delete(opening);
    const connection = this.#serveHttp1(stream, opening.peer, undefined);
    connection.refuseProtocol(OUTCOME.tls_expected, first.toString('latin1', 0, this.settings.headerBytes), 'plain HTTP on a port of TLS');
  }

  onOpeningFailed(opening: Opening): void {
    this.#openings.delete(opening);
    this.counters.closed();
  }

  /** What it speaks is known, or found out by its first bytes. */
  #serve(stream: ByteStream, peer: string, security: Security | undefined): ClientConnection {
    return this.settings.http1 ? this.#serveHttp1(stream, peer, security) : this.#serveHttp2(stream, peer, security);
  }

  #serveHttp2(stream: ByteStream, peer: string, security: Security | undefined): Http2Connection {
    const connection = new Http2Connection(this, stream, peer, security);
    stream.owner = connection;
    this.connections.add(connection);
    return connection;
  }

  #serveHttp1(stream: ByteStream, peer: string, security: Security | undefined): Http1Connection {
    const connection = new Http1Connection(this, stream, peer, security);
    stream.owner = connection;
    this.connections.add(connection);
    return connection;
  }

  /** Counted each time, logged once a second at most. */
  onAcceptFailed(errno: number): void {
    this.counters.refused(OUTCOME.overload.index);
    const atMs = this.context.deadlines.refresh();
    if (atMs < this.#quietUntilMs) return;
    this.#quietUntilMs = atMs + ACCEPT_LOG_MS;
    this.context.log.warn({ listener: this.settings.name, errno, connections: this.connections.size }, 'accept failed');
  }

  onListenFailed(error: Error): void {
    this.context.log.error({ listener: this.settings.name, error: error.message }, 'accept failed');
  }
}
