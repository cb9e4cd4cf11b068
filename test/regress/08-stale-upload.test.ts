// A kept upstream connection that turns out closed costs no upload of which no body byte was sent.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from '../flow/scaffold/client.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import { ok, startUpstream } from '../flow/scaffold/upstream.ts';

afterEach(closeAll);

test.each(['content-length: 4', 'transfer-encoding: chunked'])('a PUT whose body comes later is repeated: %s', async (framing) => {
  const seen: string[] = [];
  const upstream = await startUpstream(async (wire, index) => {
    if (index === 0) {
      await wire.readMessage();
      await wire.write(ok());
      seen.push(`0 ${(await wire.readHead()).split(' ')[0]}`);
      wire.destroy();
      return;
    }
    const request = await wire.readMessage();
    seen.push(`${index} ${request.line.split(' ')[0]} ${request.body}`);
    await wire.write(ok('stored'));
  });
  // No retries at all: this is the repair of a race, not a retry.
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { retries: { attempts: 0 } } }));
  expect((await ask(sluice, get('/'))).status).toBe(200);
  const wire = await connectTo(sluice);
  await wire.write(requestText('PUT', '/thing', [framing]));
  await upstream.wires[0]!.closed;
  await sluice.turn();
  await wire.write(framing.startsWith('content') ? 'abcd' : '4\r\nabcd\r\n0\r\n\r\n');
  const response = await wire.readMessage();
  expect([response.status, response.body]).toEqual([200, 'stored']);
  expect(seen).toEqual(['0 PUT', '1 PUT abcd']);
});
