// A connection of a client that is passed through: a version is chosen for it, an endpoint is looked for, and then the two connections are a
// tunnel, of which nobody here reads a byte.
//
//   begin --version--> LOOKING (endpoint-search) --found--> OPEN (tunnel) --ended--> LEAVING --> gone
//     |                   |                                                            ^
//     +-------------------+--- no place for it, refused, client gone ------------------+

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner } from '../../lib/deadlines.ts';
import type { ByteStream, StreamOwner } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import { NO_REQUEST } from '../../routing/passthrough.ts';
import type { ListenerCounters } from '../../telemetry/listener-counters.ts';
import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';
import { PASSTHROUGH, passthroughCodeOf } from '../../telemetry/passthroughs.ts';
import { TUNNEL_END } from '../../telemetry/tunnel-ends.ts';
import type { TunnelEnd } from '../../telemetry/tunnel-ends.ts';
import { UNRECOGNIZED_NAME } from '../../tls/alerts.ts';
import { NOT_READY_DRAINING } from '../../upstream/endpoint.ts';
import type { Introduction } from '../../upstream/introduction.ts';
import type { RawStream } from '../../upstream/protocol/upstream-stream.ts';
import type { ProxyContext } from '../context.ts';
import type { DownstreamOwner } from '../downstream/downstream.ts';
import { EarlyBytes, MIN_EARLY_BYTES } from '../downstream/early-bytes.ts';
import { introduce } from '../downstream/introduce.ts';
import { Leaving } from '../downstream/leaving.ts';
import { LATE_MS } from '../leave-moment.ts';
import { chooseVersion } from '../steps/choose-version.ts';
import { countHang } from '../steps/count-evidence.ts';
import { Tunnel } from '../tunnel/tunnel.ts';
import type { VersionedControl } from '../versioned.ts';
import { EndpointSearch } from './endpoint-search.ts';
import type { SearchOwner } from './endpoint-search.ts';
import { FirstByte } from './first-byte.ts';
import { observePassed } from './observe-passed.ts';
import { PassedState } from './passed-state.ts';
import { breakOff, settle, settleUnopened } from './settle.ts';

/** The listener, as these connections know it. */
export interface PassedOwner extends DownstreamOwner {
  readonly context: ProxyContext;
  readonly counters: ListenerCounters;
  /** Called once for each connection, when it is gone. */
  onPassedClosed(connection: PassedConnection): void;
}

/** What is known of a client that has been accepted. */
export interface PassedClient {
  /** Its address, which a PROXY header may have named. */
  readonly peer: string;
  /** What a PROXY header has named; undefined: nobody, or there was none. */
  readonly named: ConnectionEnds | undefined;
  /** The name that it asks for; empty: none, or nobody has looked. */
  readonly serverName: string;
}

/** How long a client has to close once we have ended our side. */
const LINGER_MS = 2000;
/** What has left for the kernel has this long to arrive before a reset overtakes it. */
const RESET_MS = 250;
/** Of bytes that came early: how many are passed on at a time. */
const PASSED_BYTES = 65_536;

export class PassedConnection implements VersionedControl, SearchOwner, StreamOwner, DeadlineOwner {
  readonly state: PassedState;
  readonly #owner: PassedOwner;
  readonly #stream: ByteStream;
  readonly #client: PassedClient;
  /** What the client has sent before there was anybody to take it. */
  readonly #early = new EarlyBytes();
  /** Made where an endpoint takes PROXY headers. */
  #introduction: Introduction | undefined = undefined;
  #search: EndpointSearch | undefined = undefined;
  #upstream: RawStream | undefined = undefined;
  #tunnel: Tunnel | undefined = undefined;
  #leaving: Leaving | undefined = undefined;
  /** The client has ended its side. */
  #ended = false;
  #paused = false;
  #settled = false;

  constructor(owner: PassedOwner, stream: ByteStream, client: PassedClient) {
    this.#owner = owner;
    this.#stream = stream;
    this.#client = client;
    this.state = new PassedState(new Deadline(this), client.peer, client.serverName);
  }

  get context(): ProxyContext {
    return this.#owner.context;
  }

  /** Call it once, when its owner knows it: it may fail at once. @param first what was read of it so far */
  begin(first: Buffer): void {
    const { state, context } = this;
    this.#stream.owner = this;
    if (first.length > 0) this.#early.add(first, 0, first.length);
    const startedMs = context.deadlines.refresh();
    state.startedMs = startedMs;
    state.attempt.startedMs = startedMs;
    state.attempt.versionSinceMs = startedMs;
    // A listener that left the Config still serves what was on its way, by the Table that knew it.
    state.serving = this.#owner.lastServing ?? context.servingNow;
    this.#guarded(() => this.#route());
  }

  /** Its tunnel, once there is one, is to end within this time. */
  leave(withinMs: number): void {
    this.#tunnel?.leave(withinMs);
  }

  /** Ends it at once. */
  destroy(): void {
    if (this.#tunnel !== undefined) this.#tunnel.cut();
    else this.#fail(OUTCOME.downstream_closed);
    this.#leaving?.destroy();
  }

  #route(): void {
    const { state, context } = this;
    const { settings } = this.#owner;
    state.destination = state.serving!.table.passthroughs.get(settings.name)?.find(state.serverName)?.destination;
    if (state.destination === undefined) return this.#fail(OUTCOME.no_route);
    if (context.rejectsRequests || this.isFull) return this.#fail(OUTCOME.overload);
    if (!chooseVersion(this, NO_REQUEST, state.client)) return this.#fail(OUTCOME.no_endpoint);
    this.#search = new EndpointSearch(state, context, this);
    this.#search.begin();
  }

  get introduction(): Introduction {
    return (this.#introduction ??= introduce(this.#client.named ?? this.#stream.ends, this.#client.peer));
  }

  get isFull(): boolean {
    return this.#owner.tunnelsFull;
  }

  onNotFound(outcome: Outcome): void {
    this.#fail(outcome);
  }

  onFound(connection: RawStream): void {
    this.#upstream = connection;
    this.#guarded(() => this.#open(connection));
  }

  // What the client does before there is a tunnel.

  onRead(bytes: Buffer, length: number): boolean {
    this.#early.add(bytes, 0, length);
    // A client that is not read cannot be seen to leave: it is paused for the sake of memory only.
    if (this.#early.length < MIN_EARLY_BYTES || this.#paused) return true;
    this.#paused = true;
    this.#stream.pause();
    return true;
  }

  /** It may still want to hear what the upstream says. */
  onEnd(): void {
    this.#ended = true;
  }

  onDrain(): void {}

  onGone(): void {
    this.#fail(OUTCOME.downstream_closed);
    this.#leaving!.destroy();
  }

  /** By now a first byte was to have come. */
  onDeadline(): void {
    countHang(this.state);
  }

  // The tunnel.

  #open(connection: RawStream): void {
    const { attempt } = this.state;
    const { counters, settings } = attempt.version!;
    const upstream = connection.openTunnel();
    const tunnel = new Tunnel({
      client: this.#stream,
      upstream,
      isWebSocket: false,
      idleMs: settings.tunnelMs,
      deadlines: this.context.deadlines,
      counters,
      onFinished: (_, end) => this.#onFinished(tunnel, end),
      onFault: (error) => this.context.failed(error),
    });
    this.#tunnel = tunnel;
    connection.longLived = tunnel;
    this.#countOpen();
    tunnel.open();
    new FirstByte(tunnel.upstream, (came) => this.#onFirst(tunnel, came)).watch(upstream);
    const isDraining = (attempt.endpoint!.notReadyReasons & NOT_READY_DRAINING) !== 0;
    const { lateMs } = this.context;
    if (isDraining || lateMs > 0) tunnel.leave(lateMs || LATE_MS);
    this.#passEarly(tunnel);
  }

  /** From here on it is counted as a tunnel. */
  #countOpen(): void {
    const { attempt } = this.state;
    const version = attempt.version!;
    const atMs = this.context.deadlines.refresh();
    if (version.followsLatency) version.observed(attempt.endpoint!, 0, atMs - attempt.startedMs, atMs);
    version.counters.leftFlight();
    version.counters.tunnelOpened();
    this.#owner.onTunnelOpened();
    this.#owner.counters.passed(PASSTHROUGH.opened);
  }

  #passEarly({ client }: Tunnel): void {
    if (this.#paused) this.#stream.resume();
    const { bytes, from, to } = this.#early;
    for (let at = from; at < to; at += PASSED_BYTES) {
      const piece = bytes.subarray(at, Math.min(at + PASSED_BYTES, to));
      client.onRead(piece, piece.length);
    }
    this.#early.release();
    if (this.#ended) client.onEnd();
  }

  /** The upstream has sent something, or ended without: by itself, or because the client or we have ended. */
  #onFirst(tunnel: Tunnel, came: boolean): void {
    const { state, context } = this;
    if (came) state.firstByteMs = context.deadlines.refresh() - state.startedMs;
    if (came || (!tunnel.client.ended && !tunnel.isClosing)) this.#settle(came ? OUTCOME.ok : OUTCOME.upstream_reset);
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    settle(this.state, outcome, this.context);
  }

  #onFinished({ client, upstream }: Tunnel, end: TunnelEnd): void {
    const { state } = this;
    const { attempt } = state;
    // What one side sees as a reset the other one sees as one: this is not all there was.
    if (client.wasReset) this.#upstream!.abort();
    else this.#upstream!.destroy();
    this.#tunnel = undefined;
    attempt.endpoint!.inFlight--;
    attempt.endpoint!.counters.ended();
    attempt.version!.counters.tunnelEnded(end.index, this.context.deadlines.refresh() - state.startedMs);
    this.#owner.onTunnelClosed();
    if (this.#settled && state.outcome === OUTCOME.ok && upstream.wasReset && end === TUNNEL_END.upstream) breakOff(state);
    // One that asked, and left before there was a response, has given up; one that never asked has not.
    this.#settle(client.wasReset && client.bytes > 0 ? OUTCOME.downstream_closed : OUTCOME.ok);
    state.bytesIn = client.bytes;
    state.bytesOut = upstream.bytes;
    state.detail = 'tunnel ended: ' + end.code;
    this.#close(upstream.wasReset || end === TUNNEL_END.internal, client.ended);
    if (client.gone) this.#leaving!.destroy();
  }

  // How it ends.

  /** It comes to nothing. */
  #fail(outcome: Outcome): void {
    if (this.#leaving !== undefined) return;
    this.#search?.end(outcome);
    settleUnopened(this.state, outcome, this.context);
    this.#owner.counters.passed(PASSTHROUGH[passthroughCodeOf(outcome)]);
    // It speaks TLS, and can be told why.
    const isNamed = outcome === OUTCOME.no_route && this.#owner.settings.passthrough === 'sni';
    if (isNamed) this.#stream.writeBytes(UNRECOGNIZED_NAME);
    this.#close(!isNamed, this.#ended);
  }

  #close(resets: boolean, hasEnded: boolean): void {
    const { state } = this;
    const { deadlines } = this.context;
    state.hangDeadline.disarm();
    this.#early.release();
    observePassed(state, this.#owner.settings.name, this.context);
    const lingerMs = resets ? RESET_MS : LINGER_MS;
    this.#leaving = new Leaving(this.#stream, { deadlines, lingerMs, onGone: () => this.#owner.onPassedClosed(this) });
    this.#leaving.begin(resets ? 'reset' : 'end', hasEnded);
  }

  /** A fault of ours costs this connection, not the worker. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (this.#tunnel !== undefined) return this.#tunnel.onFault(error);
      this.context.failed(error);
      this.#upstream?.destroy();
      this.#fail(OUTCOME.internal);
    }
  }
}
