// The endpoints of one version, as a version or a mirror has them in one worker: which there are, which are ready, the connections
// to them, and their drains. It outlives Tables; those that stay keep their state. Who waits for a connection is no business of its own.
//
// An endpoint gets traffic while no reason speaks against it (`notReadyReasons`), and its weight is above 0:
//
//                     drained, or left the config          none of the config's any more
//            +-------------- DRAINING ---------------> leaves: used connections close one by one
//            |                   | back in use
//   new -> ready <---------------+
//            |  ^--- UNHEALTHY --+  a probe fails ... a probe succeeds         } in a panic both are ignored:
//            |  ^--- EJECTED ----+  fails too often ... its time is over       } all endpoints are used
//
// Reasons add up; each one that comes closes the free connections, and what is under way goes on.

import type { Drained, EndpointConfig, ProxyProtocol, UpstreamProtocol } from '../config/model.ts';
import type { Deadlines } from '../lib/deadlines.ts';
import { processMs } from '../lib/clock.ts';
import { randomFraction } from '../lib/random.ts';
import type { EndpointCounters } from '../telemetry/counters.ts';
import type { SecureConnector } from '../net/connect.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import type { EndpointDrains } from './endpoint-drain.ts';
import { Endpoint, NOT_READY_DRAINING } from './endpoint.ts';
import type { LiveConnection, PooledConnection } from './endpoint.ts';
import type { Introducer } from './introduction.ts';
import type { ConnectionOwner, ConnectionSettings } from './protocol/connection-owner.ts';
import { Http2Connection } from './protocol/http2/http2-connection.ts';
import { Http1Connection } from './protocol/http1-connection.ts';
import { RawConnection } from './protocol/raw-connection.ts';
import type { UpstreamStream } from './protocol/upstream-stream.ts';
import { closeFree, takeFree, takeReserved } from './free-connections.ts';
import { OpeningConnections } from './opening-connections.ts';
import { Selection } from './selection.ts';
import type { RawRequest, StreamRequest } from './stream-request.ts';

export interface EndpointSetSettings extends ConnectionSettings {
  /** How long an endpoint may take to be drained that does not say it itself; 0 = no deadline; undefined = none for any endpoint. */
  readonly drainTimeoutMs: number | undefined;
}

/** How connections are made. */
export interface ConnectionManner {
  /** Undefined: they are plaintext. */
  readonly secure: SecureConnector | undefined;
  /** Whom all endpoints must prove to be; undefined: each its own host. */
  readonly serverName: string | undefined;
  /** Which header they begin with, if any. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly protocol: UpstreamProtocol;
}

/** A version or a mirror whose endpoints these are. */
export interface EndpointSetOwner {
  countersOf(endpoint: string): EndpointCounters;
  /** Readiness may have changed; `readyBefore` endpoints were ready before. */
  onReadiness(readyBefore: number): void;
  /** A connection is open; called before the one that it was made for hears of it. */
  onOpened(): void;
  /** A connection to a ready endpoint has room for another stream: it is given one, or kept, or closed. */
  onFree(connection: PooledConnection): void;
  /** A connection is gone; the limit has room for another. */
  onClosed(endpoint: Endpoint): void;
  /** An error that is ours, not the upstream's. */
  onFault(error: unknown): void;
}

export class EndpointSet implements ConnectionOwner {
  readonly deadlines: Deadlines;
  readonly selection = new Selection(randomFraction);
  readonly limit: ConnectionLimit;
  settings: EndpointSetSettings;
  secure: SecureConnector | undefined = undefined;
  proxyProtocol: ProxyProtocol | undefined = undefined;
  protocol: UpstreamProtocol = 'http1';
  manner = 0;
  serverName: string | undefined = undefined;
  endpoints: readonly Endpoint[] = [];
  /** Whether what comes is new: what was there from the beginning is not. */
  isNew = false;
  readonly drains: EndpointDrains;
  readonly #owner: EndpointSetOwner;
  readonly #opening = new OpeningConnections();

  /** @param limit of all sets that share it */
  constructor(owner: EndpointSetOwner, limit: ConnectionLimit, settings: EndpointSetSettings, drains: EndpointDrains) {
    this.#owner = owner;
    this.limit = limit;
    this.settings = settings;
    this.drains = drains;
    this.deadlines = drains.deadlines;
  }

  /** From now on. Unused connections that were made otherwise close, used ones when they are given back. */
  connectAs({ secure, serverName, proxyProtocol, protocol }: ConnectionManner): void {
    const isAsBefore = secure === this.secure && serverName === this.serverName && proxyProtocol === this.proxyProtocol;
    if (isAsBefore && protocol === this.protocol) return;
    this.manner++;
    this.secure = secure;
    this.proxyProtocol = proxyProtocol;
    this.serverName = serverName;
    this.protocol = protocol;
    // Last: one that closes may let a request go on that waits for a connection.
    for (const endpoint of this.endpoints) closeFree(endpoint);
  }

  /** Endpoints that stay keep their state; those that left finish what they have. @param drains of all that do not say it themselves */
  replace(configs: readonly EndpointConfig[], drains: Drained): void {
    const readyBefore = this.selection.readyCount;
    const before = new Map(this.endpoints.map((endpoint) => [endpoint.key, endpoint]));
    // Where nothing stays, nothing can be spared for a while.
    const stays = readyBefore > 0 && configs.some(({ key }) => before.has(key));
    this.endpoints = configs.map((config) => {
      const known = before.get(config.key);
      before.delete(config.key);
      const endpoint = known ?? new Endpoint(config, this.#owner.countersOf(config.key));
      const changed = this.#configure(endpoint, config, config.drain === false ? drains : config.drain);
      if (endpoint.notReadyReasons === 0 && (known === undefined || changed)) this.#start(endpoint, stays);
      return endpoint;
    });
    for (const gone of before.values()) {
      this.selection.slowStart.end(gone);
      this.#setReason(gone, NOT_READY_DRAINING, true);
    }
    this.selection.update(this.endpoints);
    this.#owner.onReadiness(readyBefore);
    this.isNew = true;
  }

  /** Adds or removes a reason (`NOT_READY_…`) why an endpoint may not be picked. What is under way on it goes on. */
  mark(endpoint: Endpoint, reason: number, applies: boolean): void {
    const readyBefore = this.selection.readyCount;
    if (!this.#setReason(endpoint, reason, applies)) return;
    if (endpoint.notReadyReasons === 0) this.#start(endpoint, readyBefore > 0);
    this.selection.refresh();
    this.#owner.onReadiness(readyBefore);
  }

  /** No new Table has it: free connections close now, used ones when they are given back, all at the deadline of a drain. */
  retire(): void {
    for (const endpoint of this.endpoints) {
      closeFree(endpoint);
      // One that is drained already has its deadline.
      if (!this.drains.has(endpoint)) this.drains.begin(endpoint, this.#drainMsOf(endpoint), false);
    }
  }

  /** Ends all that is under way on the endpoints that are here, and on those that left. */
  cut(): void {
    for (const endpoint of [...this.endpoints, ...this.drains.endpoints])
      for (const connection of [...endpoint.connections]) connection.cut();
  }

  /** Whether `take` finds one. */
  hasFree(endpoint: Endpoint, request: Introducer): boolean {
    return this.proxyProtocol === undefined ? endpoint.free.length > 0 : request.introduction.find(endpoint.reserved) !== undefined;
  }

  /** Whether `join` finds one. */
  mayJoin(endpoint: Endpoint, request: StreamRequest | RawRequest): boolean {
    return this.#opening.mayJoin(endpoint, request, this.manner);
  }

  /** Lets the request wait for a connection that is being made, and will carry many streams. False: there is none. */
  join(endpoint: Endpoint, request: StreamRequest | RawRequest): boolean {
    return this.#opening.join(endpoint, request, this.manner);
  }

  /** A stream on an open connection that may serve the request, where one has room. */
  take(endpoint: Endpoint, request: Introducer): UpstreamStream | undefined {
    return this.proxyProtocol === undefined ? takeFree(endpoint) : takeReserved(endpoint, request);
  }

  /** Keeps a connection that has room for another stream. */
  keep(connection: PooledConnection): void {
    const { endpoint, introduction } = connection;
    if (introduction === undefined) endpoint.free.push(connection);
    else if (introduction.keep(connection)) endpoint.reserved.add(connection);
    else connection.retire();
  }

  /** Makes a connection; the limit must have room for it. */
  connect(endpoint: Endpoint, request: StreamRequest | RawRequest): void {
    this.limit.connections++;
    endpoint.counters.opened();
    if (request.isRaw) return this.#connectRaw(endpoint, request);
    if (this.#mayBeHttp2(endpoint) && !request.upgrades) return this.#connectHttp2(endpoint, request);
    const connection = new Http1Connection(endpoint, this, request);
    endpoint.connections.add(connection);
    request.onConnecting(connection, endpoint);
  }

  /** Whether a connection may turn out to be of HTTP/2. */
  #mayBeHttp2({ choseHttp1 }: Endpoint): boolean {
    return this.protocol === 'http2' || (this.protocol === 'auto' && this.secure !== undefined && !choseHttp1);
  }

  #connectHttp2(endpoint: Endpoint, request: StreamRequest): void {
    const connection = new Http2Connection(endpoint, this, this.proxyProtocol === undefined ? undefined : request.introduction);
    endpoint.connections.add(connection);
    this.#opening.add(connection);
    request.onConnecting(connection.join(request), endpoint);
  }

  #connectRaw(endpoint: Endpoint, request: RawRequest): void {
    const connection = new RawConnection(endpoint, this, request);
    endpoint.connections.add(connection);
    request.onRawConnecting(connection, endpoint);
  }

  onFault(error: unknown): void {
    this.#owner.onFault(error);
  }

  onOpened(): void {
    this.#owner.onOpened();
  }

  onFree(connection: PooledConnection): void {
    const isAsNow = connection.manner === this.manner;
    if (isAsNow && connection.endpoint.ready && !this.limit.isExceeded) this.#owner.onFree(connection);
    else connection.retire();
  }

  onRetired(connection: PooledConnection): void {
    const { endpoint, introduction } = connection;
    this.#opening.forget(connection);
    const at = endpoint.free.lastIndexOf(connection);
    if (at !== -1) endpoint.free.splice(at, 1);
    if (introduction !== undefined) introduction.forget(connection);
    if (introduction !== undefined) endpoint.reserved.delete(connection);
  }

  onClosed(connection: PooledConnection): void {
    this.onRetired(connection);
    this.onRawClosed(connection);
  }

  onRawClosed(connection: LiveConnection): void {
    const { endpoint } = connection;
    this.limit.connections--;
    endpoint.connections.delete(connection);
    if (endpoint.connections.size === 0) endpoint.choseHttp1 = false;
    endpoint.counters.closed();
    this.drains.check(endpoint);
    this.#owner.onClosed(endpoint);
  }

  /** It comes into use. @param slowly others can be given part of its share */
  #start(endpoint: Endpoint, slowly: boolean): void {
    if (this.isNew) endpoint.counters.started(processMs());
    if (slowly) this.selection.slowStart.begin(endpoint);
  }

  /** Whether its drain begins or ends. */
  #configure(endpoint: Endpoint, { address, name, weight, zone }: EndpointConfig, drain: Drained): boolean {
    endpoint.name = name ?? (address.kind === 'tcp' ? address.host : 'localhost');
    const drainMs = typeof drain === 'number' ? drain : 0;
    const isRetimed = endpoint.drainMs !== drainMs;
    endpoint.weight = weight;
    endpoint.zone = zone;
    endpoint.drainMs = drainMs;
    const changed = this.#setReason(endpoint, NOT_READY_DRAINING, drain !== false);
    if (isRetimed && this.drains.has(endpoint)) this.drains.begin(endpoint, this.#drainMsOf(endpoint), true);
    if (weight === 0) closeFree(endpoint);
    return changed;
  }

  /** Whether anything changed. */
  #setReason(endpoint: Endpoint, reason: number, applies: boolean): boolean {
    const reasons = applies ? endpoint.notReadyReasons | reason : endpoint.notReadyReasons & ~reason;
    if (reasons === endpoint.notReadyReasons) return false;
    endpoint.notReadyReasons = reasons;
    if (reasons === 0) endpoint.counters.ready();
    else endpoint.counters.notReady();
    if (reason === NOT_READY_DRAINING) this.#drain(endpoint, applies);
    if (applies) closeFree(endpoint);
    return true;
  }

  #drain(endpoint: Endpoint, begins: boolean): void {
    if (begins) endpoint.counters.draining();
    else endpoint.counters.drainingEnded();
    if (!begins) return this.drains.cancel(endpoint);
    closeFree(endpoint);
    this.drains.begin(endpoint, this.#drainMsOf(endpoint), true);
  }

  #drainMsOf({ drainMs }: Endpoint): number {
    const { drainTimeoutMs } = this.settings;
    return drainTimeoutMs === undefined ? 0 : drainMs || drainTimeoutMs;
  }
}
