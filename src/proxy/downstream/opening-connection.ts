// A connection over TLS before it is one: reads the first message of the client, picks the certificate by the name in it, waits for the
// handshake, and becomes a connection that serves requests. What never gets so far costs little and is gone at a deadline.
//
//   HELLO --whole--> QUEUED --turn--> HANDSHAKE --done--> becomes an Http1Connection
//     |                |                  |
//     +----------------+------------------+--> LEAVING (a last word is on its way) --> CLOSED

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { Accepted, FirstBytesOwner, ServerSide } from '../../net/accepted.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import type { HandshakeOwner, SecureByteStream } from '../../net/tls/secure-byte-stream.ts';
import { HANDSHAKE } from '../../telemetry/handshakes.ts';
import type { HandshakeCode } from '../../telemetry/handshakes.ts';
import { DECODE_ERROR, UNRECOGNIZED_NAME } from '../../tls/alerts.ts';
import { MAX_HELLO_BYTES, HELLO_FOREIGN, HELLO_INCOMPLETE, emptyHello, readClientHello } from '../../tls/client-hello.ts';
import { HandshakePlace } from '../../tls/handshakes.ts';
import type { HandshakeTaker } from '../../tls/handshakes.ts';
import type { ListenerCounters } from '../../telemetry/listener-counters.ts';
import type { ProxyContext } from '../context.ts';
import { Leaving } from './leaving.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { Opening } from './opening.ts';
import { Security } from './security.ts';

/** The listener, as connections know it that are not open yet. */
export interface OpeningOwner {
  readonly context: ProxyContext;
  readonly counters: ListenerCounters;
  /** Called once, unless it failed: from here on `stream` is the connection. */
  onSecured(opening: OpeningConnection, stream: SecureByteStream, security: Security): void;
  /** Its client speaks plain HTTP: it is to be told. */
  onPlainHttp(opening: OpeningConnection, stream: ByteStream, first: Buffer): void;
  /** Called once when it has come to nothing. */
  onOpeningFailed(opening: Opening): void;
}

/** A client that is told why it is refused has so long to take it. */
const LEAVING_MS = 500;
const HTTP_METHOD = /^[A-Z]{3,16} /;
const NO_BYTES = Buffer.alloc(0);

const HELLO = 0;
const QUEUED = 1;
const HANDSHAKING = 2;
const LEAVING = 3;
const CLOSED = 4;

/** One is read at a time, in one turn. */
const hello = emptyHello();

export class OpeningConnection implements Opening, FirstBytesOwner, HandshakeOwner, HandshakeTaker, DeadlineOwner {
  readonly peer: string;
  /** What a PROXY header has named; undefined: nobody, or there was none. */
  named: ConnectionEnds | undefined = undefined;
  readonly #owner: OpeningOwner;
  readonly #tls: ListenerTls;
  readonly #accepted: Accepted;
  readonly #deadline: Deadline;
  readonly #place: HandshakePlace;
  #phase = HELLO;
  #first: Buffer = NO_BYTES;
  #side: ServerSide | undefined = undefined;
  #stream: ByteStream | undefined = undefined;
  #leaving: Leaving | undefined = undefined;
  #serverName = '';
  #random = '';

  /** @param peer address of the client, which a PROXY header may have named */
  constructor(owner: OpeningOwner, tls: ListenerTls, accepted: Accepted, peer: string) {
    this.#owner = owner;
    this.#tls = tls;
    this.#accepted = accepted;
    this.peer = peer;
    this.#deadline = new Deadline(this);
    this.#place = new HandshakePlace(this);
  }

  /** Call it once, when its owner knows it: it may fail at once. @param first what was read of it so far; it may be kept */
  begin(first: Buffer): void {
    this.#owner.context.deadlines.arm(this.#deadline, this.#tls.timeoutMs);
    this.#accepted.peek(this);
    if (first.length > 0 && this.#phase === HELLO) this.onFirstBytes(first);
  }

  get begun(): boolean {
    return this.#phase !== HELLO || this.#first.length > 0;
  }

  onFirstBytes(bytes: Buffer): void {
    if (this.#phase === QUEUED) {
      // Nothing is due from a client before our first message, except early data, which is not taken.
      if (this.#first.length + bytes.length > 2 * MAX_HELLO_BYTES) return this.#fail('malformed');
      this.#first = Buffer.concat([this.#first, bytes]);
      return;
    }
    this.#first = this.#first.length === 0 ? bytes : Buffer.concat([this.#first, bytes]);
    const end = readClientHello(this.#first, this.#first.length, hello);
    if (end === HELLO_INCOMPLETE) return;
    if (end === HELLO_FOREIGN) return this.#refuseForeign();
    if (end < 0) return this.#leave('malformed', DECODE_ERROR);
    this.#side = this.#tls.find(hello.serverName);
    if (this.#side === undefined) return this.#leave('unknown_name', UNRECOGNIZED_NAME);
    this.#serverName = hello.serverName;
    this.#random = hello.random;
    this.#phase = QUEUED;
    this.#owner.context.handshakes.take(this.#place);
  }

  onHandshakeTurn(): void {
    this.#phase = HANDSHAKING;
    const first = this.#first;
    this.#first = NO_BYTES;
    this.#stream = this.#accepted.secure(this.#side!, first, this);
    // It may have failed already.
    if ((this.#phase as number) === CLOSED) this.#stream.destroy();
  }

  onSecure(stream: SecureByteStream): void {
    this.#owner.context.handshakes.end(this.#place);
    if (this.#phase !== HANDSHAKING) return stream.destroy();
    const identity = this.#tls.identify(stream);
    if (typeof identity === 'string') return this.#refuseClient(identity, stream);
    this.#phase = CLOSED;
    this.#deadline.disarm();
    const { version, cipher, resumed } = stream;
    this.#owner.counters.handshook(resumed ? HANDSHAKE.resumed : HANDSHAKE.full);
    const session = { serverName: this.#serverName, random: this.#random, version, cipher, resumed };
    this.#owner.onSecured(this, stream, new Security({ ...session, identity, forwards: this.#tls.forwardsIdentity }));
  }

  #refuseClient(reason: string, stream: SecureByteStream): void {
    this.#owner.context.log.info({ client: this.peer, serverName: this.#serverName, reason }, 'a client certificate is not accepted');
    this.#count('client_certificate');
    this.#leaveBy(stream);
  }

  onHandshakeFailed(reason: string): void {
    this.#owner.context.handshakes.end(this.#place);
    if (this.#phase === HANDSHAKING) this.#fail(reason === 'ECONNRESET' || reason === 'EPIPE' ? 'gone' : 'refused');
  }

  onFirstGone(): void {
    this.#fail('gone');
  }

  giveWay(): void {
    this.#fail('crowded_out');
  }

  onDeadline(): void {
    this.#fail('timeout');
  }

  destroy(): void {
    if (this.#phase === LEAVING) this.#leaving!.destroy();
    else this.#fail('gone');
  }

  #refuseForeign(): void {
    const first = this.#first;
    if (!HTTP_METHOD.test(first.toString('latin1', 0, 17))) return this.#fail('not_tls');
    this.#count('plain_http');
    this.#phase = CLOSED;
    this.#deadline.disarm();
    this.#owner.onPlainHttp(this, this.#accepted.open(), first);
  }

  #leave(code: HandshakeCode, alert: Buffer): void {
    this.#count(code);
    const stream = this.#accepted.open();
    stream.writeBytes(alert);
    this.#leaveBy(stream);
  }

  #leaveBy(stream: ByteStream): void {
    const { deadlines } = this.#owner.context;
    this.#phase = LEAVING;
    this.#stream = stream;
    this.#deadline.disarm();
    this.#leaving = new Leaving(stream, { deadlines, lingerMs: LEAVING_MS, onGone: () => this.#close() });
    this.#leaving.begin('end');
  }

  #count(code: HandshakeCode): void {
    this.#owner.counters.handshook(HANDSHAKE[code]);
  }

  #fail(code: HandshakeCode): void {
    if (this.#phase === CLOSED) return;
    this.#count(code);
    this.#close();
  }

  #close(): void {
    const before = this.#phase;
    this.#phase = CLOSED;
    this.#first = NO_BYTES;
    this.#deadline.disarm();
    // Whatever it ends by: a turn that came later would make TLS of a connection that is closed, which Node does not survive.
    this.#owner.context.handshakes.end(this.#place);
    if (this.#stream !== undefined) this.#stream.destroy();
    else if (before !== HANDSHAKING) this.#accepted.destroy();
    this.#owner.onOpeningFailed(this);
  }
}
