// What a worker counts of one listener.

import { Cells } from './counter-cells.ts';
import * as at from './counter-layout.ts';

export class ListenerCounters extends Cells {
  opened(): void {
    this.cells[this.first + at.LISTENER_OPEN]!++;
    this.cells[this.first + at.LISTENER_ACCEPTED]!++;
  }

  closed(): void {
    this.cells[this.first + at.LISTENER_OPEN]!--;
  }

  /** Open connections that a listener took along when it was renamed; negative where they left. */
  moved(connections: number): void {
    this.cells[this.first + at.LISTENER_OPEN]! += connections;
  }

  tunnelOpened(): void {
    this.cells[this.first + at.LISTENER_TUNNELS]!++;
  }

  tunnelClosed(): void {
    this.cells[this.first + at.LISTENER_TUNNELS]!--;
  }

  /** The same as `moved`, of tunnels. */
  tunnelsMoved(tunnels: number): void {
    this.cells[this.first + at.LISTENER_TUNNELS]! += tunnels;
  }

  requested(): void {
    this.cells[this.first + at.LISTENER_REQUESTS]!++;
  }

  /** @param outcome position in `OUTCOMES` */
  refused(outcome: number): void {
    this.cells[this.first + at.LISTENER_REFUSED + outcome]!++;
  }

  /** A connection over TLS was opened, or came to nothing. @param code position in `HANDSHAKE_CODES` */
  handshook(code: number): void {
    this.cells[this.first + at.LISTENER_HANDSHAKES + code]!++;
  }

  /** A connection has, or has not, begun with a PROXY header. @param code position in `PROXY_HEADER_CODES` */
  introduced(code: number): void {
    this.cells[this.first + at.LISTENER_PROXY_HEADERS + code]!++;
  }

  /** A connection is passed through, or has come to nothing before. @param code position in `PASSTHROUGH_CODES` */
  passed(code: number): void {
    this.cells[this.first + at.LISTENER_PASSTHROUGHS + code]!++;
  }

  streamOpened(): void {
    this.cells[this.first + at.LISTENER_STREAMS]!++;
  }

  streamClosed(): void {
    this.cells[this.first + at.LISTENER_STREAMS]!--;
  }

  /** The same as `moved`, of streams. */
  streamsMoved(streams: number): void {
    this.cells[this.first + at.LISTENER_STREAMS]! += streams;
  }

  /** A connection or a stream of HTTP/2 was ended for what its client did. @param code position in `HTTP2_FAULT_CODES` */
  http2Fault(code: number): void {
    this.cells[this.first + at.LISTENER_HTTP2_FAULTS + code]!++;
  }
}
