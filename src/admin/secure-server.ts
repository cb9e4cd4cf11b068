// The server of the admin API where it speaks TLS. A connection counts from its first byte on, must be open in time, and is judged by the
// certificate that it shows before a request of it is read.

import type { RequestListener, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { soon } from '../lib/clock.ts';
import type { Clock, Timer } from '../lib/clock.ts';
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
/** Handshakes that begin in one turn: each takes half a millisecond, which what is under way would wait for. */
const BEGIN_AT_ONCE = 4;
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
  readonly #waiting: Socket[] = [];

  constructor(server: SecureServer, deps: SecureServerDeps) {
    this.#deps = deps;
    this.#server = server;
    this.#begin = replace(server, 'connection', (socket: Socket) => this.#greet(socket));
    const serve = replace(server, 'secureConnection', (socket: TLSSocket) => this.#judge(socket, serve));
    server.on('tlsClientError', () => deps.onFailed());
  }

  #greet(socket: Socket): void {
    const { connections, clock, onFailed } = this.#deps;
    socket.on('error', () => undefined);
    if (!connections.accept(socket)) return;
    const key = keyOf(socket);
    const timer = clock.after(
      HANDSHAKE_MS,
      () => {
        if (this.#coming.get(key)?.isBegun === false) onFailed();
        socket.destroy();
      },
      { unref: true },
    );
    this.#coming.set(key, { socket, timer, isBegun: false });
    socket.once('close', () => {
      timer.stop();
      if (this.#coming.get(key)?.socket === socket) this.#coming.delete(key);
    });
    socket.once('readable', () => this.#look(socket));
  }

  /** The first byte tells TLS from HTTP. */
  #look(socket: Socket): void {
    const first = socket.read() as Buffer | null;
    if (first === null) return void socket.destroy();
    if (first[0] !== TLS_HANDSHAKE) return this.#refusePlain(socket, first);
    socket.unshift(first);
    if (this.#waiting.push(socket) === 1) soon(() => this.#beginSome());
  }

  #beginSome(): void {
    for (const socket of this.#waiting.splice(0, BEGIN_AT_ONCE)) {
      const coming = this.#coming.get(keyOf(socket));
      if (socket.destroyed || coming === undefined) continue;
      coming.isBegun = true;
      this.#begin.call(this.#server, socket);
    }
    if (this.#waiting.length > 0) soon(() => this.#beginSome());
  }

  #refusePlain(socket: Socket, first: Buffer): void {
    const { connections, onFailed } = this.#deps;
    this.#coming.get(keyOf(socket))?.timer.stop();
    onFailed();
    // A letter: a method of HTTP begins with one.
    if (!/^[A-Za-z]/.test(first.toString('latin1', 0, 1))) return void socket.destroy();
    connections.refuse(socket, 400, SPEAKS_TLS);
  }

  #judge(secure: TLSSocket, serve: (socket: TLSSocket) => void): void {
    const { connections, tls, onRefused } = this.#deps;
    const coming = this.#coming.get(keyOf(secure));
    // It is gone already.
    if (coming === undefined) return void secure.destroy();
    coming.timer.stop();
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
