// One key of a map for several names.

/** A string that no two different lists share, whatever characters their parts hold. */
export function compoundKey(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts);
}
