// States of a stream (RFC 9113, section 5.1), and which frames may come in each. Pure. There are no reserved streams: nobody pushes.

import { PROTOCOL_ERROR, STREAM_CLOSED } from './error-codes.ts';
import { HEADERS, PRIORITY, RST_STREAM, WINDOW_UPDATE } from './frames.ts';

export const IDLE = 0;
export const OPEN = 1;
/** We have ended our side. */
export const HALF_CLOSED_LOCAL = 2;
/** The peer has ended its side. */
export const HALF_CLOSED_REMOTE = 3;
export const CLOSED = 4;
export type StreamState = 0 | 1 | 2 | 3 | 4;

/** What is to be done with a frame: one of these, or an error. */
export const TAKE = 0;
/** It changes nothing, and is no fault. Fields still go through HPACK, and content counts for the window of the connection. */
export const IGNORE = 1;
/** An error of the stream: added to its code. */
export const STREAM_SCOPE = 0x100;
/** An error of the connection: added to its code. */
export const CONNECTION_SCOPE = 0x200;
export type Verdict = number;

/** The code of a verdict that is an error. */
export function codeOf(verdict: Verdict): number {
  return verdict & 0xff;
}

/** What becomes of a frame of this type on a stream in this state. Of an idle stream it is judged elsewhere whether HEADERS may begin it. */
export function judgeFrame(state: StreamState, type: number): Verdict {
  if (type === PRIORITY) return IGNORE;
  switch (state) {
    case IDLE:
      return type === HEADERS ? TAKE : CONNECTION_SCOPE | PROTOCOL_ERROR;
    case OPEN:
      return TAKE;
    case HALF_CLOSED_LOCAL:
      return type === WINDOW_UPDATE ? IGNORE : TAKE;
    case HALF_CLOSED_REMOTE:
      return type === WINDOW_UPDATE || type === RST_STREAM ? TAKE : STREAM_SCOPE | STREAM_CLOSED;
    case CLOSED:
      return type === WINDOW_UPDATE || type === RST_STREAM ? IGNORE : CONNECTION_SCOPE | STREAM_CLOSED;
  }
}

/** After END_STREAM of the peer. */
export function withRemoteEnd(state: StreamState): StreamState {
  return state === HALF_CLOSED_LOCAL || state === CLOSED ? CLOSED : HALF_CLOSED_REMOTE;
}

/** After END_STREAM of ours. */
export function withLocalEnd(state: StreamState): StreamState {
  return state === HALF_CLOSED_REMOTE || state === CLOSED ? CLOSED : HALF_CLOSED_LOCAL;
}
