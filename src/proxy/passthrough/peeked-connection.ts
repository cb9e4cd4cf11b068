// A connection that goes where the name leads that its client asks for: reads the first message of TLS as far as it has to, and keeps it, for the
// endpoint is to get every byte. What is no TLS, or never gets so far, costs little and is gone at a deadline.

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { Accepted, FirstBytesOwner } from '../../net/accepted.ts';
import type { ListenerCounters } from '../../telemetry/listener-counters.ts';
import { PASSTHROUGH } from '../../telemetry/passthroughs.ts';
import type { PassthroughCode } from '../../telemetry/passthroughs.ts';
import { DECODE_ERROR } from '../../tls/alerts.ts';
import { HELLO_FOREIGN, HELLO_INCOMPLETE, emptyHello, readClientHello } from '../../tls/client-hello.ts';
import type { ProxyContext } from '../context.ts';
import type { ListenerSettings } from '../downstream/downstream.ts';
import { Leaving } from '../downstream/leaving.ts';
import type { Opening } from '../downstream/opening.ts';
import type { PassedClient } from './passed-connection.ts';

/** The listener, as these connections know it. */
export interface PeekedOwner {
  readonly context: ProxyContext;
  readonly settings: ListenerSettings;
  readonly counters: ListenerCounters;
  /** Called once, unless it failed: what has come of the connection is in `first`. */
  onNamed(opening: PeekedConnection, accepted: Accepted, serverName: string, first: Buffer): void;
  /** Called once when it has come to nothing. */
  onOpeningFailed(opening: Opening): void;
}

/** A client that is told why it is refused has so long to take it. */
const LEAVING_MS = 500;
const NO_BYTES = Buffer.alloc(0);

/** One is read at a time, in one turn. */
const hello = emptyHello();

export class PeekedConnection implements Opening, FirstBytesOwner, DeadlineOwner {
  /** Without the name that it asks for. */
  readonly client: Omit<PassedClient, 'serverName'>;
  readonly #owner: PeekedOwner;
  readonly #accepted: Accepted;
  readonly #deadline = new Deadline(this);
  #first: Buffer = NO_BYTES;
  #over = false;
  #leaving: Leaving | undefined = undefined;

  constructor(owner: PeekedOwner, accepted: Accepted, client: PeekedConnection['client']) {
    this.#owner = owner;
    this.#accepted = accepted;
    this.client = client;
  }

  /** Call it once, when its owner knows it: it may fail at once. @param first what was read of it so far; it may be kept */
  begin(first: Buffer): void {
    const { context, settings } = this.#owner;
    context.deadlines.arm(this.#deadline, settings.headerTimeoutMs);
    this.#accepted.peek(this);
    if (first.length > 0 && !this.#over) this.onFirstBytes(first);
  }

  get begun(): boolean {
    return this.#first.length > 0;
  }

  onFirstBytes(bytes: Buffer): void {
    const first = this.begun ? Buffer.concat([this.#first, bytes]) : bytes;
    const end = readClientHello(first, first.length, hello);
    this.#first = first;
    if (end === HELLO_INCOMPLETE) return;
    if (end === HELLO_FOREIGN) return this.#fail('not_tls');
    if (end < 0) return this.#refuse();
    this.#end();
    this.#owner.onNamed(this, this.#accepted, hello.serverName, first);
  }

  onFirstGone(): void {
    if (this.#over) return;
    this.#end();
    this.#count('gone');
    this.#owner.onOpeningFailed(this);
  }

  onDeadline(): void {
    this.#fail('timeout');
  }

  destroy(): void {
    if (this.#leaving !== undefined) this.#leaving.destroy();
    else if (!this.#over) this.#fail('gone');
  }

  #fail(code: PassthroughCode): void {
    this.#end();
    this.#count(code);
    this.#accepted.destroy();
    this.#owner.onOpeningFailed(this);
  }

  /** It speaks TLS, and can be told so. */
  #refuse(): void {
    this.#end();
    this.#count('malformed');
    const { deadlines } = this.#owner.context;
    const stream = this.#accepted.open();
    stream.writeBytes(DECODE_ERROR);
    this.#leaving = new Leaving(stream, { deadlines, lingerMs: LEAVING_MS, onGone: () => this.#owner.onOpeningFailed(this) });
    this.#leaving.begin('end');
  }

  #count(code: PassthroughCode): void {
    this.#owner.counters.passed(PASSTHROUGH[code]);
  }

  #end(): void {
    this.#over = true;
    this.#first = NO_BYTES;
    this.#deadline.disarm();
  }
}
