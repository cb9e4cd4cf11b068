// The bytes of a body, in one buffer that holds nothing else. What the network hands over is let go at once: until the next collection of garbage
// it would add up to several times the body.

import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { formatSize } from '../config/size.ts';
import { HttpProblem } from './problem-reply.ts';

type Taken = { readonly bytes: Uint8Array } | { readonly error: Error };

/** Announced bytes of a body, at most `limit`, which is what one without a length may have; 0 = there is none. */
export function announcedBytes({ headers }: FastifyRequest, limit: number): number {
  if (headers['transfer-encoding'] !== undefined) return limit;
  const length = Number(headers['content-length'] ?? 0);
  return Number.isFinite(length) ? Math.min(length, limit) : limit;
}

/** Reads `payload` to its end. Rejects with an HttpProblem (413) when it is longer than its route takes. */
export function receiveBody(request: FastifyRequest, payload: IncomingMessage): Promise<Uint8Array> {
  const limit = request.routeOptions.bodyLimit;
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit));
  const buffer = new ArrayBuffer(0, { maxByteLength: Math.max(1, announcedBytes(request, limit)) });
  let size = 0;
  return new Promise((resolve, reject) => {
    const end = (taken: Taken): void => {
      payload.off('data', onChunk).off('end', onEnd).off('error', onGone).off('close', onGone);
      if ('bytes' in taken) return resolve(taken.bytes);
      letGo(buffer);
      // What still comes is for nobody.
      payload.resume();
      reject(taken.error);
    };
    const onChunk = (chunk: Uint8Array<ArrayBuffer>): void => {
      if (size + chunk.length > limit) return end({ error: tooLarge(limit) });
      buffer.resize(size + chunk.length);
      new Uint8Array(buffer).set(chunk, size);
      size += chunk.length;
      if (chunk.byteLength === chunk.buffer.byteLength) letGo(chunk.buffer);
    };
    const onEnd = (): void => end({ bytes: new Uint8Array(buffer, 0, size) });
    const onGone = (): void => end({ error: new HttpProblem(400, 'The connection ended before the body did.') });
    // A client that left while it waited tells nothing any more.
    if (payload.destroyed) return onGone();
    payload.on('data', onChunk).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/** Its memory is free at once. A view of it is empty from then on. */
export function letGo(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

function tooLarge(limit: number): HttpProblem {
  return new HttpProblem(413, `The body is larger than this call takes: ${formatSize(limit)}.`);
}
