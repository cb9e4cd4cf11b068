// What goes wrong, as exit codes and as words that say what to do.

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal, unreachable } from '../../../src/cli/refusal.ts';
import { runSplit } from '../../../src/cli/split.ts';
import { runStatus } from '../../../src/cli/status.ts';
import { FakeAdmin, problem, runAgainst } from './fake-admin.ts';

describe('statuses', () => {
  test.each([
    [400, 1, 'no'],
    [401, 1, 'SLUICE_TOKEN'],
    [403, 1, 'operator'],
    [404, 1, 'no'],
    [412, 4, 'sluice revisions'],
    [421, 1, 'admin.hosts'],
    [422, 1, 'no'],
    [429, 1, 'try again'],
    [500, 1, 'status 500'],
    [503, 1, 'status 503'],
  ])('%s is exit code %s', (status, code, word) => {
    const failure = refusal({ ...problem(status, 'no'), address: 'a' });
    expect(failure.exitCode).toBe(code);
    expect([failure.message, ...failure.advice].join('\n')).toContain(word);
  });

  test('each problem on a line, with its place', () => {
    const problems = [
      { path: 'weights.v9', line: 1, column: 14, message: 'there is no version "v9"' },
      { path: '', message: 'x\u0007' },
      7,
    ];
    expect(refusal({ ...problem(422, 'Refused.', { problems }), address: 'a' }).advice).toEqual([
      'line 1, column 14: weights.v9: there is no version "v9"',
      'x\\u0007',
    ]);
  });

  test('a body that is no problem', () => {
    expect(refusal({ status: 502, body: '<html>Bad gateway</html>', address: 'a' }).message).toBe(
      '<html>Bad gateway</html> (status 502 of a)',
    );
    expect(refusal({ status: 502, body: undefined, address: 'a' }).message).toBe('status 502 (status 502 of a)');
  });
});

describe('no response', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  let onConnection: (socket: Socket) => void = () => undefined;

  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const address = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;

  test('refused: is it running, which address, how to name another', async () => {
    const gone = address();
    await new Promise((resolve) => server.close(resolve));
    const ended = await runAgainst(gone, {}, (call) => runStatus(call, undefined));
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`cannot reach the admin API at http://${gone}: nothing listens there`);
    expect(ended.stderr).toContain('Is Sluice running?');
    expect(ended.stderr).toContain('--admin URL');
  });

  test('no socket', async () => {
    const ended = await runAgainst('unix:/nowhere/at/all.sock', {}, (call) => runStatus(call, undefined));
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining('there is no such socket') as string });
  });

  test('not HTTP', async () => {
    onConnection = (socket) => socket.end('SSH-2.0-OpenSSH\r\n');
    const ended = await runAgainst(address(), {}, (call) => runStatus(call, undefined));
    expect(ended.code).toBe(3);
  });

  test('HTTPS towards a plain port', async () => {
    onConnection = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    const ended = await runAgainst(`https://${address()}`, {}, (call) => runStatus(call, undefined));
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining('it does not speak HTTPS') as string });
  });

  test('silence; a write may have been carried out', async () => {
    const silent = new FakeAdmin();
    await silent.listen();
    silent.scripted.set('PUT /v1/pools/shop/split', 'silence');
    const ended = await runAgainst(silent.url, { yes: true }, (call) => runSplit(call, 'shop', ['v1=1', 'v2=0']));
    await silent.close();
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('it does not respond in time');
    expect(ended.stderr).toContain('Whether the change was made is not known');
  });

  test('a certificate of an unknown authority', () => {
    const error = Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(unreachable('https://a', error, 'write').advice.join('\n')).toMatch(
      /^Name the authority with --ca-file\.\nAnother address(?!.*not known)/,
    );
  });
});
