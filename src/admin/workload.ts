// What the callers may ask of the control thread at one time, and over time: places for bodies that arrive, for requests at work and for
// streams, and a budget of its CPU for each token. Probes and metrics are none of its business.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import { Pace } from '../lib/pace.ts';
import type { AdminConnections } from './admin-connections.ts';
import type { ResponseKind } from './admin-connection.ts';
import { ANONYMOUS } from './auth.ts';
import { BodyRoom } from './body-room.ts';
import { CpuBudget } from './cpu-budget.ts';
import type { CpuShare } from './cpu-budget.ts';
import { Places } from './places.ts';
import type { PlaceBounds } from './places.ts';
import { exhausted, HttpProblem } from './problem-reply.ts';
import type { Refusals } from './refusals.ts';
import type { Role } from './auth.ts';

export interface WorkloadDeps {
  readonly connections: Pick<AdminConnections, 'place'>;
  readonly refusals: Pick<Refusals, 'count'>;
  readonly clock: Pick<Clock, 'after' | 'nowMs'>;
}

/** Requests whose body arrives, and requests that are carried out: two kinds, so that a body that never ends holds up nothing. */
const REQUESTS: PlaceBounds = {
  total: 64,
  keptFrom: { viewer: 24, operator: 8, admin: 0 },
  perToken: { viewer: 16, operator: 32, admin: 32 },
};
/** Bodies up to this size have room: there are no more of them than places. */
const SMALL_BODY = 64 * 1024;
const STREAMS: PlaceBounds = {
  total: 32,
  keptFrom: { viewer: 12, operator: 4, admin: 0 },
  perToken: { viewer: 8, operator: 16, admin: 16 },
};

const OPERATING: CpuShare = { share: 0.5, burstMs: 2000, debtMs: 2000 };
/** What changes something has an account of its own: no look at the state, and no dry run, may cost an operator a rollback. */
const CHANGING: CpuShare = { share: 0.6, burstMs: 5000, debtMs: 1000 };
const SHARES: Readonly<Record<Role, CpuShare>> = {
  viewer: { share: 0.2, burstMs: 250, debtMs: 2000 },
  operator: OPERATING,
  admin: OPERATING,
};
/** All viewers together, however many tokens they have. */
const VIEWERS: CpuShare = { share: 0.4, burstMs: 500, debtMs: 2000 };
/** No name of a token. */
const VIEWERS_KEY = ' viewers';

export class Workload {
  readonly #deps: WorkloadDeps;
  readonly #bodies = new Places(REQUESTS);
  readonly #work = new Places(REQUESTS);
  readonly #streams = new Places(STREAMS);
  readonly #room: BodyRoom;
  readonly #cpu: CpuBudget;
  readonly #pace = new Pace();

  constructor(deps: WorkloadDeps) {
    this.#deps = deps;
    this.#cpu = new CpuBudget(() => deps.clock.nowMs());
    this.#room = new BodyRoom(deps.clock);
  }

  /** Before the body is read. Throws an HttpProblem: 429 for a caller that used up its CPU or its places, 503 when all are taken. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    this.#checkCpu(request);
    if (!request.raw.complete && hasBody(request)) this.#occupy(this.#bodies, 'open', { request, reply, what: BODIES });
  }

  /**
   * Before the first byte of a large body is read: resolves when there is room for it, which it has until its response is over. Rejects with an
   * HttpProblem (503) when none was found for too long.
   */
  async awaitRoom({ role, raw }: FastifyRequest, reply: FastifyReply, bytes: number): Promise<void> {
    if (bytes <= SMALL_BODY) return;
    const has = await this.#room.take(bytes, role);
    if (!has) {
      this.#deps.refusals.count('busy');
      throw new HttpProblem(503, 'Other bodies fill the room that there is for them.', {}, BODIES.again);
    }
    const onOver = (): void => this.#room.giveBack(bytes);
    if (raw.destroyed && !raw.complete) onOver();
    else reply.raw.once('close', onOver);
  }

  /** The request is whole and is carried out when this resolves: after a turn of others, where many come together. Rejects as `admit` throws. */
  async begin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // A crowd of viewers must not stand before an operator.
    if (request.role === 'viewer' || request.author === ANONYMOUS) await this.#pace.rest();
    // Many that were admitted together may have used it up meanwhile.
    this.#checkCpu(request);
    this.#occupy(this.#work, 'work', { request, reply, what: WORK });
  }

  /** The request becomes a stream that lives long: it is no longer at work. Throws an HttpProblem as `admit` does. */
  beginStream(request: FastifyRequest, reply: FastifyReply): void {
    this.#occupy(this.#streams, 'stream', { request, reply, what: STREAMING });
  }

  /** @param ms CPU that was used for the request; what needs no token is on nobody's account */
  charge(request: FastifyRequest, ms: number): void {
    const { author, role } = request;
    if (author === '') return;
    const { key, share } = accountOf(request);
    this.#cpu.charge(key, share, ms);
    if (role === 'viewer') this.#cpu.charge(VIEWERS_KEY, VIEWERS, ms);
  }

  /** Whole seconds until the caller may use more of the thread; 0 = it may now. */
  waitSeconds(request: FastifyRequest): number {
    const { key, share } = accountOf(request);
    const own = this.#cpu.waitSeconds(key, share);
    return request.role === 'viewer' ? Math.max(own, this.#cpu.waitSeconds(VIEWERS_KEY, VIEWERS)) : own;
  }

  #checkCpu(request: FastifyRequest): void {
    const wait = this.waitSeconds(request);
    if (wait === 0) return;
    this.#deps.refusals.count('cpu');
    throw exhausted(request.author, wait);
  }

  #occupy(places: Places, kind: ResponseKind, { request, reply, what }: Occupied): void {
    const holder = { author: request.author, role: request.role };
    const result = places.take(holder);
    if (result === 'taken')
      return this.#deps.connections.place({ request: request.raw, response: reply.raw, kind, onOver: () => places.giveBack(holder) });
    this.#deps.refusals.count('busy');
    const { again } = what;
    if (result === 'own') throw new HttpProblem(429, `${holder.author} has as many ${what.of} as one caller may have.`, {}, again);
    throw new HttpProblem(
      503,
      `There are as many ${what.of} as there may be${holder.role === 'admin' ? '' : ' for this role'}.`,
      {},
      again,
    );
  }
}

function accountOf({ author, role, method, query }: FastifyRequest): { readonly key: string; readonly share: CpuShare } {
  const { dryRun = 'false' } = query as { readonly dryRun?: unknown };
  const isLook = role === 'viewer' || method === 'GET' || method === 'HEAD' || dryRun !== 'false';
  return isLook ? { key: author, share: SHARES[role] } : { key: `${author} changes`, share: CHANGING };
}

interface Occupied {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly what: { readonly of: string; readonly again: Readonly<Record<string, string>> };
}

const BODIES = { of: 'requests whose body is still arriving', again: { 'retry-after': '1' } };
const WORK = { of: 'requests at work', again: { 'retry-after': '1' } };
const STREAMING = { of: 'subscribers', again: { 'retry-after': '5' } };

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
