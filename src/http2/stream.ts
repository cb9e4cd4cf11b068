// What the protocol knows of one stream: its state, its windows, and whether its content is as long as was declared. A connection extends it with
// what the stream carries, and uses it again for another one.

import { PROTOCOL_ERROR } from './error-codes.ts';
import { FlowControl } from './flow-control.ts';
import { DATA } from './frames.ts';
import { IDLE, STREAM_SCOPE, TAKE, judgeFrame, withLocalEnd, withRemoteEnd } from './stream-state.ts';
import type { StreamState, Verdict } from './stream-state.ts';

export class Stream extends FlowControl {
  id = 0;
  state: StreamState = IDLE;
  /** The peer's head has come, and it was no interim one: content may follow, and the next HEADERS are trailers. */
  hasHead = false;
  /** Octets of content that are to come; -1: that was not declared. */
  contentLeft = -1;

  /** Starts anew with this identifier. */
  begin(id: number, state: StreamState, sendSize: number, receiveSize: number): void {
    this.id = id;
    this.state = state;
    this.hasHead = false;
    this.contentLeft = -1;
    this.beginWindows(sendSize, receiveSize);
  }

  /** What becomes of a frame of this type. */
  judge(type: number): Verdict {
    const verdict = judgeFrame(this.state, type);
    // RFC 9113, section 8.1: a message begins with its head.
    return verdict === TAKE && type === DATA && !this.hasHead ? STREAM_SCOPE | PROTOCOL_ERROR : verdict;
  }

  /** The peer has ended its side. */
  endRemote(): void {
    this.state = withRemoteEnd(this.state);
  }

  /** We have ended ours. */
  endLocal(): void {
    this.state = withLocalEnd(this.state);
  }

  /**
   * Content has come, or, with `ends` and no octets, trailers. False: PROTOCOL_ERROR, it is not as long as was declared (RFC 9113, section 8.1.1).
   * Set `contentLeft` to the Content-Length when there is one, and to 0 where there may be no content (a response to HEAD, 204, 304).
   */
  takeContent(octets: number, ends: boolean): boolean {
    if (this.contentLeft < 0) return true;
    const fits = octets <= this.contentLeft;
    this.contentLeft = fits ? this.contentLeft - octets : 0;
    return fits && (!ends || this.contentLeft === 0);
  }
}
