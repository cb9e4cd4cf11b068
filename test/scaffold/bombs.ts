// Texts that cost a reader of YAML much more than their size, of any length: repeated tokens, deep nesting, crowds of keys, faults without end.

/** Makes a text of about so many characters. */
export type Bomb = (length: number) => string;

const repeated =
  (piece: string, before = ''): Bomb =>
  (length) =>
    before + piece.repeat(Math.max(1, Math.floor((length - before.length) / piece.length)));

const counted =
  (piece: (index: number) => string, before = ''): Bomb =>
  (length) => {
    const pieces = [before];
    for (let index = 0, size = before.length; size < length; index++) {
      const next = piece(index);
      size += next.length;
      if (size <= length) pieces.push(next);
    }
    return pieces.join('');
  };

const TOKENS = [
  ...[
    '[',
    '{',
    '[]',
    '{}',
    '"',
    "'",
    '!!x 1,',
    'a: 1\n',
    'a:\r',
    'a:\r\n',
    '#\n',
    ': ',
    '{a: ',
    '- ',
    '-\n',
    '? ',
    '?\n',
    '&a ',
    '*a ',
    '---\n',
  ],
  ...[
    '...\n',
    '%a\n',
    'a: |\n  x\n',
    'a: >\n  x\n',
    '\t',
    'a:\t1\n',
    '\n',
    '\r',
    ' ',
    ',',
    '*',
    '&',
    '!',
    '|',
    '>',
    '@',
    '`',
    '\0',
    '\ufeff',
    ':\n',
  ],
  ...[
    '{"a":',
    '[{',
    '- - ',
    '? - ',
    '- [ {a: "b", ? c : d}, &x *y ]\n',
    '<<: *a\n',
    '{<<: {}},',
    '"\\u0041" ',
    '${A}',
    '- ${A:-b}\n',
    '\\',
    ']',
    '}',
  ],
];

const LISTED = ['[],', '{},', '1,', '"",', '!!x 1,', '*a,', '&a a,', '{a: 1},', '[[]],', '${A},', '? a : b,'];

const NAMED: readonly (readonly [string, Bomb])[] = [
  ['anchors', counted((index) => `k${index}: &a${index} 1\n`)],
  ['aliases', counted((index) => `k${index}: *a\n`, 'a: &a 1\n')],
  ['aliases of aliases', counted((index) => `k${index + 1}: &k${index + 1} [*k${index}, *k${index}]\n`, 'k0: &k0 [1]\n')],
  ['merge keys', counted((index) => `k${index}: {<<: *a}\n`, 'a: &a {x: 1}\n')],
  ['text of many lines', repeated('  y\n', 'a: x\n')],
  ['block text', repeated('  x\n', 'a: |\n')],
  ['folded text', repeated('  x\n', 'a: >\n')],
  ['one huge value', repeated('x', 'a: ')],
  ['one huge key', (length) => `${'x'.repeat(length - 4)}: 1`],
  ['one huge quoted value', (length) => `a: "${'x'.repeat(length - 6)}"`],
  ['one huge number', repeated('9', 'workers: ')],
  ['one huge comment', repeated('# ', 'a: 1 ')],
  ['escapes', (length) => `a: "${'\\u0041'.repeat(length / 6 - 2)}"`],
  ['two-byte text', repeated('é', 'a: ')],
  ['many keys', counted((index) => `k${index}: 1\n`)],
  ['many keys in brackets', counted((index) => `k${index}: 1,`, '{')],
  ['many keys of JSON', counted((index) => `,"k${index}":1`, '{"a":0')],
  ['many numbers as keys', counted((index) => `${index}: 1\n`)],
  ['many keys with x-', counted((index) => `x-${index}: 1\n`)],
  ['many pools', counted((index) => `  p${index}: {}\n`, 'pools:\n')],
  ['many routes', repeated('  - {}\n', 'routes:\n')],
  ['many good routes', counted((index) => `  - { name: r${index}, pool: p${index} }\n`, 'listeners: []\nroutes:\n')],
  ['many listeners', repeated('  - {}\n', 'listeners:\n')],
  ['many hosts', repeated('a,', 'routes: [{ hosts: [')],
  ['many weights', counted((index) => `k${index}: 1, `, 'pools: { a: { versions: { v1: { endpoints: [127.0.0.1:1] } }, split: {')],
  ['expressions', counted((index) => `  - { name: r${index}, pool: a, match: [{ path: { regex: "^(a+)+${index}" } }] }\n`, 'routes:\n')],
  [
    'routes to pools with other names',
    (length) =>
      counted(
        (index) => `  p${index}: { versions: { v1: { endpoints: [127.0.0.1:${1 + (index % 60_000)}] } } }\n`,
        'listeners: [{ name: a, address: ":1" }]\npools:\n',
      )(length / 2) + counted((index) => `  - { name: r${index}, pool: q${index} }\n`, 'routes:\n')(length / 2),
  ],
  [
    'deep blocks',
    (length) => {
      const lines: string[] = [];
      for (let depth = 0, size = 0; size < length; depth++) {
        const line = `${' '.repeat(depth)}a:\n`;
        size += line.length;
        if (size <= length) lines.push(line);
      }
      return lines.join('');
    },
  ],
  ['deep and closed', (length) => '['.repeat(length / 2) + ']'.repeat(length / 2)],
  ['deep JSON and closed', (length) => `${'{"a":'.repeat(length / 6)}1${'}'.repeat(length / 6)}`],
];

export const bombs: readonly (readonly [string, Bomb])[] = [
  ...TOKENS.map((token): readonly [string, Bomb] => [JSON.stringify(token), repeated(token)]),
  ...TOKENS.map((token): readonly [string, Bomb] => [
    `a value, then ${JSON.stringify(token)}`,
    repeated(token, 'listeners:\n  - name: a\n    hosts: '),
  ]),
  ...LISTED.map((item): readonly [string, Bomb] => [`a list of ${JSON.stringify(item)}`, (length) => `[${repeated(item)(length - 2)}]`]),
  ...NAMED,
];
