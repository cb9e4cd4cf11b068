// What ends when nothing moves, and what must not end while something does.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectTo, get, requestText } from '../flow/scaffold/client.ts';
import { eventually, within } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Wire } from '../flow/scaffold/wire.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;

/** Sends until no more is taken. */
async function stuff(wire: Wire): Promise<void> {
  const piece = Buffer.alloc(256 * 1024, 'x');
  for (;;) {
    const taken = wire.write(piece).then(() => 'taken');
    taken.catch(() => undefined);
    const isStuck = await within('room', taken, 200).then(
      () => false,
      () => true,
    );
    if (isStuck) return;
  }
}

test.each(['stays', 'leaves'])('an upload whose upstream sends a head and then does nothing ends; its client %s', async (what) => {
  const upstream = await startUpstream(async (wire) => {
    await wire.readHead();
    wire.pause();
    await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n');
  });
  const sluice = await startSluice(
    configFor({
      endpoints: [upstream.address],
      listener: { limits: { idleTimeout: '1s' } },
      pool: { timeouts: { stall: '1s' } },
    }),
  );
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${256 * MIB}`]));
  expect(await wire.readHead()).toContain('200 OK');
  expect(await sluice.metric('sluice_requests_in_flight')).toBe(1);
  await stuff(wire);
  if (what === 'leaves') wire.destroy();
  await sluice.untilQuiet(0);
});

test('a response that streams goes on while the rest of its request is not sent', async () => {
  const upstream = await startUpstream(async (wire) => {
    await wire.readHead();
    await wire.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let i = 0; i < 22; i++) {
      await pause(100);
      await wire.write('1\r\na\r\n');
    }
    await wire.write('0\r\n\r\n');
  });
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { timeouts: { stall: '1s' } } }));
  const wire = await connectTo(sluice);
  await wire.write(`${requestText('POST', '/', ['transfer-encoding: chunked'])}5\r\nhello\r\n`);
  expect((await wire.readMessage()).body).toBe('a'.repeat(22));
});

async function startBrief(): Promise<Sluice> {
  const upstream = await startUpstream(responding(() => ok()));
  return startSluice(configFor({ endpoints: [upstream.address], listener: { limits: { headerTimeout: '300ms', idleTimeout: '2s' } } }));
}

/** A kept connection whose request was followed by an empty line, and one that has begun a head at the same time. */
async function afterEmptyLine(sluice: Sluice, how: string): Promise<{ kept: Wire; tap: Wire }> {
  const kept = await connectTo(sluice);
  const tap = await connectTo(sluice);
  await kept.write(how === 'with the request' ? `${get('/')}\r\n` : get('/'));
  expect((await kept.readMessage()).status).toBe(200);
  if (how !== 'with the request') await kept.write('\r\n');
  await sluice.turn();
  await tap.write('GET / HT');
  return { kept, tap };
}

test.each(['with the request', 'after the response'])('an empty line sent %s is not the beginning of a request', async (how) => {
  const sluice = await startBrief();
  const began = performance.now();
  const silent = await afterEmptyLine(sluice, how);
  const next = await afterEmptyLine(sluice, how);
  // It has had the time of a head.
  expect((await next.tap.readMessage()).status).toBe(408);
  expect(next.kept.unread).toBe('');
  await next.kept.write(get('/'));
  expect((await next.kept.readMessage()).status).toBe(200);
  await eventually('the end', () => silent.kept.ended);
  expect(silent.kept.unread).toBe('');
  expect(performance.now() - began).toBeGreaterThan(1500);
});
