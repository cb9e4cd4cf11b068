// Links of notifications: GET shows, POST acts. A person who has one needs no token, so it does what it says once, and no more than an operator may.
// The guard has looked whether it is genuine.

import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isPlainText } from '../config/syntax.ts';
import type { ControlApi } from '../control/control-api.ts';
import type { LinkView } from '../control/rollouts/rollouts-api.ts';
import { chooseType } from './accept.ts';
import { askedIn, LINK_PATH, unknownLink } from './asked-link.ts';
import { HTML_TYPE, linkPage, MAX_LINK_REASON_LENGTH, PAGE_HEADERS, problemPage } from './link-page.ts';
import { describe, FORM_TYPE } from './openapi.ts';
import { HttpProblem, PROBLEM_TYPE } from './problem-reply.ts';
import { receiveBody } from './receive-body.ts';
import { problemOf } from './rollouts.ts';

/** A reason in other letters takes up to nine bytes for each. */
const MAX_FORM_BYTES = 4096;

export function addLinks(app: FastifyInstance, control: ControlApi): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(FORM_TYPE, (request: FastifyRequest, payload: IncomingMessage) => receiveBody(request, payload));
    scope.setErrorHandler<FastifyError | HttpProblem>((error, request, reply) => {
      const problem = 'code' in error && error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? NO_FORM : error;
      // Programs get problem details, as everywhere.
      if (!(problem instanceof HttpProblem) || !wantsPage(request)) throw problem;
      return sendPage(reply.headers(problem.headers), problem.statusCode, problemPage(problem.statusCode, problem.message));
    });
    addRoutes(scope, control);
  });
}

const NO_FORM = new HttpProblem(415, `A link takes the form of its page, ${FORM_TYPE}, or no body.`);

function addRoutes(app: FastifyInstance, { rollouts }: ControlApi): void {
  const config = { access: 'link', headers: PAGE_HEADERS } as const;
  const link = { tag: 'rollouts', kind: 'link', path: ['rollout', 'action', 'code'], response: [HTML_TYPE] } as const;
  const shown = describe({ ...link, id: 'showLink', summary: 'A page that says what a link of a notification would do. Changes nothing.' });
  app.get(LINK_PATH, { schema: shown, config }, (request, reply) => sendView(reply, rollouts.link(askedIn(request)) ?? unknownLink()));
  const used = describe({ ...link, id: 'useLink', summary: 'Does what a link of a notification says, once.', form: true });
  app.post(LINK_PATH, { schema: used, config, bodyLimit: MAX_FORM_BYTES }, async (request, reply) => {
    const outcome = (await rollouts.follow(askedIn(request), reasonIn(request))) ?? unknownLink();
    if ('result' in outcome) throw problemOf(outcome);
    return sendView(reply, outcome);
  });
}

function sendView(reply: FastifyReply, view: LinkView): FastifyReply {
  return sendPage(reply, view.is === 'over' ? 410 : 200, linkPage(view));
}

function sendPage(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).type(`${HTML_TYPE}; charset=utf-8`).send(page);
}

function wantsPage({ headers }: FastifyRequest): boolean {
  try {
    return chooseType(headers.accept, [PROBLEM_TYPE, HTML_TYPE]) === HTML_TYPE;
  } catch {
    return false;
  }
}

function reasonIn({ body }: FastifyRequest): string {
  if (body === undefined) return '';
  const reasons = new URLSearchParams(Buffer.from(body as Uint8Array).toString()).getAll('reason');
  const reason = (reasons[0] ?? '').trim();
  if (reasons.length <= 1 && reason.length <= MAX_LINK_REASON_LENGTH && isPlainText(reason)) return reason;
  throw new HttpProblem(400, `There may be one reason, of at most ${MAX_LINK_REASON_LENGTH} characters without control characters.`);
}
