// Values of header fields in a Config, of which some open doors. A secret is a type of its own: it is no text, so that nobody prints it
// without saying so, and a reference does not even hold its value. Who needs the value asks `revealed`: the Table, the store, who calls.

import { isSecretName } from '../lib/mask.ts';

declare const hidden: unique symbol;

/** A text that code can hand on, and neither read nor put into another. */
interface Hidden {
  readonly [hidden]: true;
}

/** A secret that stands in the config itself. */
export interface WrittenSecret {
  readonly kind: 'text';
  readonly value: Hidden;
}

/** Where a secret is read from: a variable of the environment, or a file, whose name is absolute once it is decoded. */
export interface SecretSource {
  readonly kind: 'env' | 'file';
  readonly name: string;
}

/** The value of a header field: a text where its name says nothing secret. */
export type FieldText = string | WrittenSecret | SecretSource;

/** A field with its value, in the order in which they are written. */
export type Field = readonly [name: string, value: FieldText];

/** The value of a field of this name, as it was written or read. */
export function fieldText(name: string, value: string | SecretSource): FieldText {
  return typeof value === 'string' && isSecretName(name) ? writtenSecret(value) : value;
}

export function writtenSecret(text: string): WrittenSecret {
  return { kind: 'text', value: text as unknown as Hidden };
}

export function isSource(value: FieldText): value is SecretSource {
  return typeof value !== 'string' && value.kind !== 'text';
}

/** In clear. A source has no value before it was filled in (`fill-secrets`): it is nothing then. */
export function revealed(value: FieldText): string {
  if (typeof value === 'string') return value;
  return value.kind === 'text' ? (value.value as unknown as string) : '';
}

/** The same with all values in clear. */
export function revealedFields(fields: readonly Field[]): readonly (readonly [string, string])[] {
  return fields.map(([name, value]) => [name, revealed(value)]);
}

/** As it is written in the grammar: texts in clear, `{ env: NAME }`, `{ file: path }`. */
export function describeFields(fields: readonly Field[]): Readonly<Record<string, string | object>> {
  return Object.fromEntries(fields.map(([name, value]) => [name, isSource(value) ? { [value.kind]: value.name } : revealed(value)]));
}

/** One text for each source, by which values are found. */
export function sourceKey({ kind, name }: SecretSource): string {
  return `${kind} ${name}`;
}
