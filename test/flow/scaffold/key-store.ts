// A small system with a store of its own: PUT, GET and DELETE /orders/KEY, in JSON. Its responses have a clock and a number of their own,
// as real ones do.

import { ok, responseText, responding, startUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import type { Message } from './wire.ts';

const JSON_TYPE = 'content-type: application/json';

export class KeyStore {
  readonly entries = new Map<string, string>();
  /** Writes that are refused from now on, one after the other. */
  refusals = 0;
  /** What a read returns beside clock and number. */
  show: (key: string, value: string) => object = (key, value) => ({ key, value, state: 'open' });
  reads = 0;
  #upstream: Upstream | undefined = undefined;
  #responses = 0;

  static async start(): Promise<KeyStore> {
    const store = new KeyStore();
    store.#upstream = await startUpstream(responding((request) => store.#respond(request)));
    return store;
  }

  get address(): string {
    return this.#upstream!.address;
  }

  #respond({ line, body }: Message): string {
    const [method, target] = line.split(' ') as [string, string];
    const key = /[^/?]+(?=\?|$)/.exec(target)?.[0] ?? '';
    this.#responses++;
    if (method === 'GET') return this.#read(key);
    if (this.refusals > 0) {
      this.refusals--;
      return responseText(503, 'Service Unavailable', '');
    }
    if (method === 'DELETE') this.entries.delete(key);
    else this.entries.set(key, body);
    return responseText(200, 'OK', JSON.stringify({ written: key, at: performance.now() }), JSON_TYPE);
  }

  #read(key: string): string {
    this.reads++;
    const value = this.entries.get(key);
    if (value === undefined) return responseText(404, 'Not Found', '{}', JSON_TYPE);
    return ok(JSON.stringify({ ...this.show(key, value), servedAt: performance.now(), response: this.#responses }), JSON_TYPE);
  }
}
