import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';

/** Text that is not YAML, with the one thing that is said about it: place and message, without "not valid YAML: ". */
const CASES: [string, string][] = [
  // Indentation.
  [
    'pools:\n  a:\n    endpoints: [127.0.0.1:9003]\n     split: 5\n',
    '4:6: this line is indented by 5, which fits no line before it: indent by 0, 2 or 4, as the key or item beside which it stands',
  ],
  [
    'routes:\n  - name: a\n    pool: b\n   timeout: 5s\n',
    '4:4: this line is indented by 3, which fits no line before it: indent by 0, 2 or 4, as the key or item beside which it stands',
  ],
  [
    'routes:\n  - name: a\n      pool: b\n',
    '3:7: this line is indented by 6, which fits no line before it: indent by 0, 2 or 4, as the key or item beside which it stands',
  ],
  [
    'routes:\n  - name: a\n    match:\n      - path: { prefix: / }\n     pool: b\n',
    '5:6: this line is indented by 5, which fits no line before it: indent by 0, 2, 4, 6 or 8, as the key or item beside which it stands',
  ],
  [
    'a: &x\n  b: 1\nc:\n  <<: *x\n d: 1\n',
    '5:2: this line is indented by 1, which fits no line before it: indent by 0 or 2, as the key or item beside which it stands',
  ],
  ['pools:\n\tshop: {}\n', '2:2: lines are indented with spaces, not with tabs'],
  ['pools:\n  shop:\n  \tversions: {}\n', '3:4: lines are indented with spaces, not with tabs'],
  ['pools:\n  a: 1\n  - b\n', '3:3: a line with "- " belongs to a list: here stands a map of keys'],
  // Colons.
  ['pools:\n  shop\n    versions: {}\n', '2:3: a colon is missing after "shop": write "shop:"'],
  ['listeners\n  - name: a\n', '1:1: a colon is missing after "listeners": write "listeners:"'],
  ['workers 2\nroutes: []\n', '1:1: a colon is missing after "workers": write "workers: 2"'],
  ['workers:2\nroutes: []\n', '1:8: a blank is missing after the colon: write "workers: 2"'],
  ['workers = 2\nroutes: []\n', '1:1: "=" is not YAML: write "workers: …"'],
  ['listen 80;\nroutes: []\n', '1:1: a colon is missing after "listen": write "listen: 80"'],
  ['a: b: c\n', '1:4: there are two ": " in one line: write one key in a line, or put a text with ": " in quotes'],
  // Brackets and braces.
  ['listeners:\n  - { name: a, address: [::1]:80 }\n', '2:25: an address with brackets must be in quotes, such as "[::1]:8080"'],
  ['listeners:\n  - address: [fe80::1]:80\n', '2:14: an address with brackets must be in quotes, such as "[::1]:8080"'],
  ['pools: { a: 1\nroutes: []\n', '1:8: this "{" is not closed: a "}" is missing'],
  ['pools: { a: { b: 1 }\nroutes: []\n', '1:8: this "{" is not closed: a "}" is missing'],
  ['pools: [a, b\nroutes: []\n', '1:8: this "[" is not closed: a "]" is missing'],
  ['pools:\n  a: {\n    b: 1\n }\n', '4:2: "}" must be indented deeper than the key that its "{" belongs to'],
  ['pools: { a: 1 }}\n', '1:16: this "}" closes nothing: remove it'],
  ['pools: [a]]\n', '1:11: this "]" closes nothing: remove it'],
  ['pools: { a: 1 b: 2 }\n', '1:13: a comma is missing: inside { } and [ ] it stands between items'],
  ['pools: { a: [1] b: 2 }\n', '1:17: a comma is missing: inside { } and [ ] it stands between items'],
  ['pools: {,}\n', '1:9: nothing stands before this comma: remove it'],
  // Texts that need quotes.
  ['a: @b\n', '1:4: a text that begins with "@" must be in quotes'],
  ['a: `b`\n', '1:4: a text that begins with "`" must be in quotes'],
  ['a: %b\n', '1:4: a text that begins with "%" must be in quotes'],
  ['a: > b\n', '1:6: a text that begins with ">" or "|" must be in quotes'],
  ['a: "b\nc: d\n', '1:4: this double quote is never closed'],
  ["a: 'b\nc: d\n", '1:4: this single quote is never closed'],
  ['a: "^\\d+$"\n', "1:6: in double quotes a backslash begins an escape: use single quotes, such as '^\\d+$'"],
  ['a: [a-z]+$\n', '1:9: what comes here does not belong to the value before it: a text with any of { } [ ] , must be in quotes'],
  [
    'a: { regex: ^/a[0-9]{2}$ }\n',
    '1:16: what comes here does not belong to the value before it: a text with any of { } [ ] , must be in quotes',
  ],
  ['a: !vault b\n', '1:4: "!vault" is a tag, and a config has none: remove it, or put a text that begins with "!" in quotes'],
  // Other tools.
  ['a: {{ .Values.x }}\n', '1:4: templates {{ … }} are not filled in here: write ${NAME} for an environment variable'],
  ['{% if x %}\na: 1\n', '1:1: templates {% … %} are not filled in here'],
  ['a: 1\n---\nb: 2\n', 'the file must hold one YAML document: remove the line "---" and what follows'],
];

test.each(CASES)('%j', (text, expected) => {
  const found = decodeText('f.yaml', text).problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  expect(found).toHaveLength(1);
  expect(found[0]?.replace('not valid YAML: ', '')).toContain(expected);
});

test('a text that begins with a star is no alias', () => {
  const found = decodeText('f.yaml', 'routes:\n  - hosts: [*.example.com]\n').problems.map(({ message }) => message);
  expect(found).toEqual(['routes[0].hosts[0]: a text that begins with "*" must be in quotes: "*.example.com"']);
});

test('whatever is wrong, one sentence without the words of the parser is told, in time', () => {
  const good = 'listeners:\n  - { name: web, address: "127.0.0.1:80" }\npools:\n  a:\n    split: { v1: 1 }\n';
  for (let at = 0; at < good.length; at++) {
    for (const broken of [
      good.slice(0, at) + good.slice(at + 1),
      good.slice(0, at),
      ...['"', '{', ']', ':', '\t', '- '].map((part) => good.slice(0, at) + part + good.slice(at)),
    ]) {
      const problems = decodeText('f.yaml', broken).problems.filter(({ message }) => message.startsWith('not valid YAML'));
      expect(problems.length).toBeLessThanOrEqual(1);
      for (const { message } of problems) expect(message).not.toMatch(/[Ff]low|[Ii]mplicit|scalar|token|compact|node|YAML stream/);
    }
  }
});
