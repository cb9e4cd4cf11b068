// What a rollout does beside moving weights: webhooks at its moments, and smoke requests straight to the canary. Each gives one result.

import type { Config, EndpointConfig, VersionConfig } from '../../config/model.ts';
import { isFault } from '../../config/fault.ts';
import type { Fault } from '../../config/fault.ts';
import { readSecret } from '../../config/read-secret.ts';
import { isSource, revealed } from '../../config/secret.ts';
import type { HookMoment, RolloutHook, SmokeRequest } from '../../config/rollout-model.ts';
import { isInPlace } from '../../rollout/course.ts';
import type { Effect, EffectResult, RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import { askHttp } from './ask-http.ts';
import type { Dial } from './ask-http.ts';
import { linesOf } from './links.ts';
import type { Links } from './links.ts';
import type { EffectRunner } from './ports.ts';
import { signatureOf } from './signature.ts';
import type { Environment } from './signature.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** Between tries of a webhook; doubled each time. */
const RETRY_MS = 250;

export interface EffectsDeps {
  /** Environment variables, for secrets. */
  readonly env: Environment;
  /** Resolves after so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
  readonly links: Pick<Links, 'told'>;
  /** How a connection to an endpoint of a version is made: with its TLS and its PROXY header. */
  readonly dial: (pool: string, version: VersionConfig, endpoint: EndpointConfig) => Dial;
}

export class Effects implements EffectRunner {
  readonly #deps: EffectsDeps;
  readonly #ending = new AbortController();

  constructor(deps: EffectsDeps) {
    this.#deps = deps;
  }

  run(state: RolloutState, effect: Effect, config: Config): Promise<EffectResult> {
    return effect.kind === 'hook' ? this.#told(state, effect) : this.#smoke(state, effect.step, config);
  }

  close(): void {
    this.#ending.abort();
  }

  async #told(state: RolloutState, { hook: position, moment, endpoint }: Effect & { readonly kind: 'hook' }): Promise<EffectResult> {
    const hook = state.template.hooks[position];
    if (hook === undefined) return { ok: false, sentence: `the ${moment} hook is gone` };
    const fault = await this.#hook(hook, state, moment, endpoint);
    if (fault === undefined) return { ok: true, sentence: `the ${moment} hook was told` };
    return { ok: false, sentence: `the ${moment} hook ${originOf(hook.url)} failed: ${fault}` };
  }

  async #hook(hook: RolloutHook, state: RolloutState, moment: HookMoment, endpoint: string | undefined): Promise<string | undefined> {
    const { pool, baseline, canary: version, step, status, why: reason } = state;
    const rollout = idOf(state);
    const told = this.#deps.links.told(state, moment);
    const body = JSON.stringify({
      rollout,
      pool,
      version,
      baseline,
      endpoint,
      on: moment,
      step,
      state: status,
      reason,
      text: [`${pool}, ${isInPlace(state) ? version : `${baseline} → ${version}`}: ${reason}`, ...linesOf(told)].join('\n'),
      ...told,
    });
    const signature = signatureOf(body, hook.secret, this.#deps.env);
    if ('fault' in signature) return signature.fault;
    const headers = [
      ['content-type', 'application/json'],
      ['user-agent', 'sluice-rollout'],
      ['x-sluice-rollout', rollout],
      ...signature,
    ] as const;
    let fault: string | undefined;
    for (let tried = 0; tried <= hook.retries; tried++) {
      if (tried > 0) await this.#deps.pause(RETRY_MS * 2 ** Math.min(tried - 1, 6));
      if (this.#ending.signal.aborted) return 'Sluice is stopping';
      const { timeoutMs } = hook;
      const question = { url: new URL(hook.url), method: 'POST', headers, body, timeoutMs, maxBytes: MAX_BODY_BYTES };
      const result = await askHttp(question, this.#ending.signal);
      fault = 'fault' in result ? result.fault : result.status >= 200 && result.status < 300 ? undefined : `status ${result.status}`;
      if (fault === undefined) return undefined;
    }
    return fault;
  }

  /** One request after the other to each endpoint of the canary; the first that is not as expected ends it. */
  async #smoke({ template, pool: name, canary }: RolloutState, position: number, config: Config): Promise<EffectResult> {
    const step = template.steps[position];
    const version = config.pools.find((each) => each.name === name)?.versions.find((each) => each.name === canary);
    const endpoints = version?.endpoints ?? [];
    if (step?.kind !== 'smoke') return { ok: false, sentence: 'the step is gone' };
    if (version === undefined || endpoints.length === 0) return { ok: false, sentence: `${canary} has no endpoint to ask` };
    let asked = 0;
    for (const request of step.requests) {
      for (let time = 0; time < request.times; time++) {
        const endpoint = endpoints[time % endpoints.length]!;
        const fault = await this.#smokeOnce(request, endpoint, { pool: name, version });
        if (fault !== undefined)
          return { ok: false, sentence: `${request.method} ${request.path} at ${canary} (${endpoint.key}): ${fault}` };
        asked++;
      }
    }
    return { ok: true, sentence: `${asked} smoke ${asked === 1 ? 'request' : 'requests'} passed` };
  }

  async #smokeOnce(
    { method, path, host: asked, headers, expect }: SmokeRequest,
    endpoint: EndpointConfig,
    { pool, version }: { readonly pool: string; readonly version: VersionConfig },
  ): Promise<string | undefined> {
    const { address, key } = endpoint;
    if (address.kind === 'srv') return 'it is a service, not an address';
    const host = address.kind === 'unix' ? 'localhost' : key;
    // Not resolved: a path such as //host/x would be asked of that host.
    const url = new URL(`${version.tls === undefined ? 'http' : 'https'}://${host}${path}`);
    const named = asked === undefined ? [] : [['host', asked] as const];
    const values = this.#valuesOf(headers);
    if ('fault' in values) return values.fault;
    const fields = [['user-agent', 'sluice-smoke'] as const, ...named, ...values];
    const { withinMs: timeoutMs } = expect;
    const dial = this.#deps.dial(pool, version, endpoint);
    const question = { url, method, headers: fields, body: undefined, timeoutMs, maxBytes: MAX_BODY_BYTES, dial };
    const result = await askHttp(question, this.#ending.signal);
    if ('fault' in result) return result.fault;
    if (!expect.status.includes(result.status)) return `status ${result.status}, expected ${expect.status.join(' or ')}`;
    if (expect.body !== undefined && !result.body.includes(expect.body)) return `the body does not contain ${JSON.stringify(expect.body)}`;
    return undefined;
  }

  #valuesOf(headers: SmokeRequest['headers']): readonly (readonly [string, string])[] | Fault {
    const values: (readonly [string, string])[] = [];
    for (const [name, value] of headers) {
      const read = isSource(value) ? readSecret(value, this.#deps.env) : revealed(value);
      if (isFault(read)) return read;
      values.push([name, read]);
    }
    return values;
  }
}

/** Without path and query, which may hold secrets. */
function originOf(url: string): string {
  return new URL(url).origin;
}
