// The process that takes over: finds the one that runs by its socket in the folder of the state, and is given what that one has.

import { join } from 'node:path';
import type { Address, AdminConfig } from '../../config/model.ts';
import type { Log } from '../../lib/log.ts';
import { connectLines } from '../../net/line-socket.ts';
import { SCHEMA_VERSION } from '../../store/schema.ts';
import { identifyEndpoint } from '../../upstream/endpoint.ts';
import { version } from '../version.ts';
import { PROTOCOL } from './messages.ts';
import type { Entry, Given } from './messages.ts';
import { Talk } from './talk.ts';

export const SOCKET_NAME = 'takeover.sock';
/** A change that is under way ends before, and sessions are written. */
const GIVE_LIMIT_MS = 30_000;
const YOURS_LIMIT_MS = 15_000;

/** What the running process is, and its part of the takeover. */
export class Beside {
  readonly given: Given;
  /** Ids of endpoints. */
  readonly unhealthy: ReadonlySet<string>;
  readonly #talk: Talk;
  readonly #log: Log;

  constructor(given: Given, talk: Talk, log: Log) {
    this.given = given;
    this.unhealthy = new Set(given.unhealthy.map(identifyEndpoint));
    this.#talk = talk;
    this.#log = log;
  }

  /** Whether the running process has it: then it can be bound beside. */
  has(address: Address): boolean {
    return this.given.claims.includes(claimOf(address));
  }

  /** Paths of Unix sockets that it has. */
  get paths(): readonly string[] {
    return this.given.claims.filter((claim) => claim.startsWith('unix:')).map((claim) => claim.slice('unix:'.length));
  }

  /** Where the kernel is to choose a port, the one that it chose before. */
  placed({ ...admin }: AdminConfig): AdminConfig {
    const { adminPort, probesPort } = this.given;
    return {
      ...admin,
      address: withPort(admin.address, adminPort),
      probesAddress: admin.probesAddress && withPort(admin.probesAddress, probesPort),
    };
  }

  /**
   * All is served and kept by this process. Resolves, with what was recorded meanwhile, when the other one ends; rejects when that one
   * serves on. When it has died there is nobody else.
   */
  async commit(): Promise<readonly Entry[]> {
    this.#talk.send({ kind: 'ready' });
    const heard = await this.#talk.next(YOURS_LIMIT_MS);
    switch (heard.kind) {
      case 'yours':
        this.#talk.send({ kind: 'taken' });
        return heard.entries;
      case 'gone':
        this.#log.warn({ from: this.given.pid }, 'the process that ran has died while it was taken over: its state was kept before');
        return [];
      case 'aborted':
      case 'failed':
      case 'refused':
        throw new Error(`the running process (pid ${this.given.pid}) serves on: ${heard.reason}`);
      default:
        throw new Error(`the running process (pid ${this.given.pid}) does not give way: it said nothing that ends the takeover`);
    }
  }

  /** The folder of the state is free: the other one serves on. */
  fail(reason: string): void {
    this.#talk.send({ kind: 'failed', reason });
    this.#talk.end();
  }

  /** Nothing is left to say. */
  end(): void {
    this.#talk.end();
  }
}

/** Undefined when no process runs there that can be taken over from. Rejects when there is one that refuses. */
export async function takeOver(dir: string, log: Log): Promise<Beside | undefined> {
  const talk = await reach(join(dir, SOCKET_NAME));
  if (talk === undefined) return undefined;
  talk.send({ kind: 'hello', protocol: PROTOCOL, schema: SCHEMA_VERSION, pid: process.pid, version });
  const heard = await talk.next(GIVE_LIMIT_MS);
  if (heard.kind === 'given') return new Beside(heard, talk, log);
  talk.end();
  if (heard.kind === 'gone') return undefined;
  const reason = 'reason' in heard ? heard.reason : 'it does not respond';
  throw new Error(`the running process cannot be taken over: ${reason}`);
}

async function reach(path: string): Promise<Talk | undefined> {
  const socket = await connectLines(path).catch((error: unknown) => {
    throw new Error(`${path} cannot be reached: ${String(error)}; run as the user of the running process`, { cause: error });
  });
  return socket === undefined ? undefined : new Talk(socket);
}

/** What can be bound once: a port, or a path. */
export function claimOf(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.kind === 'tcp' ? String(address.port) : '';
}

function withPort(address: Address, port: number): Address {
  return address.kind === 'tcp' && address.port === 0 ? { ...address, port } : address;
}
