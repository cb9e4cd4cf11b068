// Schema of changes to the header of a message.

import { z } from 'zod';
import type { HeaderChanges } from '../model.ts';
import { fieldValue, tokenName } from './scalar.ts';
import { list, strictMap } from './strict-map.ts';

export function headerChanges() {
  return strictMap({
    set: headerMap().default({}).describe('Replace a field, or add it.'),
    add: headerMap().default({}).describe('Add one more field of the name.'),
    remove: list(tokenName('header')).default([]).describe('Remove.'),
  })
    .transform((written): HeaderChanges => ({ set: Object.entries(written.set), add: Object.entries(written.add), remove: written.remove }))
    .prefault({});
}

export function headerMap() {
  return z.record(tokenName('header'), fieldValue(), { error: 'must be a map from header to value' });
}
