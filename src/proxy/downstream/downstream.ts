// The client's side of an exchange, whatever protocol it speaks. Nobody above this seam sees a socket.

import type { IncomingResponse } from '../../http/response.ts';
import type { HeadLimits } from '../../http/head-limits.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import type { TrustedProxies } from '../../routing/trust.ts';
import type { ListenerCounters } from '../../telemetry/listener-counters.ts';
import type { Introducer } from '../../upstream/introduction.ts';
import type { LongLived, UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ServingState } from '../serving-state.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { Security } from './security.ts';

export interface ListenerSettings extends HeadLimits {
  readonly name: string;
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Whether clients may speak HTTP/1, and HTTP/2; one of them they may. */
  readonly http1: boolean;
  readonly http2: boolean;
  /** Open streams of one connection of HTTP/2. */
  readonly streams: number;
  /** 0 = no limit. */
  readonly requestsPerConnection: number;
  /** Open connections over all workers; 0 = no limit. */
  readonly connections: number;
  /** 0 = no limit. */
  readonly bodyBytes: number;
  readonly trust: TrustedProxies;
  /** Undefined: plaintext. */
  readonly tls: ListenerTls | undefined;
  /** Whether connections are passed through: all of them, or those of TLS, by the name that they ask for. */
  readonly passthrough: 'off' | 'whole' | 'sni';
  /** Open tunnels over all workers; 0 = no limit. */
  readonly tunnels: number;
  /** Whether connections begin with a PROXY header; only those of trusted peers are taken then. */
  readonly proxyProtocol: boolean;
}

/** What an exchange may know of the listener that its client came to. It changes with the Config, so nobody keeps parts of it. */
export interface DownstreamOwner {
  readonly settings: ListenerSettings;
  readonly counters: ListenerCounters;
  /** The last one that knew this listener, once it leaves: requests that were on their way are served by it. */
  readonly lastServing: ServingState | undefined;
  /** Whether it may have no further tunnel. */
  readonly tunnelsFull: boolean;
  onTunnelOpened(): void;
  onTunnelClosed(): void;
}

/** One client connection, or one stream of it, during one exchange. */
export interface Downstream extends Introducer {
  readonly owner: DownstreamOwner;
  /** Address of the peer, IPv4-mapped addresses as IPv4; empty on a Unix socket. */
  readonly peer: string;
  /** What is known of its TLS; undefined: it is plaintext. */
  readonly security: Security | undefined;
  /** Whether it is a stream of HTTP/2. */
  readonly isHttp2: boolean;
  /** Forwarding fields that are the same for every request of an untrusted peer; made at the first. */
  forwarded: string;
  /** What it carries that does not end by itself. */
  longLived: LongLived | undefined;
  /** Passes on an interim response, where the client knows them. */
  sendInterim(response: IncomingResponse): void;
  /**
   * Passes on the response in `upstream` with these fields, and the first of its body, which lies in `from` to `to` of its memory. `done`: that is
   * all of it. False: the bytes must stay as they are until the exchange hears that all is flushed.
   */
  sendHead(upstream: UpstreamStream, fields: string, from: number, to: number, done: boolean): boolean;
  /** Passes on more of its body. False: as above. */
  sendBody(upstream: UpstreamStream, from: number, to: number, done: boolean): boolean;
  /** Ends the body of the response in `upstream` here, as if it were whole, and the connection behind it. False: a chunk is under way. */
  endBody(upstream: UpstreamStream): boolean;
  /** A whole response of our own. @param fields without what frames it @param body UTF-8; left out where the request or the status wants none */
  sendReply(status: number, fields: string, body: string): void;
  /** Called in a tunnel: tells the client that its protocol is changed to this one. */
  sendSwitch(response: IncomingResponse, fields: string, protocol: string): void;
  /** Called in a tunnel: tells the client that what it asked for by CONNECT is connected. */
  sendConnected(): void;
  /** (Re)starts the clock on a client that must send or take bytes now: `onDownstreamStalled` follows after this time; 0 = never. */
  watchProgress(stallMs: number): void;
  unwatchProgress(): void;
  /** Reads no more of the request until `resume`. */
  pause(): void;
  resume(): void;
  /**
   * Ends the response, of which more was to come, so that the client can tell. `end` still follows.
   * @param looksDone what has been written of it may be taken for the whole
   */
  cutOff(looksDone: boolean): void;
  /** Closes so that nobody can take what was sent for a whole response. `end` still follows. */
  abort(): void;
  /** Hands over its bytes, in both directions, until `closeTunnel`; set `longLived` then. */
  openTunnel(): ByteStream;
  /** Of a tunnel: its exchange is over. */
  giveBack(): void;
  /** Gives the tunnel what the client sent before it was open, and the end of its side where that has come. */
  passEarly(): void;
  /** Has its bytes back; `end` or `abort` follows. */
  closeTunnel(): void;
  /** The exchange has ended and all that it had to say is written. @param clean the connection may serve another request, as far as the exchange goes */
  end(clean: boolean): void;
}
