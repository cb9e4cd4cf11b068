// Numbers that many resources have in common, with their units and ranges, and the types of a contract. No resource is described here.

import { z } from 'zod';

/** A contract's value as it is read: nothing in it can be written to. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** The type of what a schema describes, after decoding. */
export type Contract<Schema extends z.ZodType> = Immutable<z.output<Schema>>;

/** The same as it is sent, before decoding. */
type Sent<Schema extends z.ZodType> = Immutable<z.input<Schema>>;

/** One example for each schema, as it is sent. */
export type Examples<Schemas extends Readonly<Record<string, z.ZodType>>> = { readonly [Name in keyof Schemas]: Sent<Schemas[Name]> };

/** A whole number from 0. */
export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const timeMs = z.number().describe('Milliseconds since the epoch.');
/** A share of a whole, 0 to 1. */
export const fraction = z.number().min(0).max(1);
/** A status of HTTP; 0 where no response was sent. */
export const statusCode = z.int().min(0).max(999);
export const revision = count.describe('Number of a desired state; 0 before the first one.');
export const author = z
  .string()
  .describe(
    'Name of the token that was used or of the entry that fits the certificate, anonymous, or file for what the config on disk says; empty for what Sluice found itself.',
  );

export const adoption = z.object({ applied: count, total: count }).describe('How many workers obey the revision, and how many there are.');

/** How many workers obey. */
export type Adoption = Contract<typeof adoption>;

export const scalarSchemas = { Adoption: adoption } as const;

export const scalarExamples: Examples<typeof scalarSchemas> = { Adoption: { applied: 4, total: 4 } };
