// What people type and what they are shown, without a server.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readAccess } from '../../../src/cli/access.ts';
import { parseAdminAddress } from '../../../src/cli/admin-address.ts';
import { readEvents, type StreamEvent } from '../../../src/cli/event-stream.ts';
import { formatAgo, formatInstant, formatShare, formatSpan } from '../../../src/cli/quantity.ts';
import { formatPairs, formatTable } from '../../../src/cli/table.ts';
import { openTerminal } from '../../../src/cli/terminal.ts';
import { describeWeights, parseWeights, scaleOthers } from '../../../src/cli/weights.ts';

describe('weights', () => {
  test('version=number', () => {
    expect(parseWeights(['v1=90', 'v2=9.5', 'my.canary=0'])).toEqual({
      kind: 'weights',
      values: { v1: 90, v2: 9.5, 'my.canary': 0 },
    });
    expect(Object.keys(parseWeights(['__proto__=1']).values)).toEqual(['__proto__']);
  });

  test.each(['v1', 'v1=', '=5', 'v1=-1', 'v1=+5', 'v1=1e3', 'v1=%', 'v1=5%%', 'v1=.5', 'v1 =5', 'v1=NaN', `v1=${'9'.repeat(10)}`])(
    'not %s',
    (word) => {
      expect(() => parseWeights([word])).toThrow('is no weight: write version=number, such as v1=90 v2=10');
    },
  );

  test('once each', () => {
    expect(() => parseWeights(['v1=1', 'v1=2'])).toThrow('v1 has two weights');
  });

  test('shares of some, while the others keep theirs among themselves', () => {
    expect(parseWeights(['v2=12.5%'])).toEqual({ kind: 'shares', values: { v2: 12.5 } });
    expect(() => parseWeights(['v1=90', 'v2=10%'])).toThrow('give weights or shares, not both');
    expect(scaleOthers({ v1: 100, v2: 0 }, { v2: 10 })).toEqual({ v1: 90, v2: 10 });
    expect(scaleOthers({ v1: 3, v2: 1, v3: 4 }, { v3: 20 })).toEqual({ v1: 60, v2: 20, v3: 20 });
    expect(scaleOthers({ v1: 1, v2: 1, v3: 1 }, { v3: 0.1 })).toEqual({ v1: 49.95, v2: 49.95, v3: 0.1 });
    expect(scaleOthers({ v1: 5, v2: 5 }, { v2: 100 })).toEqual({ v1: 0, v2: 100 });
    expect(scaleOthers({ v1: 5, v2: 5, v3: 0 }, { v1: 30, v2: 70 })).toEqual({ v1: 30, v2: 70, v3: 0 });
    expect(scaleOthers({ v1: 0, v2: 1 }, { v1: 100, v2: 0 })).toEqual({ v1: 100, v2: 0 });
    expect(() => scaleOthers({ v1: 1, v2: 1 }, { v1: 60, v2: 60 })).toThrow('the shares add up to 120 %');
    expect(() => scaleOthers({ v1: 0, v2: 1 }, { v2: 10 })).toThrow('the other 90 % would go to no version');
    expect(() => scaleOthers({ v1: 1, v2: 1 }, { v1: 10, v2: 10 })).toThrow('the other 80 % would go to no version');
  });

  test('in shares', () => {
    expect(describeWeights({ v1: 2, v2: 1, v3: 0 })).toBe('v1 66.67 %, v2 33.33 %');
    expect(describeWeights({ v1: 0 })).toBe('no version gets a request');
  });
});

describe('addresses', () => {
  test.each([
    ['http://127.0.0.1:9901', 'http://127.0.0.1:9901', undefined],
    ['127.0.0.1:9901', 'http://127.0.0.1:9901', undefined],
    ['https://Sluice.internal:9901/', 'https://sluice.internal:9901', undefined],
    ['https://sluice.internal', 'https://sluice.internal:443', undefined],
    ['http://localhost', 'http://localhost:80', undefined],
    ['[::1]:9901', 'http://[::1]:9901', undefined],
    ['http://[::1]:9901', 'http://[::1]:9901', undefined],
    ['unix:/run/sluice.sock', 'http://localhost', '/run/sluice.sock'],
  ])('%s', (text, origin, socketPath) => {
    expect(parseAdminAddress(text)).toMatchObject({ origin, socketPath });
  });

  test.each([
    '',
    'x',
    'ftp://a:1',
    'http://',
    'http://a:1/v1',
    'http://u:p@a:1',
    'unix:relative',
    'http://unix:/a',
    'srv:_http._tcp.a',
    'a:0',
    'a:70000',
    'http://a b',
  ])('not "%s"', (text) => expect(() => parseAdminAddress(text)).toThrow('is no address of an admin API'));
});

describe('access', () => {
  test('options before the environment before the default', () => {
    expect(readAccess({}, {}).address.text).toBe('http://127.0.0.1:9901');
    expect(readAccess({}, { SLUICE_ADMIN: 'unix:/a', SLUICE_TOKEN: ' t ' })).toMatchObject({ address: { text: 'unix:/a' }, token: 't' });
    expect(readAccess({ admin: 'b:1', token: 'u' }, { SLUICE_ADMIN: 'unix:/a', SLUICE_TOKEN: 't' })).toMatchObject({
      address: { text: 'http://b:1' },
      token: 'u',
    });
    expect(readAccess({}, { SLUICE_ADMIN: '', SLUICE_TOKEN: '' }).token).toBeUndefined();
  });

  test('a token from a file, without its line end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    writeFileSync(join(folder, 'token'), 'abc\n');
    writeFileSync(join(folder, 'empty'), '\n');
    expect(readAccess({ tokenFile: join(folder, 'token') }, { SLUICE_TOKEN: 'other' }).token).toBe('abc');
    expect(() => readAccess({ tokenFile: join(folder, 'empty') }, {})).toThrow('1 to 4096 visible ASCII characters');
    expect(() => readAccess({ tokenFile: join(folder, 'none') }, {})).toThrow('ENOENT');
    expect(() => readAccess({ tokenFile: join(folder, 'token'), token: 'x' }, {})).toThrow('not both');
    rmSync(folder, { recursive: true });
  });

  test('what a header cannot carry is no token', () => {
    expect(() => readAccess({ token: 'a\r\nx: y' }, {})).toThrow('visible ASCII');
  });
});

describe('quantities', () => {
  test.each([
    [1, '100 %'],
    [0.125, '12.5 %'],
    [1 / 3, '33.33 %'],
    [0.00001, '< 0.01 %'],
    [0, '0 %'],
  ])('share %s', (share, words) => expect(formatShare(share)).toBe(words));

  test.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
    [-5, '0 s'],
  ])('span %s', (ms, words) => expect(formatSpan(ms)).toBe(words));

  test('ago, also when clocks disagree', () => {
    expect([formatAgo(0, 12_000), formatAgo(5000, 0), formatInstant(0), formatInstant(Infinity)]).toEqual([
      '12 s ago',
      'now',
      '1970-01-01 00:00:00',
      '?',
    ]);
  });
});

describe('tables', () => {
  test('line up, whatever the colours', () => {
    const rows = [
      ['\u001b[32mv1\u001b[39m', '5', 'x'],
      ['canary', '100', ''],
    ];
    expect(formatTable([{ title: 'NAME' }, { title: 'W', align: 'right' }, { title: 'S' }], rows)).toEqual([
      'NAME      W  S',
      '\u001b[32mv1\u001b[39m        5  x',
      'canary  100',
    ]);
    expect(formatTable([{ title: 'NAME' }], [])).toEqual([]);
    expect(
      formatPairs([
        ['a', '1'],
        ['bcd', '2'],
      ]),
    ).toEqual(['a    1', 'bcd  2']);
  });
});

describe('the terminal', () => {
  const painted = (isTTY: boolean, env: Record<string, string>): string => {
    const stream = Object.assign(new PassThrough(), { isTTY });
    return openTerminal({ stdin: stream, stdout: stream, stderr: stream }, env).paint('good', 'x');
  };

  test('colours only for eyes that want them', () => {
    expect(painted(true, {})).toBe('\u001b[32mx\u001b[39m');
    expect(painted(true, { NO_COLOR: '' })).toBe('\u001b[32mx\u001b[39m');
    expect(painted(true, { NO_COLOR: '1' })).toBe('x');
    expect(painted(true, { TERM: 'dumb' })).toBe('x');
    expect(painted(false, {})).toBe('x');
  });

  test.each([
    ['y\n', 'y'],
    ['', ''],
  ])('asks; "%s" is "%s", and the end of the input an empty line', async (typed, heard) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true as const });
    const sink = Object.assign(new PassThrough(), { isTTY: true as const });
    const asked = openTerminal({ stdin, stdout: sink, stderr: sink }, {}).ask('sure? ');
    stdin.end(typed);
    expect(await asked).toBe(heard);
  });
});

describe('event streams', () => {
  async function read(...chunks: string[]): Promise<StreamEvent[]> {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    const events: StreamEvent[] = [];
    for await (const event of readEvents(bytes())) events.push(event);
    return events;
  }

  const stream = ': hello\n\nid: 7\nevent: change\ndata: {"a":\ndata: 1}\n\nretry: 5\n\ndata:x\n\nid: 8\n\ndata: cut';
  const events = [
    { id: '7', kind: 'change', text: '{"a":\n1}' },
    { id: '7', kind: 'message', text: 'x' },
  ];

  test('as a whole, byte by byte, and with other line ends', async () => {
    expect(await read(stream)).toEqual(events);
    expect(await read(...stream)).toEqual(events);
    expect(await read(...stream.replaceAll('\n', '\r\n'))).toEqual(events);
    expect(await read(stream.replaceAll('\n', '\r'))).toEqual(events);
  });

  test('are bounded', async () => {
    await expect(read(`data: ${'x'.repeat(1024 * 1024)}`)).rejects.toThrow('more than 1 MiB');
    const line = `data: ${'x'.repeat(1000)}\n`;
    await expect(read(...Array.from({ length: 1100 }, () => line))).rejects.toThrow('more than 1 MiB');
  });
});
