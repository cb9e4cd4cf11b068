// Links of notifications over HTTP: who gets in without a token, what a page may do in a browser, and that nothing of a link is written down.

import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RolloutView } from '../../../src/api/rollouts.ts';
import { EXAMPLES } from '../../../src/api/contract.ts';
import { linkPage } from '../../../src/admin/link-page.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { LINK, LINK_CODE } from './fake-control.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';
import type { Admin } from './open-admin.ts';

afterEach(closeAdmins);

const PATH = `/links/shop-7f3a/approve/${LINK_CODE}`;
const FORGED = PATH.replace(/.$/, 'x');
const tokens = [{ name: 'ci', role: 'operator', source: { kind: 'env', name: 'CI' } }] as const;
const env = { CI: 'secret-of-the-operator' };
const limits = { writesPerSecond: 100 };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const HTML = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const rollout = EXAMPLES.Rollout as unknown as RolloutView;

/** As most instances are: nobody gets in without a token. */
function openGuarded(): Promise<Admin> {
  return openAdmin({
    clock: new ManualClock(),
    env,
    config: { tokens, limits, links: { url: 'https://sluice.internal:9901/ops', forMs: 60_000 } },
  });
}

describe('a link', () => {
  it('is opened without a token, and nothing happens', async () => {
    const { ask, control } = await openGuarded();
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await ask(PATH, { method });
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(text).toMatch(method === 'GET' ? /<h1>Approve rollout shop-7f3a\?<\/h1>[^]*100 %[^]*<form method="post">/ : /^$/);
    }
    for (const headers of [{ 'x-http-method-override': 'POST' }, { 'x-method-override': 'POST' }, { purpose: 'prefetch' }])
      expect((await ask(`${PATH}?_method=POST&utm_source=chat`, { headers })).status).toBe(200);
    expect([control.rolloutCalls, control.orders, control.refusals]).toEqual([[], [], []]);
  });

  it('is used by a POST, with a reason or without a body', async () => {
    const { ask, control } = await openGuarded();
    control.followed = { ...LINK, is: 'done', text: 'The step is approved.', rollout };
    const origin = { host: 'sluice.internal:9901', origin: 'http://sluice.internal:9901', 'sec-fetch-site': 'same-origin' };
    const done = await ask(PATH, { method: 'POST', headers: { ...FORM, ...origin }, body: 'reason=Ann%2C+looks+good+%E2%9C%93' });
    expect([done.status, done.text]).toEqual([
      200,
      expect.stringMatching(/<h1>Approved: rollout shop-7f3a<\/h1>\n<p><bdi>The step is approved\./),
    ]);
    expect(done.text).not.toContain('<form');
    for (const [headers, body] of [
      [{}, undefined],
      [FORM, ''],
      [FORM, 'reason='],
    ] as const)
      expect((await ask(PATH, { method: 'POST', headers, body })).status).toBe(200);
    const asked = { rollout: 'shop-7f3a', action: 'approve', code: LINK_CODE };
    expect(control.rolloutCalls).toEqual([
      ['follow', asked, 'Ann, looks good ✓'],
      ['follow', asked, ''],
      ['follow', asked, ''],
      ['follow', asked, ''],
    ]);
  });

  it('that is over says who decided: 410, also to a program', async () => {
    const { ask, control } = await openGuarded();
    const text = 'This link was used: approved at 2026-11-21 10:03:12 UTC: Ann.';
    control.linkOf = () => ({ ...LINK, is: 'over', text, rollout });
    for (const method of ['GET', 'POST']) {
      const over = await ask(PATH, { method });
      expect([over.status, over.headers['content-type']]).toEqual([410, 'text/html; charset=utf-8']);
      expect(over.text).toContain(`<h1>This link does nothing any more</h1>\n<p><bdi>${text}</bdi></p>`);
      expect(over.text).not.toContain('<form');
    }
    control.linkOf = () => ({ ...LINK, is: 'over', text, rollout: undefined });
    expect((await ask(PATH)).text).toContain(text);
  });

  it.each([
    [{ result: 'conflict', message: 'the other pool does not wait' }, 409],
    [{ result: 'failed', message: 'the disk is full' }, 503],
  ] as const)('tells %j', async (outcome, status) => {
    const { ask, control } = await openGuarded();
    control.followed = outcome;
    expect(expectProblem(await ask(PATH, { method: 'POST' }), status)['detail']).toBe(outcome.message);
    const page = await ask(PATH, { method: 'POST', headers: HTML });
    expect([page.status, page.headers['content-type'], page.text]).toEqual([
      status,
      'text/html; charset=utf-8',
      expect.stringContaining(`<p><bdi>${outcome.message}</bdi></p>`),
    ]);
  });
});

describe('the door', () => {
  it('is shut for what is no link, also for those with a token, and without a word of what was sent', async () => {
    const { ask, control } = await openGuarded();
    for (const headers of [{}, { authorization: `Bearer ${env.CI}` }])
      for (const [method, path] of [
        ['GET', FORGED],
        ['HEAD', FORGED],
        ['POST', FORGED],
        ['GET', PATH.replace('approve/', 'abort/').replace(LINK_CODE, 'x')],
        ['GET', `/links/${'a'.repeat(400)}/${'b'.repeat(400)}/${'c'.repeat(400)}`],
      ] as const) {
        const refused = await ask(path, { method, headers });
        if (method !== 'HEAD')
          expect(expectProblem(refused, 404)['detail']).toBe('This is no link of this instance, or a part of it is missing.');
        expect(refused.status).toBe(404);
      }
    expectProblem(await ask(`/links/a/b/${'c'.repeat(600)}`), 414);
    expect(control.rolloutCalls).toEqual([]);
    expect(new Set(control.refusals.map(({ reason, path, author }) => `${reason} ${path} ${author}`))).toEqual(
      new Set(['bad-link /links/… anonymous']),
    );
  });

  it('is shut for other names, other pages, and other methods', async () => {
    const { ask, control } = await openGuarded();
    for (const host of ['evil.example', 'sluice.internal.evil.example']) expectProblem(await ask(PATH, { headers: { host } }), 421);
    expect((await ask(PATH, { headers: { host: 'SLUICE.internal:1' } })).status).toBe(200);
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'http://sluice.internal:9' },
    ])
      expectProblem(await ask(PATH, { method: 'POST', headers: { host: 'sluice.internal:9901', ...headers } }), 403);
    // A person that follows a link out of a chat; not an image or a frame in a page.
    const crossing = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(PATH, { headers: { ...crossing, 'sec-fetch-dest': 'document' } })).status).toBe(200);
    expectProblem(await ask(PATH, { headers: { ...crossing, 'sec-fetch-dest': 'iframe' } }), 403);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) expectProblem(await ask(PATH, { method }), 401);
    expect(control.rolloutCalls).toEqual([]);
    expect(JSON.stringify(control.refusals)).not.toContain(LINK_CODE.slice(-8));
    for (const path of [`${PATH}/`, `/ops${PATH}`, PATH.replace('links', 'LINKS')]) await ask(path);
    expect(JSON.stringify(control.refusals)).not.toContain(LINK_CODE.slice(-8));
  });

  it('takes a small form, and nothing else', async () => {
    const { ask, control } = await openGuarded();
    const post = (body: string, type = FORM['content-type']) => ask(PATH, { method: 'POST', headers: { 'content-type': type }, body });
    expectProblem(await post('{}', 'application/json'), 415);
    expectProblem(await post('reason=a', 'text/plain'), 415);
    expectProblem(await post(`reason=${'a'.repeat(5000)}`), 413);
    expectProblem(await post(`reason=${'a'.repeat(201)}`), 400);
    expectProblem(await post('reason=a&reason=b'), 400);
    expectProblem(await post('reason=a%0Ab'), 400);
    expectProblem(await ask(PATH, { method: 'POST', headers: { ...FORM, 'content-encoding': 'gzip' }, body: 'x' }), 415);
    expect(control.rolloutCalls).toEqual([]);
    control.followed = { ...LINK, is: 'done', rollout };
    expect((await post(`reason=${encodeURIComponent('語'.repeat(200))}&other=${'x'.repeat(100)}`)).status).toBe(200);
  });

  it('stays open where others guess, and their guesses are counted', async () => {
    const { ask, server, control } = await openGuarded();
    for (let guess = 0; guess < 40; guess++) await ask(FORGED);
    expect((await ask(PATH)).status).toBe(200);
    expect((await ask('/v1/pools', { headers: { authorization: `Bearer ${env.CI}` } })).status).toBe(200);
    expect([...server.refused()]).toContainEqual([{ reason: 'bad-link' }, 40]);
    expect(control.refusals.length).toBe(10);
  });

  it('stays open where a link that is over is sent again and again, with bodies that do not come', async () => {
    const { ask, control, port } = await openGuarded();
    const over = PATH.replace('shop', 'cart');
    control.linkOf = ({ rollout: id }) => ({ ...LINK, is: id.startsWith('cart') ? 'over' : 'open', rollout });
    const statuses: (number | undefined)[] = [];
    const where = { host: '127.0.0.1', port, path: over, method: 'POST', headers: { ...FORM, 'content-length': 9 } };
    const slow = Array.from({ length: 40 }, () => httpRequest(where, ({ statusCode }) => void statuses.push(statusCode)));
    for (const each of slow) each.on('error', () => undefined).flushHeaders();
    // Those for whom there is no place hear so at once.
    await vi.waitFor(() => expect(statuses).toEqual(Array.from({ length: 40 - 16 }, () => 429)), 10_000);
    expect((await ask(PATH, { method: 'POST', headers: FORM, body: 'reason=Ann' })).status).toBe(200);
    const body = { weights: { v1: 1, v2: 1 } };
    expect((await ask('/v1/pools/shop/split', { method: 'PUT', headers: { authorization: `Bearer ${env.CI}` }, body })).status).toBe(200);
    for (const each of slow) each.destroy();
  });

  it('is the same where no token is configured', async () => {
    const { ask, control } = await openAdmin();
    expect((await ask(PATH)).status).toBe(200);
    expectProblem(await ask(FORGED), 404);
    await ask(PATH, { method: 'POST' });
    expect(control.rolloutCalls).toHaveLength(1);
  });

  it('knows the name of the links from a new config on, and no longer when it is gone', async () => {
    const { ask, server } = await openGuarded();
    const open = async (host: string) => (await ask(PATH, { headers: { host } })).status;
    server.configure({ tokens, limits, links: { url: 'http://[::2]:9901', forMs: 1 } });
    expect([await open('[::2]:9901'), await open('sluice.internal')]).toEqual([200, 421]);
    server.configure({ tokens, limits });
    expect(await open('[::2]:9901')).toBe(421);
  });
});

describe('a page', () => {
  const strange = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\`&\u202e`;

  it('runs nothing, loads nothing, is framed by nobody, and its own style fits', async () => {
    const { ask } = await openGuarded();
    const { headers, text } = await ask(PATH);
    const style = /<style>([^<]*)<\/style>/.exec(text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers).toMatchObject({
      'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex, nofollow',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(text).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|\ssrc=|\shref=|\sstyle=|javascript:/i);
    // What is none of its business is as it was.
    expect((await ask('/v1/rollouts', { headers: { authorization: `Bearer ${env.CI}` } })).headers['referrer-policy']).toBe('no-referrer');
  });

  it('shows texts of strangers as texts, whoever wrote them', () => {
    const [check] = rollout.checks;
    const pool = {
      pool: strange,
      baseline: strange,
      canary: strange,
      state: 'held',
      why: strange,
      share: rollout.share,
      exposed: rollout.exposed,
    } as const;
    const hostile: RolloutView = {
      ...rollout,
      ...pool,
      id: strange,
      template: strange,
      strategy: strange,
      author: strange,
      reason: strange,
      step: 0,
      steps: [{ kind: 'approve', text: strange, state: 'running' }],
      pools: Array.from({ length: 16 }, () => pool),
      checks: Array.from({ length: 256 }, () => ({ ...check!, pool: strange, name: strange, sentence: strange.repeat(20) })),
    };
    for (const is of ['open', 'over', 'done'] as const) {
      const page = linkPage({ ...LINK, is, text: strange, rollout: hostile });
      expect(
        page.match(
          /<(?!\/?(?:html|head|meta|title|style|body|main|h1|h2|p|bdi|dl|dt|dd|table|tr|th|td|form|label|input|button)\b|!doctype)/i,
        ),
      ).toBeNull();
      expect(page).not.toContain('onerror=alert(1)>');
      expect(page).toContain('And 224 more.');
      expect(page.length).toBeLessThan(256 * 1024);
      // What turns the direction of a text round ends with that text.
      expect(page.match(/<bdi>[^<]*\u202e<\/bdi>/g)!.length).toBeGreaterThan(30);
    }
  });
});
