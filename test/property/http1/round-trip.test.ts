// What we write, our own strict reader accepts and reads back as the same message. So does Node's.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileHeaderChanges } from '../../../src/http/header-changes.ts';
import { HOP_BY_HOP_FIELDS } from '../../../src/http/hop-by-hop.ts';
import { isForwardingField, SHADOW_FIELD } from '../../../src/http/forwarding-fields.ts';
import { findField } from '../../../src/http/header-block.ts';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { isBodyless, reasonPhrase } from '../../../src/http/status.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE } from '../../../src/http/body-kind.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { writeRequestHead } from '../../../src/http1/write-request.ts';
import { copiedBlock } from '../../../src/proxy/mirror/copied-block.ts';
import {
  CLOSES,
  KEEPS_ALIVE,
  persistenceOf,
  writeInterimHead,
  writeLocalHead,
  writeResponseHead,
} from '../../../src/http1/write-response.ts';
import { readRequest, readResponse } from './llhttp.ts';

const LIMITS = { headerBytes: 65536, headerCount: 1000, requestLineBytes: 65536 };
const TOKEN = [..."!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
const VALUE = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((byte) => /[\t -~\x80-\xff]/.test(byte));

/** Names that a message passes on as they are: neither framing nor hop-by-hop, nor forwarding, nor one that looks like it. */
function isPlain(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-');
  return !HOP_BY_HOP_FIELDS.has(plain) && !isForwardingField(plain) && !['host', 'via', 'expect', 'content-length'].includes(plain);
}

const text = (bytes: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...bytes), maxLength });
const token = fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 24 });
const name = fc.oneof(token.filter(isPlain), fc.constantFrom('Cookie', 'Set-Cookie', 'x-a', 'X-Forward', 'traceparent', 'Trailer'));
const line = fc.tuple(name, text(VALUE, 40)).map(([each, value]) => `${each}:${value}\r\n`);
const block = fc.array(line, { maxLength: 8 }).map((lines) => lines.join(''));
const authority = fc.constantFrom('a.example', 'a.example:8080', '[::1]:81', '10.0.0.1', 'internal');
const target = fc.oneof(
  text([...'!"$%&\'()*+,-./0123456789:;<=>?@AZ[\\]^_`az{|}~'], 60).map((rest) => `/${rest}`),
  fc.constant('*'),
);
const method = fc.oneof(
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'),
  token.filter((each) => each !== 'CONNECT'),
);
const request = fc
  .record({ method, target, authority, block, body: fc.constantFrom(BODY_CHUNKED, BODY_NONE), acceptsTrailers: fc.boolean() })
  .map((fields) => Object.assign(new OutgoingRequest(), fields, fields.target === '*' ? { method: 'OPTIONS' } : {}));

function readBack(written: string): RequestHead {
  const head = new RequestHead();
  expect(readRequestHead(written, 0, head, LIMITS)).toBe(written.length);
  return head;
}

test('a request is read back as it was written', () => {
  fc.assert(
    fc.property(request, (sent) => {
      const written = writeRequestHead(sent, sent.authority);
      const { method: verb, target: to, authority: host, block: fields, body, acceptsTrailers } = sent;
      expect(readBack(written)).toMatchObject({
        ...{ method: verb, target: to, authority: host, block: fields, acceptsTrailers },
        body,
        ...{ minor: 1, keepAlive: true, contentLength: -1, forwardedOther: false, refusal: '' },
      });
      const theirs = readRequest(Buffer.from(body === BODY_CHUNKED ? `${written}0\r\n\r\n` : written, 'latin1'));
      if (theirs.method !== '') expect(theirs).toMatchObject({ fault: '', method: verb, target: to });
    }),
    { numRuns: 3_000 },
  );
});

test('a length stays in the block and frames the body', () => {
  fc.assert(
    fc.property(request, fc.maxSafeNat(), (sent, bytes) => {
      const fields = `${sent.block}Content-Length: ${bytes}\r\n`;
      const head = readBack(writeRequestHead(Object.assign(sent, { body: BODY_LENGTH, block: fields }), sent.authority));
      expect(head).toMatchObject({ block: fields, contentLength: bytes, body: bytes === 0 ? BODY_NONE : BODY_LENGTH });
    }),
  );
});

const change = fc.tuple(
  name,
  text(
    VALUE.filter((byte) => byte <= '~' && byte !== '\t'),
    20,
  ),
);
const changes = fc
  .record({ set: fc.array(change, { maxLength: 3 }), add: fc.array(change, { maxLength: 2 }), remove: fc.array(name, { maxLength: 3 }) })
  .map(compileHeaderChanges);

test('a copy is the same message with its mark, its host and its changes', () => {
  fc.assert(
    fc.property(request, authority, fc.option(changes, { nil: undefined }), (sent, host, wanted) => {
      const mark = `${SHADOW_FIELD}: dark\r\n`;
      const original = readBack(writeRequestHead(sent, sent.authority));
      const copied = new OutgoingRequest();
      copied.copy(sent, copiedBlock(sent, mark, wanted));
      const copy = readBack(writeRequestHead(copied, host));
      expect(copy).toMatchObject({ method: sent.method, target: sent.target, authority: host, body: original.body, forwardedOther: true });
      expect(copy.acceptsTrailers).toBe(original.acceptsTrailers);
      expect(findField(copy.block, SHADOW_FIELD)).toBe('dark');
      if (wanted === undefined) expect(copy.block).toBe(mark + original.block);
      else expect(copy.block.endsWith(wanted.append)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

const status = fc.integer({ min: 200, max: 599 });
const reason = text(VALUE, 30);

test('a response is read back as it was written', () => {
  const head = new ResponseHead();
  fc.assert(
    fc.property(status, reason, block, fc.boolean(), fc.boolean(), fc.constantFrom(0, 1), (code, phrase, fields, chunked, keep, minor) => {
      const persistence = persistenceOf(keep, minor);
      const unframed = isBodyless(code);
      const written = writeResponseHead({ status: code, reason: phrase, isEmpty: false }, fields, chunked && !unframed, persistence);
      expect(readResponseHead(written, 0, head, LIMITS, 'GET')).toBe(written.length);
      const untilClose = !chunked && !unframed;
      expect(head).toMatchObject({ status: code, reason: phrase, block: fields, minor: 1, refusal: '' });
      expect(head.body).toBe(unframed ? BODY_NONE : chunked ? BODY_CHUNKED : BODY_UNTIL_CLOSE);
      expect(head.keepAlive).toBe(keep && !untilClose);
      expect(written.includes('\r\nconnection: keep-alive\r\n')).toBe(
        persistence === KEEPS_ALIVE || fields.includes('connection: keep-alive'),
      );
      const body = !unframed && chunked ? '0\r\n\r\n' : '';
      expect(readResponse(Buffer.from(written + body, 'latin1'), 'GET', 'close')).toMatchObject({ fault: '', status: code });
    }),
    { numRuns: 3_000 },
  );
});

test('a local reply says how long it is, and an interim response has no body', () => {
  const head = new ResponseHead();
  fc.assert(
    fc.property(status, block, fc.nat(100_000), fc.boolean(), (code, fields, bytes, keep) => {
      const written = writeLocalHead(code, fields, isBodyless(code) ? -1 : bytes, persistenceOf(keep, 1));
      expect(readResponseHead(written, 0, head, LIMITS, 'GET')).toBe(written.length);
      expect(head).toMatchObject({
        status: code,
        reason: reasonPhrase(code),
        keepAlive: keep,
        contentLength: isBodyless(code) ? -1 : bytes,
      });
      expect(writeLocalHead(code, fields, 0, CLOSES)).toContain('\r\nconnection: close\r\n\r\n');
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 199 }), reason, block, (code, phrase, fields) => {
      const written = writeInterimHead({ status: code, reason: phrase }, fields);
      expect(readResponseHead(written, 0, head, LIMITS, 'GET')).toBe(written.length);
      expect(head).toMatchObject({ status: code, reason: phrase, block: fields, body: BODY_NONE, keepAlive: true });
    }),
  );
});
