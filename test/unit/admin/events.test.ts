import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Subscriber } from '../../../src/admin/subscriber.ts';
import type { AdminTokenConfig } from '../../../src/config/model.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { FakeControl } from './fake-control.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAdmins();
});

/** One subscriber's connection, and what has arrived on it. */
function follow(port: number, headers = '', path = '/v1/events') {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  sockets.push(socket);
  const seen = { text: '', closed: false };
  socket.on('data', (part: string) => (seen.text += part));
  socket.on('close', () => (seen.closed = true)).on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n${headers}\r\n`);
  const ids = () => [...seen.text.matchAll(/^id: (.*)$/gm)].map(([, id]) => Number(id));
  return { socket, seen, ids };
}

describe('events', () => {
  it('come as they happen, in the form of server-sent events', async () => {
    const { port, control } = await openAdmin();
    const { seen } = follow(port);
    await vi.waitFor(() => expect(control.followers.size).toBe(1));
    const line = control.happen({ text: 'a\nb' });
    await vi.waitFor(() => expect(seen.text).toContain(`id: 1\nevent: change\ndata: ${JSON.stringify(line)}\n\n`));
    expect(seen.text).toMatch(/^HTTP\/1\.1 200 /);
    expect(seen.text).toMatch(/content-type: text\/event-stream\r\n/);
    expect(seen.text).toMatch(/cache-control: no-store\r\n/);
    expect(seen.text).toContain('retry: 2000\n\n');
  });

  it.each([
    ['last-event-id: 298\r\n', '/v1/events', [299, 300, 301]],
    ['', '/v1/events?after=0', Array.from({ length: 301 }, (_, index) => index + 1)],
    ['last-event-id: 299\r\n', '/v1/events?after=0', [300, 301]],
    ['', '/v1/events', [301]],
    ['last-event-id: 5000\r\n', '/v1/events', [301]],
  ])('resume after %j at %s', async (headers, path, expected) => {
    const { port, control } = await openAdmin();
    for (let turn = 0; turn < 300; turn++) control.happen();
    const { ids } = follow(port, headers, path);
    await vi.waitFor(() => expect(control.followers.size).toBe(1));
    control.happen();
    await vi.waitFor(() => expect(ids()).toEqual(expected));
  });

  it('say what was forgotten in between', async () => {
    const { port, control } = await openAdmin();
    control.happen({}, 50);
    const { seen } = follow(port, 'last-event-id: 9\r\n');
    await vi.waitFor(() => expect(seen.text).toContain('event: gap\ndata: {"from":10,"to":49}\n\nid: 50\n'));
  });

  it.each(['last-event-id: x\r\n', 'last-event-id: -1\r\n', 'last-event-id: 1.5\r\n'])('do not take %j', async (headers) => {
    const { port } = await openAdmin();
    const { seen } = follow(port, headers);
    await vi.waitFor(() => expect(seen.text).toMatch(/^HTTP\/1\.1 400 /));
  });

  it('have at most 32 subscribers, which are no requests at work', async () => {
    const { port, ask, control } = await openAdmin();
    const all = Array.from({ length: 32 }, () => follow(port));
    await vi.waitFor(() => expect(control.followers.size).toBe(32));
    const refused = await ask('/v1/events');
    expectProblem(refused, 503);
    expect(refused.headers['retry-after']).toBe('5');
    expect((await ask('/v1/pools')).status).toBe(200);
    all[0]!.socket.destroy();
    await vi.waitFor(() => expect(control.followers.size).toBe(31));
    const { seen } = follow(port);
    await vi.waitFor(() => expect(seen.text).toMatch(/^HTTP\/1\.1 200 /));
  });

  it('beat every 15 seconds, and end with the token', async () => {
    const clock = new ManualClock();
    const token: AdminTokenConfig = { name: 'eye', role: 'viewer', source: { kind: 'env', name: 'EYE' } };
    const config = { tokens: [token], limits: { writesPerSecond: 1 } };
    const { port, control, server } = await openAdmin({ clock, config, env: { EYE: 'a-secret-of-sixteen' } });
    const { seen } = follow(port, 'authorization: Bearer a-secret-of-sixteen\r\n');
    await vi.waitFor(() => expect(seen.text).toContain('retry:'));
    expect(seen.text).not.toContain(': \n\n');
    clock.advance(15_000);
    await vi.waitFor(() => expect(seen.text).toContain(': \n\n'));
    server.configure({ ...config, tokens: [{ ...token, name: 'other', source: { kind: 'env', name: 'NONE' } }] });
    clock.advance(15_000);
    await vi.waitFor(() => expect([seen.closed, control.followers.size, clock.pending]).toEqual([true, 0, 0]));
  });

  it('cut a reader that reads nothing, and the others go on', async () => {
    const { port, control } = await openAdmin();
    const slow = follow(port);
    const quick = follow(port);
    await vi.waitFor(() => expect(control.followers.size).toBe(2));
    slow.socket.pause();
    const detail = { text: 'x'.repeat(64 * 1024) };
    for (let turn = 16; control.followers.size > 1 && turn < 4000; turn += 16) {
      for (let line = 0; line < 16; line++) control.happen(detail);
      await vi.waitFor(() => expect(quick.ids().at(-1)).toBe(turn), { interval: 1 });
      quick.seen.text = `id: ${turn}\n`;
    }
    expect(control.followers.size).toBe(1);
    slow.socket.resume();
    await vi.waitFor(() => expect(slow.seen.closed).toBe(true));
    const last = slow.ids().at(-1) ?? 0;
    expect(last).toBeLessThan(control.lines.length);
    const again = follow(port, `last-event-id: ${control.lines.length - 2}\r\n`);
    await vi.waitFor(() => expect(again.ids()).toEqual([control.lines.length - 1, control.lines.length]));
  });

  it('end when the server closes', async () => {
    const { port, control, server } = await openAdmin();
    const { seen } = follow(port);
    await vi.waitFor(() => expect(control.followers.size).toBe(1));
    await server.close();
    await vi.waitFor(() => expect(seen.closed).toBe(true));
    expect(control.followers.size).toBe(0);
  });
});

describe('Subscriber', () => {
  /** Takes nothing more once `hold` was called, until `free`. */
  function openStream() {
    const taken: string[] = [];
    let waiting: (() => void) | undefined;
    let held = false;
    const out = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        taken.push(chunk);
        if (held) waiting = done;
        else done();
      },
    });
    const free = () => {
      held = false;
      waiting?.();
    };
    return { out, taken, hold: () => (held = true), free };
  }

  it('takes up the journal where a slow reader stopped, in order and without loss', async () => {
    const control = new FakeControl();
    const stream = openStream();
    stream.hold();
    const subscriber = new Subscriber({ out: stream.out, control, clock: new ManualClock(), after: 0, isAllowed: () => true });
    for (let turn = 0; turn < 200; turn++) control.happen();
    stream.free();
    await vi.waitFor(() => expect(stream.taken.filter((text) => text.startsWith('id:'))).toHaveLength(200));
    const ids = stream.taken.filter((text) => text.startsWith('id:')).map((text) => Number(/^id: (\d+)/.exec(text)?.[1]));
    expect(ids).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    subscriber.close();
    expect(control.followers.size).toBe(0);
  });

  it('is cut when it takes nothing for two heartbeats', () => {
    const control = new FakeControl();
    const clock = new ManualClock();
    const { out, hold } = openStream();
    hold();
    new Subscriber({ out, control, clock, after: undefined, isAllowed: () => true });
    clock.advance(15_000);
    expect(out.destroyed).toBe(false);
    clock.advance(15_000);
    expect(out.destroyed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
