import { afterEach, expect, test } from 'vitest';
import type { Side, ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import { get } from '../../../flow/scaffold/client.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll } from '../../../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../../../flow/scaffold/upstream.ts';
import type { Message } from '../../../flow/scaffold/wire.ts';
import { askAt, startMirrored } from './mirrored-proxy.ts';

afterEach(closeAll);

async function startBoth(mirror: object = {}) {
  const seen: Message[] = [];
  const first = await startUpstream(
    responding((request) => {
      seen.push(request);
      return ok('from primary', 'x-side: primary');
    }),
  );
  const other = await startUpstream(
    responding((request) => {
      seen.push(request);
      return ok('from second', 'x-side: second');
    }),
  );
  const shadow = await startUpstream(
    responding((request) => {
      seen.push(request);
      return ok('from candidate', 'x-side: candidate');
    }),
  );
  const primary = [first.address, other.address];
  const pool = { balancer: 'round-robin' };
  return { seen, first, shadow, ...(await startMirrored({ primary, shadow: [shadow.address], mirror, pool, compare: {} })) };
}

test('a tap hears all responses, whole, and how they ended', async () => {
  const { context, port, faults } = await startBoth();
  const heard: string[] = [];
  const bodies: Record<Side, string> = { primary: '', candidate: '', secondary: '' };
  context.shadows.createTap = (mirror, shadow, copied): ResponseTap => {
    heard.push(`${mirror.name} to ${shadow.name} ${copied.target}`);
    return {
      wantsSecondary: true,
      onHead: (side, head, latencyMs) => void heard.push(`${side} ${head.status} ${latencyMs >= 0 && latencyMs < 10_000}`),
      onBody: (side, bytes, from, to) => void (bodies[side] += bytes.toString('latin1', from, to)),
      onPrimaryEnd: ({ outcome, status }) => void heard.push(`primary ended ${outcome.code} ${status}`),
      onCopyEnd: (side, { code }) => void heard.push(`${side} ended ${code}`),
    };
  };
  const { body } = await askAt(port, get('/x'));
  await eventually('all ends', () => heard.length === 7);
  expect(heard[0]).toBe('dark to v2 /x');
  expect(heard.slice(1).toSorted()).toEqual([
    'candidate 200 true',
    'candidate ended ok',
    'primary 200 true',
    'primary ended ok 200',
    'secondary 200 true',
    'secondary ended ok',
  ]);
  expect(bodies.candidate).toBe('from candidate');
  expect(bodies.primary).toBe(body);
  // Of two endpoints the other one.
  expect([bodies.primary, bodies.secondary].toSorted()).toEqual(['from primary', 'from second']);
  expect(faults).toEqual([]);
});

test('changes that the mirror makes are for the shadow, not for the secondary copy', async () => {
  const { context, port, seen } = await startBoth({ requestHeaders: { set: { 'x-stage': 'dark' } }, rewrite: { host: 'shadow.internal' } });
  context.shadows.createTap = () => ({
    wantsSecondary: true,
    onHead: () => undefined,
    onBody: () => undefined,
    onPrimaryEnd: () => undefined,
    onCopyEnd: () => undefined,
  });
  await askAt(port, get('/x', 'x-own: 1'));
  await eventually('all copies', () => seen.length === 3);
  const fieldsOf = (request: Message): string => ['x-sluice-shadow', 'host', 'x-stage'].map((name) => request.field(name) ?? '-').join(' ');
  expect(seen.map(fieldsOf).toSorted()).toEqual(['- a.example -', 'dark a.example -', 'dark shadow.internal dark']);
});

test.each(['find', 'onHead', 'onBody', 'onPrimaryEnd', 'onCopyEnd'])('one that fails in %s fails alone', async (where) => {
  const { context, port, faults } = await startBoth();
  const fail = (here: string) => (): void => {
    if (here === where) throw new Error('a fault of the tap');
  };
  context.shadows.createTap = (): ResponseTap => {
    fail('find')();
    return {
      wantsSecondary: true,
      onHead: fail('onHead'),
      onBody: fail('onBody'),
      onPrimaryEnd: fail('onPrimaryEnd'),
      onCopyEnd: fail('onCopyEnd'),
    };
  };
  for (let n = 0; n < 3; n++) expect((await askAt(port, get('/x'))).status).toBe(200);
  await eventually('the faults', () => faults.length >= 3);
});

test('a copy that never begins is told as well, and the primary still is', async () => {
  const { context, port, shadow } = await startBoth({ limits: { connections: 1 } });
  await shadow.stopListening();
  const heard: string[] = [];
  context.shadows.createTap = () => ({
    wantsSecondary: false,
    onHead: (side) => void heard.push(`${side} head`),
    onBody: () => undefined,
    onPrimaryEnd: () => void heard.push('primary ended'),
    onCopyEnd: (side, { code }) => void heard.push(`${side} ended ${code}`),
  });
  for (let n = 1; n <= 6; n++) {
    await askAt(port, get('/x'));
    await eventually('its ends', () => heard.length === 3 * n);
  }
  expect(heard.filter((line) => line === 'candidate ended connect_refused')).toHaveLength(5);
  expect(heard.slice(15).toSorted()).toEqual(['candidate ended breaker', 'primary ended', 'primary head']);
});
