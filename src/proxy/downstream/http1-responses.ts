// Writes the responses of one HTTP/1 connection: how each is framed for its client, its head, its body as it came or edited, and whether the
// connection can be kept after it. It decides nothing else, and reads nothing.

import type { IncomingResponse } from '../../http/response.ts';
import { isBodyless } from '../../http/status.ts';
import { ChunkedDecoder } from '../../http1/chunked-decoder.ts';
import { BODY_CHUNKED, BODY_STREAM, BODY_UNTIL_CLOSE } from '../../http/body-kind.ts';
import { LAST_CHUNK, chunkHead, lastChunk } from '../../http1/write-chunk.ts';
import type { RequestHead } from '../../http1/request-head.ts';
import {
  CONNECTED,
  chunksOf,
  persistenceOf,
  placeHeadBefore,
  withoutChunks,
  writeInterimHead,
  writeLocalHead,
  writeResponseHead,
  writeSwitchHead,
} from '../../http1/write-response.ts';
import type { ByteStream } from '../../net/byte-stream.ts';
import type { UpstreamStream } from '../../upstream/protocol/upstream-stream.ts';

export interface ResponsesOwner {
  /** All that was written has left for the kernel, where that was to be told. */
  onFlushed(): void;
}

export class Http1Responses {
  /** Whether the connection may be kept, as far as the response goes that was begun last. */
  keeps = true;
  readonly #stream: ByteStream;
  readonly #owner: ResponsesOwner;
  /** Whether the client can tell by the framing that a response is not whole. */
  #framed = false;
  /** The client cannot read chunks (HTTP/1.0): they are taken apart. */
  #unchunker: ChunkedDecoder | undefined = undefined;
  /** The body comes without framing: it leaves in chunks. */
  #chunks = false;
  /** Made at the first write that needs it: idle connections and small responses do without. */
  #flushed: (() => void) | undefined = undefined;

  constructor(stream: ByteStream, owner: ResponsesOwner) {
    this.#stream = stream;
    this.#owner = owner;
  }

  /** An interim response, to clients that know them (RFC 9110, section 15.2). */
  interim(request: RequestHead, response: IncomingResponse): void {
    if (request.minor > 0) this.#stream.writeText(writeInterimHead(response, response.block), 'latin1');
  }

  /** The head of a 101, behind which the bytes of another protocol follow. */
  switchTo(response: IncomingResponse, fields: string, protocol: string): void {
    this.#stream.writeText(writeSwitchHead(response, fields, protocol), 'latin1');
  }

  /** The response to CONNECT. */
  connected(): void {
    this.#stream.writeText(CONNECTED, 'latin1');
  }

  /**
   * The head of the response in `upstream` with these fields, and what has come of its body.
   * @param mayKeep whether the connection could be kept, as far as the request and the listener go
   * @returns false: written bytes still lie in the upstream's memory
   */
  head(request: RequestHead, mayKeep: boolean, upstream: UpstreamStream, fields: string, from: number, to: number, done: boolean): boolean {
    const response = upstream.head;
    const { body } = response;
    const inChunks = body === BODY_CHUNKED || body === BODY_STREAM;
    const knowsChunks = request.minor > 0;
    this.#unchunker = body === BODY_CHUNKED && !knowsChunks ? new ChunkedDecoder() : undefined;
    this.#chunks = body === BODY_STREAM && knowsChunks;
    this.#framed = body !== BODY_UNTIL_CLOSE && (knowsChunks || !inChunks);
    this.keeps = mayKeep && this.#framed;
    const text = writeResponseHead(response, fields, inChunks && knowsChunks, persistenceOf(this.keeps, request.minor));
    if (this.#chunks) return this.#inChunks(request, upstream, text, from, to, done);
    if (this.#isEdited(upstream, to)) return this.#edited(request, upstream, text, from, done);
    if (upstream.text !== '') return this.#text(text + upstream.text.slice(upstream.textBody), done);
    if (to === from) return this.#text(text, done);
    return this.#bytes(placeHeadBefore(text, upstream.memory, from, to));
  }

  /** More of the body. Returns false: written bytes still lie in the upstream's memory. */
  body(request: RequestHead, upstream: UpstreamStream, from: number, to: number, done: boolean): boolean {
    if (this.#chunks) return this.#inChunks(request, upstream, '', from, to, done);
    if (this.#isEdited(upstream, to)) return this.#edited(request, upstream, '', from, done);
    return to === from || this.#bytes(upstream.memory.subarray(from, to));
  }

  /** Ends the body of the response in `upstream` here, as if it were whole; the connection is not kept. False: a chunk is under way. */
  endBody({ scanner }: UpstreamStream): boolean {
    // What comes without framing leaves in whole chunks.
    if (this.#framed && !this.#chunks && !scanner.betweenChunks) return false;
    if (this.#framed) this.#stream.writeText(LAST_CHUNK, 'latin1');
    this.keeps = false;
    return true;
  }

  /** A response of our own, whole. @param fields without what frames it @param body UTF-8 */
  local(request: RequestHead, mayKeep: boolean, status: number, fields: string, body: string): void {
    this.keeps = mayKeep;
    const bodyless = isBodyless(status);
    const head = writeLocalHead(status, fields, bodyless ? -1 : Buffer.byteLength(body), persistenceOf(mayKeep, request.minor));
    this.#stream.writeText(bodyless || request.method === 'HEAD' ? head : head + body, 'utf8');
  }

  /** Whether the client can tell by the framing that the response under way ends too soon, when the connection ends here. */
  tellsCut(looksDone: boolean): boolean {
    return this.#framed && !looksDone;
  }

  /** The exchange is over. */
  reset(): void {
    this.keeps = true;
    this.#framed = false;
    this.#unchunker = undefined;
    this.#chunks = false;
  }

  /** As one chunk, and the last one where it is done. */
  #inChunks(request: RequestHead, upstream: UpstreamStream, head: string, from: number, to: number, done: boolean): boolean {
    const end = done ? lastChunk(request.acceptsTrailers ? upstream.trailers : '') : '';
    if (to === from) return head + end === '' || this.#text(head + end, done);
    this.#stream.cork();
    this.#stream.writeText(head + chunkHead(to - from), 'latin1');
    this.#stream.writeBytes(upstream.memory.subarray(from, to));
    this.#stream.writeText('\r\n' + end, 'latin1', this.#flushed ?? this.#makeFlushed());
    this.#stream.uncork();
    return this.#stream.unsentBytes === 0;
  }

  /** Whether bytes cannot pass as they came: chunks for HTTP/1.0, or trailers, which pass as a whole, to those who ask (RFC 9110, section 6.5.1). */
  #isEdited({ head, scanner }: UpstreamStream, to: number): boolean {
    if (head.body !== BODY_CHUNKED) return false;
    return this.#unchunker !== undefined || scanner.dataEnd !== to || scanner.closing !== '';
  }

  #edited(request: RequestHead, { memory, scanner }: UpstreamStream, head: string, from: number, done: boolean): boolean {
    const body =
      this.#unchunker === undefined
        ? chunksOf(scanner, memory, from, request.acceptsTrailers)
        : withoutChunks(this.#unchunker, scanner, memory, from);
    return head + body === '' || this.#text(head + body, done);
  }

  #text(text: string, last: boolean): boolean {
    // Nothing follows that would have to wait for it.
    if (last) {
      this.#stream.writeText(text, 'latin1');
      return true;
    }
    this.#stream.writeText(text, 'latin1', this.#flushed ?? this.#makeFlushed());
    return this.#stream.unsentBytes === 0;
  }

  #bytes(bytes: Buffer): boolean {
    this.#stream.writeBytes(bytes, this.#flushed ?? this.#makeFlushed());
    return !this.#stream.borrows;
  }

  #makeFlushed(): () => void {
    this.#flushed = () => {
      if (this.#stream.unsentBytes === 0) this.#owner.onFlushed();
    };
    return this.#flushed;
  }
}
