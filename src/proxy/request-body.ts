// The body of a request on its way through: finds where it ends in what the client sends, and refuses what is malformed or too large
// before a byte of it is passed on. It keeps none of the bytes.

import { ChunkedScanner } from '../http1/chunked-scanner.ts';
import { BODY_CHUNKED, BODY_NONE, BODY_STREAM } from '../http/body-kind.ts';
import type { BodyKind } from '../http/body-kind.ts';
import { REFUSAL_OUTCOMES } from '../http/refusal.ts';
import type { IncomingRequest } from '../http/request.ts';
import { OUTCOME } from '../telemetry/outcomes.ts';
import type { Outcome } from '../telemetry/outcomes.ts';

export class RequestBody {
  /** All of it has been read. */
  done = true;
  /** Bytes of it read so far, as framed. */
  bytes = 0;
  /** Why it was refused, once `advance` or `begin` has said so. */
  refusal: Outcome = OUTCOME.bad_request;
  kind: BodyKind = BODY_NONE;
  /** Of a body with a length: bytes that are yet to come. */
  remaining = 0;
  /** Header block behind a body of BODY_STREAM that is over. */
  trailers = '';
  readonly scanner = new ChunkedScanner();
  /** What stands for the bytes of the last `advance`, where they cannot pass as they came (extensions, trailers); it may be empty. */
  cleaned: Buffer | undefined = undefined;
  /** Most bytes of a body of BODY_STREAM; 0 = no limit. */
  #limit = 0;

  /** Back to the first values. */
  reset(): void {
    if (this.kind === BODY_CHUNKED) this.scanner.reset();
    this.done = true;
    this.bytes = 0;
    this.refusal = OUTCOME.bad_request;
    this.kind = BODY_NONE;
    this.remaining = 0;
    this.trailers = '';
    this.cleaned = undefined;
    this.#limit = 0;
  }

  /** Starts on the body that `head` announces; false when it is larger than `limit` bytes (0 = no limit). */
  begin(head: IncomingRequest, limit: number): boolean {
    this.kind = head.body;
    this.done = head.body === BODY_NONE;
    this.bytes = 0;
    this.remaining = 0;
    if (this.done) return true;
    if (head.body === BODY_CHUNKED) {
      this.scanner.reset(limit);
      return true;
    }
    this.#limit = limit;
    if (head.body === BODY_STREAM) return true;
    this.remaining = head.contentLength;
    if (limit === 0 || head.contentLength <= limit) return true;
    this.refusal = OUTCOME.body_too_large;
    return false;
  }

  /** Where the body ends in `bytes` from `from` to `to`: `to` when all of them belong to it, -1 when it is refused. */
  advance(bytes: Buffer, from: number, to: number): number {
    if (this.done) return from;
    if (this.kind === BODY_STREAM) return this.#count(from, to);
    const end = this.kind === BODY_CHUNKED ? this.scanner.scan(bytes, from, to) : Math.min(to, from + this.remaining);
    if (end < 0) {
      this.refusal = OUTCOME[REFUSAL_OUTCOMES[this.scanner.refusalCode] ?? 'bad_request'];
      return -1;
    }
    this.remaining -= end - from;
    this.done = this.kind === BODY_CHUNKED ? this.scanner.done : this.remaining === 0;
    this.bytes += end - from;
    if (this.kind === BODY_CHUNKED) this.#clean(bytes, from, end);
    return end;
  }

  /** A body of BODY_STREAM is over. */
  end(trailers: string): void {
    this.done = true;
    this.trailers = trailers;
  }

  #count(from: number, to: number): number {
    this.bytes += to - from;
    if (this.#limit === 0 || this.bytes <= this.#limit) return to;
    this.refusal = OUTCOME.body_too_large;
    return -1;
  }

  #clean(bytes: Buffer, from: number, to: number): void {
    const { scanner } = this;
    this.cleaned = undefined;
    if (scanner.dataEnd === to && scanner.closing === '' && scanner.cuts.length === 0) return;
    scanner.dropCuts(bytes, from, to);
    const rest = scanner.closing === '' ? '' : scanner.trailerText + scanner.closing;
    this.cleaned = Buffer.concat([bytes.subarray(from, scanner.dataEnd), Buffer.from(rest, 'latin1')]);
  }
}
