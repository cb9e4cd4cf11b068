// Counts the requests that the guard refused, and notes them in the journal: without secrets, and at a bounded rate, so that nobody can flood it.

import type { FastifyRequest } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import { ANONYMOUS } from './auth.ts';
import { TokenBucket } from './token-bucket.ts';

const REASONS = [
  'host',
  'origin',
  'no-token',
  'bad-token',
  'bad-link',
  'certificate',
  'handshake',
  'role',
  'rate',
  'busy',
  'cpu',
  'connections',
] as const;

/** Why a request was refused; the label of the metric. */
export type RefusalReason = (typeof REASONS)[number];

const REPORTS_PER_SECOND = 10;
const LOG_EVERY_MS = 5000;
const MAX_PATH_LENGTH = 256;

export class Refusals {
  readonly #counts = new Map<RefusalReason, number>(REASONS.map((reason) => [reason, 0]));
  readonly #control: Pick<ControlApi, 'refused'> | undefined;
  readonly #reports: TokenBucket;
  readonly #nowMs: () => number;
  #loggedMs = -Infinity;

  constructor(control: Pick<ControlApi, 'refused'> | undefined, nowMs: () => number) {
    this.#control = control;
    this.#nowMs = nowMs;
    this.#reports = new TokenBucket(nowMs, REPORTS_PER_SECOND, REPORTS_PER_SECOND);
  }

  count(reason: RefusalReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /**
   * Counts, and notes it in the journal unless there were many just now. The query stays out, for some clients put secrets there, and so does
   * what stands in a link: it may be a genuine one with a wrong Host.
   */
  report(request: FastifyRequest, reason: RefusalReason, author: string): void {
    const path = (request.url.split('?', 1)[0] ?? '').replace(/(\/links\/).*/is, '$1…').slice(0, MAX_PATH_LENGTH);
    this.#note({ method: request.method, path, reason, author });
  }

  /** The same for a connection that was not let in, of which no request was read. @returns whether it is to stand in the log as well */
  reportConnection(): boolean {
    this.#note({ method: 'TLS', path: 'handshake', reason: 'certificate', author: ANONYMOUS });
    const now = this.#nowMs();
    if (now - this.#loggedMs < LOG_EVERY_MS) return false;
    this.#loggedMs = now;
    return true;
  }

  #note(refused: Parameters<ControlApi['refused']>[0] & { readonly reason: RefusalReason }): void {
    this.count(refused.reason);
    if (this.#reports.take('')) this.#control?.refused(refused);
  }

  /** Lines of `sluice_admin_refused_total`. */
  *lines(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    for (const [reason, count] of this.#counts) yield [{ reason }, count];
  }
}
