// CF-07: a response that ends early. CF-08: bytes that are no response: garbage, a huge head, endless interim responses.

import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import { at, crowd, poolsConfig, startRig, verdicts } from './rig.ts';
import { ends, startTraffic } from './traffic.ts';

afterEach(closeAll);

const EARLY: Readonly<Record<string, string>> = {
  length: 'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nsome',
  chunk: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\nffff\r\nmo',
  end: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n',
};

test('CF-07: responses that end too soon, by FIN and by RST, never look whole', async () => {
  const good = await startUpstream(responding(() => ok()));
  const early = await startUpstream(async (wire) => {
    const [, , what = '', how] = (await wire.readMessage()).line.split(/[ /]+/);
    await wire.write(EARLY[what]!);
    // As soon as the client has some of it; it says so by its own end of the upload.
    if (how === 'reset') setTimeout(() => wire.reset(), 20);
    else setTimeout(() => wire.end(), 20);
    await wire.closed;
  });
  const rig = await startRig(poolsConfig({ well: at(good.address), early: at(early.address) }));
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(rig.sluice, { loops: 4 });
    const opened = early.wires.length;
    for (const what of Object.keys(EARLY)) {
      for (const how of ['end', 'reset']) {
        const rests = await crowd(rig, 20, get(`/early/${what}/${how}`), async (wire) => {
          expect(await wire.readHead()).toContain('200 OK');
          await eventually('the end', () => wire.ended);
          return wire.unread;
        });
        expect([what, how, rests.filter((rest) => rest.endsWith('0\r\n\r\n') || rest.length >= 5000)]).toEqual([what, how, []]);
      }
    }
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    // Nothing was sent again, and none of those connections is kept.
    expect(early.wires.length - opened).toBe(120);
    await eventually('all closed', () => early.open === 0);
  });
});

const NO_RESPONSES: Readonly<Record<string, string>> = {
  noise: '\x00\xff\x13garbage\r\n\r\n',
  tls: '\x15\x03\x01\x00\x02\x02\x46',
  version: 'HTTP/2.0 200 OK\r\n\r\n',
  status: 'HTTP/1.1 999999 What\r\n\r\n',
  framing: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
  smuggle: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  huge: `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\ncontent-length: 0\r\n\r\n`,
  many: `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(5_000)}content-length: 0\r\n\r\n`,
  interim: 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000) + ok(),
};

test('CF-08: 502 for anything that is no response; the connection closes, others are served', async () => {
  const good = await startUpstream(responding(() => ok()));
  const bad = await startUpstream(async (wire) => {
    const [, , what = ''] = (await wire.readMessage()).line.split(/[ /]+/);
    await wire.write(NO_RESPONSES[what]!);
    // Some of it is no end of a head: more would have to come.
    if (what === 'tls') wire.end();
    await wire.closed;
  });
  const rig = await startRig(poolsConfig({ well: at(good.address), bad: at(bad.address) }));
  await leavesNothing(rig, async () => {
    const traffic = startTraffic(rig.sluice, { loops: 4 });
    for (const what of Object.keys(NO_RESPONSES)) {
      const statuses = await crowd(rig, 10, get(`/bad/${what}`), async (wire) => {
        // Interim responses that were still within bounds came before.
        for (;;) {
          const { status } = await wire.readMessage();
          if (status >= 200) return status;
        }
      });
      expect([what, ...new Set(statuses)]).toEqual([what, 502]);
    }
    const tally = await traffic.stop();
    expect(ends(tally)).toEqual({ 200: tally.sent });
    await eventually('all closed', () => bad.open === 0);
    expect(await verdicts(rig, 10)).toEqual(['200']);
  });
});
