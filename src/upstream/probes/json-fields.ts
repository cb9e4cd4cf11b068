// Whether the fields of a JSON text are as expected. The text is hostile: it is parsed once, and only what belongs to it is looked up.

import type { HealthExpectation } from '../../config/model.ts';

/** How much of a found value is shown. */
const SHOWN_CHARACTERS = 40;

/**
 * Says in words what is not as expected, or undefined. A path is names and positions with dots between (`checks.db.ok`, `nodes.0`);
 * a field must have that very value: "1" is not 1.
 */
export function findMismatch(bytes: Uint8Array, wanted: HealthExpectation['json']): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return 'the body is not JSON';
  }
  for (const [path, value] of Object.entries(wanted)) {
    const found = fieldAt(document, path);
    if (found !== value) return `${path} is ${show(found)}, not ${show(value)}`;
  }
  return undefined;
}

/** Undefined where there is none; no value of JSON is undefined. */
function fieldAt(document: unknown, path: string): unknown {
  let found = document;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    // The length of a list is its own, too, but no field of the text.
    if (Array.isArray(found) && name === 'length') return undefined;
    found = (found as Readonly<Record<string, unknown>>)[name];
  }
  return found;
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = Array.from(JSON.stringify(value).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?'));
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS).join('')}…` : text.join('');
}
