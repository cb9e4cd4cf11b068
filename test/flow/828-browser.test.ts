// A real browser (Debian's chromium, headless) on a page that came through Sluice: its WebSocket and its EventSource meet the version of its
// cookie, and both come again by themselves, elsewhere, when that version is drained.

import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { call } from './scaffold/admin.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const CHROMIUM = '/usr/bin/chromium';
/** Whatever the browser would ask of the world by itself. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const DEADLINE_MS = 20_000;

/** What the page has seen; it connects again as the people who wrote it would have it. */
interface Seen {
  readonly page: string;
  readonly sockets: readonly string[];
  readonly closes: readonly number[];
  readonly echoes: readonly string[];
  readonly events: readonly string[];
}

const script = (version: string): string => `
  const seen = (window.seen = { page: '${version}', sockets: [], closes: [], echoes: [], events: [] });
  const connect = () => {
    const socket = (window.socket = new WebSocket('ws://' + location.host + '/socket'));
    socket.onmessage = ({ data }) => (data.startsWith('version ') ? seen.sockets : seen.echoes).push(data.replace('version ', ''));
    socket.onclose = ({ code }) => (seen.closes.push(code), setTimeout(connect, 50));
  };
  connect();
  new EventSource('/events').onmessage = ({ data, lastEventId }) => seen.events.push(data + ' ' + lastEventId);
`;

interface Version {
  readonly address: string;
  /** The last event that those have seen who came again. */
  readonly resumed: readonly string[];
  /** To all who are subscribed. */
  publish(text: string): void;
}

async function startVersion(name: string): Promise<Version> {
  const streams = new Set<ServerResponse>();
  const resumed: string[] = [];
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url !== '/events') {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>${name}</title><script>${script(name)}</script>`);
      return;
    }
    const last = request.headers['last-event-id'];
    if (last !== undefined) resumed.push(String(last));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`retry: 100\nid: ${name}-1\ndata: ${name}\n\n`);
    streams.add(response);
    response.on('close', () => streams.delete(response));
  };
  const server = createServer(respond);
  const sockets = new WebSocketServer({ server, path: '/socket' });
  sockets.on('connection', (socket) => {
    socket.send(`version ${name}`);
    socket.on('message', (content) => socket.send(`${(content as Buffer).toString()} by ${name}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections()));
  const publish = (text: string): void => streams.forEach((response) => response.write(`id: ${name}-2\ndata: ${text}\n\n`));
  return open({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, resumed, publish, close });
}

/** Somebody with cookies of their own. */
async function visit(browser: Browser, sluice: Sluice): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${sluice.port}/`);
  await until(page, 'both to be connected', ({ sockets, events }) => sockets.length === 1 && events.length === 1);
  return page;
}

const seenBy = (page: Page): Promise<Seen> => page.evaluate('window.seen');

const until = (page: Page, what: string, is: (seen: Seen) => boolean): Promise<unknown> =>
  eventually(what, async () => is(await seenBy(page)), DEADLINE_MS);

test.skipIf(!existsSync(CHROMIUM))(
  `a browser stays with its version, and leaves it when it is drained (skipped without ${CHROMIUM}: apt-get install chromium)`,
  async () => {
    const [one, two] = [await startVersion('v1'), await startVersion('v2')];
    const endpoints = { v1: [one.address], v2: [two.address] };
    const pool = { split: { v1: 50, v2: 50 }, affinity: { cookie: { name: 'sluice-shop' } } };
    const sluice = await startSluice(configFor({ endpoints, pool }));
    const browser = open(await chromium.launch({ executablePath: CHROMIUM, args: QUIET }));
    const pages = new Map<string, Page>();
    // Chance gives each visitor a version.
    for (let visitor = 0; visitor < 40 && pages.size < 2; visitor++) {
      const page = await visit(browser, sluice);
      const { page: version, sockets, events } = await seenBy(page);
      expect([sockets, events]).toEqual([[version], [`${version} ${version}-1`]]);
      pages.set(version, page);
    }
    const [leaving, staying] = [pages.get('v1')!, pages.get('v2')!];
    for (const [version, page] of pages) {
      await page.evaluate('window.socket.send("é".repeat(40000))');
      await until(page, 'an echo', ({ echoes }) => echoes[0] === `${'é'.repeat(40_000)} by ${version}`);
    }
    one.publish('news');
    await until(leaving, 'an event', ({ events }) => events.at(-1) === 'news v1-2');
    expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', { deadline: '2s' })).status).toBe(200);
    await until(leaving, 'both to come again', ({ sockets, events }) => sockets.at(-1) === 'v2' && events.at(-1) === 'v2 v2-1');
    const { closes } = await seenBy(leaving);
    expect(closes).toEqual([1012]);
    expect(new Set(two.resumed)).toEqual(new Set(['v1-2']));
    await leaving.evaluate('window.socket.send("hello")');
    await until(leaving, 'an echo of the other', ({ echoes }) => echoes.at(-1) === 'hello by v2');
    expect(await seenBy(staying)).toMatchObject({ sockets: ['v2'], closes: [], events: ['v2 v2-1'] });
    expect(await sluice.metric('sluice_event_streams_drained_total')).toBeGreaterThan(0);
    expect(await sluice.metric('sluice_tunnels_ended_total', { reason: 'drain' })).toBeGreaterThan(0);
  },
  60_000,
);
