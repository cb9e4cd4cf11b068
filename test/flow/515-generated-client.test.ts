// A client that is generated from the OpenAPI document, by a library that knows nothing of Sluice, goes around all calls of the real process.

import { OpenAPIClientAxios } from 'openapi-client-axios';
import type { OpenAPIV3 } from 'openapi-client-axios';
import { afterEach, expect, test } from 'vitest';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface ReceivedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}
type Parameters = Readonly<Record<string, string | number | boolean>>;
type Operation = (parameters?: Parameters | null, body?: unknown, settings?: object) => Promise<ReceivedResponse>;

/** One call of an operation, and what must be in its response. */
interface Step {
  readonly call: string;
  readonly parameters?: Parameters;
  readonly body?: unknown;
  readonly status?: number;
  readonly response?: unknown;
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
    { call: 'getMetrics', response: expect.stringContaining('sluice_requests_total') },
    { call: 'getOpenApi', response: { openapi: '3.1.0' } },
    { call: 'listPools', response: { pools: [{ name: 'shop' }] } },
    { call: 'getPool', parameters: shop, response: { name: 'shop', weights: { v1: 100, v2: 0 } } },
    { call: 'setSplit', parameters: shop, body: { weights: { v1: 3, v2: 1 }, reason: 'by a generated client' }, response: stored(2) },
    {
      call: 'setSplit',
      parameters: { ...shop, 'If-Match': '"1"' },
      body: { weights: { v1: 1, v2: 0 } },
      status: 412,
      response: { revision: 2 },
    },
    { call: 'setSplit', parameters: { ...shop, dryRun: true }, body: { weights: { v1: 1, v2: 0 } }, response: { revision: 2 } },
    {
      call: 'setSplit',
      parameters: shop,
      body: { weights: { v9: 1 } },
      status: 422,
      response: { problems: [{ path: 'pools.shop.split.v9' }] },
    },
    { call: 'getSplit', parameters: shop, response: { weights: { v1: 3, v2: 1 } } },
    { call: 'setOverride', parameters: { ...shop, name: 'qa' }, body: override, response: stored(3) },
    {
      call: 'getStats',
      parameters: { ...shop, window: '10s' },
      response: { pool: 'shop', windowMs: 10_000, versions: [{ name: 'v1' }, { name: 'v2' }] },
    },
    { call: 'getOverview', response: { file: { state: 'taken' }, pools: [{ name: 'shop' }] } },
    { call: 'getConfigDiff', response: { file: { state: 'taken' }, differences: expect.any(Array) } },
    { call: 'getOverride', parameters: { ...shop, name: 'qa' }, response: { name: 'qa', version: 'v2', origin: 'api' } },
    { call: 'listOverrides', parameters: shop, response: { overrides: [{ name: 'qa' }] } },
    { call: 'removeOverride', parameters: { ...shop, name: 'qa' }, response: stored(4) },
    { call: 'clearOverrides', parameters: shop, response: { revision: 4 } },
    { call: 'setMirror', parameters: { ...shop, name: 'dark' }, body: { version: 'v2', percent: 10 }, response: stored(5) },
    {
      call: 'getMirror',
      parameters: { ...shop, name: 'dark' },
      response: { pool: 'shop', to: { pool: 'shop', version: 'v2' }, mirror: { percent: 10 } },
    },
    { call: 'listMirrors', parameters: shop, response: { mirrors: [{ name: 'dark', origin: 'api' }] } },
    { call: 'getMirrorReport', parameters: { ...shop, name: 'dark' }, status: 409 },
    { call: 'getMirrorReport', parameters: { ...shop, name: 'drak' }, status: 404 },
    {
      call: 'listMissedWrites',
      parameters: { ...shop, name: 'dark', after: 0, limit: 5 },
      response: { mirror: 'dark', total: 0, writes: [] },
    },
    { call: 'removeMirror', parameters: { ...shop, name: 'dark' }, response: stored(6) },
    { call: 'clearMirrors', parameters: shop, response: { revision: 6 } },
    { call: 'drainVersion', parameters: version, body: { deadline: '5s' }, response: stored(7) },
    { call: 'getVersion', parameters: version, response: { name: 'v2', draining: true } },
    { call: 'resumeVersion', parameters: version, body: {}, response: stored(8) },
    { call: 'drainEndpoint', parameters: address, body: {}, response: stored(9) },
    { call: 'resumeEndpoint', parameters: address, body: {}, response: stored(10) },
    { call: 'listPreviews', parameters: shop, response: { previews: [] } },
    {
      call: 'setPreview',
      parameters: { ...shop, name: 'pr-1' },
      body: { endpoints: ['127.0.0.1:9'], host: 'a.example', ttl: '1h' },
      status: 403,
    },
    { call: 'removePreview', parameters: { ...shop, name: 'pr-1' }, response: { differences: [] } },
    { call: 'getConfig', response: { pools: { shop: {} } } },
    { call: 'setConfig', body: config, response: stored(11) },
    { call: 'listRevisions', parameters: { limit: 2 }, response: { revisions: [{ revision: 11 }, { revision: 10 }] } },
    { call: 'getRevision', parameters: { revision: 2 }, response: { revision: 2, author: 'anonymous', reason: 'by a generated client' } },
    { call: 'restoreRevision', parameters: { revision: 2 }, body: {}, response: stored(12) },
    { call: 'setMarker', body: { ...version, deploy: '2026-11-21.3', sha: '9f1c2ab' }, response: { revision: 12, changed: true } },
    { call: 'listMarkers', parameters: shop, response: { markers: [{ version: 'v2', deploy: '2026-11-21.3' }] } },
    { call: 'readJournal', parameters: { last: 1 }, response: { lines: [{ kind: 'marker' }] } },
    { call: 'explain', body: { method: 'GET', url: '/' }, response: { pool: 'shop' } },
    { call: 'listExchanges', parameters: { pool: 'shop', limit: 5 }, response: { workers: { responded: 2, total: 2 } } },
    { call: 'planRollout', body: { pool: 'shop', to: 'v2' }, response: { canary: 'v2' } },
    { call: 'setFreeze', body: { frozen: true }, response: { frozen: true } },
    { call: 'getFreeze', response: { frozen: true } },
    { call: 'startRollout', body: { pool: 'shop', to: 'v2' }, status: 409 },
    { call: 'setFreeze', body: { frozen: false }, response: { frozen: false } },
    { call: 'listRollouts', response: { rollouts: [] } },
    { call: 'getRollout', parameters: { rollout: 'none' }, status: 404 },
    { call: 'reportRollout', parameters: { rollout: 'none' }, status: 404 },
    ...(['pause', 'resume', 'approve', 'promote', 'abort', 'retry'] as const).map((action) => {
      return { call: `${action}Rollout`, parameters: { rollout: 'none' }, body: {}, status: 404 };
    }),
    { call: 'showLink', parameters: { rollout: 'none', action: 'approve', code: 'none' }, status: 404 },
    { call: 'useLink', parameters: { rollout: 'none', action: 'approve', code: 'none' }, status: 404 },
    { call: 'getBreaker', parameters: shop, response: { open: false } },
    { call: 'resetBreaker', parameters: shop, body: {}, response: { open: false } },
    { call: 'drillPool', parameters: { ...shop, dryRun: true }, body: {}, response: { state: 'planned' } },
    { call: 'tellAlarms', body: { alerts: [] }, response: { firing: 0 } },
    { call: 'tellConversions', body: { events: [] }, response: { counted: 0 } },
    { call: 'resetSplit', parameters: shop, response: stored(13) },
    { call: 'resetConfig', response: { revision: 13, differences: [] } },
  ];
}

/** Never ends by itself. */
const ENDLESS = ['followEvents'];

test('every call of the document can be made by a generated client, and responds as it says', { timeout: 60_000 }, async () => {
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
  for (const { call, parameters, body, status = 200, response } of all) {
    const responded = await client[call]!(parameters ?? null, body);
    expect([call, responded.status, responded.data]).toEqual([call, status, responded.data]);
    if (response !== undefined && typeof response === 'object' && !('asymmetricMatch' in (response as object))) {
      expect({ call, data: responded.data }).toMatchObject({ call, data: response });
    } else if (response !== undefined) expect(responded.data).toEqual(response);
    const operation = api.getOperation(call) as OpenAPIV3.OperationObject;
    expect(Object.keys(operation.responses)).toContain(String(responded.status));
  }
  const known = api.getOperations().map(({ operationId }) => operationId);
  expect([...new Set(all.map(({ call }) => call)), ...ENDLESS].sort()).toEqual([...known].sort());
});
