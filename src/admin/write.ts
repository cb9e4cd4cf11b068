// One change from a request to its response. What the change means is not known here.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { sentence } from '../lib/shown-text.ts';
import type { Change, ChangeOutcome, ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { expectedRevision, tagOf } from './preconditions.ts';
import { exhausted, HttpProblem } from './problem-reply.ts';
import { fieldsProblem } from './role-problem.ts';
import type { Caller } from './role-problem.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE } from './read-body.ts';

/** Query parameters of every write. */
export const WRITE_QUERY = ['dryRun', 'reason'] as const;
/** Of those whose body has no room for `force`. */
export const FORCEFUL_QUERY = [...WRITE_QUERY, 'force'] as const;

/** @param reason of the body; it has precedence over that of the query */
export async function carryOut(
  control: ControlApi,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  change: Change,
  reason?: string,
): Promise<FastifyReply> {
  const isForceful = FORCEFUL.has(change.kind);
  const query = readQuery(request.query, isForceful ? FORCEFUL_QUERY : WRITE_QUERY);
  chooseType(request.headers.accept, [JSON_TYPE]);
  if (request.headers['if-none-match'] !== undefined) throw new HttpProblem(400, 'A change takes If-Match, not If-None-Match.');
  const { author, role } = request;
  const expected = expectedRevision(request.headers['if-match'], control.revision);
  const asked = {
    change: query.force ? { ...change, force: true } : change,
    author,
    role,
    reason: reason ?? query.reason ?? '',
    expected,
    dryRun: query.dryRun,
  };
  const outcome = await control.change(asked, request.account);
  if (outcome.result === 'unconfirmed' && isForceful) throw unconfirmed(outcome.message, 'force=true in the query');
  return response(request, reply, outcome);
}

const FORCEFUL: ReadonlySet<Change['kind']> = new Set(['config', 'reset-config', 'reset-split']);

function unconfirmed(message: string, how: string): HttpProblem {
  return new HttpProblem(409, `${sentence(message)} Send ${how} if that is meant.`);
}

function response(request: FastifyRequest, reply: FastifyReply, outcome: ChangeOutcome): FastifyReply {
  switch (outcome.result) {
    case 'applied': {
      const { revision, workers, differences, moved } = outcome;
      return tagged(reply, revision).send({ revision, workers, differences, moved });
    }
    case 'dry-run': {
      const { revision, differences, moved, impact } = outcome;
      return tagged(reply, revision).send({ revision, dryRun: true, differences, moved, impact });
    }
    default:
      throw refusedBy(outcome, request);
  }
}

/** Why nothing was changed, as a problem for the client. */
export function refusedBy(outcome: Exclude<ChangeOutcome, { result: 'applied' | 'dry-run' }>, caller: Caller): HttpProblem {
  switch (outcome.result) {
    case 'forbidden':
      return fieldsProblem(outcome, caller);
    case 'stale': {
      const { revision } = outcome;
      return new HttpProblem(412, `The current revision is ${revision}.`, { revision }, { etag: tagOf(revision) });
    }
    case 'rejected': {
      const problems = outcome.problems.map(({ path, line, column, message }) => ({ path, line, column, message }));
      return new HttpProblem(422, 'The rules of the config do not allow this; nothing has changed.', { problems });
    }
    case 'unconfirmed':
      return unconfirmed(outcome.message, '"force": true');
    case 'exhausted':
      return exhausted(caller.author, outcome.seconds);
    case 'unknown':
      return new HttpProblem(404, outcome.message);
    case 'failed':
      return new HttpProblem(503, outcome.message, {}, { 'retry-after': '1' });
  }
}

export function tagged(reply: FastifyReply, revision: number): FastifyReply {
  return reply.header('etag', tagOf(revision)).type(JSON_TYPE);
}
