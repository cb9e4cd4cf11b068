// The OpenAPI document against the responses: it is read as a stranger would read it, and every call in it is made.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, describe, expect, it } from 'vitest';
import { LINK_CODE } from './fake-control.ts';
import { mirrorReport, missedWrites } from './mirror-responses.ts';
import { closeAdmins, openAdmin } from './open-admin.ts';
import type { Admin, ReceivedResponse } from './open-admin.ts';

afterEach(closeAdmins);

type Json = Record<string, unknown>;
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Json;
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
  readonly security?: readonly Json[];
}
interface Document {
  readonly openapi: string;
  readonly info: Json;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes: Json };
  readonly security: readonly Json[];
}

async function readDocument(admin: Admin): Promise<Document> {
  return (await admin.ask('/openapi.json')).json as unknown as Document;
}

function operationsOf(document: Document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** Judges with the schemas of the document. Responses may gain members in later releases, but these tests want none that is not described. */
function judge(document: Document) {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true, validateFormats: true });
  ajv.addVocabulary(['components']);
  ajv.addSchema({ $id: 'https://sluice.test/doc', components: closed(document.components) as Json });
  return (schema: Json, value: unknown): unknown => {
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://sluice.test/doc#/')) as Json);
    return validate(value) ? undefined : { errors: validate.errors, value };
  };
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in inner && !('additionalProperties' in inner) ? { ...inner, additionalProperties: false } : inner;
}

function schemaOf(response: ReceivedResponse, operation: Operation): Json | undefined {
  const type = (response.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return operation.responses[String(response.status)]?.content?.[type]?.schema;
}

const PARTS: Readonly<Record<string, string>> = {
  pool: 'shop',
  version: 'v1',
  name: 'qa',
  address: encodeURIComponent('127.0.0.1:9001'),
  revision: '3',
  rollout: 'shop-7f3a',
  action: 'approve',
  code: LINK_CODE,
};

const BODIES: Readonly<Record<string, Json>> = {
  SplitBody: { weights: { v1: 10, v2: 90 }, reason: 'step 2' },
  OverrideBody: { header: { name: 'x-version', value: { present: true } }, version: 'v2', reason: 'qa' },
  MirrorBody: { version: 'v2', percent: 10, match: { methods: ['GET'] }, compare: { noise: { percent: 5 } }, reason: 'dark' },
  DrainBody: { deadline: '30s' },
  MarkerBody: { pool: 'shop', version: 'v2', deploy: '2026-11-21.3', sha: '9f1c2ab', url: 'https://ci.example/3', reason: 'night' },
  ReasonBody: { reason: 'back' },
  RestoreBody: { sessions: 'keep', reason: 'back' },
  ExplainBody: { method: 'GET', url: 'http://shop.example.com/', headers: { a: 'b' } },
  Config: { listeners: [] },
  RolloutStartBody: { pool: 'shop', to: 'v2', template: 'careful', reason: 'release' },
  RolloutPlanBody: { pool: 'shop', to: 'v2' },
  RolloutActionBody: { reason: 'seen' },
  RolloutForwardBody: { reason: 'seen', force: true },
  PreviewBody: { endpoints: ['127.0.0.1:9007'], host: 'pr-1.example.com', ttl: '2h' },
  DrillBody: { weight: '0.1%', for: '2s' },
  FreezeBody: { frozen: true },
  AlarmsBody: { alerts: [{ status: 'firing', labels: { alertname: 'ShopDown' } }] },
  ConversionsBody: { events: [{ event: 'purchase', key: 'u1' }] },
};

describe('the document', () => {
  it('is OpenAPI 3.1 with all calls of the design, each once', async () => {
    const document = await readDocument(await openAdmin());
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect(document.components.securitySchemes).toMatchObject({ token: { type: 'http', scheme: 'bearer' } });
    expect(document.security).toEqual([{ token: [] }]);
    const operations = operationsOf(document);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(operations.map(({ path, method }) => `${method} ${path}`).sort()).toEqual([
      'DELETE /v1/config',
      'DELETE /v1/pools/{pool}/mirrors',
      'DELETE /v1/pools/{pool}/mirrors/{name}',
      'DELETE /v1/pools/{pool}/overrides',
      'DELETE /v1/pools/{pool}/overrides/{name}',
      'DELETE /v1/pools/{pool}/previews/{name}',
      'DELETE /v1/pools/{pool}/split',
      'GET /links/{rollout}/{action}/{code}',
      'GET /livez',
      'GET /metrics',
      'GET /openapi.json',
      'GET /readyz',
      'GET /v1/config',
      'GET /v1/config/diff',
      'GET /v1/events',
      'GET /v1/exchanges',
      'GET /v1/freeze',
      'GET /v1/journal',
      'GET /v1/markers',
      'GET /v1/overview',
      'GET /v1/pools',
      'GET /v1/pools/{pool}',
      'GET /v1/pools/{pool}/breaker',
      'GET /v1/pools/{pool}/mirrors',
      'GET /v1/pools/{pool}/mirrors/{name}',
      'GET /v1/pools/{pool}/mirrors/{name}/missed',
      'GET /v1/pools/{pool}/mirrors/{name}/report',
      'GET /v1/pools/{pool}/overrides',
      'GET /v1/pools/{pool}/overrides/{name}',
      'GET /v1/pools/{pool}/previews',
      'GET /v1/pools/{pool}/split',
      'GET /v1/pools/{pool}/stats',
      'GET /v1/pools/{pool}/versions/{version}',
      'GET /v1/revisions',
      'GET /v1/revisions/{revision}',
      'GET /v1/rollouts',
      'GET /v1/rollouts/{rollout}',
      'GET /v1/rollouts/{rollout}/report',
      'POST /links/{rollout}/{action}/{code}',
      'POST /v1/alarms',
      'POST /v1/events',
      'POST /v1/explain',
      'POST /v1/markers',
      'POST /v1/pools/{pool}/breaker/reset',
      'POST /v1/pools/{pool}/drill',
      'POST /v1/pools/{pool}/versions/{version}/drain',
      'POST /v1/pools/{pool}/versions/{version}/endpoints/{address}/drain',
      'POST /v1/pools/{pool}/versions/{version}/endpoints/{address}/resume',
      'POST /v1/pools/{pool}/versions/{version}/resume',
      'POST /v1/revisions/{revision}/restore',
      'POST /v1/rollouts',
      'POST /v1/rollouts/plan',
      'POST /v1/rollouts/{rollout}/abort',
      'POST /v1/rollouts/{rollout}/approve',
      'POST /v1/rollouts/{rollout}/pause',
      'POST /v1/rollouts/{rollout}/promote',
      'POST /v1/rollouts/{rollout}/resume',
      'POST /v1/rollouts/{rollout}/retry',
      'PUT /v1/config',
      'PUT /v1/freeze',
      'PUT /v1/pools/{pool}/mirrors/{name}',
      'PUT /v1/pools/{pool}/overrides/{name}',
      'PUT /v1/pools/{pool}/previews/{name}',
      'PUT /v1/pools/{pool}/split',
    ]);
  });

  it('has valid schemas, references that lead somewhere, and every part of every path', async () => {
    const document = await readDocument(await openAdmin());
    const text = JSON.stringify(document);
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(Object.keys(document.components.schemas)).toContain(name);
    expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull();
    const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
    ajv.addVocabulary(['components']);
    ajv.addSchema({ $id: 'https://sluice.test/doc', components: document.components as unknown as Json });
    for (const name of Object.keys(document.components.schemas))
      expect(ajv.getSchema(`https://sluice.test/doc#/components/schemas/${name}`)).toBeTypeOf('function');
    for (const { path, operation } of operationsOf(document)) {
      const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part);
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(described.map(({ name }) => name).sort()).toEqual(parts.sort());
      for (const parameter of operation.parameters ?? []) {
        expect(ajv.validateSchema(parameter.schema)).toBe(true);
        expect(parameter.required).toBe(parameter.in === 'path');
      }
      for (const { description } of Object.values(operation.responses)) expect(description.length).toBeGreaterThan(3);
    }
  });
});

describe('a client made of the document', () => {
  it('makes every call, and every response is as described', async () => {
    const admin = await openAdmin();
    admin.control.report = { result: 'report', report: mirrorReport() };
    admin.control.missed = missedWrites();
    const document = await readDocument(admin);
    const fault = judge(document);
    const made: string[] = [];
    for (const { path, method, operation } of operationsOf(document)) {
      if (operation.operationId === 'followEvents') continue;
      const url = path.replaceAll(/\{(\w+)\}/g, (_, part: string) => PARTS[part]!);
      const reference = operation.requestBody?.content?.['application/json']?.schema['$ref'] as string | undefined;
      const body = reference === undefined ? undefined : BODIES[reference.split('/').at(-1)!];
      expect(reference === undefined || body !== undefined).toBe(true);
      if (reference !== undefined && !reference.endsWith('Config')) expect(fault({ $ref: reference }, body)).toBeUndefined();
      const response = await admin.ask(url, { method, body });
      const status = Number(Object.keys(operation.responses).find((each) => each.startsWith('2')));
      expect({ url, method, status: response.status }).toMatchObject({ status });
      const schema = schemaOf(response, operation);
      expect(schema, `${method} ${path}`).toBeDefined();
      expect(fault(schema!, Object.keys(response.json).length > 0 ? response.json : response.text)).toBeUndefined();
      made.push(`${method} ${path}`);
    }
    expect(made).toHaveLength(operationsOf(document).length - 1);
    expect(new Set(admin.control.orders.map(({ change }) => change.kind))).toEqual(
      new Set([
        'split',
        'reset-split',
        'reset-config',
        'override',
        'remove-override',
        'clear-overrides',
        'mirror',
        'remove-mirror',
        'clear-mirrors',
        'drain',
        'resume',
        'config',
        'restore',
        'preview',
        'remove-preview',
      ]),
    );
  });

  it('gets only problems that are described, for everything that it does wrong', async () => {
    const admin = await openAdmin();
    const document = await readDocument(admin);
    const fault = judge(document);
    const wrongs = [
      { query: '?nothing=1' },
      { headers: { accept: 'image/png' } },
      { headers: { origin: 'http://evil.example' } },
      { headers: { host: 'evil.example' } },
      { headers: { 'if-match': '"1"', 'if-none-match': 'x' } },
      { headers: { 'last-event-id': 'x' } },
      { headers: { 'content-type': 'text/html' }, body: 'x' },
      { body: [1, 2] },
    ];
    for (const { path, method, operation } of operationsOf(document)) {
      const url = path.replaceAll(/\{(\w+)\}/g, (_, part: string) => PARTS[part]!);
      for (const { query = '', ...wrong } of wrongs) {
        if (method === 'GET' && ('body' in wrong || operation.operationId === 'followEvents')) continue;
        const response = await admin.ask(url + query, { method, ...wrong });
        const schema = schemaOf(response, operation);
        expect(schema, `${method} ${path} ${JSON.stringify(wrong)} ${response.status} ${response.text}`).toBeDefined();
        expect(fault(schema!, Object.keys(response.json).length > 0 ? response.json : response.text)).toBeUndefined();
      }
    }
    expect(admin.control.orders.every(({ expected }) => expected === undefined)).toBe(true);
  });

  it('finds the events described as a JournalLine', async () => {
    const { control, ...admin } = await openAdmin();
    const document = await readDocument({ control, ...admin });
    const line = JSON.parse(JSON.stringify(control.happen({ a: 1 }))) as Json;
    expect(judge(document)({ $ref: '#/components/schemas/JournalLine' }, line)).toBeUndefined();
  });
});
