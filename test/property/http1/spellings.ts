// The fields that decide about framing and connection, in many spellings of their values, sound and not.

import fc from 'fast-check';

const names = fc.constantFrom(
  ...['Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Expect', 'TE', 'Keep-Alive', 'Proxy-Connection'],
  ...['Host', 'Via', 'Trailer', 'content_length', 'X'],
);
const words = fc.constantFrom(
  ...['chunked', 'Chunked', 'identity', 'gzip', 'close', 'Close', 'keep-alive', 'Keep-Alive', 'upgrade', 'Upgrade', 'websocket'],
  ...['0', '5', '05', '100-continue', 'trailers', 'a', 'a.b:80', 'x', ''],
);
const gaps = fc.constantFrom('', '', '', ' ', '\t', '  ', '\t ', ' \t', ',', ', ', ' ,', '\t,', ',,', ';', '"');

const value = fc
  .tuple(gaps, fc.array(fc.tuple(words, gaps), { minLength: 1, maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''));
const line = fc.tuple(names, value).map(([name, text]) => `${name}:${text}\r\n`);

/** One to three field lines. */
export const fieldsArbitrary: fc.Arbitrary<string> = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join(''));

export const bodyArbitrary: fc.Arbitrary<string> = fc.constantFrom('', 'hello', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n');
