// Which certificates serve a name: the exact one before the longest wildcard (RFC 6125, section 6.4: `*` is one whole label).

import type { CertificatePair } from './certificate.ts';

/** Certificates that serve the same names side by side: one of each kind of key. */
export type CertificateSet = readonly CertificatePair[];

export class ServerNames {
  /** Serves clients that name nobody, or somebody unknown. */
  readonly first: CertificateSet;
  readonly #exact = new Map<string, CertificateSet>();
  /** By what stands behind the star and its dot. */
  readonly #wildcards = new Map<string, CertificateSet>();

  /** @param pairs at least one. Where two of one kind of key serve a name, the earlier one does. */
  constructor(pairs: readonly CertificatePair[]) {
    const byName = new Map<string, CertificatePair[]>();
    for (const pair of pairs) {
      for (const name of pair.names) {
        const others = byName.get(name) ?? [];
        if (!others.some(({ kind }) => kind === pair.kind)) others.push(pair);
        byName.set(name, others);
      }
    }
    const sets = new Map<string, CertificateSet>();
    for (const [name, found] of byName) {
      const set = sameSet(sets, found);
      if (name.startsWith('*.')) this.#wildcards.set(name.slice(2), set);
      else this.#exact.set(name, set);
    }
    const named = pairs[0]!.names[0];
    this.first = sameSet(sets, (named === undefined ? undefined : byName.get(named)) ?? [pairs[0]!]);
  }

  /** @param name in lower case; undefined: no certificate is for it */
  find(name: string): CertificateSet | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot < 1 ? undefined : this.#wildcards.get(name.slice(dot + 1));
  }
}

/** One object for each set of certificates: names that are served alike can be told by comparing it. */
function sameSet(sets: Map<string, CertificateSet>, set: CertificateSet): CertificateSet {
  const key = set.map(({ fingerprint }) => fingerprint).join();
  const known = sets.get(key);
  if (known !== undefined) return known;
  sets.set(key, set);
  return set;
}
