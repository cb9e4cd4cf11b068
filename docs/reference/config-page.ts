// The page of all config keys, made of the schema: `npm run docs:reference` writes it, and a test holds it.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { DURATION_PATTERN } from '../../src/config/duration.ts';
import { PERCENT_PATTERN } from '../../src/config/percent.ts';
import { jsonSchema } from '../../src/config/schema/root.ts';
import { SIZE_PATTERN } from '../../src/config/size.ts';
import { NAME_PATTERN } from '../../src/config/syntax.ts';

export const PAGE = fileURLToPath(new URL('config.md', import.meta.url));

/** What of JSON Schema (draft 2020-12) the config's schema has. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  /** Bounds of a duration or a size, in words. */
  readonly $comment?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

const TEXTS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN]: 'duration',
  [SIZE_PATTERN]: 'size',
  [PERCENT_PATTERN]: 'percent',
  [NAME_PATTERN]: 'name',
};

const HEAD = `# All config keys

Each key with its type, its bounds, its default and what it does. The page is made of the schema (\`npm run docs:reference\`), as is what
\`sluice check --schema\` prints for editors. \`[]\` stands for each item of a list, \`NAME\` for a name that you choose. How durations, sizes and
shares are written, and what a file may hold beside these keys: [Config, reload and restart](../guide/config-and-reload.md). Keys of what
this release does not serve yet (HTTP/2) are here as well; \`sluice check\` says so of each.
`;

/** The whole page, formatted as it is kept. @param schema what it is made of */
export async function configPage(schema: SchemaNode = jsonSchema()): Promise<string> {
  const sections = Object.entries(schema.properties ?? {}).map(([key, node]) => {
    const rows = [rowOf(key, node, schema), ...rowsBelow(node, key)];
    return `## ${key}\n\n| Key | Type | Default | Does |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return format(`${HEAD}\n${sections.join('\n')}`, { ...(await resolveConfig(PAGE)), parser: 'markdown' });
}

function rowsBelow(node: SchemaNode, path: string): readonly string[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = node;
  const keys = Object.entries(properties).flatMap(([key, inner]) => {
    const at = `${path}.${key}`;
    return [rowOf(at, inner, node), ...rowsBelow(inner, at)];
  });
  const values = typeof additionalProperties === 'object' ? rowsBelow(additionalProperties, `${path}.NAME`) : [];
  const each = items === undefined ? [] : rowsBelow(items, `${path}[]`);
  return [...keys, ...values, ...each, ...anyOf.flatMap((form) => rowsBelow(form, path))];
}

function rowOf(path: string, node: SchemaNode, around: SchemaNode): string {
  const key = path.slice(path.lastIndexOf('.') + 1);
  const fallback = around.required?.includes(key) === true ? 'required' : defaultOf(node);
  return `| ${[`\`${path}\``, typeOf(node), fallback, node.description ?? ''].map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

function defaultOf({ default: value }: SchemaNode): string {
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) return '';
  return value === '' ? '`""`' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

export function typeOf(node: SchemaNode): string {
  if (node.anyOf !== undefined) return unionOf(node.anyOf);
  if (node.const !== undefined) return `\`${JSON.stringify(node.const).replaceAll('"', '')}\``;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${String(word)}\``).join(', ');
  switch (node.type) {
    case 'string':
      return withBounds((node.pattern === undefined ? undefined : TEXTS[node.pattern]) ?? 'text', textBounds(node));
    case 'integer':
    case 'number':
      return withBounds(node.type === 'integer' ? 'whole number' : 'number', numberBounds(node));
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return withBounds(`list of ${typeOf(node.items ?? {})}`, itemBounds(node));
    case 'object':
      return typeof node.additionalProperties === 'object' ? `map from name to ${typeOf(node.additionalProperties)}` : 'map';
    default:
      return 'any value';
  }
}

/** A number of bytes is one way to write a size. */
function unionOf(forms: readonly SchemaNode[]): string {
  const isSize = forms.some(({ pattern }) => pattern === SIZE_PATTERN);
  const types = forms.filter(({ type }) => !(isSize && type === 'number')).map(typeOf);
  return [...new Set(types)].join(' or ');
}

function withBounds(type: string, bounds: string): string {
  return bounds === '' ? type : `${type}, ${bounds}`;
}

function textBounds({ $comment = '', minLength, maxLength }: SchemaNode): string {
  return [$comment, range(minLength, maxLength, ' characters')].filter((each) => each !== '').join(', ');
}

function numberBounds({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  return exclusiveMinimum === undefined
    ? range(minimum, most)
    : `above ${exclusiveMinimum}${most === undefined ? '' : `, at most ${most}`}`;
}

function itemBounds({ minItems, maxItems }: SchemaNode): string {
  return range(minItems, maxItems, minItems === 1 && maxItems === undefined ? ' item' : ' items');
}

function range(least: number | undefined, most: number | undefined, what = ''): string {
  if (most === undefined) return least === undefined ? '' : `at least ${least}${what}`;
  return least === undefined ? `at most ${most}${what}` : `${least} to ${most}${what}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, await configPage());
