import { describe, expect, it } from 'vitest';
import { applyHeaderChanges, compileHeaderChanges, fieldLine } from '../../../src/http/header-changes.ts';

const NONE = { set: [], add: [], remove: [] } as const;
const BLOCK = 'Accept: a\r\nX-Old: 1\r\nB: 2\r\nx-old: 3\r\n';

describe('applyHeaderChanges', () => {
  it.each([
    ['set replaces every field of the name', { ...NONE, set: [['X-Old', 'new']] as const }, 'Accept: a\r\nB: 2\r\nX-Old: new\r\n'],
    ['set adds what is absent', { ...NONE, set: [['C', '3']] as const }, `${BLOCK}C: 3\r\n`],
    ['add appends', { ...NONE, add: [['x-old', '4']] as const }, `${BLOCK}x-old: 4\r\n`],
    ['remove removes all of any case', { ...NONE, remove: ['X-OLD'] }, 'Accept: a\r\nB: 2\r\n'],
    ['remove of the first line', { ...NONE, remove: ['accept'] }, 'X-Old: 1\r\nB: 2\r\nx-old: 3\r\n'],
    ['remove of an absent name', { ...NONE, remove: ['x-new', 'x-ol'] }, BLOCK],
    ['all together', { set: [['b', '9']] as const, add: [['c', '1']] as const, remove: ['accept', 'x-old'] }, 'b: 9\r\nc: 1\r\n'],
  ])('%s', (_, changes, expected) => {
    expect(applyHeaderChanges(BLOCK, compileHeaderChanges(changes))).toBe(expected);
  });

  it('knows names of 31 characters and more', () => {
    const name = 'x-'.padEnd(40, 'a');
    expect(applyHeaderChanges(`${name}: 1\r\n${name}b: 2\r\n`, compileHeaderChanges({ ...NONE, remove: [name] }))).toBe(`${name}b: 2\r\n`);
  });

  it('stays linear on lines without a colon', () => {
    const block = 'x\r\n'.repeat(200_000);
    const start = performance.now();
    expect(applyHeaderChanges(block, compileHeaderChanges({ ...NONE, remove: ['x'] }))).toBe(block);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('compileHeaderChanges', () => {
  it.each(['a b', '', 'a:b', 'x\r\ny', 'é'])('refuses the name %j', (name) => {
    expect(() => compileHeaderChanges({ ...NONE, remove: [name] })).toThrow('is no field name');
    expect(() => compileHeaderChanges({ ...NONE, set: [[name, 'v']] })).toThrow('is no field name');
  });

  it.each(['a\r\nevil: 1', 'a\nb', '\0', '\x7f'])('refuses the value %j', (value) => {
    expect(() => compileHeaderChanges({ ...NONE, add: [['a', value]] })).toThrow('value of field a holds a control character');
  });
});

it('writes text beyond ASCII as UTF-8 bytes', () => {
  expect(Buffer.from(fieldLine('a', 'é'), 'latin1').toString('utf8')).toBe('a: é\r\n');
});
