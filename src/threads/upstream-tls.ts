// What makes connections over TLS to the endpoints of versions, in one worker. Its code is loaded where a config has some.

import type { PoolConfig, VersionTlsConfig } from '../config/model.ts';
import type { TlsUpdate, UpstreamFiles } from '../control/ports.ts';
import type { SecureConnector } from '../net/connect.ts';

export interface UpstreamSides {
  /** By pool and version. */
  readonly sides: ReadonlyMap<string, SecureConnector>;
  /** By what they are made of: versions that have the same share one. */
  readonly made: ReadonlyMap<string, SecureConnector>;
  /** What stands for each of their texts, which may be hundreds of KiB long. */
  readonly numbers: ReadonlyMap<string, number>;
}

export class UpstreamTls {
  #current: UpstreamSides = { sides: new Map(), made: new Map(), numbers: new Map() };
  #lastNumber = 0;
  #code: typeof import('../net/tls/client-side.ts') | undefined = undefined;

  /** Loads the code where it is needed; call it before `make`. */
  async prepare(pools: readonly PoolConfig[]): Promise<void> {
    if (pools.some(({ versions }) => versions.some(({ tls }) => tls !== undefined)))
      this.#code ??= await import('../net/tls/client-side.ts');
  }

  /** What to `take` for these: what stays as it is, is the same object and keeps its sessions. Throws where files cannot be used. */
  make(pools: readonly PoolConfig[], { upstreams }: TlsUpdate): UpstreamSides {
    const before = this.#current;
    const files = new Map(upstreams.map((each) => [keyOf(each.pool, each.version), each]));
    const numbers = new Map<string, number>();
    const numberOf = (text: string | undefined): number => {
      if (text === undefined) return 0;
      const number = numbers.get(text) ?? before.numbers.get(text) ?? ++this.#lastNumber;
      numbers.set(text, number);
      return number;
    };
    const made = new Map<string, SecureConnector>();
    const sides = new Map<string, SecureConnector>();
    for (const pool of pools)
      for (const { name, tls } of pool.versions) {
        if (tls === undefined) continue;
        const key = keyOf(pool.name, name);
        const read = files.get(key);
        // Without them it would trust whom the config does not name.
        if (read === undefined) throw new Error(`version ${name} of ${pool.name} speaks TLS and its files are missing`);
        const texts = [read.authorities?.pem, read.certificate?.cert, read.certificate?.key];
        const of = `${tls.verify} ${tls.minVersion} ${texts.map(numberOf).join(' ')}`;
        const side = made.get(of) ?? before.made.get(of) ?? this.#makeOne(tls, read);
        made.set(of, side);
        sides.set(key, side);
      }
    return { sides, made, numbers };
  }

  /** Returns whether anything is other than before. */
  take(next: UpstreamSides): boolean {
    const { sides } = this.#current;
    this.#current = next;
    return next.sides.size !== sides.size || [...next.sides].some(([key, side]) => sides.get(key) !== side);
  }

  /** Undefined: plaintext. */
  readonly find = (pool: string, version: string): SecureConnector | undefined => this.#current.sides.get(keyOf(pool, version));

  #makeOne({ verify, minVersion }: VersionTlsConfig, { authorities, certificate }: UpstreamFiles): SecureConnector {
    return new this.#code!.ClientSide({ verify, minVersion: `TLSv${minVersion}`, authorities: authorities?.pem, certificate });
  }
}

function keyOf(pool: string, version: string): string {
  return `${pool}\n${version}`;
}
