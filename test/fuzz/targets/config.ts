// Configs and endpoint files that people or programs spoilt: each is a Config or located Problems, soon, and never an error of ours.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeText } from '../../../src/config/decode.ts';
import { injure } from '../injure.ts';
import { choose } from '../target.ts';
import type { Target } from '../target.ts';

const FOLDER = join(import.meta.dirname, '../../../config');
const SAMPLES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(FOLDER, name), 'latin1'));
const FRAGMENTS = [
  ...[
    '[',
    ']',
    '{',
    '}',
    '{a: ',
    '- ',
    '  ',
    '\t',
    '\n',
    '\r',
    ': ',
    '?',
    '&a ',
    '*a',
    '<<: *a\n',
    '!!x 1,',
    '!!binary ',
    '#',
    '\\',
    '---\n',
    '...\n',
    '%YAML',
  ],
  ...[
    '"',
    "'",
    '|',
    '>',
    '|-\n  x',
    '@',
    '`',
    '~',
    'null',
    '1e999',
    '0x1',
    '.inf',
    '1s',
    '-1',
    '101%',
    '__proto__: {}\n',
    'constructor: 1\n',
    '${HOME}',
    '${',
    '\0',
    '\xff',
  ],
];
/** Far more than a small file takes, on a busy machine too. */
const MAX_MS = 2_000;

export const config: Target = {
  name: 'config',
  make: (chance) => injure(chance, choose(chance, SAMPLES), FRAGMENTS),
  run(input) {
    const began = performance.now();
    const { config: decoded, problems } = decodeText('/etc/sluice/fuzz.yaml', input);
    assert.ok(performance.now() - began < MAX_MS, 'it took too long');
    assert.ok(decoded !== undefined || problems.length > 0, 'neither a Config nor a Problem');
    for (const { line, column, message } of problems) {
      assert.ok(line >= 1 && column >= 1, `a Problem is nowhere: ${message}`);
      assert.ok(message !== '', 'a Problem says nothing');
    }
  },
};
