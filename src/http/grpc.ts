// What gRPC asks of a response that no application has made: status 200, and what went wrong as a status of its own, in a head that is the whole
// response (PROTOCOL-HTTP2 of gRPC, "Responses"). Clients would guess it from the status of HTTP otherwise.

import { findField } from './header-block.ts';

/** By status of HTTP, as clients guess (http-grpc-status-mapping of gRPC); but a time that is over is told as such, and what is too large as well. */
const STATUSES: Readonly<Record<number, number>> = {
  403: 7, // PERMISSION_DENIED
  404: 12, // UNIMPLEMENTED
  408: 4, // DEADLINE_EXCEEDED
  413: 8, // RESOURCE_EXHAUSTED
  414: 13, // INTERNAL
  417: 13,
  421: 14, // UNAVAILABLE
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
};
const INTERNAL = 13;

const GRPC = /^application\/grpc(?:[+;]|$)/i;

/** Whether a header block is that of a call; gRPC-Web, which browsers speak over HTTP/1 as well, is none. */
export function isGrpc(block: string): boolean {
  return GRPC.test(findField(block, 'content-type') ?? '');
}

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/**
 * For how long the client of a call waits, in milliseconds, at least 1 (PROTOCOL-HTTP2 of gRPC, "Requests"); 0: it does not say, or says nothing that
 * could be read.
 */
export function callTimeoutMs(block: string): number {
  const read = TIMEOUT.exec(findField(block, 'grpc-timeout') ?? '');
  if (read === null || !isGrpc(block)) return 0;
  return Math.max(1, Math.ceil(Number(read[1]) * UNIT_MS[read[2]!]!));
}

/** Statuses of gRPC that a call may be tried again for, by the words that configs have for them. */
export const RETRIED_CALLS: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

/** As which status of HTTP an application's own status of gRPC counts, by its number: those of 500 and above are its fault. */
const COUNTED_AS: readonly number[] = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
const OK = 0;
const UNKNOWN = 2;
const STATUS = /^\d{1,2}$/;

/** The status of a call, by the fields behind its content, or those of a head that is all of its response; UNKNOWN where they have none. */
export function callStatusOf(block: string): number {
  const text = findField(block, 'grpc-status') ?? '';
  return STATUS.test(text) && Number(text) < COUNTED_AS.length ? Number(text) : UNKNOWN;
}

/** @param status of gRPC */
export function countedAs(status: number): number {
  return status === OK ? 200 : COUNTED_AS[status]!;
}

/** Fields of a response to a call that has come to nothing. @param status of HTTP @param text printable ASCII without `%` */
export function grpcFields(status: number, text: string): string {
  return `content-type: application/grpc\r\ngrpc-status: ${STATUSES[status] ?? INTERNAL}\r\ngrpc-message: ${text}\r\n`;
}
