// What a lookup of a name or a service gives. Plain data; hosts are IP addresses, always.

/** One place that a name or a service stands for. */
export interface Found {
  /** An IP address in canonical form, without brackets. */
  readonly host: string;
  /** Of a service; 0 where the entry in the config says it. */
  readonly port: number;
  /** Of a service, at least 1; else 1. The weight of the entry comes on top. */
  readonly weight: number;
  /** The question that it belongs to, such as `A shop.internal`. */
  readonly question: string;
}

export interface Resolution {
  /** Never empty, sorted, at most ADDRESSES_MAX. */
  readonly found: readonly Found[];
  /** How long it holds; Infinity where nothing says so. */
  readonly ttlMs: number;
  /** Questions without a response while others had one: what they gave before still counts. */
  readonly unresolved: readonly string[];
  /** What was left out of `found` because there was too much of it. */
  readonly leftOut: number;
}

/** A name or service was not resolved. `code` is that of c-ares: ENOTFOUND, ENODATA, ESERVFAIL, ETIMEOUT, ECONNREFUSED … */
export class Unresolved extends Error {
  readonly code: string;

  constructor(code: string, question: string) {
    super(`${question}: ${code}`);
    this.code = code;
  }

  /** Whether a response came and says that there is nothing, so that another name may be tried. */
  get isAbsence(): boolean {
    return this.code === 'ENOTFOUND' || this.code === 'ENODATA';
  }
}

/** Resolves names and services in one way. Both reject with Unresolved. */
export interface Lookups {
  name(name: string): Promise<Resolution>;
  service(name: string): Promise<Resolution>;
  /** Gives up what is under way. */
  close(): void;
}

/** Addresses of one name or service that are used; a version does not get more endpoints by one entry of the config. */
export const MAX_ADDRESSES = 256;

/** Sorted, so that the same addresses in another order are the same, without repetition, and bounded. */
export function bound(found: readonly Found[]): Pick<Resolution, 'found' | 'leftOut'> {
  const distinct = new Map(found.map((each) => [`${each.host} ${each.port}`, each]));
  const sorted = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  return { found: sorted.slice(0, MAX_ADDRESSES), leftOut: Math.max(0, sorted.length - MAX_ADDRESSES) };
}
