// A person in a chat decides about a rollout: by a link of its notification, without a token, once, and nobody else by it; also after a restart.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { journalOf } from './scaffold/admin.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, PATIENCE_MS, startRollout, startShops, startVersion, untilRollout } from './scaffold/shops.ts';
import { startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

/** What stands before Sluice cuts this path off, and passes the Host on. */
const BASE = 'https://ops.test/sluice';
const env = { TOKEN_ci: 'secret-of-the-operator' };
const as = { authorization: `Bearer ${env.TOKEN_ci}` };

interface Notice {
  readonly rollout: string;
  readonly on: string;
  readonly text: string;
  readonly links: Readonly<Record<string, string>>;
  readonly linksUntil: string;
  readonly noApproveLink?: string;
}

/** A chat: what was posted to it, as it came. */
async function startChat() {
  const notices: Notice[] = [];
  const program = await startVersion('chat');
  program.respond = (request, response) => {
    void textOf(request).then((body) => {
      notices.push(JSON.parse(body) as Notice);
      response.end();
    });
  };
  const about = (rollout: string, on: string, place = 0): Promise<Notice> =>
    eventually(`${on} of ${rollout}`, () => notices.filter((notice) => notice.rollout === rollout && notice.on === on)[place], PATIENCE_MS);
  return { url: `http://${program.address}/hook`, notices, about };
}

interface Opened {
  readonly status: number;
  readonly page: string;
}

/** As a browser does it: by the address alone, without a token. */
function open(sluice: Sluice, address: string | undefined, method = 'GET', body = '', host = 'ops.test'): Promise<Opened> {
  expect(address).toMatch(new RegExp(`^${BASE}/links/`));
  const form = method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${host}` } : {};
  const headers = { host, accept: 'text/html', ...form };
  return new Promise((resolve, reject) => {
    const path = address!.slice(BASE.length);
    const request = httpRequest({ host: '127.0.0.1', port: sluice.adminPort, path, method, headers, agent: false }, (response) => {
      void textOf(response).then((page) => resolve({ status: response.statusCode!, page }), reject);
    });
    request.on('error', reject).end(body);
  });
}

const gate = { approve: {} };
const last = { weight: '40%', for: '1h' };
const quick = { name: 'error-rate', errorRate: { max: '50%' } };

test('a link of the notification shows, acts once, and says who did it; it proves nobody to be somebody', { timeout: 60_000 }, async () => {
  const chat = await startChat();
  const hooks = [{ on: ['approve', 'hold', 'end'], url: chat.url }];
  const rollouts = {
    asks: { warmup: '0s', checks: [quick], hooks, steps: [{ weight: '20%' }, gate, last] },
    second: { warmup: '0s', checks: [quick], hooks, steps: [{ approve: { notStarter: true } }, last] },
    impatient: { warmup: '0s', checks: [quick], hooks, steps: [{ approve: { atMost: '1ms' } }, last] },
  };
  const admin = {
    address: '127.0.0.1:0',
    links: { url: BASE, for: '1h' },
    auth: { tokens: [{ name: 'ci', role: 'operator', env: 'TOKEN_ci' }] },
  };
  const { sluice } = await startShops(['shop', 'cart'], { rollouts, top: { admin }, options: { env } });
  const start = (pool: string, template: string) => startRollout(sluice, { pool, to: 'v2', template, reason: 'release 7 <&>' }, as);

  const id = await start('shop', 'asks');
  const { links, text, linksUntil } = await chat.about(id, 'approve');
  const asks = 'shop, v1 → v2: somebody with the role operator is to approve';
  expect(text.split('\n')).toEqual([asks, `Approve: ${links['approve']}`, `Abort: ${links['abort']}`]);
  expect(Date.parse(linksUntil) - Date.now()).toBeGreaterThan(3_000_000);
  const shown = await open(sluice, links['approve']);
  expect([shown.status, shown.page]).toEqual([
    200,
    expect.stringMatching(/Approve rollout shop-[^]*v1 → v2, which has 20 %[^]*step 3 of 3: 40 % for 1h/),
  ]);
  expect(shown.page).toContain('ci</bdi>: <bdi>release 7 &lt;&amp;&gt;</bdi>');
  for (const at of ['approve', 'abort']) expect((await open(sluice, links[at], 'HEAD')).status).toBe(200);
  expect((await open(sluice, links['approve'], 'POST', '', 'evil.test')).status).toBe(421);
  expect((await open(sluice, links['approve']!.replace(/.$/, 'x'), 'POST')).status).toBe(404);
  expect((await callRollout(sluice, 'GET', `/v1/rollouts/${id}`, undefined, as)).body.step).toBe(1);

  const all = await Promise.all([0, 1, 2, 3].map((each) => open(sluice, links['approve'], 'POST', `reason=Ann+${each}`)));
  expect(all.map(({ status }) => status).sort()).toEqual([200, 410, 410, 410]);
  const winner = all.findIndex(({ status }) => status === 200);
  await untilRollout(sluice, id, ({ step, share }) => step === 2 && share.desired === 0.4, as);
  const used = await open(sluice, links['approve']);
  expect([used.status, used.page]).toEqual([
    410,
    expect.stringMatching(new RegExp(`This link was used: approved at \\d{4}-[^<]* UTC: Ann ${winner}\\.`)),
  ]);
  expect((await open(sluice, links['abort'], 'POST')).status).toBe(410);
  const author = `link of rollout ${id} (approve)`;
  const lines = await journalOf(sluice, (line) => line.author === author, as);
  expect(lines.at(-1)).toMatchObject({ kind: 'rollout', detail: { rollout: id, what: `approved by ${author}: Ann ${winner}` } });

  // Another one waits for its own link: that of the first is none of it.
  const other = await start('cart', 'second');
  const told = await chat.about(other, 'approve');
  expect([Object.keys(told.links), told.text]).toEqual([['abort'], expect.stringContaining(told.noApproveLink!)]);
  expect(told.noApproveLink).toContain('somebody other than ci');
  for (const forged of [told.links['abort']!.replace('/abort/', '/approve/'), links['approve']!.replace(id, other)])
    expect((await open(sluice, forged, 'POST')).status).toBe(404);
  expect((await open(sluice, told.links['abort'], 'POST')).status).toBe(200);
  await untilRollout(sluice, other, 'aborted', as);
  expect((await open(sluice, told.links['abort'], 'POST')).status).toBe(410);

  // What waits for a person because its time is up goes on by the link of that message.
  const late = await start('cart', 'impatient');
  const held = await chat.about(late, 'hold');
  expect(Object.keys(held.links)).toEqual(['approve', 'abort']);
  expect((await open(sluice, held.links['approve'], 'POST')).status).toBe(200);
  await untilRollout(sluice, late, ({ step, share }) => step === 1 && share.desired === 0.4, as);

  const journal = JSON.stringify(await journalOf(sluice, ({ kind, detail }) => kind === 'refused' && detail['reason'] === 'bad-link', as));
  const said = `${journal}\n${sluice.logs.map((line) => line.text).join('\n')}\n${JSON.stringify((await callRollout(sluice, 'GET', '/v1/rollouts', undefined, as)).body)}`;
  for (const address of chat.notices.flatMap((notice) => Object.values(notice.links ?? {}))) expect(said).not.toContain(address.slice(-32));
  expect((await sluice.metrics()).sum('sluice_admin_refused_total', { reason: 'bad-link' })).toBe(3);
});

test(
  'links outlast the process, and what was used stays used; without links in the config there are none',
  { timeout: 60_000 },
  async () => {
    const chat = await startChat();
    const dir = makeFolder().file('state');
    const hooks = [{ on: ['approve', 'hold'], url: chat.url }];
    const rollouts = { asks: { warmup: '0s', checks: [quick], hooks, steps: [gate, { approve: { atMost: '1ms' } }, last] } };
    const top = { admin: { address: '127.0.0.1:0', links: { url: BASE } }, state: { dir } };
    const { sluice: first, config } = await startShops(['shop'], { rollouts, top });
    const id = await startRollout(first, { pool: 'shop', to: 'v2', template: 'asks' });
    const one = await chat.about(id, 'approve');
    expect((await open(first, one.links['approve'], 'POST', 'reason=Ann')).status).toBe(200);
    const two = await chat.about(id, 'hold');
    first.exitCode = null;
    first.signal('SIGKILL');
    await within('the death', first.exited, 20_000);
    const sluice = await startSluice(config());
    const again = await open(sluice, one.links['approve'], 'POST');
    expect([again.status, again.page]).toEqual([410, expect.stringContaining('UTC: Ann.')]);
    expect((await open(sluice, two.links['approve'])).status).toBe(200);

    expect(statSync(join(dir, 'links.key')).mode & 0o777).toBe(0o600);
    for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
      if (!statSync(join(dir, name)).isFile()) continue;
      const bytes = readFileSync(join(dir, name), 'latin1');
      for (const notice of chat.notices)
        for (const address of Object.values(notice.links)) expect([name, bytes.includes(address.slice(-32))]).toEqual([name, false]);
    }
    // Where the config has no links any more, there are none.
    await sluice.writeConfig({ ...config(), admin: { address: '127.0.0.1:0' } });
    const status = async (method: string): Promise<number> => (await open(sluice, two.links['approve'], method, '', '127.0.0.1')).status;
    await eventually('no links', async () => (await status('GET')) === 404, PATIENCE_MS);
    expect(await status('POST')).toBe(404);
    expect((await callRollout(sluice, 'GET', `/v1/rollouts/${id}`)).body.step).toBe(1);
  },
);
