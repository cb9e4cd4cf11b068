// Responses of the admin API that say what went wrong: problem details (RFC 9457).

import type { FastifyReply } from 'fastify';
import { reasonPhrase } from '../http/status.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** Thrown while a request is served, for a fault of the client: it becomes the response. Never for a fault of Sluice itself. */
export class HttpProblem extends Error {
  readonly statusCode: number;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    detail: string,
    extra: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.statusCode = statusCode;
    this.extra = extra;
    this.headers = headers;
  }
}

/** @param seconds until the caller may use more */
export function exhausted(author: string, seconds: number): HttpProblem {
  return new HttpProblem(429, `${author} has used up its share of the control thread for now.`, {}, { 'retry-after': String(seconds) });
}

/** @param detail what is wrong and what would be right; @param extra further members of the problem */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const problem = problemDetails(status, detail);
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send({ ...extra, ...problem });
}

export function problemDetails(status: number, detail: string): ProblemDetails {
  return { type: 'about:blank', title: reasonPhrase(status), status, detail };
}
