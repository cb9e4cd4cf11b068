// The connections of the admin API: how many there may be, of one peer and of all, and which goes when a newer one needs room. A new one is
// not refused while an idle one is there, so that nobody shuts the port by keeping connections. It knows no paths and no tokens.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { soon } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { AdminConnection } from './admin-connection.ts';
import type { ResponseKind } from './admin-connection.ts';

export interface AdminConnectionsDeps {
  readonly clock: Pick<Clock, 'after' | 'nowMs'>;
  readonly log: Pick<Log, 'warn'>;
  /** Called for each connection that was closed or refused for want of room. */
  readonly onRefused: () => void;
}

export interface TakenPlace {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly kind: ResponseKind;
  /** Called once when the place is free again; at once when the connection is gone already. */
  readonly onOver: () => void;
}

/** More than all places for work and streams together. */
const MAX_CONNECTIONS = 256;
const MAX_PER_PEER = 128;
/** For a moment there may be more: until those that came together were heard. Beyond this a new one is refused. */
const MAX_AT_ONCE = 1024;
const MAX_AT_ONCE_PER_PEER = 768;
/** A client that has just connected is about to ask: it goes last. */
const NEW_MS = 1000;
const LOG_EVERY_MS = 60_000;

export class AdminConnections {
  readonly #deps: AdminConnectionsDeps;
  /** In the order of last use, oldest first. */
  readonly #open = new Map<Socket, AdminConnection>();
  readonly #perPeer = new Map<string, number>();
  #isJudging = false;
  #refused = 0;
  #loggedMs = -Infinity;

  constructor(deps: AdminConnectionsDeps) {
    this.#deps = deps;
  }

  /** Speaks to those whose bytes are no request. */
  hear(server: Server): void {
    server.on('clientError', (error: Error & { code?: string }, socket: Socket) => this.#onFault(error, socket));
  }

  /** A request has come; false when it gets no response, because its connection ends. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#open.get(request.socket)?.begin(request, response) === true;
  }

  /** The response has this place until it gets another or is over, in place of the one before. */
  place({ request, response, kind, onOver }: TakenPlace): void {
    const connection = this.#open.get(request.socket);
    if (connection === undefined) onOver();
    else connection.place(response, kind, onOver);
  }

  /** One more; false when there is no room for it, and it is closed. */
  accept(socket: Socket): boolean {
    const connection = this.#add(socket);
    const ofPeer = this.#perPeer.get(connection.peer) ?? 0;
    if (this.#open.size > MAX_AT_ONCE || ofPeer > MAX_AT_ONCE_PER_PEER) {
      this.#close(connection);
      return false;
    }
    if (this.#open.size > MAX_CONNECTIONS || ofPeer > MAX_PER_PEER) this.#judgeSoon();
    return true;
  }

  /** What was accepted as `bare` speaks TLS, and is one connection as before. */
  replace(bare: Socket, secure: Socket): void {
    const connection = this.#open.get(bare);
    if (connection !== undefined) this.#forget(connection);
    this.#add(secure);
  }

  /** A connection that gets no more than this. */
  refuse(socket: Socket, status: number, detail: string): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return void socket.destroy();
    connection.refuse(status, detail);
    // What it sends is thrown away, so that it does not reset the connection under the response.
    socket.resume();
  }

  /** Ends all of them at once, also those of which the server knows nothing yet: a handshake must not delay a shutdown. */
  close(): void {
    for (const socket of [...this.#open.keys()]) socket.destroy();
  }

  #add(socket: Socket): AdminConnection {
    const connection = new AdminConnection(socket, this.#deps.clock, (calm) => this.#moveBack(calm));
    this.#perPeer.set(connection.peer, (this.#perPeer.get(connection.peer) ?? 0) + 1);
    this.#open.set(socket, connection);
    socket.once('close', () => this.#forget(connection));
    return connection;
  }

  /** It was used just now. */
  #moveBack(connection: AdminConnection): void {
    if (!this.#open.delete(connection.socket)) return;
    connection.usedMs = this.#deps.clock.nowMs();
    this.#open.set(connection.socket, connection);
  }

  #forget({ socket, peer }: AdminConnection): void {
    if (!this.#open.delete(socket)) return;
    const left = (this.#perPeer.get(peer) ?? 1) - 1;
    if (left > 0) this.#perPeer.set(peer, left);
    else this.#perPeer.delete(peer);
  }

  /** Not before what came together was read: a crowd of silent connections must not close the one that asks something. */
  #judgeSoon(): void {
    if (this.#isJudging) return;
    this.#isJudging = true;
    soon(() => {
      this.#isJudging = false;
      const now = this.#deps.clock.nowMs();
      this.#judge((each) => each.rank === 0 && now - each.usedMs >= NEW_MS);
      this.#judge((each) => each.rank === 1);
      this.#judge((each) => each.rank === 0);
    });
  }

  #judge(mayGo: (connection: AdminConnection) => boolean): void {
    for (const connection of [...this.#open.values()]) {
      const ofPeer = this.#perPeer.get(connection.peer) ?? 0;
      if ((this.#open.size > MAX_CONNECTIONS || ofPeer > MAX_PER_PEER) && mayGo(connection)) this.#close(connection);
    }
  }

  #close(connection: AdminConnection): void {
    this.#forget(connection);
    connection.socket.destroy();
    this.#deps.onRefused();
    this.#tell(connection.peer);
  }

  #tell(peer: string): void {
    this.#refused += 1;
    const { clock, log } = this.#deps;
    const now = clock.nowMs();
    if (now - this.#loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs = now;
    log.warn({ connections: this.#refused, peer }, 'the admin API closed idle connections, because there were too many');
    this.#refused = 0;
  }

  #onFault({ code = '' }: Error & { code?: string }, socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined || code === 'ECONNRESET' || socket.destroyed) socket.destroy();
    else connection.refuse(CLIENT_ERRORS.get(code) ?? 400);
  }
}

const CLIENT_ERRORS: ReadonlyMap<string, number> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
]);
