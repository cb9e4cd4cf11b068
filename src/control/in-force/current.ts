// What is in force, for all who ask. Only a participant changes it, once nothing can refuse the change any more.

import type { Adoption } from '../../api/scalars.ts';
import type { Amendment } from '../../config/amend.ts';
import { decodeRead } from '../../config/decode.ts';
import type { FileRead } from '../../config/decode.ts';
import type { Config } from '../../config/model.ts';
import type { InForce, Transition } from './transition.ts';

export class Current {
  readonly #lostChanges: boolean;
  #inForce: InForce | undefined = undefined;
  /** The first that was served: what cannot change live is still as it says. */
  #started: Config | undefined = undefined;
  #firstRevision = 0;
  /** What `read` means alone, once it was asked for. */
  #alone: { readonly read: FileRead; readonly config: Config | undefined } | undefined = undefined;

  /** @param lostChanges whether the start found that what the API had changed is lost */
  constructor({ lostChanges } = { lostChanges: false }) {
    this.#lostChanges = lostChanges;
  }

  get inForce(): InForce | undefined {
    return this.#inForce;
  }

  get started(): Config | undefined {
    return this.#started;
  }

  /** What is served, as it was written; undefined before the first success. */
  get config(): Config | undefined {
    return this.#inForce?.config;
  }

  /** What is served, with the endpoints that the workers have. */
  get served(): Config | undefined {
    return this.#inForce?.served;
  }

  /** Whether the start lost what the API had changed, and nobody has changed anything since. */
  get isAdrift(): boolean {
    return this.#lostChanges && this.revision === this.#firstRevision;
  }

  /** Number of what is served; 0 before the first success. */
  get revision(): number {
    return this.#inForce?.revision ?? 0;
  }

  /** Workers that obeyed when the revision was put in force. */
  get workers(): Adoption {
    return this.#inForce?.workers ?? { applied: 0, total: 0 };
  }

  get amendments(): readonly Amendment[] {
    return this.#inForce?.amendments ?? [];
  }

  /** What the file says alone; undefined when that is no config. */
  get written(): Config | undefined {
    if (this.#inForce === undefined) return undefined;
    const { amendments, config, read } = this.#inForce;
    if (amendments.length === 0) return config;
    if (this.#alone?.read !== read) this.#alone = { read, config: decodeRead(read).config };
    return this.#alone.config;
  }

  take({ revision, config, served, read, load, tls, workers }: Transition): void {
    this.#started ??= config;
    if (this.#firstRevision === 0) this.#firstRevision = revision;
    const { amendments } = load.amended;
    this.#inForce = { revision, config, served, read, amendments, tls, workers: workers ?? this.workers };
  }

  /** The same config with other endpoints. */
  follow(served: Config): void {
    if (this.#inForce !== undefined) this.#inForce = { ...this.#inForce, served };
  }

  /** What changes nothing may be written otherwise than before. */
  reread(read: FileRead): void {
    if (this.#inForce !== undefined) this.#inForce = { ...this.#inForce, read };
  }
}
