// Small injuries to sound messages: what the property tests feed to our parser and to Node's.

import fc from 'fast-check';

export interface Mutation {
  readonly kind: number;
  /** Where it is applied, in thousandths of the text. */
  readonly at: number;
  readonly pick: number;
}

export const FRAGMENTS: readonly string[] = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xa0',
  '\xff',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '#',
  '?',
  '/',
  '@',
  '%',
  '*',
  '0',
  '1',
  'a',
  '+',
  '-',
  '_',
  '.',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  'chunked',
  ', chunked',
  'http://a.example',
  ' HTTP/1.1\r\n',
  'HTTP/1.0',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'content-length:6\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'transfer-encoding:\tchunked\r\n',
  'Host: a.example\r\n',
  'Connection: close\r\n',
  'Connection: upgrade, content-length\r\n',
  'Upgrade: websocket\r\n',
  'Keep-Alive: 5\r\n',
  'Expect: 100-continue\r\n',
  'Trailer: a\r\n',
  'X: y\r\n z\r\n',
  'X : y\r\n',
  ': y\r\n',
];

const MUTATION_KINDS = 8;

export const mutationArbitrary: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.nat(MUTATION_KINDS - 1),
  at: fc.nat(999),
  pick: fc.nat(1023),
});

export function mutate(text: string, { kind, at, pick }: Mutation): string {
  const place = Math.floor((at * text.length) / 1000);
  const [line, next] = lineAround(text, place);
  const fragment = FRAGMENTS[pick % FRAGMENTS.length]!;
  switch (kind) {
    case 0: // another byte
      return text.slice(0, place) + String.fromCharCode(pick & 0xff) + text.slice(place + 1);
    case 1: // one bit
      return text.slice(0, place) + String.fromCharCode(((text.charCodeAt(place) || 0) ^ (1 << (pick & 7))) & 0xff) + text.slice(place + 1);
    case 2: // without a few bytes
      return text.slice(0, place) + text.slice(place + 1 + (pick & 3));
    case 3: // something inserted
      return text.slice(0, place) + fragment + text.slice(place);
    case 4: // something inserted between lines
      return text.slice(0, line) + fragment + text.slice(line);
    case 5: // a line twice
      return text.slice(0, next) + text.slice(line, next) + text.slice(next);
    case 6: // without a line
      return text.slice(0, line) + text.slice(next);
    default: // the case of a line turned over
      return text.slice(0, line) + swapCase(text.slice(line, next)) + text.slice(next);
  }
}

function lineAround(text: string, place: number): readonly [from: number, to: number] {
  const next = text.indexOf('\r\n', place);
  return [text.lastIndexOf('\r\n', Math.max(0, place - 2)) + 2, next < 0 ? text.length : next + 2];
}

function swapCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));
}
