// What our encoder writes is read as what it was to say, by our decoder and by nghttp2, and what nghttp2 writes we read as what it was to say:
// over connections of many heads, whatever sizes the table has in between.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { REQUEST_RULES, RESPONSE_RULES } from '../../../src/http2/block-rules.ts';
import { HEADERS } from '../../../src/http2/frames.ts';
import { HeaderDecoder } from '../../../src/http2/hpack/header-decoder.ts';
import { HeaderEncoder, maxEncodedBytes } from '../../../src/http2/hpack/header-encoder.ts';
import { decode, linesOf, pairsOf, type Pair } from '../../unit/http2/blocks.ts';
import { MAX_BLOCKS, frame, readAsClient, readAsServer, writeAsClient, writeAsServer } from './nghttp2.ts';

const name = fc
  .oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('content-type', 'etag', 'server', 'accept', 'user-agent', 'x-a', 'set-cookie', 'content-encoding'),
    },
    { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/) },
  )
  .filter((each) => !/^(?:connection|keep-alive|upgrade|te|host|cookie|date|via|forwarded|expect|content-length)$/.test(each));
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('text/plain', 'a', 'b', '', 'x'.repeat(200), '"5d8c72a5"') },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~\xa1-\xff](?:[\t -~\xa0-\xff]{0,40}[!-~\xa1-\xff])?$/) },
);
const pairs = fc.array(fc.tuple(name, value), { maxLength: 10 });
/** As HTTP/1 might have it: names in any case, blanks around values. */
const spelling = fc.constantFrom(': ', ':', ':  ', ': \t');

function spell(fields: readonly Pair[], between: string): string {
  return fields
    .map(([each, text]) => `${between === ':' ? each.toUpperCase() : each}${between}${text}${between === ':  ' ? ' ' : ''}\r\n`)
    .join('');
}

function encodeResponse(encoder: HeaderEncoder, status: number, block: string): Buffer {
  const into = Buffer.alloc(maxEncodedBytes(block.length));
  return into.subarray(0, encoder.encodeResponse(status, block, into, 0));
}

test('responses, by our decoder', () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.tuple(pairs, spelling) },
    { weight: 1, arbitrary: fc.constantFrom(0, 40, 100, 300, 4096) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [encoder, decoder] = [new HeaderEncoder(false), new HeaderDecoder(4096)];
      for (const each of steps) {
        if (typeof each === 'number') encoder.resize(each);
        else {
          const [fields, between] = each;
          const decoded = decode(encodeResponse(encoder, 200, spell(fields, between)), decoder, RESPONSE_RULES);
          expect(decoded.fault + decoded.fields.fault).toBe('');
          expect(pairsOf(decoded)).toEqual([[':status', '200'], ...fields]);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('responses, by a client of nghttp2', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(pairs, fc.constantFrom(200, 204, 404, 503)), { minLength: 1, maxLength: MAX_BLOCKS }),
      async (responses) => {
        const encoder = new HeaderEncoder(false);
        const sent = responses.map(([fields, status], index) =>
          frame(HEADERS, 0x5, 2 * index + 1, encodeResponse(encoder, status, spell(fields, ': '))),
        );
        const { streams, goaway } = await readAsClient(responses.length, Buffer.concat(sent));
        expect(goaway).toBe(-1);
        for (const [index, [fields, status]] of responses.entries()) {
          expect(streams.get(2 * index + 1)?.heads).toEqual([[[':status', String(status)], ...fields]]);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('requests, by a server of nghttp2', async () => {
  const target = fc.constantFrom('/', '/a?b=c', `/${'x'.repeat(100)}`);
  const host = fc.constantFrom('a.example', 'b.example:8080');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(pairs, target, host, fc.boolean()), { minLength: 1, maxLength: MAX_BLOCKS }),
      fc.constantFrom('GET', 'POST', 'DELETE'),
      async (requests, method) => {
        const encoder = new HeaderEncoder(true);
        const sent = requests.map(([fields, path, authority, acceptsTrailers], index) => {
          const outgoing = Object.assign(new OutgoingRequest(), { method, target: path, block: spell(fields, ': '), acceptsTrailers });
          const into = Buffer.alloc(maxEncodedBytes(outgoing.block.length + path.length + authority.length));
          return frame(HEADERS, 0x5, 2 * index + 1, into.subarray(0, encoder.encodeRequest(outgoing, 'https', authority, into, 0)));
        });
        const { streams, goaway } = await readAsServer(Buffer.concat(sent));
        expect(goaway).toBe(-1);
        for (const [index, [fields, path, authority, acceptsTrailers]] of requests.entries()) {
          const control = [
            [':method', method],
            [':scheme', 'https'],
            ...(path === '/' ? [[':path', '/']] : [[':path', path]]),
            [':authority', authority],
          ];
          const trailers = acceptsTrailers ? [['te', 'trailers']] : [];
          expect(streams.get(2 * index + 1)?.heads).toEqual([[...control, ...fields, ...trailers]]);
        }
      },
    ),
    { numRuns: 30 },
  );
});

/** Node takes a field once, with all of its values, and joins those that it knows to be lists. */
const once = fc.uniqueArray(fc.tuple(name, value), { maxLength: 10, selector: ([each]) => each });

test('requests of a client of nghttp2, with tables of several sizes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(once, { minLength: 1, maxLength: MAX_BLOCKS }),
      fc.constantFrom(0, 100, 4096),
      async (requests, tableSize) => {
        const control = { ':method': 'GET', ':authority': 'a.example', ':scheme': 'https', ':path': '/a' };
        const blocks = await writeAsClient(
          requests.map((fields) => ({ ...control, ...Object.fromEntries(fields) })),
          tableSize,
        );
        const decoder = new HeaderDecoder(4096);
        for (const [index, fields] of requests.entries()) {
          const decoded = decode(blocks[index]!, decoder, REQUEST_RULES);
          expect(decoded.fault + decoded.fields.fault).toBe('');
          expect(linesOf(decoded.fields.block).sort()).toEqual([...fields].sort());
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('responses of a server of nghttp2', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(once, { minLength: 1, maxLength: MAX_BLOCKS }), async (responses) => {
      const blocks = await writeAsServer(responses.map((fields) => ({ ':status': 200, ...Object.fromEntries(fields) })));
      const decoder = new HeaderDecoder(4096);
      for (const [index, fields] of responses.entries()) {
        const decoded = decode(blocks[index]!, decoder, RESPONSE_RULES);
        expect(decoded.fault + decoded.fields.fault).toBe('');
        const lines = linesOf(decoded.fields.block).filter(([each]) => each !== 'date');
        expect(lines.sort()).toEqual([...fields].sort());
      }
    }),
    { numRuns: 30 },
  );
});
