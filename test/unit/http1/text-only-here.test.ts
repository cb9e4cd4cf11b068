// The law of the codec: text of HTTP/1 is read and written in src/http1 alone, so that another protocol can stand beside it. Header blocks
// (`name: value` lines) are the neutral form of fields and may be anywhere; first lines and what frames a message may not.

import ts from 'typescript';
import { expect, test } from 'vitest';
import { SHADOW_FIELD } from '../../../src/http/forwarding-fields.ts';
import { readFileSet } from '../../layers/imports.ts';

const FIRST_LINE = /HTTP\/1|HTTP\\\/1/i;
const FRAMING = /(?:transfer-encoding|connection|content-length|\bte): /i;

/** Words that people write in a config by habit. */
const HINTS = 'src/config/value-hints.ts';
/** Names of protocols, by which TLS knows them. */
const ALPN = 'src/tls/protocols.ts';

const files = readFileSet(new URL('../../..', import.meta.url).pathname, 'src');

/** All string, template and regular expression literals of a file; comments are none. */
function literalsOf(path: string, text: string): string[] {
  const literals: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      literals.push(node.text);
    } else if (ts.isRegularExpressionLiteral(node)) literals.push(node.text);
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return literals;
}

/** Where a literal matches, by file. */
function findLiterals(pattern: RegExp): string[] {
  // Parsing all files would take seconds; most do not hold the text at all.
  const suspects = [...files].filter(([, text]) => pattern.test(text));
  return suspects.filter(([path, text]) => literalsOf(path, text).some((literal) => pattern.test(literal))).map(([path]) => path);
}

test('first lines and framing fields are written in http1 alone', () => {
  for (const pattern of [FIRST_LINE, FRAMING]) {
    const found = findLiterals(pattern);
    expect(found.length).toBeGreaterThan(1);
    expect(found.filter((path) => !path.startsWith('src/http1/') && path !== HINTS && path !== ALPN)).toEqual([]);
  }
});

test('the mark of copies is spelt in one place', () => {
  expect(findLiterals(new RegExp(SHADOW_FIELD))).toEqual(['src/http/forwarding-fields.ts']);
});
