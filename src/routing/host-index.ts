// Finds what belongs to a name of a host: the exact one before the longest wildcard.

export class HostIndex<T> {
  readonly #exact = new Map<string, T>();
  /** By suffix with its leading dot: `.example.com`. */
  readonly #wildcards = new Map<string, T>();
  readonly #longestSuffix: number;

  /** @param entries by `shop.example.com`, or `*.example.com` for all names below, in lower case */
  constructor(entries: Iterable<readonly [string, T]>) {
    let longestSuffix = 0;
    for (const [host, entry] of entries) {
      if (!host.startsWith('*.')) this.#exact.set(host, entry);
      else {
        this.#wildcards.set(host.slice(1), entry);
        longestSuffix = Math.max(longestSuffix, host.length - 1);
      }
    }
    this.#longestSuffix = longestSuffix;
  }

  /** @param host in lower case, without a trailing dot */
  find(host: string): T | undefined {
    return this.#exact.get(host) ?? this.wider(host);
  }

  /** What the longest wildcard that is wider than `host` has. Looks at no suffix longer than the longest there is. */
  wider(host: string): T | undefined {
    if (this.#longestSuffix === 0) return undefined;
    let dot = host.indexOf('.', Math.max(1, host.length - this.#longestSuffix));
    for (; dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const entry = this.#wildcards.get(host.slice(dot));
      if (entry !== undefined) return entry;
    }
    return undefined;
  }
}
