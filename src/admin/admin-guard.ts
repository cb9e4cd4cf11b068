// The guard of the admin API: what a request must be before its meaning is looked at. It reads no body.

import { finished } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AdminConfig, Address } from '../config/model.ts';
import type { Clock } from '../lib/clock.ts';
import { allowedHosts } from './allowed-hosts.ts';
import { ANONYMOUS, identify, mayDo } from './auth.ts';
import type { Access, Caller, Role } from './auth.ts';
import { isAllowedOrigin } from './origins.ts';
import { HttpProblem } from './problem-reply.ts';
import { CHALLENGE, roleProblem } from './role-problem.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Refusals } from './refusals.ts';
import type { Tokens } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which role may call; default: `viewer`. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Name of a token, or `anonymous`. */
    author: string;
    role: Role;
  }
}

export interface AdminGuardDeps {
  readonly address: Address;
  readonly tokens: Tokens;
  readonly limits: AdminConfig['limits'];
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly refusals: Refusals;
  /** Methods of a path; empty for an unknown path. */
  readonly methodsAt: (path: string) => readonly string[];
}

/** Requests that are served at one time, without subscribers to events. */
const MAX_CONCURRENT = 64;
const FAILURES_PER_SECOND = 10;

export class AdminGuard {
  readonly #options: AdminGuardDeps;
  readonly #hosts: (host: string) => boolean;
  readonly #writes: TokenBucket;
  readonly #failures: TokenBucket;
  #atWork = 0;

  constructor(options: AdminGuardDeps) {
    this.#options = options;
    this.#hosts = allowedHosts(options.address);
    const nowMs = () => options.clock.nowMs();
    const { writesPerSecond } = options.limits;
    this.#writes = new TokenBucket(nowMs, writesPerSecond, 2 * writesPerSecond);
    this.#failures = new TokenBucket(nowMs, FAILURES_PER_SECOND, FAILURES_PER_SECOND);
  }

  configure({ writesPerSecond }: AdminConfig['limits']): void {
    this.#writes.configure(writesPerSecond, 2 * writesPerSecond);
  }

  /** Throws an HttpProblem for a request that must not come in. */
  admit(request: FastifyRequest, reply: FastifyReply): void {
    this.#checkFields(request);
    const { access = 'viewer' } = request.routeOptions.config;
    const isOpen = access === 'open' || this.#isOpenPath(request);
    if (!isOpen) {
      this.#occupy(reply);
      this.#authorize(request, access);
    }
    if (request.is404) this.#refuseNowhere(request);
    if (isRead(request)) return;
    this.#checkWrite(request, access);
  }

  /** The request became a stream that lives long: it no longer counts as work. */
  release(reply: FastifyReply): void {
    if (this.#occupied.delete(reply)) this.#atWork -= 1;
  }

  readonly #occupied = new WeakSet<FastifyReply>();

  #checkFields(request: FastifyRequest): void {
    const { refusals } = this.#options;
    for (const field of ['host', 'origin', 'authorization', 'content-type'])
      if (countFields(request.raw.rawHeaders, field) > 1)
        throw new HttpProblem(400, `The request has more than one ${titleOf(field)} field.`);
    const { host = '', origin } = request.headers;
    if (!this.#hosts(host)) {
      refusals.report(request, 'host', ANONYMOUS);
      throw new HttpProblem(421, 'The Host field names neither this machine nor the address that the admin API listens on.');
    }
    if (origin === undefined || isAllowedOrigin(origin, host, request.method, this.#hosts)) return;
    refusals.report(request, 'origin', ANONYMOUS);
    throw new HttpProblem(403, 'The request comes from a web page of another origin.');
  }

  /** Only a client that may read learns which paths exist. */
  #isOpenPath(request: FastifyRequest): boolean {
    return request.is404 && OPEN_PATHS.has(pathOf(request));
  }

  #occupy(reply: FastifyReply): void {
    if (this.#atWork >= MAX_CONCURRENT) {
      this.#options.refusals.count('busy');
      throw new HttpProblem(503, `${MAX_CONCURRENT} requests are being served already.`, {}, { 'retry-after': '1' });
    }
    this.#atWork += 1;
    this.#occupied.add(reply);
    finished(reply.raw, () => this.release(reply));
  }

  #authorize(request: FastifyRequest, access: Access): void {
    const caller = identify(this.#options.tokens, request.headers.authorization);
    if (caller.kind === 'unknown') throw this.#refuseUnknown(request, caller);
    request.author = caller.author;
    request.role = caller.role;
    if (mayDo(caller.role, access)) return;
    throw roleProblem(`This needs the role ${access}`, caller);
  }

  /** A caller asked for more than its role allows. */
  reportRole(request: FastifyRequest): void {
    this.#options.refusals.report(request, 'role', request.author);
  }

  /** Wrong tokens never delay a right one: a client that guesses must not be able to lock out an operator. */
  #refuseUnknown(request: FastifyRequest, { isMissing }: Caller & { kind: 'unknown' }): HttpProblem {
    const { refusals } = this.#options;
    const reason = isMissing ? 'no-token' : 'bad-token';
    if (!this.#failures.take(request.socket.remoteAddress ?? '')) {
      refusals.count(reason);
      return new HttpProblem(429, 'Too many requests without a valid token came from this address.', {}, { 'retry-after': '1' });
    }
    refusals.report(request, reason, ANONYMOUS);
    const error = isMissing ? '' : ', error="invalid_token"';
    const detail = isMissing ? 'Send a token: Authorization: Bearer …' : 'The Authorization field has no valid token.';
    return new HttpProblem(401, detail, {}, { 'www-authenticate': CHALLENGE + error });
  }

  #refuseNowhere(request: FastifyRequest): never {
    const path = pathOf(request);
    const methods = this.#options.methodsAt(path);
    if (methods.length === 0) throw new HttpProblem(404, `There is nothing at ${path}.`);
    const allow = methods.join(', ');
    throw new HttpProblem(405, `This path has the methods ${allow}.`, {}, { allow });
  }

  #checkWrite(request: FastifyRequest, access: Access): void {
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity')
      throw new HttpProblem(415, 'A body must come without a content coding.', {}, { 'accept-encoding': 'identity' });
    // A question in a body changes nothing, so it is no write.
    if (access === 'viewer' || this.#writes.take(request.author)) return;
    this.#options.refusals.count('rate');
    const after = { 'retry-after': String(this.#writes.retryAfter) };
    throw new HttpProblem(429, `${request.author} makes more changes per second than admin.limits.writesPerSecond allows.`, {}, after);
  }
}

const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Node keeps the first of several, or the last; RFC 9112, section 3.2 wants such a request refused. */
function countFields(rawHeaders: readonly string[], field: string): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === field).length;
}

function titleOf(field: string): string {
  return field.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
