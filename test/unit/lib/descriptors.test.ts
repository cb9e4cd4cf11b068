import { expect, test } from 'vitest';
import { descriptorLimit, readLimit } from '../../../src/lib/descriptors.ts';

const text = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax processes             7823                 7823                 processes\nMax open files            ${soft}                 1048576              files\n`;

test('the soft limit is read', () => expect(readLimit(text('1024'))).toBe(1024));

test.each([text('unlimited'), '', 'Max open files'])('no limit: %j', (told) => expect(readLimit(told)).toBe(Infinity));

test('this process has one, or none', () => expect(descriptorLimit()).toBeGreaterThan(64));
