// Every schema of the contract has an example that fits it, and nothing in an example is unknown to it.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EXAMPLES, SCHEMAS, type SchemaName } from '../../../src/api/contract.ts';

const NAMES = Object.keys(SCHEMAS) as SchemaName[];

describe.each(NAMES)('%s', (name) => {
  test('its example fits', () => {
    const judged = (SCHEMAS[name] as z.ZodType).safeParse(EXAMPLES[name]);
    expect(judged.error?.issues).toBeUndefined();
  });

  test('its example has no member that the schema does not know', () => {
    // Responses come back as they are; bodies are strict by themselves.
    if (!name.endsWith('Body')) expect((SCHEMAS[name] as z.ZodType).parse(EXAMPLES[name])).toEqual(EXAMPLES[name]);
  });
});

test('there is nothing beside the schemas', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual([...NAMES].sort());
});

test('every schema says in plain words what it is, or is made of members', () => {
  const schemas = z.toJSONSchema(z.object(SCHEMAS), { io: 'input', unrepresentable: 'any' }).properties ?? {};
  for (const [name, schema] of Object.entries(schemas)) {
    const { description, properties } = schema as { description?: string; properties?: object };
    expect(description !== undefined || properties !== undefined, name).toBe(true);
    expect(JSON.stringify(schema)).not.toMatch(/whoever|of late|foretell|to be had/);
  }
});
