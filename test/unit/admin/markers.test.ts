// Deploy markers and the journal as calls: what is taken, and what is refused with its place.

import { afterEach, describe, expect, it } from 'vitest';
import { closeAdmins, openAdmin } from './open-admin.ts';

afterEach(closeAdmins);

const BODY = { pool: 'shop', version: 'v2', deploy: '2026-11-21.3' };

describe('POST /v1/markers', () => {
  it('takes what it is told, in lower case where case says nothing', async () => {
    const { ask, control } = await openAdmin();
    const body = { ...BODY, sha: '9F1C2AB', url: 'https://ci.example/3?a=1#b', reason: 'night' };
    const response = await ask('/v1/markers', { method: 'POST', body, headers: { 'if-match': '"7"' } });
    expect(response).toMatchObject({ status: 200, headers: { etag: '"7"' }, json: { changed: true, workers: { applied: 2, total: 2 } } });
    expect(control.marks).toEqual([{ marker: { ...body, sha: '9f1c2ab' }, author: 'anonymous', expected: 7, dryRun: false }]);
    const tried = await ask('/v1/markers?dryRun=true&reason=why', { method: 'POST', body: BODY });
    expect(tried.json).toMatchObject({ dryRun: true, changed: true });
    expect(tried.json).not.toHaveProperty('workers');
    expect(control.marks[1]).toMatchObject({ marker: { sha: undefined, reason: 'why' }, dryRun: true });
  });

  it.each(['a', 'Ä 1', 'deploy #3 (retry) "x" \\', '😀', 'x'.repeat(100), 'a b c'])('takes the deploy %j', async (deploy) => {
    const { ask } = await openAdmin();
    expect((await ask('/v1/markers', { method: 'POST', body: { ...BODY, deploy } })).status).toBe(200);
  });

  it.each([
    [{ deploy: '' }, 'deploy'],
    [{ deploy: 'x'.repeat(101) }, 'deploy'],
    [{ deploy: 'a\nb' }, 'deploy'],
    [{ deploy: ' a' }, 'deploy'],
    [{ deploy: 'a ' }, 'deploy'],
    [{ deploy: 'a\u202eb' }, 'deploy'],
    [{ deploy: 'a\u2028b' }, 'deploy'],
    [{ deploy: 'a\u00a0b' }, 'deploy'],
    [{ deploy: 'a\ud800' }, 'deploy'],
    [{ deploy: 7 }, 'deploy'],
    [{ deploy: undefined }, ''],
    [{ sha: '9f1c2a' }, 'sha'],
    [{ sha: 'f'.repeat(65) }, 'sha'],
    [{ sha: '9f1c2ag' }, 'sha'],
    [{ sha: '9f1c2ab\n' }, 'sha'],
    [{ sha: null }, 'sha'],
    [{ url: 'javascript:alert(1)' }, 'url'],
    [{ url: 'https://' }, 'url'],
    [{ url: 'https://user:secret@ci.example/' }, 'url'],
    [{ url: 'https://ci.example/a b' }, 'url'],
    [{ url: `https://ci.example/${'x'.repeat(2048)}` }, 'url'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ reason: 'a\u0007' }, 'reason'],
    [{ pool: '../x' }, 'pool'],
    [{ version: '' }, 'version'],
    [{ depoly: 'x' }, 'depoly'],
  ])('refuses %j at its place', async (wrong, path) => {
    const { ask, control } = await openAdmin();
    const response = await ask('/v1/markers', { method: 'POST', body: { ...BODY, ...wrong } });
    expect(response.status).toBe(400);
    expect(response.json['problems']).toEqual([expect.objectContaining({ path })]);
    expect(control.marks).toEqual([]);
  });

  it('refuses __proto__ and what is no map', async () => {
    const { ask } = await openAdmin();
    for (const body of ['{"__proto__": {}}', '[]', '{"pool":"a","pool":"b"}', ''])
      expect((await ask('/v1/markers', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status).toBe(400);
  });

  it('says what could not be marked, and why', async () => {
    const { ask, control } = await openAdmin();
    const post = () => ask('/v1/markers', { method: 'POST', body: BODY });
    control.markOutcome = { result: 'stale', revision: 7 };
    expect(await post()).toMatchObject({ status: 412, json: { revision: 7 } });
    const problems = [{ path: 'version', message: 'version: there is no version "v2"' }];
    control.markOutcome = { result: 'rejected', revision: 7, problems };
    expect(await post()).toMatchObject({ status: 422, json: { problems } });
    control.markOutcome = { result: 'failed', message: 'the disk is full' };
    expect(await post()).toMatchObject({ status: 503, json: { detail: 'the disk is full' } });
  });
});

describe('GET /v1/markers', () => {
  it('returns the latest and the recent ones; a name that leads nowhere is 404 with the nearest', async () => {
    const { ask, control } = await openAdmin();
    const marker = { pool: 'shop', version: 'v2', deploy: 'd1', sha: '9f1c2ab', reason: '', author: 'ci', atMs: 1 };
    expect((await ask('/v1/markers?pool=shop&limit=3')).json).toEqual({ revision: 7, markers: [marker], recent: [marker] });
    control.marked.length = 0;
    expect((await ask('/v1/markers?pool=shop&version=v1')).json).toEqual({ revision: 7, markers: [], recent: [] });
    const detail = async (query: string) => (await ask(`/v1/markers?${query}`)).json['detail'];
    expect(await detail('pool=shp')).toBe('There is no pool "shp" (did you mean "shop"?).');
    expect(await detail('pool=shop&version=v11')).toBe('There is no version "v11" (did you mean "v1"? there are v1, v2).');
    expect((await ask('/v1/markers?version=v11')).status).toBe(404);
    expect((await ask('/v1/markers?verson=v1')).json['problems']).toEqual([
      { path: 'verson', message: 'there is no query parameter "verson" here (did you mean "version"?)' },
    ]);
  });
});

describe('GET /v1/journal', () => {
  const numbers = ({ json }: { readonly json: Record<string, unknown> }) => (json['lines'] as { seq: number }[]).map(({ seq }) => seq);

  it('is read page by page, oldest first', async () => {
    const { ask, control } = await openAdmin();
    expect((await ask('/v1/journal')).json).toEqual({ lines: [], first: 1, last: 0 });
    for (let count = 0; count < 5; count++) control.happen({ count });
    const first = await ask('/v1/journal?limit=2');
    expect(first.json).toMatchObject({ next: 2, first: 1, last: 5 });
    expect(numbers(first)).toEqual([1, 2]);
    const last = await ask('/v1/journal?limit=3&after=2');
    expect(numbers(last)).toEqual([3, 4, 5]);
    expect(last.json).not.toHaveProperty('next');
    expect(numbers(await ask('/v1/journal?after=5'))).toEqual([]);
    expect(numbers(await ask('/v1/journal?last=2'))).toEqual([4, 5]);
    control.lines.push({ ...control.happen(), seq: 7, kind: 'ejected' });
    expect(numbers(await ask('/v1/journal?kind=ejected&last=1'))).toEqual([7]);
    expect(numbers(await ask('/v1/journal?kind=unhealthy'))).toEqual([]);
    expect(numbers(await ask('/v1/journal?since=10m'))).toEqual([]);
  });

  it.each([
    'after=-1',
    'limit=0',
    'limit=101',
    'last=0',
    'last=1001',
    'since=10',
    'since=ago',
    'kind=a%0Ab',
    'kind=revison',
    'limit=2&last=2',
    'before=3',
  ])('refuses %s', async (query) => {
    const { ask } = await openAdmin();
    expect((await ask(`/v1/journal?${query}`)).status).toBe(400);
  });

  it('is no stream', async () => {
    const { ask } = await openAdmin();
    expect((await ask('/v1/journal', { headers: { accept: 'text/event-stream' } })).status).toBe(406);
  });
});
