import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { signatureOf } from '../../../../src/control/rollouts/signature.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-signature-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const hmac = (key: string): unknown => [['x-sluice-signature', `sha256=${createHmac('sha256', key).update('{}').digest('hex')}`]];

function written(text: string): { readonly kind: 'file'; readonly name: string } {
  const name = join(dir, 'secret');
  writeFileSync(name, text);
  return { kind: 'file', name };
}

test('a call is signed with the secret of its variable or file, without blanks around the latter', () => {
  expect(signatureOf('{}', undefined, {})).toEqual([]);
  expect(signatureOf('{}', { kind: 'env', name: 'KEY' }, { KEY: 'sécret' })).toEqual(hmac('sécret'));
  expect(signatureOf('{}', written(' sécret\r\n'), {})).toEqual(hmac('sécret'));
});

test('a secret that is missing, empty, too large or no file is a fault that names it', () => {
  expect(signatureOf('{}', { kind: 'env', name: 'toString' }, {})).toEqual({ fault: 'the variable toString of its secret is not set' });
  const { name } = written('');
  expect(signatureOf('{}', written('\n'), {})).toEqual({ fault: `the file ${name} of its secret is empty` });
  expect(signatureOf('{}', written('x'.repeat(8193)), {})).toEqual({ fault: `the file ${name} of its secret is larger than 8192 bytes` });
  expect(signatureOf('{}', { kind: 'file', name: dir }, {})).toEqual({ fault: `the file ${dir} of its secret is no regular file` });
  expect(signatureOf('{}', { kind: 'file', name: '/dev/zero' }, {})).toMatchObject({
    fault: expect.stringContaining('is no regular file'),
  });
});
