// What makes connections over TLS to the endpoints of versions, in one worker. Its code is loaded where a config has some.

import type { PoolConfig, VersionTlsConfig } from '../config/model.ts';
import type { TlsUpdate, UpstreamFiles } from '../control/ports.ts';
import type { SecureConnector } from '../net/connect.ts';

interface Made {
  readonly of: string;
  readonly side: SecureConnector;
}

export class UpstreamTls {
  #made: ReadonlyMap<string, Made> = new Map();
  #code: typeof import('../net/tls/client-side.ts') | undefined = undefined;

  /** Loads the code where it is needed; call it before `make`. */
  async prepare(pools: readonly PoolConfig[]): Promise<void> {
    if (pools.some(({ versions }) => versions.some(({ tls }) => tls !== undefined)))
      this.#code ??= await import('../net/tls/client-side.ts');
  }

  /** What stays as it is, keeps its sessions. Returns whether anything is other than before. Throws where files cannot be used. */
  make(pools: readonly PoolConfig[], { upstreams }: TlsUpdate): boolean {
    if (upstreams.length + this.#made.size === 0) return false;
    const files = new Map(upstreams.map((each) => [`${each.pool}\n${each.version}`, each]));
    const made = new Map<string, Made>();
    for (const pool of pools)
      for (const { name, tls } of pool.versions) {
        const key = `${pool.name}\n${name}`;
        if (tls !== undefined) made.set(key, this.#makeOne(this.#made.get(key), tls, files.get(key)));
      }
    const isSame = made.size === this.#made.size && [...made].every(([key, each]) => this.#made.get(key) === each);
    this.#made = made;
    return !isSame;
  }

  /** Undefined: plaintext. */
  readonly find = (pool: string, version: string): SecureConnector | undefined => this.#made.get(`${pool}\n${version}`)?.side;

  #makeOne(known: Made | undefined, { verify, minVersion }: VersionTlsConfig, files: UpstreamFiles | undefined): Made {
    const of = JSON.stringify([verify, minVersion, files?.authorities, files?.certificate]);
    if (known?.of === of) return known;
    const tls = { verify, minVersion: `TLSv${minVersion}` as const, authorities: files?.authorities, certificate: files?.certificate };
    return { of, side: new this.#code!.ClientSide(tls) };
  }
}
