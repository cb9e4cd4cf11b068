// The name of a mirror across pools, as a key of maps.

/** Neither name can have a slash in it. */
export function mirrorKey(pool: string, mirror: string): string {
  return `${pool}/${mirror}`;
}
