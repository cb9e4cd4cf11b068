// A connection that must begin with a PROXY header: reads it, and tells the listener for which client the connection is. Only trusted peers may
// write one, for it decides who a client is; others are closed without a word, which they would not understand.

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { Accepted, FirstBytesOwner } from '../../net/accepted.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import { PROXY_FOREIGN, PROXY_INCOMPLETE, emptyProxyHeader, readProxyHeader } from '../../net/read-proxy-header.ts';
import type { ListenerCounters } from '../../telemetry/listener-counters.ts';
import { PROXY_HEADER } from '../../telemetry/proxy-headers.ts';
import type { ProxyHeaderCode } from '../../telemetry/proxy-headers.ts';
import type { ProxyContext } from '../context.ts';
import type { ListenerSettings } from './downstream.ts';
import type { Opening } from './opening.ts';

/** The listener, as these connections know it. */
export interface ProxiedOwner {
  readonly context: ProxyContext;
  readonly settings: ListenerSettings;
  readonly counters: ListenerCounters;
  /** Called once, unless it failed: `opening` knows the client. @param rest what came behind the header; it may be kept */
  onIntroduced(opening: ProxiedConnection, accepted: Accepted, rest: Buffer): void;
  /** Called once when it has come to nothing. */
  onOpeningFailed(opening: Opening): void;
}

const NO_BYTES = Buffer.alloc(0);

/** One is read at a time, in one turn. */
const header = emptyProxyHeader();

export class ProxiedConnection implements Opening, FirstBytesOwner, DeadlineOwner {
  /** What the header has named; undefined: nobody. */
  named: ConnectionEnds | undefined = undefined;
  readonly #owner: ProxiedOwner;
  readonly #accepted: Accepted;
  readonly #peer: string;
  readonly #deadline: Deadline;
  #first: Buffer = NO_BYTES;
  #over = false;

  /** @param peer address of the proxy, empty on a Unix socket */
  constructor(owner: ProxiedOwner, accepted: Accepted, peer: string) {
    this.#owner = owner;
    this.#accepted = accepted;
    this.#peer = peer;
    this.#deadline = new Deadline(this);
  }

  /** It may have come to nothing when this returns. */
  begin(): void {
    const { settings, context } = this.#owner;
    if (!settings.trust.trusts(this.#peer)) return this.#refuse('untrusted', 'its peer is not in trustedProxies');
    context.deadlines.arm(this.#deadline, settings.headerTimeoutMs);
    this.#accepted.peek(this);
  }

  get begun(): boolean {
    return this.#first.length > 0;
  }

  /** Address of the client. */
  get client(): string {
    return this.named?.source ?? this.#peer;
  }

  onFirstBytes(bytes: Buffer): void {
    const first = this.begun ? Buffer.concat([this.#first, bytes]) : bytes;
    const end = readProxyHeader(first, first.length, header);
    this.#first = first;
    if (end === PROXY_INCOMPLETE) return;
    if (end === PROXY_FOREIGN) return this.#refuse('missing', 'it does not begin with a PROXY header');
    if (end < 0) return this.#refuse('malformed', header.fault);
    const { ends, version } = header;
    this.named = ends;
    this.#end(ends === undefined ? 'local' : version === 1 ? 'v1' : 'v2');
    this.#owner.onIntroduced(this, this.#accepted, first.subarray(end));
  }

  onFirstGone(): void {
    if (this.#over) return;
    this.#end('gone');
    this.#owner.onOpeningFailed(this);
  }

  onDeadline(): void {
    this.#refuse('timeout', 'its PROXY header was not complete in time');
  }

  destroy(): void {
    if (this.#over) return;
    this.#accepted.destroy();
    this.onFirstGone();
  }

  #refuse(code: ProxyHeaderCode, reason: string): void {
    this.#accepted.destroy();
    this.#end(code);
    this.#tell(reason);
    this.#owner.onOpeningFailed(this);
  }

  #end(code: ProxyHeaderCode): void {
    this.#over = true;
    this.#first = NO_BYTES;
    this.#deadline.disarm();
    this.#owner.counters.introduced(PROXY_HEADER[code]);
  }

  /** Counted each time, logged once a second at most. */
  #tell(reason: string): void {
    const { context, settings } = this.#owner;
    const silent = context.unintroduced.take(context.deadlines.refresh());
    if (silent < 0) return;
    const fields = { listener: settings.name, peer: this.#peer, reason };
    context.log.warn(silent === 0 ? fields : { ...fields, more: silent }, 'a connection is closed: its PROXY header is not accepted');
  }
}
