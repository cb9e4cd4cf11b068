// The server of the admin API where it speaks TLS. A connection counts from its first byte on, must be open in time, and is judged by the
// certificate that it shows before a request of it is read.

import type { RequestListener, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../lib/clock.ts';
import { HandshakePlace, Handshakes } from '../tls/handshakes.ts';
import type { AdminConnections } from './admin-connections.ts';
import type { AdminTls } from './admin-tls.ts';
import { LIMITS, equip, served } from './open-server.ts';

export interface SecureServerDeps {
  readonly connections: AdminConnections;
  readonly serve: RequestListener;
  readonly tls: AdminTls;
  readonly clock: Pick<Clock, 'after'>;
  /** A handshake failed, took too long, or was none. */
  readonly onFailed: () => void;
  /** A client was not let in. */
  readonly onRefused: (socket: Socket, reason: string) => void;
}

/** From the connection to the end of its handshake. */
const HANDSHAKE_MS = 5000;
/** At once; all connections together are bounded by `AdminConnections`. */
const MAX_UNDER_WAY = 64;
const MAX_WAITING = 1024;
const TLS_HANDSHAKE = 0x16;
const SPEAKS_TLS = 'This address speaks TLS: use https:// for it.';

/** Listens nowhere yet. */
export function createSecureServer(deps: SecureServerDeps): Server {
  const { connections, tls } = deps;
  const options = { ...LIMITS, ...tls.options, allowHalfOpen: true, handshakeTimeout: 2 * HANDSHAKE_MS };
  const server = process.getBuiltinModule('node:https').createServer(options, served(connections, deps.serve));
  tls.follow(server);
  connections.hear(server);
  new Entrance(server, deps);
  return equip(server);
}

interface Coming {
  readonly socket: Socket;
  readonly timer: Timer;
  readonly place: HandshakePlace;
  /** Whether node:tls has it: it tells of the end itself. */
  isBegun: boolean;
}

/** What comes before HTTP. */
class Entrance {
  readonly #deps: SecureServerDeps;
  readonly #server: SecureServer;
  /** Connections in their handshake, by their ends: a client may come from one port to two addresses of this machine. */
  readonly #coming = new Map<string, Coming>();
  readonly #begin: (socket: Socket) => void;
  readonly #handshakes: Handshakes;

  constructor(server: SecureServer, deps: SecureServerDeps) {
    this.#deps = deps;
    this.#server = server;
    this.#handshakes = new Handshakes({ maxUnderWay: MAX_UNDER_WAY, maxWaiting: MAX_WAITING });
    this.#begin = replace(server, 'connection', (socket: Socket) => this.#greet(socket));
    const serve = replace(server, 'secureConnection', (socket: TLSSocket) => this.#judge(socket, serve));
    server.on('tlsClientError', () => deps.onFailed());
  }

  #greet(socket: Socket): void {
    const { connections, clock, onFailed } = this.#deps;
    socket.on('error', () => undefined);
    if (!connections.accept(socket)) return;
    const key = keyOf(socket);
    const giveUp = (): void => {
      if (!coming.isBegun) onFailed();
      socket.destroy();
    };
    const onHandshakeTurn = (): void => {
      coming.isBegun = true;
      this.#begin.call(this.#server, socket);
    };
    const coming: Coming = {
      socket,
      timer: clock.after(HANDSHAKE_MS, giveUp, { unref: true }),
      place: new HandshakePlace({ onHandshakeTurn, giveWay: giveUp }),
      isBegun: false,
    };
    this.#coming.set(key, coming);
    socket.once('close', () => {
      this.#leave(coming);
      if (this.#coming.get(key) === coming) this.#coming.delete(key);
    });
    socket.once('readable', () => this.#look(coming));
  }

  #leave({ timer, place }: Coming): void {
    timer.stop();
    this.#handshakes.end(place);
  }

  /** The first byte tells TLS from HTTP. */
  #look(coming: Coming): void {
    const { socket, place } = coming;
    const first = socket.read() as Buffer | null;
    if (first === null) return void socket.destroy();
    if (first[0] !== TLS_HANDSHAKE) return this.#refusePlain(coming, first);
    socket.unshift(first);
    this.#handshakes.take(place);
  }

  #refusePlain(coming: Coming, first: Buffer): void {
    const { connections, onFailed } = this.#deps;
    this.#leave(coming);
    onFailed();
    // A letter: a method of HTTP begins with one.
    if (!/^[A-Za-z]/.test(first.toString('latin1', 0, 1))) return void coming.socket.destroy();
    connections.refuse(coming.socket, 400, SPEAKS_TLS);
  }

  #judge(secure: TLSSocket, serve: (socket: TLSSocket) => void): void {
    const { connections, tls, onRefused } = this.#deps;
    const coming = this.#coming.get(keyOf(secure));
    // It is gone already.
    if (coming === undefined) return void secure.destroy();
    this.#leave(coming);
    this.#coming.delete(keyOf(secure));
    connections.replace(coming.socket, secure);
    const reason = tls.refusalOf(secure);
    if (reason === undefined) return serve.call(this.#server, secure);
    onRefused(secure, reason);
    secure.on('error', () => undefined);
    connections.refuse(secure, 401, reason);
  }
}

/** Takes the place of the one listener of Node's server, which is returned. */
function replace<S extends Socket>(server: SecureServer, event: string, listener: (socket: S) => void): (socket: S) => void {
  const [own, ...others] = server.listeners(event);
  if (own === undefined || others.length > 0) throw new Error(`a server of Node has ${others.length + 1} listeners of ${event}`);
  server.removeAllListeners(event).on(event, listener);
  return own as (socket: S) => void;
}

/** node:tls tells not of which connection a TLS connection is one; both have the same ends. */
function keyOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}
