// Makes src/api/shapes.ts from the schemas: `node test/unit/api/shapes.ts` writes it anew; shapes.test.ts fails when they part.

import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { componentSchemas } from '../../../src/admin/component-schemas.ts';

interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
}

const KINDS: Readonly<Record<string, string>> = { string: 'text', number: 'number', integer: 'number', boolean: 'flag' };

const HEAD = `// The kinds of what the admin API returns, without bounds and words: for a client that must not wait for zod to load.
// Made from the schemas: do not edit it; \`node test/unit/api/shapes.ts\` writes it anew.
// Long because it holds every resource.

import type { SchemaName } from './contract.ts';

/** A kind of value, or a schema by its name; a list of one; a map of one (\`*\`); or members by name, those with \`?\` may be absent. */
export type Shape = 'text' | 'number' | 'flag' | 'any' | SchemaName | readonly [Shape] | { readonly [member: string]: Shape };

`;

export const SHAPES_FILE = new URL('../../../src/api/shapes.ts', import.meta.url).pathname;

export async function printShapes(): Promise<string> {
  const shapes = Object.entries(componentSchemas()).filter(([name]) => !name.endsWith('Body'));
  const lines = shapes.map(([name, schema]) => `${name}: ${JSON.stringify(shapeOf(schema as JsonSchema))},`);
  const text = `${HEAD}export const SHAPES = { ${lines.join('\n')} } as const satisfies Readonly<Record<string, Shape>>;\n`;
  return format(text, { ...(await resolveConfig(SHAPES_FILE)), filepath: SHAPES_FILE });
}

function shapeOf({ $ref, type = '', items, properties, required = [], additionalProperties = {} }: JsonSchema): unknown {
  if ($ref !== undefined) return $ref.split('/').at(-1);
  if (type === 'array') return [shapeOf(items ?? {})];
  if (type !== 'object') return KINDS[type] ?? 'any';
  if (properties === undefined) return { '*': shapeOf(additionalProperties) };
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [required.includes(name) ? name : `${name}?`, shapeOf(schema)]),
  );
}

if (process.argv[1] === import.meta.filename) writeFileSync(SHAPES_FILE, await printShapes());
