// Schema of header fields that are sent, and of changes to the header of a message.

import { z } from 'zod';
import type { HeaderChanges } from '../model.ts';
import { fieldText } from '../secret.ts';
import type { Field } from '../secret.ts';
import { FIELD_VALUE_FORM, fieldValue, filePath, tokenName, variableName } from './scalar.ts';
import { choice, list, strictMap } from './strict-map.ts';

export function headerChanges() {
  return strictMap({
    set: headerMap().describe('Replace a field, or add it.'),
    add: headerMap().describe('Add one more field of the name.'),
    remove: list(tokenName('header')).default([]).describe('Remove.'),
  })
    .transform((written): HeaderChanges => written)
    .prefault({});
}

/** Values by name: text, or where a secret is read from. */
export function headerMap() {
  return z
    .record(tokenName('header'), headerValue(), { error: 'must be a map from header to value' })
    .transform((written) => Object.entries(written).map(([name, value]): Field => [name, fieldText(name, value)]))
    .prefault({});
}

function headerValue() {
  return z.union([fieldValue(), source], { error: FIELD_VALUE_FORM });
}

// One for all places.
const source = choice('value', {
  env: variableName().describe('Environment variable of Sluice that holds the value, read at the start and at each load.').optional(),
  file: filePath('file')
    .describe('File that holds the value: a regular file of at most 8 KiB, watched. A line end behind the value is left out.')
    .optional(),
}).transform((written) =>
  written.env !== undefined ? ({ kind: 'env', name: written.env } as const) : ({ kind: 'file', name: written.file ?? '' } as const),
);
