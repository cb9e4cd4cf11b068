// The two calls about a mirror's shadow: the question reaches Control, and each of its outcomes has its own response.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mirrorReport, missedWrites } from './mirror-responses.ts';
import { closeAdmins, openAdmin } from './open-admin.ts';
import type { Admin } from './open-admin.ts';

const REPORT = '/v1/pools/shop/mirrors/dark/report';
const MISSED = '/v1/pools/shop/mirrors/dark/missed';

let admin: Admin;
beforeEach(async () => void (admin = await openAdmin()));
afterEach(closeAdmins);

describe('the report of a mirror', () => {
  it('is what Control knows, without what is absent', async () => {
    const asked = vi.spyOn(admin.control, 'mirrorReport');
    admin.control.report = { result: 'report', report: mirrorReport() };
    const response = await admin.ask(REPORT);
    expect(response.status).toBe(200);
    expect(response.json).toEqual(JSON.parse(JSON.stringify(mirrorReport())));
    expect(response.text).not.toContain('null');
    expect(asked.mock.calls).toEqual([['shop', 'dark']]);
  });

  it.each([
    ['unknown', 404],
    ['uncompared', 409],
    ['busy', 503],
  ] as const)('is refused where it is %s', async (result, status) => {
    admin.control.report = { result, message: `It is ${result}.` };
    const response = await admin.ask(REPORT);
    expect(response).toMatchObject({ status, json: { status, detail: `It is ${result}.` } });
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.headers['retry-after']).toBe(result === 'busy' ? '1' : undefined);
  });

  it('is of a thing that can have that name, and takes no query', async () => {
    const asked = vi.spyOn(admin.control, 'mirrorReport');
    expect((await admin.ask('/v1/pools/shop/mirrors/a%20b/report')).status).toBe(404);
    expect((await admin.ask(`${REPORT}?limit=1`)).status).toBe(400);
    expect((await admin.ask(REPORT, { headers: { accept: 'image/png' } })).status).toBe(406);
    expect((await admin.ask(REPORT, { method: 'POST' })).status).toBe(405);
    admin.control.revision = 0;
    expect((await admin.ask(REPORT)).status).toBe(503);
    expect(asked).not.toHaveBeenCalled();
  });
});

describe('writes that a shadow is missing', () => {
  it('come in pages', async () => {
    const asked = vi.spyOn(admin.control, 'missedWrites');
    admin.control.missed = missedWrites();
    const response = await admin.ask(`${MISSED}?after=3&limit=2`);
    expect(response.status).toBe(200);
    expect(response.json).toEqual(JSON.parse(JSON.stringify(missedWrites())));
    await admin.ask(MISSED);
    expect(asked.mock.calls).toEqual([
      [{ pool: 'shop', mirror: 'dark', after: 3, limit: 2 }],
      [{ pool: 'shop', mirror: 'dark', after: 0, limit: 20 }],
    ]);
  });

  it('are refused where there is no such mirror, or the page is none', async () => {
    admin.control.missed = 'There is no pool "shp" (did you mean "shop"?).';
    expect(await admin.ask(MISSED)).toMatchObject({ status: 404, json: { detail: 'There is no pool "shp" (did you mean "shop"?).' } });
    for (const query of ['after=-1', 'limit=0', 'limit=101', 'after=x', 'before=1'])
      expect((await admin.ask(`${MISSED}?${query}`)).status).toBe(400);
  });
});
