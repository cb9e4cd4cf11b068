// Our reading of one whole message against Node's: both must see the same message where both accept. Throws where they part.

import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { CLAIM_FIELDS } from '../../../src/http/forwarding-fields.ts';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE, type BodyKind } from '../../../src/http/body-kind.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import { readRequest, readResponse, type Message } from './llhttp.ts';

const LIMITS = { headerBytes: 65536, headerCount: 1000, requestLineBytes: 65536 };
const KNOWN_METHODS = new Set(METHODS);
const HOP_BY_HOP = ['connection', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];
const CUT_RESPONSE_FIELDS = [...HOP_BY_HOP, 'x-sluice-outcome'];
const CUT_REQUEST_FIELDS = [
  ...HOP_BY_HOP,
  ...['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via', 'x-request-id'],
];

// Fields whose names count even when they are written with `_` for `-`: some applications cannot tell the two apart.
const GUARDED_FIELDS = new Set([
  ...CUT_REQUEST_FIELDS,
  ...CLAIM_FIELDS,
  ...['content-length', 'x-sluice-shadow', 'x-sluice-outcome', 'cdn-loop', 'max-forwards'],
]);

export type Agreement = 'accepted' | 'refused' | 'incomplete' | 'not comparable';

interface Body {
  readonly end: number;
  readonly bytes: number;
  /** What is passed on of it. */
  readonly clean: Buffer;
}

const requestHead = new RequestHead();
const responseHead = new ResponseHead();
const strict = new ChunkedScanner();
const lenient = new ChunkedScanner(true);

export function compareRequest(text: string): Agreement {
  const bytes = Buffer.from(text, 'latin1');
  const end = readRequestHead(text, 0, requestHead, LIMITS);
  if (end <= 0) return end === 0 ? 'incomplete' : 'refused';
  const body = findBody(bytes, end, requestHead.body, requestHead.contentLength, strict);
  if (typeof body === 'string') return body;
  // Node knows a fixed list of methods.
  if (!KNOWN_METHODS.has(requestHead.method)) return 'not comparable';
  const theirs = readRequest(bytes.subarray(0, body.end));
  assert.equal(readRequest(Buffer.concat([bytes.subarray(0, end), body.clean])).body, theirs.body, 'what is passed on is another body');
  assert.equal(theirs.fault, '', 'Node refuses what we accept');
  assert.equal(theirs.method, requestHead.method);
  assert.equal(theirs.minor, requestHead.minor);
  assert.equal(theirs.body.length, body.bytes);
  if (requestHead.keepAlive && !offersUpgrade(theirs)) assertKept(theirs);
  compareTarget(theirs.target);
  compareFields(theirs, requestHead.block, CUT_REQUEST_FIELDS, isLookalike);
  for (const name of namesIn(requestHead.block)) assert.ok(!isLookalike(name), `${name} was to be cut`);
  compareValues(theirs);
  return 'accepted';
}

export function compareResponse(text: string, requestMethod: string): Agreement {
  const bytes = Buffer.from(text, 'latin1');
  const end = readResponseHead(text, 0, responseHead, LIMITS, requestMethod);
  if (end <= 0) return end === 0 ? 'incomplete' : 'refused';
  const body = findBody(bytes, end, responseHead.body, responseHead.contentLength, lenient);
  if (typeof body === 'string') return body;
  // A switch of protocols ends Node's reading; a 204 that declares a body is served by us on a connection that is then closed.
  if (responseHead.status === 101 || (responseHead.status === 204 && !responseHead.keepAlive)) return 'not comparable';
  // Blanks that we take off are none that Node would take.
  const head = Buffer.from(text.slice(0, end).replace(/^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]+:/gm, '$1:'), 'latin1');
  const theirs = readResponse(Buffer.concat([head, body.clean]), requestMethod, responseHead.body === BODY_UNTIL_CLOSE ? 'close' : 'more');
  assert.equal(theirs.fault, '', 'Node refuses what we accept');
  assert.equal(theirs.status, responseHead.status);
  assert.equal(theirs.minor, responseHead.minor);
  assert.equal(theirs.body.length, body.bytes);
  // For HEAD, Node says so before it knows that no body follows.
  if (responseHead.keepAlive && requestMethod !== 'HEAD') assertKept(theirs);
  const cut = responseHead.status < 200 || responseHead.status === 204 ? [...CUT_RESPONSE_FIELDS, 'content-length'] : CUT_RESPONSE_FIELDS;
  compareFields(theirs, responseHead.block, cut, () => false);
  return 'accepted';
}

function findBody(bytes: Buffer, from: number, kind: BodyKind, contentLength: number, scanner: ChunkedScanner): Body | Agreement {
  if (kind === BODY_NONE) return { end: from, bytes: 0, clean: Buffer.alloc(0) };
  if (kind === BODY_UNTIL_CLOSE) return { end: bytes.length, bytes: bytes.length - from, clean: bytes.subarray(from) };
  if (kind === BODY_LENGTH) {
    const end = from + contentLength;
    return end <= bytes.length ? { end, bytes: contentLength, clean: bytes.subarray(from, end) } : 'incomplete';
  }
  assert.equal(kind, BODY_CHUNKED);
  scanner.reset();
  const end = scanner.scan(bytes, from, bytes.length);
  if (!scanner.done) return end < 0 ? 'refused' : 'incomplete';
  const copy = Buffer.from(bytes);
  scanner.dropCuts(copy, from, end);
  const rest = scanner.closing === '' ? '' : scanner.trailerText + scanner.closing;
  return { end, bytes: scanner.bodyBytes, clean: Buffer.concat([copy.subarray(from, scanner.dataEnd), Buffer.from(rest, 'latin1')]) };
}

/** Whether a name (lower case) differs from one that counts only in `_` for `-`. Everything that begins with `x-forwarded-` counts. */
export function isLookalike(name: string): boolean {
  const plain = name.replaceAll('_', '-');
  return plain !== name && (GUARDED_FIELDS.has(plain) || plain.startsWith('x-forwarded-'));
}

function namesIn(block: string): string[] {
  return block
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
}

// Node would leave HTTP after such a request; we take the offer out of it and go on.
function offersUpgrade(theirs: Message): boolean {
  return theirs.minor === 1 && theirs.body === '' && valuesOf(theirs, 'upgrade').length > 0;
}

// Node obeys Proxy-Connection, which no standard defines; to us it only leaves the block.
function assertKept(theirs: Message): void {
  const kept = theirs.keepAlive || valuesOf(theirs, 'proxy-connection').length > 0;
  assert.ok(kept, 'we keep a connection that Node would close');
}

function compareTarget(theirs: string): void {
  const { target, authority } = requestHead;
  if (theirs === target) return;
  // Only an absolute-form target is forwarded in another form.
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(theirs);
  assert.ok(absolute !== null, `target ${theirs} became ${target}`);
  assert.equal(authority, absolute[1]!.replace(/:$/, ''));
  assert.equal(target.replace(/^[/*]/, ''), absolute[2]!.replace(/^\//, ''));
}

// The block holds their fields in their order; what is missing was to be cut, or was named by Connection.
function compareFields(theirs: Message, block: string, cut: readonly string[], mayBeCut: (name: string) => boolean): void {
  const ours = block.split('\r\n').slice(0, -1);
  const named = valuesOf(theirs, 'connection').join(',').toLowerCase();
  let at = 0;
  for (let i = 0; i < theirs.fields.length; i += 2) {
    const name = theirs.fields[i]!;
    const line = ours[at] ?? '';
    const colon = line.indexOf(':');
    if (line.slice(0, colon) === name && trim(line.slice(colon + 1)) === trim(theirs.fields[i + 1]!)) {
      at++;
      continue;
    }
    const plain = name.toLowerCase();
    const counted = plain === 'max-forwards' && (theirs.method === 'OPTIONS' || theirs.method === 'TRACE');
    const oldExpect = plain === 'expect' && theirs.minor === 0;
    assert.ok(cut.includes(plain) || named.includes(plain) || mayBeCut(plain) || oldExpect || counted, `field ${name} is missing`);
  }
  assert.equal(at, ours.length, 'the block holds a field that Node does not see');
  for (const line of ours) assert.ok(!cut.includes(line.slice(0, line.indexOf(':')).toLowerCase()), `${line} was to be cut`);
}

function compareValues(theirs: Message): void {
  if (/^\/|^\*$/.test(theirs.target)) assert.equal(requestHead.authority, valuesOf(theirs, 'host').join().replace(/:$/, ''));
  assert.equal(requestHead.forwardedFor, valuesOf(theirs, 'x-forwarded-for').join(', '));
  assert.equal(requestHead.via, valuesOf(theirs, 'via').join(', '));
  assert.equal(requestHead.requestId, valuesOf(theirs, 'x-request-id').join(', '));
}

function valuesOf(message: Message, name: string): string[] {
  return message.fields.filter((_, i) => i % 2 === 1 && message.fields[i - 1]!.toLowerCase() === name).map(trim);
}

function trim(value: string): string {
  return value.replace(/^[\t ]+/, '').replace(/[\t ]+$/, '');
}
