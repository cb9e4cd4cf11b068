// A client that is generated from the OpenAPI document, by a library that knows nothing of Sluice, goes around all calls of the real process.

import { OpenAPIClientAxios } from 'openapi-client-axios';
import type { OpenAPIV3 } from 'openapi-client-axios';
import { afterEach, expect, test } from 'vitest';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}
type Parameters = Readonly<Record<string, string | number | boolean>>;
type Operation = (parameters?: Parameters | null, body?: unknown, settings?: object) => Promise<Answer>;

/** One call of an operation, and what must be in its answer. */
interface Step {
  readonly call: string;
  readonly parameters?: Parameters;
  readonly body?: unknown;
  readonly status?: number;
  readonly answer?: unknown;
}

const shop = { pool: 'shop' };
const stored = (revision: number): object => ({ revision, workers: { applied: 2, total: 2 } });

function steps(endpoint: string, config: object): readonly Step[] {
  const version = { ...shop, version: 'v2' };
  const address = { ...version, address: endpoint };
  const override = { header: { name: 'x-version', value: 'v2' }, version: 'v2' };
  return [
    { call: 'isAlive' },
    { call: 'isReady' },
    { call: 'getMetrics', answer: expect.stringContaining('sluice_requests_total') },
    { call: 'getOpenApi', answer: { openapi: '3.1.0' } },
    { call: 'listPools', answer: { pools: [{ name: 'shop' }] } },
    { call: 'getPool', parameters: shop, answer: { name: 'shop', weights: { v1: 100, v2: 0 } } },
    { call: 'setSplit', parameters: shop, body: { weights: { v1: 3, v2: 1 }, reason: 'by a generated client' }, answer: stored(2) },
    { call: 'setSplit', parameters: { ...shop, 'If-Match': '"1"' }, body: { weights: { v1: 1 } }, status: 412, answer: { revision: 2 } },
    { call: 'setSplit', parameters: { ...shop, dryRun: true }, body: { weights: { v1: 1 } }, answer: { revision: 2 } },
    {
      call: 'setSplit',
      parameters: shop,
      body: { weights: { v9: 1 } },
      status: 422,
      answer: { problems: [{ path: 'pools.shop.split.v9' }] },
    },
    { call: 'getSplit', parameters: shop, answer: { weights: { v1: 3, v2: 1 } } },
    { call: 'setOverride', parameters: { ...shop, name: 'qa' }, body: override, answer: stored(3) },
    { call: 'getOverride', parameters: { ...shop, name: 'qa' }, answer: { name: 'qa', version: 'v2', origin: 'api' } },
    { call: 'listOverrides', parameters: shop, answer: { overrides: [{ name: 'qa' }] } },
    { call: 'removeOverride', parameters: { ...shop, name: 'qa' }, answer: stored(4) },
    { call: 'clearOverrides', parameters: shop, answer: { revision: 4 } },
    { call: 'setMirror', parameters: { ...shop, name: 'dark' }, body: { version: 'v2', percent: 10 }, answer: stored(5) },
    {
      call: 'getMirror',
      parameters: { ...shop, name: 'dark' },
      answer: { pool: 'shop', to: { pool: 'shop', version: 'v2' }, mirror: { percent: 10 } },
    },
    { call: 'listMirrors', parameters: shop, answer: { mirrors: [{ name: 'dark', origin: 'api' }] } },
    { call: 'getMirrorReport', parameters: { ...shop, name: 'dark' }, status: 409 },
    { call: 'getMirrorReport', parameters: { ...shop, name: 'drak' }, status: 404 },
    {
      call: 'listMissedWrites',
      parameters: { ...shop, name: 'dark', after: 0, limit: 5 },
      answer: { mirror: 'dark', total: 0, writes: [] },
    },
    { call: 'removeMirror', parameters: { ...shop, name: 'dark' }, answer: stored(6) },
    { call: 'clearMirrors', parameters: shop, answer: { revision: 6 } },
    { call: 'drainVersion', parameters: version, body: { deadline: '5s' }, answer: stored(7) },
    { call: 'getVersion', parameters: version, answer: { name: 'v2', draining: true } },
    { call: 'resumeVersion', parameters: version, body: {}, answer: stored(8) },
    { call: 'drainEndpoint', parameters: address, body: {}, answer: stored(9) },
    { call: 'resumeEndpoint', parameters: address, body: {}, answer: stored(10) },
    { call: 'getConfig', answer: { pools: { shop: {} } } },
    { call: 'setConfig', body: config, answer: stored(11) },
    { call: 'listRevisions', parameters: { limit: 2 }, answer: { revisions: [{ revision: 11 }, { revision: 10 }] } },
    { call: 'getRevision', parameters: { revision: 2 }, answer: { revision: 2, author: 'anonymous', reason: 'by a generated client' } },
    { call: 'restoreRevision', parameters: { revision: 2 }, body: {}, answer: stored(12) },
    { call: 'setMarker', body: { ...version, deploy: '2026-11-21.3', sha: '9f1c2ab' }, answer: { revision: 12, changed: true } },
    { call: 'listMarkers', parameters: shop, answer: { markers: [{ version: 'v2', deploy: '2026-11-21.3' }] } },
    { call: 'readJournal', parameters: { last: 1 }, answer: { lines: [{ kind: 'marker' }] } },
    { call: 'explain', body: { method: 'GET', url: '/' }, answer: { pool: 'shop' } },
    { call: 'listExchanges', parameters: { pool: 'shop', limit: 5 }, answer: { workers: { answered: 2, total: 2 } } },
  ];
}

/** Never ends by itself. */
const ENDLESS = ['followEvents'];

test('every call of the document can be made by a generated client, and answers as it says', { timeout: 60_000 }, async () => {
  const [one, two] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const config = configFor({ endpoints: { v1: [one.address], v2: [two.address] }, pool: { split: { v1: 100 } } });
  const sluice = await startSluice(config, { workers: 2 });
  const base = `http://127.0.0.1:${sluice.adminPort}`;
  const api = new OpenAPIClientAxios({
    definition: `${base}/openapi.json`,
    axiosConfigDefaults: { baseURL: base, validateStatus: () => true, proxy: false },
  });
  const client = (await api.init()) as unknown as Readonly<Record<string, Operation>>;
  const all = steps(two.address, config);
  for (const { call, parameters, body, status = 200, answer } of all) {
    const answered = await client[call]!(parameters ?? null, body);
    expect([call, answered.status, answered.data]).toEqual([call, status, answered.data]);
    if (answer !== undefined && typeof answer === 'object' && !('asymmetricMatch' in (answer as object))) {
      expect({ call, data: answered.data }).toMatchObject({ call, data: answer });
    } else if (answer !== undefined) expect(answered.data).toEqual(answer);
    const operation = api.getOperation(call) as OpenAPIV3.OperationObject;
    expect(Object.keys(operation.responses)).toContain(String(answered.status));
  }
  const known = api.getOperations().map(({ operationId }) => operationId);
  expect([...new Set(all.map(({ call }) => call)), ...ENDLESS].sort()).toEqual([...known].sort());
});
