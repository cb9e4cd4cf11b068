import { expect, test } from 'vitest';
import { compileHeaderChanges } from '../../../../src/http/header-changes.ts';
import { OutgoingRequest } from '../../../../src/http/request.ts';
import { copiedBlock } from '../../../../src/proxy/mirror/copied-block.ts';

const MARK = 'x-sluice-shadow: dark\r\n';

const requestWith = (fields: Partial<OutgoingRequest>): OutgoingRequest =>
  Object.assign(new OutgoingRequest(), { block: 'x: y\r\nvia: z\r\n' }, fields);

test('a copy has its mark before everything, and its changes after everything', () => {
  expect(copiedBlock(requestWith({}), MARK, undefined)).toBe(`${MARK}x: y\r\nvia: z\r\n`);
  const changes = compileHeaderChanges({ set: [['X', 'dark']], add: [['a', 'b']], remove: ['Via'] });
  expect(copiedBlock(requestWith({}), MARK, changes)).toBe(`${MARK}X: dark\r\na: b\r\n`);
});

test('a copy asks for no interim 100', () => {
  const asking = requestWith({ expectsContinue: true, block: 'Expect: 100-continue\r\nx: y\r\n' });
  expect(copiedBlock(asking, MARK, undefined)).toBe(`${MARK}x: y\r\n`);
});
