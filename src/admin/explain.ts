// Why a request goes where it goes, in the running instance.

import type { FastifyInstance } from 'fastify';
import { MAX_QUESTION_BYTES } from '../api/bounds.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { explainBody } from '../api/explain.ts';
import { describe } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readBody } from './read-body.ts';
import { mustServe } from './state-reply.ts';

export function addExplain(app: FastifyInstance, control: ControlApi): void {
  const schema = describe({
    id: 'explain',
    tag: 'instance',
    summary: 'Which route, pool and version a request would get, and why. Changes nothing.',
    body: 'ExplainBody',
    response: 'Explanation',
    kind: 'question',
  });
  app.post('/v1/explain', { schema, bodyLimit: MAX_QUESTION_BYTES, config: { access: 'viewer' } }, (request, reply) => {
    readQuery(request.query, []);
    const question = readBody(explainBody, request);
    chooseType(request.headers.accept, [JSON_TYPE]);
    mustServe(control);
    const explanation = control.explain(question);
    if (typeof explanation === 'string') throw new HttpProblem(422, explanation);
    return reply.type(JSON_TYPE).send(explanation);
  });
}
