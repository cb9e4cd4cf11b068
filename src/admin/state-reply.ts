// How state is sent: with its revision as the tag, and not at all when the client has it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ControlApi } from '../control/control-api.ts';
import { joinInTurns } from '../lib/pace.ts';
import { chooseType } from './accept.ts';
import { isKnown, tagOf } from './preconditions.ts';
import { HttpProblem } from './problem-reply.ts';
import { JSON_TYPE } from './read-body.ts';

/** Ends a GET with `state` of `revision` as JSON, or with 304. */
export function sendState(request: FastifyRequest, reply: FastifyReply, revision: number, state: object): FastifyReply {
  chooseType(request.headers.accept, [JSON_TYPE]);
  if (tagUnlessKnown(request, reply, revision)) return reply.code(304).send();
  return reply.type(JSON_TYPE).send(state);
}

/**
 * The same in turns, for a state that may take long to look up or to write.
 * @param pieces of its JSON, made when they are asked for
 */
export async function sendStateInTurns(
  request: FastifyRequest,
  reply: FastifyReply,
  revision: number,
  pieces: () => Iterable<string>,
): Promise<FastifyReply> {
  chooseType(request.headers.accept, [JSON_TYPE]);
  if (tagUnlessKnown(request, reply, revision)) return reply.code(304).send();
  return sendInTurns(request, reply, pieces());
}

/** Ends a request with JSON that may be long. */
export async function sendInTurns(request: FastifyRequest, reply: FastifyReply, pieces: Iterable<string>): Promise<FastifyReply> {
  // What is done until here is on the caller's account already.
  await Promise.resolve();
  const body = await joinInTurns(pieces, (ms) => request.account.charge(ms));
  // The framework names the charset of texts, and this is bytes.
  return reply.type(`${JSON_TYPE}; charset=utf-8`).send(body);
}

/** Sets the tag; true when the client has named it. It stands for the desired state: a client that watches live state names none. */
export function tagUnlessKnown(request: FastifyRequest, reply: FastifyReply, revision: number): boolean {
  const tag = tagOf(revision);
  reply.header('etag', tag);
  return isKnown(request.headers['if-none-match'], tag);
}

/** Throws an HttpProblem (503) before the first config is in force. */
export function mustServe(control: ControlApi): void {
  if (control.revision === 0) throw new HttpProblem(503, 'No config is in force yet.', {}, { 'retry-after': '1' });
}
