// A bound address: accepts connections, which become byte streams that read into one shared buffer.
// Accepted handles become sockets in accepted.ts rather than in node:net, because only a socket made with a read callback reads into our buffer.

import { Server } from 'node:net';
import { OwnPath, draftOf } from '../lib/own-path.ts';
import { AcceptedHandle, AcceptedSocket } from './accepted.ts';
import type { Accepted } from './accepted.ts';
import { listeningHandle } from './private-parts.ts';

export type BindAddress =
  | { readonly host: string; readonly port: number; readonly reusePort: boolean }
  /** `mode` undefined: as the umask has it. */
  | { readonly path: string; readonly mode?: number | undefined };

export interface Acceptor {
  /** A connection; unless it is opened, secured or peeked at before this returns, it must be destroyed. */
  onAccepted(accepted: Accepted): void;
  /** The kernel had a connection for us and could not give it: out of file descriptors, mostly. */
  onAcceptFailed(errno: number): void;
  /** The listening socket itself has failed. */
  onListenFailed(error: Error): void;
}

const BACKLOG = 4096;

export class ListeningSocket {
  readonly #acceptor: Acceptor;
  readonly #server = new Server({ noDelay: true, allowHalfOpen: true });
  /** Accepted before `start`; nothing is read of them yet. */
  #early: (() => void)[] | undefined = [];
  #path: OwnPath | undefined = undefined;

  constructor(acceptor: Acceptor) {
    this.#acceptor = acceptor;
  }

  /** Binds and accepts. Returns the port (0 for a path). Rejects when the address cannot be bound. */
  open(address: BindAddress): Promise<number> {
    const server = this.#server;
    const draft = 'path' in address ? draftOf(address.path) : '';
    const where = 'path' in address ? { path: draft } : address;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...where, backlog: BACKLOG }, () => {
        server.off('error', reject);
        try {
          if ('path' in address) this.#path = new OwnPath(address.path, draft, address.mode);
        } catch (error) {
          server.close();
          return reject(error as Error);
        }
        server.on('error', (error) => this.#acceptor.onListenFailed(error));
        this.#accept();
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
      });
    });
  }

  /** Hands over what was accepted so far and from here on. */
  start(): void {
    const early = this.#early;
    this.#early = undefined;
    for (const admit of early ?? []) admit();
  }

  /** Frees the address. Connections stay. */
  close(): void {
    this.#path?.remove();
    this.#server.close();
  }

  #accept(): void {
    const acceptor = this.#acceptor;
    const handle = listeningHandle(this.#server);
    if (handle === undefined) {
      this.#server.on('connection', (socket) => this.#admit(() => acceptor.onAccepted(new AcceptedSocket(socket))));
      return;
    }
    handle.onconnection = (error, client) => {
      if (client === undefined || error) acceptor.onAcceptFailed(error);
      else if (this.#early === undefined) acceptor.onAccepted(new AcceptedHandle(client));
      else this.#admit(() => acceptor.onAccepted(new AcceptedHandle(client)));
    };
  }

  /** Now, or when the socket is started. */
  #admit(admit: () => void): void {
    if (this.#early === undefined) admit();
    else this.#early.push(admit);
  }
}
