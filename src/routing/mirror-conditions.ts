// The conditions of a mirror's `match`: which requests it copies at all.

import type { MirrorMatch } from '../config/model.ts';
import { joinField, toFieldText } from '../http/header-block.ts';
import { FieldCondition } from './candidate.ts';
import { canonicalConfigPath, canonicalPath } from './path.ts';
import type { RoutableRequest } from './request.ts';
import { ValueTest } from './value.ts';

export class MirrorConditions {
  readonly #methods: readonly string[];
  readonly #exact: readonly string[];
  /** Without trailing slash. */
  readonly #prefixes: readonly string[];
  readonly #headers: readonly FieldCondition[];

  constructor({ methods, paths, headers }: MirrorMatch) {
    const canonical = paths.map(({ kind, path }) => ({ kind, path: canonicalConfigPath(path) }));
    this.#methods = methods;
    this.#exact = canonical.filter(({ kind }) => kind === 'exact').map(({ path }) => path);
    this.#prefixes = canonical.filter(({ kind }) => kind === 'prefix').map(({ path }) => (path.endsWith('/') ? path.slice(0, -1) : path));
    this.#headers = headers.map(({ name, value }) => {
      return new FieldCondition(name, new ValueTest(value, value.kind === 'exact' ? toFieldText(value.value) : ''));
    });
  }

  fits(request: RoutableRequest): boolean {
    return this.#hasMethod(request.method) && this.#hasPath(request.path) && this.#hasHeaders(request.block);
  }

  #hasMethod(method: string): boolean {
    return this.#methods.length === 0 || this.#methods.includes(method);
  }

  #hasPath(received: string): boolean {
    if (this.#exact.length + this.#prefixes.length === 0) return true;
    const path = canonicalPath(received);
    if (this.#exact.includes(path)) return true;
    for (const prefix of this.#prefixes) {
      if (path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/')) return true;
    }
    return false;
  }

  #hasHeaders(block: string): boolean {
    for (const { name, value } of this.#headers) if (!value.passes(joinField(block, name))) return false;
    return true;
  }
}
