// Callers that take all they can get: one viewer, several viewers, an operator. Those above them still get in.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CpuBudget } from '../../../src/admin/cpu-budget.ts';
import { Places } from '../../../src/admin/places.ts';
import type { PlaceBounds } from '../../../src/admin/places.ts';
import { Scrapes } from '../../../src/admin/scrapes.ts';
import type { AdminTokenConfig } from '../../../src/config/model.ts';
import type { CpuAccount } from '../../../src/control/control-api.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { FakeControl } from './fake-control.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAdmins();
});

const NAMES = ['viewer', 'other-viewer', 'third-viewer', 'operator', 'admin'] as const;
type Name = (typeof NAMES)[number];
const secretOf = (name: Name) => `secret-of-the-${name}`;
const env = Object.fromEntries(NAMES.map((name) => [name, secretOf(name)]));
const tokens = NAMES.map((name): AdminTokenConfig => {
  const role = name.includes('viewer') ? 'viewer' : (name as 'operator' | 'admin');
  return { name, role, source: { kind: 'env', name } };
});
const config = { tokens, limits: { writesPerSecond: 500 } };
const bearer = (name: Name) => ({ authorization: `Bearer ${secretOf(name)}` });

function send(port: number, name: Name, head: string, body = ''): { text: string } {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  sockets.push(socket);
  const seen = { text: '' };
  socket.on('data', (part: string) => (seen.text += part)).on('error', () => undefined);
  socket.write(`${head}\r\nhost: localhost\r\nauthorization: Bearer ${secretOf(name)}\r\n${body}`);
  return seen;
}

const endless = (port: number, name: Name) =>
  send(port, name, 'POST /v1/explain HTTP/1.1', 'content-type: application/json\r\ncontent-length: 900\r\n\r\n{"url":');
const follow = (port: number, name: Name) => send(port, name, 'GET /v1/events HTTP/1.1', '\r\n');
const statuses = (seen: readonly { text: string }[]) => seen.map(({ text }) => Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(text)?.[1] ?? 0));
const count = <T>(all: readonly T[], one: T) => all.filter((each) => each === one).length;

describe('bodies that never end', () => {
  it('hold up nobody else, and not even the requests of the same token', async () => {
    const { port, ask, control } = await openAdmin({ env, config });
    const held = Array.from({ length: 64 }, () => endless(port, 'viewer'));
    await vi.waitFor(() => expect(count(statuses(held), 429)).toBe(64 - 16), 5000);
    expect((await ask('/v1/pools', { headers: bearer('viewer') })).status).toBe(200);
    for (const name of ['operator', 'admin'] as const)
      expect((await ask('/v1/pools/shop/split', { method: 'PUT', body: { weights: { v1: 1 } }, headers: bearer(name) })).status).toBe(200);
    expect(control.orders).toHaveLength(2);
  });

  it('of all viewers leave room for operators, and those of operators for admins', async () => {
    const { port, ask } = await openAdmin({ env, config });
    const viewers = (['viewer', 'other-viewer', 'third-viewer'] as const).flatMap((name) =>
      Array.from({ length: 16 }, () => endless(port, name)),
    );
    await vi.waitFor(() => expect(count(statuses(viewers), 503)).toBe(48 - 40), 5000);
    const operators = Array.from({ length: 32 }, () => endless(port, 'operator'));
    await vi.waitFor(() => expect(count(statuses(operators), 503)).toBe(16), 5000);
    const put = { method: 'PUT', body: { weights: { v1: 1 } } };
    expectProblem(await ask('/v1/pools/shop/split', { ...put, headers: bearer('operator') }), 503);
    expect((await ask('/v1/pools/shop/split', { ...put, headers: bearer('admin') })).status).toBe(200);
  });
});

describe('requests at work', () => {
  it('of a viewer leave room for operators, and give their places back when a pipelining client resets', async () => {
    const control = new FakeControl();
    let waiting = 0;
    control.outcome = () => new Promise(() => void waiting++);
    const { port, ask } = await openAdmin({ control, env, config });
    const drain = 'POST /v1/pools/shop/versions/v1/drain HTTP/1.1';
    const request = `${drain}\r\nhost: localhost\r\nauthorization: Bearer ${secretOf('operator')}\r\ncontent-length: 0\r\n\r\n`;
    for (let round = 1; round <= 4; round++) {
      const socket = connect(port, '127.0.0.1');
      socket.write(request.repeat(16));
      // Each turn of 16 gets its places, for those of the turn before came back.
      await vi.waitFor(() => expect(waiting).toBe(16 * round), 5000);
      socket.resetAndDestroy();
      await new Promise((resolve) => void socket.once('close', resolve));
    }
    await vi.waitFor(async () => expect((await ask('/v1/pools', { headers: bearer('viewer') })).status).toBe(200));
  });
});

describe('subscribers', () => {
  it('of one viewer are 8, and of all viewers so many that operators can follow', async () => {
    const { port, control } = await openAdmin({ env, config });
    const own = Array.from({ length: 32 }, () => follow(port, 'viewer'));
    await vi.waitFor(() => expect(count(statuses(own), 429)).toBe(24), 5000);
    const others = (['other-viewer', 'third-viewer'] as const).flatMap((name) => Array.from({ length: 8 }, () => follow(port, name)));
    await vi.waitFor(() => expect(count(statuses(others), 503)).toBe(4), 5000);
    const operators = [follow(port, 'operator'), follow(port, 'operator')];
    await vi.waitFor(() => expect(statuses(operators)).toEqual([200, 200]), 5000);
    expect(control.followers.size).toBe(22);
  });
});

describe('CPU', () => {
  it('of a viewer that asks much at once runs out in between, and operators go on', async () => {
    // Time stands still, so that nothing is paid back however slow the machine is.
    const { ask } = await openAdmin({ clock: new ManualClock(), env, config });
    const headers = Object.fromEntries(Array.from({ length: 3900 }, (_, index) => [`h${index}`, 'x']));
    const explain = () => ask('/v1/explain', { method: 'POST', body: { url: '/', headers }, headers: bearer('viewer') });
    const asked = await Promise.all(Array.from({ length: 160 }, explain));
    const late = asked.filter(({ status }) => status === 429);
    expect(late.length).toBeGreaterThan(0);
    expect(Number(late[0]!.headers['retry-after'])).toBeGreaterThan(0);
    expect((await ask('/v1/pools', { headers: bearer('operator') })).status).toBe(200);
    expect((await ask('/v1/pools/shop/split', { method: 'PUT', body: { weights: { v1: 1 } }, headers: bearer('operator') })).status).toBe(
      200,
    );
  });
});

/** Tells for each change that it has used so much. */
class CostlyControl extends FakeControl {
  costMs = 0;

  override change(asked: Parameters<FakeControl['change']>[0], account?: CpuAccount): ReturnType<FakeControl['change']> {
    account?.charge(this.costMs);
    return super.change(asked);
  }
}

describe('CPU of operators', () => {
  async function open() {
    const control = new CostlyControl();
    const clock = new ManualClock();
    const { ask } = await openAdmin({ control, clock, env, config });
    const change = async (query = '', name: Name = 'operator'): Promise<number> => {
      const sent = { method: 'PUT', body: { weights: { v1: 1 } }, headers: bearer(name) };
      return (await ask(`/v1/pools/shop/split${query}`, sent)).status;
    };
    return { control, clock, change };
  }

  it('that try out much runs out, and leaves them what they need for changes', async () => {
    const { control, clock, change } = await open();
    control.costMs = 2_100;
    expect([await change('?dryRun=true'), await change('?dryRun=true')]).toEqual([200, 429]);
    control.costMs = 1;
    expect([await change(), await change('?dryRun=false'), await change('?dryRun=true', 'admin')]).toEqual([200, 200, 200]);
    clock.advance(10_000);
    expect(await change('?dryRun=true')).toBe(200);
  });

  it('that make costly changes runs out, and those of others do not', async () => {
    const { control, change } = await open();
    control.costMs = 5_100;
    expect([await change(), await change(), await change('', 'admin')]).toEqual([200, 429, 200]);
  });

  it('is never met by a controller that makes 20 changes of 20 ms in a second', async () => {
    const { control, clock, change } = await open();
    control.costMs = 20;
    for (let count = 0; count < 400; count++) {
      expect(await change()).toBe(200);
      clock.advance(50);
    }
  });
});

describe('Places', () => {
  const bounds: PlaceBounds = {
    total: 4,
    keptFrom: { viewer: 2, operator: 1, admin: 0 },
    perToken: { viewer: 1, operator: 9, admin: 9 },
  };

  it('keep the last ones for those who may do more', () => {
    const places = new Places(bounds);
    expect(places.take({ author: 'a', role: 'viewer' })).toBe('taken');
    expect(places.take({ author: 'a', role: 'viewer' })).toBe('own');
    expect(places.take({ author: 'b', role: 'viewer' })).toBe('taken');
    expect(places.take({ author: 'c', role: 'viewer' })).toBe('all');
    expect(places.take({ author: 'o', role: 'operator' })).toBe('taken');
    expect(places.take({ author: 'o', role: 'operator' })).toBe('all');
    expect(places.take({ author: 'x', role: 'admin' })).toBe('taken');
    expect(places.take({ author: 'x', role: 'admin' })).toBe('all');
    places.giveBack({ author: 'a' });
    expect(places.take({ author: 'x', role: 'admin' })).toBe('taken');
  });

  it('are all for the one caller that there is without tokens', () => {
    const places = new Places(bounds);
    const take = () => places.take({ author: 'anonymous', role: 'operator' });
    expect([take(), take(), take(), take(), take()]).toEqual(['taken', 'taken', 'taken', 'taken', 'all']);
  });
});

describe('CpuBudget', () => {
  const share = { share: 0.25, burstMs: 1000, debtMs: 1000 };

  it('lets a caller wait until it has paid back, a bounded debt at most', () => {
    let now = 0;
    const budget = new CpuBudget(() => now);
    budget.charge('a', share, 900);
    expect(budget.waitSeconds('a', share)).toBe(0);
    budget.charge('a', share, 60_000);
    expect([budget.waitSeconds('a', share), budget.waitSeconds('b', share)]).toEqual([4, 0]);
    now = 3999;
    expect(budget.waitSeconds('a', share)).toBe(1);
    now = 4001;
    expect(budget.waitSeconds('a', share)).toBe(0);
    now = 60_000;
    budget.charge('a', share, 999);
    expect(budget.waitSeconds('a', share)).toBe(0);
  });
});

describe('Scrapes', () => {
  function open(costMs = 1) {
    const state = { made: 0, now: 0, cpu: 0, release: [] as (() => void)[] };
    const metrics = async (): Promise<Buffer> => {
      const text = `made ${++state.made}\n`;
      await new Promise<void>((resolve) => void state.release.push(resolve));
      state.cpu += costMs;
      return Buffer.from(text);
    };
    return { state, scrapes: new Scrapes({ metrics, nowMs: () => state.now, cpuMs: () => state.cpu }) };
  }

  it('that come together share a text that was begun after they asked', async () => {
    const { state, scrapes } = open();
    const first = scrapes.text();
    const others = Array.from({ length: 20 }, () => scrapes.text());
    state.release.shift()!();
    expect(String(await first)).toBe('made 1\n');
    await vi.waitFor(() => expect(state.release).toHaveLength(1));
    state.release.shift()!();
    const texts = await Promise.all(others);
    expect(new Set(texts.map(String))).toEqual(new Set(['made 2\n']));
    expect(state.made).toBe(2);
  });

  it('that cost too much get the text of before, until the time is paid back', async () => {
    const { state, scrapes } = open(3000);
    const scrape = async () => {
      const text = scrapes.text();
      state.release.shift()?.();
      return String(await text);
    };
    expect([await scrape(), await scrape()]).toEqual(['made 1\n', 'made 1\n']);
    state.now = 4001;
    expect(await scrape()).toBe('made 2\n');
  });

  it('that fail are tried again', async () => {
    let fails = true;
    const metrics = () => (fails ? Promise.reject(new Error('no descriptors')) : Promise.resolve(Buffer.from('a 1\n')));
    const scrapes = new Scrapes({ metrics, nowMs: () => 0, cpuMs: () => 0 });
    await expect(scrapes.text()).rejects.toThrow('no descriptors');
    fails = false;
    expect(String(await scrapes.text())).toBe('a 1\n');
  });
});
