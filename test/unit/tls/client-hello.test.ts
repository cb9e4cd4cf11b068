import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  HELLO_FOREIGN,
  HELLO_INCOMPLETE,
  HELLO_MALFORMED,
  MAX_HELLO_BYTES,
  emptyHello,
  readClientHello,
} from '../../../src/tls/client-hello.ts';
import { helloOf, inRecords } from '../../scaffold/client-hello.ts';

let modern: Buffer;
let older: Buffer;
let nameless: Buffer;

beforeAll(async () => {
  modern = await helloOf({ servername: 'Shop.Example.test', ALPNProtocols: ['h2', 'http/1.1'] });
  older = await helloOf({ servername: 'a.test', maxVersion: 'TLSv1.2' });
  nameless = await helloOf({ servername: '' });
});

function read(bytes: Uint8Array, length = bytes.length) {
  const hello = emptyHello();
  return { end: readClientHello(bytes, length, hello), ...hello };
}

/** A ClientHello with these extensions: kind and content. */
function made(extensions: readonly (readonly [number, Buffer])[]): Buffer {
  const list = Buffer.concat(
    extensions.map(([kind, content]) =>
      Buffer.concat([Buffer.from([kind >> 8, kind & 255, content.length >> 8, content.length & 255]), content]),
    ),
  );
  const body = Buffer.concat([
    Buffer.from('0303', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('00000213010100', 'hex'),
    Buffer.from([list.length >> 8, list.length & 255]),
    list,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
  return Buffer.concat([Buffer.from([22, 3, 1, message.length >> 8, message.length & 255]), message]);
}

/** Its only extension says that it is longer than it is. */
function overlong(): Buffer {
  const bytes = made([[5, Buffer.alloc(4)]]);
  bytes[bytes.length - 5] = 9;
  return bytes;
}

function named(name: string): Buffer {
  const text = Buffer.from(name, 'latin1');
  const length = text.length;
  return Buffer.concat([Buffer.from([0, length + 3, 0, 0, length]), text]);
}

describe('the first message of a client', () => {
  test('says name, protocols, versions and random bytes', () => {
    expect(read(modern)).toMatchObject({
      end: modern.length,
      serverName: 'shop.example.test',
      protocols: ['h2', 'http/1.1'],
      newest: 0x0304,
      resumes: false,
      random: modern.subarray(11, 43).toString('hex'),
    });
    expect(read(older)).toMatchObject({ end: older.length, serverName: 'a.test', newest: 0x0303 });
    expect(read(nameless)).toMatchObject({ end: nameless.length, serverName: '', protocols: [] });
  });

  test('is incomplete up to its last byte, wherever it is cut', () => {
    for (let length = 0; length < modern.length; length++) expect(read(modern, length).end).toBe(HELLO_INCOMPLETE);
  });

  test('may lie in several records', () => {
    for (const size of [64, 100, 257, 4096]) {
      const cut = inRecords(modern, size);
      expect(read(cut)).toMatchObject({ end: cut.length, serverName: 'shop.example.test' });
      for (const length of [1, 6, 10, 70, cut.length - 1])
        expect(read(cut, length).end).toBe(length < cut.length ? HELLO_INCOMPLETE : cut.length);
    }
    // One byte in each record: an attack on our time.
    expect(read(inRecords(modern, 1)).end).toBe(HELLO_MALFORMED);
  });

  test('of something else is foreign', () => {
    for (const text of ['GET / HTTP/1.1\r\n', 'PROXY TCP4', '\x16\x02\x00\x00\x05hello', '\x80\x2e\x01\x03\x01', 'SSH-2.0'])
      expect(read(Buffer.from(text, 'latin1')).end).toBe(HELLO_FOREIGN);
  });

  test.each([
    ['an empty record', Buffer.from('1603010000', 'hex')],
    ['a record that is too large', Buffer.from('160301ffff01', 'hex')],
    ['another message first', Buffer.from('160301000402000000', 'hex')],
    ['an alert after a part of it', Buffer.from('160301000201001503010002', 'hex')],
    ['two names', made([[0, Buffer.concat([named('a.test'), named('b.test')])]])],
    [
      'the name twice',
      made([
        [0, named('a.test')],
        [0, named('b.test')],
      ]),
    ],
    ['a name with a NUL', made([[0, named('a.test\0.b.test')]])],
    ['a name with a slash', made([[0, named('a/b')]])],
    ['an empty label', made([[0, named('a..test')]])],
    ['an empty name', made([[0, named('')]])],
    ['a name that is longer than names are', made([[0, named(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(64))]])],
    ['an empty protocol', made([[16, Buffer.from('000100', 'hex')]])],
    ['a protocol that ends beyond its list', made([[16, Buffer.from('0003056832', 'hex')]])],
    ['an extension that ends beyond the message', overlong()],
  ])('that has %s is malformed', (_, bytes) => {
    expect(read(bytes).end).toBe(HELLO_MALFORMED);
  });

  test('an address in place of a name counts as none', () => {
    expect(read(made([[0, named('127.0.0.1')]]))).toMatchObject({ serverName: '' });
    expect(read(made([[0, named('a.test.')]]))).toMatchObject({ serverName: 'a.test' });
  });

  test('never needs more than its bound, and no bytes make the reader fail', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(modern.length - 1), fc.nat(255)).map(([at, value]) => {
        const changed = Buffer.from(modern);
        changed[at] = value;
        return new Uint8Array(changed);
      }),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const { end, serverName } = read(given);
        expect(end === HELLO_FOREIGN || end === HELLO_MALFORMED || (end >= 0 && end <= given.length)).toBe(true);
        if (end > 0) expect(serverName).toMatch(/^[a-z0-9._-]*$/);
      }),
      { numRuns: 2000 },
    );
    const endless = Buffer.alloc(MAX_HELLO_BYTES + 10);
    Buffer.from('1603013fff0100ffff', 'hex').copy(endless);
    expect(read(endless).end).toBe(HELLO_MALFORMED);
  });
});

test('that comes byte by byte in many records costs about what it is long', () => {
  const message = Buffer.alloc(4 + 16_000);
  message[0] = 1;
  message.writeUIntBE(16_000, 1, 3);
  const cut = inRecords(Buffer.concat([Buffer.alloc(5), message]), 254);
  const hello = emptyHello();
  const sinceMs = performance.now();
  for (let length = 1; length < cut.length; length++) expect(readClientHello(cut, length, hello)).toBe(HELLO_INCOMPLETE);
  // Some 8 GB would be copied otherwise.
  expect(performance.now() - sinceMs).toBeLessThan(700);
});
