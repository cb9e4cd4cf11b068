// Whether the Node that runs this has the security fixes that are known. `engines` in package.json says the same.

/** By major: the first version with the fixes of the newest security release that a release of Sluice knows. */
export const PATCHED: Readonly<Record<number, readonly [minor: number, patch: number]>> = { 24: [18, 1], 26: [5, 1] };

/** What to update to; undefined where nothing is known to be wrong. Lines without fixes end with the next one: 25 did. */
export function betterNode(version: string): string | undefined {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > Math.max(...Object.keys(PATCHED).map(Number))) return undefined;
  const fixed = PATCHED[major];
  if (fixed === undefined)
    return sayVersion(
      Math.min(
        ...Object.keys(PATCHED)
          .map(Number)
          .filter((line) => line > major),
      ),
    );
  return minor > fixed[0] || (minor === fixed[0] && patch >= fixed[1]) ? undefined : sayVersion(major);
}

function sayVersion(major: number): string {
  return `${major}.${PATCHED[major]!.join('.')}`;
}
