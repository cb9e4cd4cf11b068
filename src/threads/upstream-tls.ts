// What makes connections over TLS to the endpoints of versions, in one worker. Its code is loaded where a config has some.

import type { PoolConfig, VersionTlsConfig } from '../config/model.ts';
import type { TlsUpdate, UpstreamFiles } from '../control/ports.ts';
import type { SecureConnector } from '../net/connect.ts';

export class UpstreamTls {
  /** By pool and version. */
  #sides: ReadonlyMap<string, SecureConnector> = new Map();
  /** By what they are made of: versions that have the same share one. */
  #made: ReadonlyMap<string, SecureConnector> = new Map();
  /** What stands for each of their texts, which may be hundreds of KiB long. */
  #numbers: ReadonlyMap<string, number> = new Map();
  #lastNumber = 0;
  #code: typeof import('../net/tls/client-side.ts') | undefined = undefined;

  /** Loads the code where it is needed; call it before `make`. */
  async prepare(pools: readonly PoolConfig[]): Promise<void> {
    if (pools.some(({ versions }) => versions.some(({ tls }) => tls !== undefined)))
      this.#code ??= await import('../net/tls/client-side.ts');
  }

  /** What stays as it is, keeps its sessions. Returns whether anything is other than before. Throws where files cannot be used. */
  make(pools: readonly PoolConfig[], { upstreams }: TlsUpdate): boolean {
    if (upstreams.length + this.#sides.size === 0) return false;
    const files = new Map(upstreams.map((each) => [keyOf(each.pool, each.version), each]));
    const numbers = new Map<string, number>();
    const numberOf = (text: string | undefined): number => {
      if (text === undefined) return 0;
      const number = numbers.get(text) ?? this.#numbers.get(text) ?? ++this.#lastNumber;
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
        const side = made.get(of) ?? this.#made.get(of) ?? this.#makeOne(tls, read);
        made.set(of, side);
        sides.set(key, side);
      }
    const isSame = sides.size === this.#sides.size && [...sides].every(([key, side]) => this.#sides.get(key) === side);
    this.#sides = sides;
    this.#made = made;
    this.#numbers = numbers;
    return !isSame;
  }

  /** Undefined: plaintext. */
  readonly find = (pool: string, version: string): SecureConnector | undefined => this.#sides.get(keyOf(pool, version));

  #makeOne({ verify, minVersion }: VersionTlsConfig, { authorities, certificate }: UpstreamFiles): SecureConnector {
    return new this.#code!.ClientSide({ verify, minVersion: `TLSv${minVersion}`, authorities: authorities?.pem, certificate });
  }
}

function keyOf(pool: string, version: string): string {
  return `${pool}\n${version}`;
}
