// The schemas and examples of the contract as the OpenAPI document has them.

import { z } from 'zod';
import { EXAMPLES, SCHEMAS, type SchemaName } from '../api/contract.ts';
import { referenceTo } from './schema-reference.ts';

/** JSON Schemas (2020-12) that refer to each other as `#/components/schemas/…`, each with its example. */
export function componentSchemas(): Readonly<Record<SchemaName, object>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: referenceTo });
  const entries = Object.entries(schemas).map(([id, { $id: _id, $schema: _schema, ...schema }]) => [
    id,
    { ...schema, examples: [EXAMPLES[id as SchemaName]] },
  ]);
  return Object.fromEntries(entries) as Record<SchemaName, object>;
}
