// A bound address in one worker: accepts connections and hands what they read to their Connection.

import { Server, Socket } from 'node:net';
import { after, nowMs, soon } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { ListenerCounters } from '../telemetry/counters.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { ProxyContext } from './context.ts';
import type { ListenerSettings } from './downstream/downstream.ts';
import { Http1Connection } from './downstream/http1-connection.ts';
import type { ConnectionOwner } from './downstream/http1-connection.ts';
import { ExchangePool } from './exchange-pool.ts';
import { Exchange } from './exchange.ts';
import type { ServingState } from './serving-state.ts';

export type BindAddress = { readonly host: string; readonly port: number; readonly reusePort: boolean } | { readonly path: string };

/** Bounds how long a flood of new connections can keep a leaving listener open. */
const MAX_CALM_TURNS = 200;
const CALM_MS = 0.2;

const ACCEPT_LOG_MS = 1000;

/** One read buffer serves all client connections of a worker: what is kept of a read is copied before the next. */
const readBuffer = Buffer.allocUnsafeSlow(65536);

export class Listener implements ConnectionOwner {
  readonly context: ProxyContext;
  counters: ListenerCounters;
  settings: ListenerSettings;
  closing = false;
  /** The last one that knew this listener, once it is leaving: requests that were on their way are answered by it. */
  lastServing: ServingState | undefined = undefined;
  readonly connections = new Set<Http1Connection>();
  readonly exchanges: ExchangePool;

  readonly #allCounters: CounterSet;
  readonly #server = new Server({ noDelay: true });
  #quietUntilMs = 0;
  /** Connections accepted before `start`. */
  #earlyAccepts: (() => void)[] | undefined = [];
  #grace: Timer | undefined = undefined;
  #accepted = 0;

  constructor(settings: ListenerSettings, context: ProxyContext, counters: CounterSet) {
    this.settings = settings;
    this.context = context;
    this.exchanges = new ExchangePool(() => new Exchange(context));
    this.#allCounters = counters;
    this.counters = counters.listener(settings.name);
  }

  /** Binds and accepts. Answers the port (0 for a path). Rejects when the address cannot be bound. */
  open(address: BindAddress): Promise<number> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, backlog: 4096 }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.context.log.error({ listener: this.settings.name, error: error.message }, 'accept failed'));
        this.#takeAccepted();
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
  }

  /** Serves what was accepted so far and from here on; the Table that knows this listener is in force by now. */
  start(): void {
    const early = this.#earlyAccepts;
    this.#earlyAccepts = undefined;
    for (const accept of early ?? []) accept();
  }

  /** Takes over settings; under a new name its open connections count as that listener's. */
  configure(settings: ListenerSettings, counters: ListenerCounters): void {
    this.settings = settings;
    if (counters === this.counters) return;
    this.counters.moved(-this.connections.size);
    counters.moved(this.connections.size);
    this.counters = counters;
  }

  /**
   * Accepts no more. What is under way goes on; connections without a request close after the grace, the others after their answer.
   * Resolves when the address is free again.
   */
  retire(graceMs: number): Promise<void> {
    this.closing = true;
    this.start();
    this.lastServing ??= this.context.serving;
    this.#grace = after(graceMs, () => this.#closeIdle(), { unref: true });
    return new Promise((resolve) => this.#closeWhenCalm(MAX_CALM_TURNS, resolve));
  }

  /** Ends connections that were used and are not now. One that is new may have its first request on its way. */
  closeUnused(): void {
    for (const connection of this.connections) if (!connection.busy && connection.requests > 0) connection.linger();
  }

  destroyAll(): void {
    this.#grace?.stop();
    for (const connection of this.connections) connection.onGone();
  }

  /** What the kernel has accepted for us would be reset with the socket: it is taken first, until a short turn brings nothing more. */
  #closeWhenCalm(turns: number, onClosed: () => void): void {
    const before = this.#accepted;
    const sinceMs = nowMs();
    soon(() => {
      const calm = this.#accepted === before && nowMs() - sinceMs < CALM_MS;
      if (!calm && turns > 0) return this.#closeWhenCalm(turns - 1, onClosed);
      this.#server.close();
      onClosed();
    });
  }

  #closeIdle(): void {
    for (const connection of this.connections) if (!connection.busy) connection.linger();
  }

  onConnectionClosed(connection: Http1Connection): void {
    this.connections.delete(connection);
    this.counters.closed();
  }

  /**
   * Accepted handles become sockets here rather than in node:net, because only a socket that is made with `onread` reads into
   * our buffer: without it every read allocates 64 KiB. Where the internals are not as expected, plain `data` events serve.
   */
  #takeAccepted(): void {
    const handle = (this.#server as unknown as { _handle?: ListenHandle })._handle;
    if (typeof handle?.onconnection !== 'function') {
      this.#server.on('connection', (socket) => this.#admit(() => this.#accept(socket)));
      return;
    }
    handle.onconnection = (error, client) => {
      if (client === undefined || error) {
        this.#acceptFailed(error);
        return;
      }
      if (this.#earlyAccepts === undefined) this.#acceptHandle(client);
      else this.#admit(() => this.#acceptHandle(client));
    };
  }

  /** Now, or when the listener is started. */
  #admit(accept: () => void): void {
    if (this.#earlyAccepts === undefined) accept();
    else this.#earlyAccepts.push(accept);
  }

  #acceptHandle(client: object): void {
    const socket = new ClientSocket(client);
    socket.setNoDelay(true);
    this.#accept(socket);
  }

  /** Out of file descriptors, mostly: counted each time, told once a second at most. */
  #acceptFailed(errno: number): void {
    this.counters.refused(OUTCOME.overload.index);
    const atMs = this.context.deadlines.refresh();
    if (atMs < this.#quietUntilMs) return;
    this.#quietUntilMs = atMs + ACCEPT_LOG_MS;
    this.context.log.warn({ listener: this.settings.name, errno, connections: this.connections.size }, 'accept failed');
  }

  #accept(socket: Socket): void {
    const most = this.settings.connections;
    this.#accepted++;
    // Left to wait in the kernel's queue a client would learn nothing; closed at once it can turn to another instance.
    if (this.context.rejectsConnections || (most > 0 && this.#allCounters.openConnections(this.settings.name) >= most)) {
      this.counters.refused(OUTCOME.overload.index);
      socket.destroy();
      return;
    }
    const connection = new Http1Connection(this, socket);
    this.connections.add(connection);
    this.counters.opened();
    if (socket instanceof ClientSocket) socket.connection = connection;
    else socket.on('data', (bytes: Buffer) => connection.onRead(bytes, bytes.length));
    const owned = socket as OwnedSocket;
    owned.connection = connection;
    owned.on('error', onSocketError).on('end', onSocketEnd).on('close', onSocketGone).on('drain', onSocketDrain);
  }
}

interface ListenHandle {
  onconnection: ((error: number, client: object | undefined) => void) | undefined;
}

type OwnedSocket = Socket & { connection: Http1Connection | undefined };

class ClientSocket extends Socket {
  connection: Http1Connection | undefined;

  constructor(handle: object) {
    // `handle` is what node:net itself passes; it is missing from the published types.
    super({ handle, allowHalfOpen: true, onread: { buffer: readBuffer, callback: onSocketRead } } as unknown as ConstructorParameters<
      typeof Socket
    >[0]);
    this.connection = undefined;
  }
}

function onSocketRead(this: void | ClientSocket, length: number, bytes: Uint8Array): boolean {
  (this as ClientSocket).connection?.onRead(bytes as Buffer, length);
  return true;
}

function onSocketEnd(this: OwnedSocket): void {
  this.connection?.onEnd();
}

function onSocketGone(this: OwnedSocket): void {
  this.connection?.onGone();
}

function onSocketDrain(this: OwnedSocket): void {
  this.connection?.onDrain();
}

/** A reset is always followed by `close`; there is nothing more to learn from it. */
function onSocketError(): void {}
