import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { MissedWriteDetector } from '../../../../src/proxy/mirror/missed-write-detector.ts';
import type { MissedWrite } from '../../../../src/compare/mirrored-exchange.ts';
import { post } from '../../../flow/scaffold/client.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../../flow/scaffold/open.ts';
import { responding, startUpstream } from '../../../flow/scaffold/upstream.ts';
import type { Upstream } from '../../../flow/scaffold/upstream.ts';
import { Wire } from '../../../flow/scaffold/wire.ts';
import { askAt, startMirrored } from './mirrored-proxy.ts';

afterEach(closeAll);

const respondingWith = (status: number): Promise<Upstream> =>
  startUpstream(responding(() => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`));

async function startWatching(primary: Upstream, shadow: Upstream, mirror: object = {}) {
  const missed: MissedWrite[] = [];
  let ended = 0;
  const parts = { primary: [primary.address], shadow: [shadow.address], mirror: { sideEffects: 'allow', ...mirror } };
  const proxy = await startMirrored({ ...parts, pool: { retries: { attempts: 0 } } });
  proxy.context.shadows.createTap = (table, shadowOf, copied) => {
    const watch = new MissedWriteDetector({
      mirror: table,
      version: shadowOf.name,
      copied,
      atMs: 5,
      onMissed: (one) => void missed.push(one),
    });
    return {
      wantsSecondary: false,
      onHead: (side, head) => watch.onHead(side, head),
      onBody: () => undefined,
      onPrimaryEnd: (of) => (watch.onPrimaryEnd(of), void ended++),
      onCopyEnd: (side, outcome) => (watch.onCopyEnd(side, outcome), void ended++),
    };
  };
  return { ...proxy, missed, bothEnded: (times: number) => eventually('both ends', () => ended === 2 * times) };
}

test.each([
  // [primary, shadow, why]
  [201, 201, undefined],
  [201, 302, undefined],
  [201, 409, 'ok 409'],
  [204, 503, 'upstream_error 503'],
  [422, 422, undefined],
  [500, 201, undefined],
])('a primary that returns %i and a shadow that returns %i', async (ofPrimary, ofShadow, why) => {
  const [primary, shadow] = [await respondingWith(ofPrimary), await respondingWith(ofShadow)];
  const { port, missed, bothEnded, faults } = await startWatching(primary, shadow);
  await askAt(port, post('/orders?x=1', 'hello'));
  await bothEnded(1);
  expect(missed.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(why === undefined ? [] : [why]);
  if (why !== undefined)
    expect(missed[0]).toMatchObject({
      ...{ pool: 'shop', mirror: 'dark', version: 'v2', atMs: 5, method: 'POST', target: '/orders?x=1' },
      ...{ authority: 'a.example', primaryStatus: ofPrimary, requestId: expect.stringMatching(/./) as string },
    });
  expect(faults).toEqual([]);
});

test('a shadow that does not respond, and then gets no copies', async () => {
  const [primary, shadow] = [await respondingWith(200), await respondingWith(200)];
  const { port, missed, bothEnded } = await startWatching(primary, shadow);
  await shadow.stopListening();
  for (let n = 1; n <= 6; n++) {
    await askAt(port, post('/', 'x'));
    await bothEnded(n);
  }
  expect(missed.map(({ outcome }) => outcome)).toEqual([...Array<string>(5).fill('connect_refused'), 'breaker']);
});

test('a primary that may have taken it, for all that is known', async () => {
  const silent = await startUpstream(async (wire) => void (await wire.readMessage()));
  const shadow = await respondingWith(500);
  const { port, missed, bothEnded } = await startWatching(silent, shadow, { onAbort: 'finish' });
  const wire = open(new Wire(connect(port, '127.0.0.1')));
  await wire.write(post('/', 'x'));
  await eventually('the copy', () => shadow.bytes > 0 && silent.bytes > 0);
  await wire.close();
  await bothEnded(1);
  expect(missed).toMatchObject([{ primaryStatus: 0, outcome: 'upstream_error', status: 500 }]);
});

test('a write whose client left before it was whole has been taken by no system', async () => {
  const silent = await startUpstream(async (wire) => void (await wire.readMessage()));
  const shadow = await respondingWith(201);
  const { port, missed, bothEnded } = await startWatching(silent, shadow, { onAbort: 'finish' });
  const wire = open(new Wire(connect(port, '127.0.0.1')));
  await wire.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
  await eventually('the copy', () => shadow.bytes > 0 && silent.bytes > 0);
  await wire.close();
  await bothEnded(1);
  expect(missed).toEqual([]);
});
