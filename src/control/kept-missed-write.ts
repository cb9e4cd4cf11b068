// A missed write as it stands on disk: what is shown of it, and whose it is. Secrets are masked already.

import type { ShownMissedWrite } from '../api/missed-writes.ts';

export interface KeptMissedWrite extends ShownMissedWrite {
  readonly pool: string;
  readonly mirror: string;
}

const MAX_TEXT_LENGTH = 4096;
const TEXTS = ['pool', 'mirror', 'method', 'authority', 'target', 'id', 'version', 'reason'] as const;
const NUMBERS = ['seq', 'atMs'] as const;
const STATUSES = ['primaryStatus', 'status'] as const;

/** Whether a value that was read is one, with nothing beside it. */
export function isKept(value: unknown): value is KeptMissedWrite {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const known = new Set<string>([...TEXTS, ...NUMBERS, ...STATUSES]);
  return (
    Object.keys(fields).every((name) => known.has(name)) &&
    TEXTS.every((name) => isText(fields[name])) &&
    NUMBERS.every((name) => isCount(fields[name])) &&
    STATUSES.every((name) => fields[name] === undefined || isCount(fields[name]))
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
