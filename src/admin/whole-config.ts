// The whole config: it is read with all its defaults, and replaced as a whole.

import type { FastifyInstance } from 'fastify';
import { MAX_CONFIG_BYTES } from '../api/bounds.ts';
import type { ControlApi } from '../control/control-api.ts';
import { chooseType } from './accept.ts';
import { describe, describeConfigWrite } from './openapi.ts';
import { HttpProblem } from './problem-reply.ts';
import { printedConfig } from './printed-config.ts';
import { readQuery } from './query.ts';
import { JSON_TYPE, readText, refuseBody, takeYaml, YAML_TYPE } from './read-body.ts';
import { letGo } from './receive-body.ts';
import { mustServe, tagUnlessKnown } from './state-reply.ts';
import { carryOut, FORCEFUL_QUERY } from './write.ts';

/** `app` is a scope of its own: only here YAML is accepted. */
export function addConfig(app: FastifyInstance, control: ControlApi): void {
  takeYaml(app);
  const types = [JSON_TYPE, YAML_TYPE] as const;
  const read = describe({ id: 'getConfig', tag: 'config', summary: 'The config in force.', response: types, kind: 'state' });
  app.get('/v1/config', { schema: read }, async (request, reply) => {
    readQuery(request.query, []);
    const type = chooseType(request.headers.accept, types);
    mustServe(control);
    const { config, revision } = control;
    if (config === undefined) throw new HttpProblem(503, 'No config is in force yet.', {}, { 'retry-after': '1' });
    reply.header('vary', 'accept');
    if (tagUnlessKnown(request, reply, revision)) return reply.code(304).send();
    // The framework names the charset of texts, and this is bytes.
    return reply.type(type === JSON_TYPE ? `${type}; charset=utf-8` : type).send(await printedConfig(config, type));
  });
  addReplace(app, control);
  const reset = describe({
    id: 'resetConfig',
    tag: 'config',
    summary: 'Takes back everything that the API changed; what the file says is in force.',
    query: FORCEFUL_QUERY,
    response: 'ChangeResponse',
    kind: 'write',
  });
  app.delete('/v1/config', { schema: reset, config: { access: 'operator' } }, (request, reply) => {
    refuseBody(request);
    return carryOut(control, { request, reply }, { kind: 'reset-config' });
  });
}

function addReplace(app: FastifyInstance, control: ControlApi): void {
  const write = describeConfigWrite({
    id: 'setConfig',
    tag: 'config',
    summary: 'Replaces the config: all of it or nothing.',
    query: FORCEFUL_QUERY,
    response: 'ChangeResponse',
    kind: 'write',
  });
  app.put('/v1/config', { schema: write, bodyLimit: MAX_CONFIG_BYTES, config: { access: 'operator' } }, async (request, reply) => {
    // JSON is YAML: passed as text, so that faults are located.
    const document = readText(request);
    try {
      return await carryOut(control, { request, reply }, { kind: 'config', document });
    } finally {
      if (typeof document !== 'string') letGo(document.buffer);
    }
  });
}
