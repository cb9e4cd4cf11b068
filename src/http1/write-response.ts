// Writes responses to clients as HTTP/1.1 text, latin1: heads, and the bodies that cannot pass as they came.
// It decides nothing: whether a connection is kept and which fields go out is settled before.

import { reasonPhrase } from '../http/status.ts';
import type { ChunkedDecoder } from './chunked-decoder.ts';
import type { ChunkedScanner } from './chunked-scanner.ts';

/** What a response says of its connection. */
export const CLOSES = 0;
/** As HTTP/1.1 does where nothing is said. */
export const PERSISTS = 1;
/** Said in so many words, for HTTP/1.0. */
export const KEEPS_ALIVE = 2;
export type Persistence = 0 | 1 | 2;

/** Status and reason phrase of a response as they are passed on. */
export interface StatusOfResponse {
  readonly status: number;
  readonly reason: string;
}

/** One of which the head tells whether a body follows. */
export interface FramedResponse extends StatusOfResponse {
  readonly isEmpty: boolean;
}

const OK_LINE = statusLine(200, 'OK');

/** @param minor of the client's request, HTTP/1.x */
export function persistenceOf(keep: boolean, minor: number): Persistence {
  if (!keep) return CLOSES;
  return minor === 0 ? KEEPS_ALIVE : PERSISTS;
}

/** @param fields header block, with Content-Length where there is one */
export function writeResponseHead(response: FramedResponse, fields: string, chunked: boolean, persistence: Persistence): string {
  const line = response.status === 200 && response.reason === 'OK' ? OK_LINE : statusLine(response.status, response.reason);
  const framed = chunked ? fields + 'transfer-encoding: chunked\r\n' : response.isEmpty ? fields + 'content-length: 0\r\n' : fields;
  return line + framed + connectionField(persistence) + '\r\n';
}

export function writeInterimHead(response: StatusOfResponse, fields: string): string {
  return statusLine(response.status, response.reason) + fields + '\r\n';
}

/** The head of a 101, behind which the bytes of another protocol follow. */
export function writeSwitchHead(response: StatusOfResponse, fields: string, protocol: string): string {
  return statusLine(response.status, response.reason) + fields + 'upgrade: ' + protocol + '\r\nconnection: upgrade\r\n\r\n';
}

/** The head of a response to CONNECT, behind which the tunnel begins: it has no length (RFC 9110, section 9.3.6). */
export const CONNECTED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** The head of a response that Sluice makes itself. @param bodyBytes -1 for a status without body */
export function writeLocalHead(status: number, fields: string, bodyBytes: number, persistence: Persistence): string {
  const length = bodyBytes < 0 ? '' : 'content-length: ' + bodyBytes + '\r\n';
  return statusLine(status, reasonPhrase(status)) + fields + length + connectionField(persistence) + '\r\n';
}

/** Where the head fits in front of the body's bytes it is written there, and both leave as one slice. */
export function placeHeadBefore(head: string, memory: Buffer, from: number, to: number): Buffer {
  const start = from - head.length;
  if (start < 0) return Buffer.concat([Buffer.from(head, 'latin1'), memory.subarray(from, to)]);
  memory.write(head, start, 'latin1');
  return memory.subarray(start, to);
}

/** Chunks as they came; trailers, if at all, once all of them are here. `scanner` has just gone over the bytes from `from`. */
export function chunksOf(scanner: ChunkedScanner, memory: Buffer, from: number, withTrailers: boolean): string {
  const { closing } = scanner;
  return memory.toString('latin1', from, scanner.dataEnd) + (withTrailers && closing !== '' ? scanner.trailerText + closing : closing);
}

/** The data of the chunks alone, for HTTP/1.0. `scanner` has just gone over the bytes from `from`. */
export function withoutChunks(decoder: ChunkedDecoder, scanner: ChunkedScanner, memory: Buffer, from: number): string {
  return decoder.take(memory, from, scanner.dataEnd).toString('latin1');
}

function statusLine(status: number, reason: string): string {
  return 'HTTP/1.1 ' + status + ' ' + reason + '\r\n';
}

function connectionField(persistence: Persistence): string {
  if (persistence === PERSISTS) return '';
  return persistence === CLOSES ? 'connection: close\r\n' : 'connection: keep-alive\r\n';
}
