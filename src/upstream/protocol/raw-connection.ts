// A connection to an endpoint of which nobody here reads a byte: it is made for one connection of a client, and ends with it.
//
//   CONNECTING --connected--> OPEN, in which another has its bytes
//        |                      |
//        +----------------------+--> CLOSED: by `destroy` and `cut`, when the time to connect is over, when it cannot be made

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { ByteStream, ConnectingOwner } from '../../net/byte-stream.ts';
import { connect } from '../../net/connect.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { ALPN_HTTP1 } from '../../tls/protocols.ts';
import type { Endpoint, LiveConnection } from '../endpoint.ts';
import type { RawRequest } from '../stream-request.ts';
import { sharedBlock } from './blocks.ts';
import { connectOutcome, describeTlsFault, secureOutcome } from './connect-outcome.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import type { RawStream, LongLived } from './upstream-stream.ts';

const HTTP1_ALONE = [ALPN_HTTP1];

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

export class RawConnection implements RawStream, LiveConnection, ConnectingOwner, DeadlineOwner {
  readonly endpoint: Endpoint;
  longLived: LongLived | undefined = undefined;
  fault = '';

  readonly #owner: ConnectionOwner;
  readonly #stream: ByteStream;
  readonly #deadline: Deadline;
  /** What it begins with; empty: nothing, or it is written before TLS. */
  #header = '';
  #request: RawRequest | undefined;
  #phase = CONNECTING;
  #failure: Outcome = OUTCOME.connect_refused;

  constructor(endpoint: Endpoint, owner: ConnectionOwner, request: RawRequest) {
    this.endpoint = endpoint;
    this.#owner = owner;
    this.#request = request;
    this.#deadline = new Deadline(this);
    const to = endpoint.address;
    if (to.kind === 'srv') throw new Error('an SRV name is resolved before a connection is made');
    const { secure, serverName: name = endpoint.name, proxyProtocol } = owner;
    const header = proxyProtocol === undefined ? '' : request.introduction.header(proxyProtocol);
    if (secure === undefined) this.#header = header;
    this.#stream =
      secure === undefined
        ? connect(to, sharedBlock(), this)
        : secure.connect({ address: to, name, header, protocols: HTTP1_ALONE }, sharedBlock(), this);
    owner.deadlines.arm(this.#deadline, owner.settings.connectMs);
  }

  openTunnel(): ByteStream {
    return this.#stream;
  }

  leave(withinMs: number): void {
    this.longLived?.leave(withinMs);
  }

  stay(): void {
    this.longLived?.stay();
  }

  cut(): void {
    if (this.longLived === undefined) this.#fail(OUTCOME.drain_timeout);
    else this.longLived.cut();
  }

  destroy(): void {
    this.#request = undefined;
    if (this.#phase === CLOSED) return;
    this.#stream.destroy();
    this.#close();
  }

  abort(): void {
    if (this.#phase !== CLOSED && this.endpoint.address.kind === 'tcp') this.#stream.abort();
    this.destroy();
  }

  onDeadline(): void {
    this.#fail(OUTCOME.connect_timeout);
  }

  onConnected(): void {
    if (this.#phase !== CONNECTING) return;
    this.#phase = OPEN;
    this.#deadline.disarm();
    const request = this.#request;
    this.#request = undefined;
    // At once: the upstream may be the one that speaks first.
    if (this.#header !== '') this.#stream.writeText(this.#header, 'latin1');
    this.#owner.onOpened();
    if (request === undefined) this.destroy();
    else request.onRawConnected(this);
  }

  onError(error: NodeJS.ErrnoException): void {
    if (this.#phase !== CONNECTING) return;
    const { secure } = this.#owner;
    this.#failure = secure === undefined ? connectOutcome(error) : secureOutcome(error);
    if (this.#failure === OUTCOME.connect_tls) this.fault = describeTlsFault(error);
  }

  onGone(): void {
    this.#fail(this.#failure);
  }

  // Once it is open its stream is another's, who is told in place of it.

  onRead(): boolean {
    return true;
  }

  onEnd(): void {
    this.#fail(this.#failure);
  }

  onDrain(): void {}

  #fail(outcome: Outcome): void {
    const request = this.#request;
    this.destroy();
    request?.onRawFailure(this, outcome);
  }

  #close(): void {
    this.#phase = CLOSED;
    this.#deadline.disarm();
    this.longLived = undefined;
    this.#owner.onRawClosed(this);
  }
}
