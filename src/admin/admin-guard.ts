// The guard of the admin API: what a request must be before its meaning is looked at. It reads no body.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AdminConfig } from '../config/model.ts';
import type { LinkView } from '../control/rollouts/rollouts-api.ts';
import type { Clock } from '../lib/clock.ts';
import { unknownLink } from './asked-link.ts';
import { ANONYMOUS, identify, LINK_CALLER, mayDo } from './auth.ts';
import type { Access, Caller, Credentials, Role } from './auth.ts';
import { isAllowedOrigin, isAllowedSite } from './origins.ts';
import { HttpProblem } from './problem-reply.ts';
import { CHALLENGE, roleProblem } from './role-problem.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Refusals } from './refusals.ts';
import type { Rest } from './rest.ts';
import type { Workload } from './workload.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which role may call; default: `viewer`. */
    access?: Access;
    /** Whether its response stays open. */
    isStream?: boolean;
    /** Fields of its responses in place of those that all have. */
    headers?: Readonly<Record<string, string>>;
  }
  interface FastifyRequest {
    /** Name of a token or of a certificate's entry, `anonymous`, or `a link`. */
    author: string;
    role: Role;
  }
}

export interface AdminGuardDeps {
  /** Whether a Host field may say this. */
  readonly isAllowedHost: (host: string) => boolean;
  readonly credentials: Credentials;
  readonly limits: AdminConfig['limits'];
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly refusals: Refusals;
  readonly workload: Pick<Workload, 'admit' | 'begin'>;
  readonly rest: Pick<Rest, 'admit'>;
  /** Methods of a path; empty for an unknown path. */
  readonly methodsAt: (path: string) => readonly string[];
  /** How the link stands to which the request goes; undefined when this instance has not made it. */
  readonly linkAt: (request: FastifyRequest) => Pick<LinkView, 'is'> | undefined;
}

const FAILURES_PER_SECOND = 10;

export class AdminGuard {
  readonly #options: AdminGuardDeps;
  readonly #writes: TokenBucket;
  readonly #failures: TokenBucket;

  constructor(options: AdminGuardDeps) {
    this.#options = options;
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
    const { credentials } = this.#options;
    const { access = 'viewer' } = request.routeOptions.config;
    const isOpen = this.#isOpen(request);
    this.#checkConnection(request);
    const caller = identify(credentials, { authorization: request.headers.authorization, socket: request.socket });
    this.#checkPlace(request, isOpen, caller.kind === 'known' && caller.by === 'token');
    if (access === 'link') this.#admitLink(request);
    else if (!isOpen) this.#authorize(request, caller, access);
    if (request.is404) this.#refuseNowhere(request);
    if (!isRead(request)) this.#checkWrite(request, reply, access);
    if (!isOpen) this.#options.workload.admit(request, reply);
  }

  /** The request has come whole; resolves when it may be carried out. Rejects with an HttpProblem when there is no place for it. */
  async begin(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!this.#isOpen(request)) await this.#options.workload.begin(request, reply);
  }

  #checkFields({ raw }: FastifyRequest): void {
    for (const field of ['host', 'origin', 'authorization', 'content-type', 'sec-fetch-site'])
      if (countFields(raw.rawHeaders, field) > 1) throw new HttpProblem(400, `The request has more than one ${titleOf(field)} field.`);
  }

  /** Certificates end, and authorities are taken away, while connections are open. */
  #checkConnection(request: FastifyRequest): void {
    const fault = this.#options.credentials.certificates?.faultOf(request.socket);
    if (fault === undefined) return;
    this.#options.refusals.report(request, 'certificate', ANONYMOUS);
    throw new HttpProblem(401, fault, {}, { 'www-authenticate': CHALLENGE, connection: 'close' });
  }

  /**
   * A caller with a token is no web page that tries its luck; such a page is known by the names and origins that its browser sends. A browser
   * shows certificates unasked, for any page.
   */
  #checkPlace(request: FastifyRequest, isOpen: boolean, hasToken: boolean): void {
    const { isAllowedHost, refusals } = this.#options;
    const { host = '', origin } = request.headers;
    if (!isOpen && !hasToken && !isAllowedHost(host)) {
      refusals.report(request, 'host', ANONYMOUS);
      throw new HttpProblem(
        421,
        'The Host field names neither this machine, nor the address that the admin API listens on, nor one of admin.hosts; with a valid token any name will do.',
      );
    }
    const isAllowed = hasToken ? (name: string) => name.toLowerCase() === host.toLowerCase() || isAllowedHost(name) : isAllowedHost;
    const isOwn =
      origin === undefined || isAllowedOrigin(origin, { host, method: request.method, isSecure: request.protocol === 'https' }, isAllowed);
    if (isOwn && (hasToken || isAllowedSite(request.headers, request.method, request.routeOptions.config.isStream === true))) return;
    refusals.report(request, 'origin', ANONYMOUS);
    throw new HttpProblem(403, 'The request comes from a web page of another origin.');
  }

  /** Of what there is not, only a client that may read learns it; but the methods of an open path are open. */
  #isOpen(request: FastifyRequest): boolean {
    return request.routeOptions.config.access === 'open' || (request.is404 && OPEN_PATHS.has(pathOf(request)));
  }

  /**
   * It proves itself, as a token does. What its holder may use is apart from what others have; one that does nothing any more, which many may
   * have by then, takes no place of those who operate.
   */
  #admitLink(request: FastifyRequest): void {
    const { linkAt, refusals } = this.#options;
    const link = linkAt(request);
    if (link === undefined) {
      if (!this.#failures.take(request.socket.remoteAddress ?? '')) refusals.count('bad-link');
      else refusals.report(request, 'bad-link', ANONYMOUS);
      unknownLink();
    }
    request.author = LINK_CALLER;
    request.role = link.is === 'open' ? 'operator' : 'viewer';
  }

  #authorize(request: FastifyRequest, caller: Caller, access: Exclude<Access, 'link'>): void {
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
  #refuseUnknown(request: FastifyRequest, { isMissing, roleless }: Caller & { kind: 'unknown' }): HttpProblem {
    const { refusals, credentials } = this.#options;
    const reason = roleless !== undefined ? 'certificate' : isMissing ? 'no-token' : 'bad-token';
    if (!this.#failures.take(request.socket.remoteAddress ?? '')) {
      refusals.count(reason);
      return new HttpProblem(429, 'Too many requests without a valid token came from this address.', {}, { 'retry-after': '1' });
    }
    refusals.report(request, reason, ANONYMOUS);
    const error = isMissing ? '' : ', error="invalid_token"';
    const send = credentials.certificates?.required === true ? SEND_EITHER : SEND_TOKEN;
    const missing = roleless === undefined ? send : `The client certificate has no role here, ${roleless}. ${SEND_TOKEN}`;
    const detail = isMissing ? missing : 'The Authorization field has no valid token.';
    return new HttpProblem(401, detail, {}, { 'www-authenticate': CHALLENGE + error });
  }

  #refuseNowhere(request: FastifyRequest): never {
    const path = pathOf(request);
    const methods = this.#options.methodsAt(path);
    if (methods.length === 0) throw new HttpProblem(404, `There is nothing at ${path}.`);
    const allow = methods.join(', ');
    throw new HttpProblem(405, `This path has the methods ${allow}.`, {}, { allow });
  }

  #checkWrite(request: FastifyRequest, reply: FastifyReply, access: Access): void {
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'identity')
      throw new HttpProblem(415, 'A body must come without a content coding.', {}, { 'accept-encoding': 'identity' });
    // A question in a body changes nothing, so it is no write.
    if (access === 'viewer') return;
    if (this.#writes.take(request.author)) return this.#options.rest.admit(reply);
    this.#options.refusals.count('rate');
    const after = { 'retry-after': String(this.#writes.retryAfter) };
    throw new HttpProblem(429, `${request.author} makes more changes per second than admin.limits.writesPerSecond allows.`, {}, after);
  }
}

const SEND_TOKEN = 'Send a token: Authorization: Bearer …';
const SEND_EITHER = 'Show a client certificate, or send a token: Authorization: Bearer …';

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
