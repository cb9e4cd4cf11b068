// Counts the requests that the guard refused, and notes them in the journal: without secrets, and at a bounded rate, so that nobody can flood it.

import type { FastifyRequest } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import { TokenBucket } from './token-bucket.ts';

const REASONS = ['host', 'origin', 'no-token', 'bad-token', 'role', 'rate', 'busy', 'cpu', 'connections'] as const;

/** Why a request was refused; the label of the metric. */
export type RefusalReason = (typeof REASONS)[number];

const REPORTS_PER_SECOND = 10;
const MAX_PATH_LENGTH = 256;

export class Refusals {
  readonly #counts = new Map<RefusalReason, number>(REASONS.map((reason) => [reason, 0]));
  readonly #control: Pick<ControlApi, 'refused'> | undefined;
  readonly #reports: TokenBucket;

  constructor(control: Pick<ControlApi, 'refused'> | undefined, nowMs: () => number) {
    this.#control = control;
    this.#reports = new TokenBucket(nowMs, REPORTS_PER_SECOND, REPORTS_PER_SECOND);
  }

  count(reason: RefusalReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** Counts, and notes it in the journal unless there were many just now. The query stays out: some clients put secrets there. */
  report(request: FastifyRequest, reason: RefusalReason, author: string): void {
    this.count(reason);
    if (!this.#reports.take('')) return;
    const path = (request.url.split('?', 1)[0] ?? '').slice(0, MAX_PATH_LENGTH);
    this.#control?.refused({ method: request.method, path, reason, author });
  }

  /** Lines of `sluice_admin_refused_total`. */
  *lines(): Iterable<readonly [Readonly<Record<string, string>>, number]> {
    for (const [reason, count] of this.#counts) yield [{ reason }, count];
  }
}
