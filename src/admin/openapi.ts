// What the OpenAPI document says about each call. Routes carry the description, and the document is made from it.

import type { FastifyInstance, FastifySchema } from 'fastify';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { MAX_ADDRESS_LENGTH } from '../api/bounds.ts';
import { NAME_PATTERN } from '../config/syntax.ts';
import { PROBLEM_TYPE } from './problem-reply.ts';
import { PARAMETERS } from './query.ts';
import type { ParameterName } from './query.ts';
import type { SchemaName } from '../api/contract.ts';
import { JSON_TYPE, YAML_TYPE } from './read-body.ts';
import { referenceTo } from './schema-reference.ts';

type PathPart = keyof typeof PATH_PARTS;

export interface Operation {
  readonly id: string;
  readonly tag: 'pools' | 'rollouts' | 'markers' | 'config' | 'revisions' | 'events' | 'instance';
  readonly summary: string;
  /** Of success; default: 200. */
  readonly status?: 201;
  readonly path?: readonly PathPart[];
  readonly query?: readonly ParameterName[];
  /** Of a JSON body. */
  readonly body?: SchemaName;
  /** Schema of the JSON response, or types whose content is text. */
  readonly response: SchemaName | readonly string[];
  /** `state` has a tag, for If-None-Match. `write` changes something. `history` is what happened, without a tag. `report` is what is known so far. `action` changes what has no revision. */
  readonly kind: 'state' | 'write' | 'action' | 'question' | 'history' | 'report' | 'probe' | 'events' | 'document' | 'link';
  /** Whether it takes the form of its own page. */
  readonly form?: boolean;
}

const PATH_PARTS = {
  pool: { type: 'string', pattern: NAME_PATTERN, description: 'Name of a pool.' },
  version: { type: 'string', pattern: NAME_PATTERN, description: 'Name of a version.' },
  name: { type: 'string', pattern: NAME_PATTERN, description: 'Name of an override or a mirror.' },
  rollout: { type: 'string', pattern: NAME_PATTERN, description: 'Id of a rollout.' },
  action: { type: 'string', enum: ['approve', 'resume', 'abort'], description: 'What the link does.' },
  code: { type: 'string', maxLength: 100, description: 'What stands in the link.' },
  address: {
    type: 'string',
    minLength: 1,
    maxLength: MAX_ADDRESS_LENGTH,
    description: 'Address of an endpoint, percent-encoded, such as 127.0.0.1%3A9001.',
  },
  revision: { type: 'integer', minimum: 1, description: 'Number of a revision.' },
} as const;

export const FORM_TYPE = 'application/x-www-form-urlencoded';
const FORM = {
  [FORM_TYPE]: {
    schema: {
      type: 'object',
      properties: { reason: { type: 'string', maxLength: 200, description: 'Who decides or why, for the journal.' } },
    },
  },
};

const TAG_HEADER = { ETag: { type: 'string', description: 'The revision in quotes: what If-Match takes.' } };
const AFTER_HEADER = { 'Retry-After': { type: 'integer', description: 'Seconds.' } };

/** Responses that say what went wrong, by status. */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is malformed; `problems` says where.',
  401: 'No valid token, and no client certificate with a role.',
  403: 'The role of the caller does not allow this, or the request comes from a web page of another origin.',
  404: 'The resource does not exist.',
  406: 'Accept allows none of the types of this resource.',
  410: 'The link does nothing any more; the page says who decided, and when.',
  409: 'The config or the state does not allow this; `detail` says why, and what to do.',
  412: 'If-Match names another state; `revision` is the current one.',
  413: 'The body is too large.',
  415: 'This call does not accept the type of the body.',
  421: 'The Host field names another machine.',
  422: 'The rules of the config do not allow this; `problems` says why. Nothing has changed.',
  429: 'Too many changes, or too many wrong tokens.',
  500: 'A fault of Sluice.',
  503: 'The call cannot be served now; `detail` says why.',
};

const EXPECTED: Readonly<Record<Operation['kind'], readonly number[]>> = {
  state: [400, 401, 403, 404, 406, 421, 429, 500, 503],
  write: [400, 401, 403, 404, 406, 412, 413, 415, 421, 422, 429, 500, 503],
  action: [400, 401, 403, 404, 406, 409, 413, 415, 421, 422, 429, 500, 503],
  question: [400, 401, 403, 406, 413, 415, 421, 422, 429, 500, 503],
  report: [400, 401, 403, 404, 406, 409, 421, 429, 500, 503],
  history: [400, 401, 403, 404, 406, 421, 429, 500, 503],
  document: [400, 401, 403, 421, 429, 500, 503],
  events: [400, 401, 403, 406, 421, 429, 500, 503],
  probe: [400, 403, 421, 500, 503],
  link: [400, 403, 404, 409, 413, 415, 421, 429, 500, 503],
};

export function describe(operation: Operation): FastifySchema {
  const { path = [], query = [], body } = operation;
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.tag],
    ...(operation.kind === 'probe' || operation.kind === 'link' ? { security: [] } : {}),
    ...(path.length === 0 ? {} : { params: { type: 'object', required: path, properties: pick(PATH_PARTS, path) } }),
    ...(query.length === 0 ? {} : { querystring: { type: 'object', properties: pick(PARAMETERS, query) } }),
    ...headersOf(operation),
    ...(body === undefined ? {} : { body: { content: { [JSON_TYPE]: { schema: { $ref: referenceTo(body) } } } } }),
    ...(operation.form === true ? { body: { content: FORM } } : {}),
    response: { [operation.status ?? 200]: responseOf(operation), ...problemsOf(operation) },
  } as FastifySchema;
}

/** The body of a whole config may be text of either type. */
export function describeConfigWrite(operation: Operation): FastifySchema {
  const content = { [JSON_TYPE]: { schema: { $ref: referenceTo('Config') } }, [YAML_TYPE]: { schema: { type: 'string' } } };
  return { ...describe(operation), body: { content } };
}

/** @param schemas what `openApiDocument` fills in */
export function documentOptions(build: string, schemas: Record<string, object>): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice admin API',
        version: build,
        description:
          'Controls a running instance. A write is idempotent, returns when every worker obeys, and takes If-Match with the revision that it is meant for. ' +
          'An instance without configured tokens needs none; it then listens only on an address of its own machine.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: ['pools', 'rollouts', 'markers', 'config', 'revisions', 'events', 'instance'].map((name) => ({ name })),
      security: [{ token: [] }],
      components: {
        schemas,
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token of admin.auth.tokens; over TLS a client certificate may take its place.',
          },
        },
      } as never,
    },
    // The plugin describes every body as required; it has no option for that.
    transformObject: (made) => withOptionalBodies('openapiObject' in made ? made.openapiObject : {}) as never,
  };
}

/** The document of the routes that `app` has. It fills in `schemas` first: building them takes half of the start of the API, and few ask for them. */
export async function openApiDocument(app: FastifyInstance, schemas: Record<string, object>): Promise<object> {
  const { componentSchemas } = await import('./component-schemas.ts');
  if (Object.keys(schemas).length === 0) Object.assign(schemas, componentSchemas());
  return app.swagger();
}

const OPTIONAL_BODIES: readonly SchemaName[] = ['DrainBody', 'ReasonBody', 'RolloutActionBody'];

interface Written {
  paths?: Record<string, Record<string, { requestBody?: { required?: boolean; content: Record<string, { schema: { $ref?: string } }> } }>>;
}

function withOptionalBodies(document: object): object {
  for (const item of Object.values((document as Written).paths ?? {}))
    for (const { requestBody } of Object.values(item)) {
      const reference = requestBody?.content[JSON_TYPE]?.schema.$ref;
      const isOptional = requestBody?.content[FORM_TYPE] !== undefined || OPTIONAL_BODIES.some((name) => reference === referenceTo(name));
      if (requestBody !== undefined && isOptional) requestBody.required = false;
    }
  return document;
}

function headersOf({ kind }: Operation): { headers?: object } {
  const header = (name: string, description: string) => ({
    headers: { type: 'object', properties: { [name]: { type: 'string', description } } },
  });
  switch (kind) {
    case 'state':
      return header('If-None-Match', 'A tag from an earlier response: 304 when the revision is still the same.');
    case 'write':
      return header('If-Match', 'The revision that the change is meant for, in quotes; or several, separated by commas; or *.');
    case 'events':
      return header('Last-Event-ID', 'Number of the last event that was received: events after it are sent first.');
    case 'action':
    case 'question':
    case 'history':
    case 'report':
    case 'document':
    case 'probe':
    case 'link':
      return {};
  }
}

function responseOf({ response, kind }: Operation): object {
  const types: readonly string[] = typeof response === 'string' ? [JSON_TYPE] : response;
  const schema = typeof response === 'string' ? { $ref: referenceTo(response) } : { type: 'string' };
  const isTagged = kind === 'state' || kind === 'write';
  const content = types.map((type) => [type, { schema: type === JSON_TYPE ? jsonSchema(response) : schema }]);
  return { description: 'The call succeeded.', ...(isTagged ? { headers: TAG_HEADER } : {}), content: Object.fromEntries(content) };
}

function jsonSchema(response: Operation['response']): object {
  if (typeof response === 'string') return { $ref: referenceTo(response) };
  return { $ref: referenceTo('Config') };
}

function problemsOf({ kind }: Operation): object {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: referenceTo('Problem') } } };
  const entries = EXPECTED[kind].map((status) => [
    status,
    { description: PROBLEMS[status], ...(status === 429 || status === 503 ? { headers: AFTER_HEADER } : {}), content },
  ]);
  const over = kind === 'link' ? [[410, { description: PROBLEMS[410], content: { 'text/html': { schema: { type: 'string' } } } }]] : [];
  const unchanged =
    kind === 'state' ? [[304, { description: 'The revision is still the one of If-None-Match.', headers: TAG_HEADER }]] : [];
  return Object.fromEntries([...entries, ...over, ...unchanged]) as object;
}

function pick(from: Readonly<Record<string, object>>, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, from[name]]));
}
