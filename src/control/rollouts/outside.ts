// Checks that others judge: Prometheus queries, webhooks, alarms, the comparison of a mirror. Each is asked at its own pace; a result that is
// stale, empty, not a number or missing is `no-data`, which never passes.

import type { RolloutCheck } from '../../config/rollout-model.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { stepAt } from '../../rollout/course.ts';
import { mirrorName, mirrorResultName } from '../../rollout/effects.ts';
import type { RolloutState } from '../../rollout/model.ts';
import type { OutsideResult } from '../../rollout/seen.ts';
import type { Alarms } from './alarms.ts';
import { askHttp } from './ask-http.ts';
import type { OutsideChecks } from './ports.ts';
import { judgeSamples, readPrometheus } from './read-prometheus.ts';
import { signatureOf } from './signature.ts';
import type { Environment } from './signature.ts';

type Followed = Pick<RolloutState, 'id' | 'pool' | 'baseline' | 'canary' | 'template'>;
type Placed = Followed & Pick<RolloutState, 'epoch' | 'step' | 'begun'>;
type Prometheus = RolloutCheck & { readonly kind: 'prometheus' };
type Webhook = RolloutCheck & { readonly kind: 'webhook' };

export interface OutsideDeps {
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs' | 'every'>;
  readonly alarms: Pick<Alarms, 'fires'>;
  /** The verdict of comparing the shadow of a mirror, as it was asked for by `by`; undefined: there is none yet. */
  readonly comparison: (pool: string, mirror: string, by: string) => OutsideResult | undefined;
  /** Environment variables, for secrets. */
  readonly env: Environment;
  /** Something that the rollout of this pool asks for has another result. */
  readonly onResult: (pool: string) => void;
}

interface Asked {
  readonly rollout: Followed;
  readonly check: Prometheus | Webhook;
  readonly timer: Timer;
  result: OutsideResult | undefined;
  /** When `result` came; of one that is no data, when the last that was came. */
  atMs: number;
  /** Since when a bound is passed; undefined while it is not. */
  badSinceMs: number | undefined;
  failures: number;
  isAsking: boolean;
}

const MAX_BYTES = 256 * 1024;
/** A result is stale after so many intervals without a newer one. */
const STALE_INTERVALS = 3;

export class Outside implements OutsideChecks {
  readonly #deps: OutsideDeps;
  /** By rollout, then by check. */
  readonly #asked = new Map<string, Map<string, Asked>>();
  #followed: readonly Followed[] = [];
  readonly #ending = new AbortController();

  constructor(deps: OutsideDeps) {
    this.#deps = deps;
  }

  follow(running: readonly Followed[]): void {
    this.#followed = running;
    const ids = new Set(running.map(({ id }) => id));
    for (const [id, checks] of this.#asked) {
      if (ids.has(id)) continue;
      for (const { timer } of checks.values()) timer.stop();
      this.#asked.delete(id);
    }
    for (const rollout of running) {
      const { id, template } = rollout;
      if (this.#asked.has(id)) continue;
      const asks = template.checks.filter(
        (check): check is Prometheus | Webhook => check.kind === 'prometheus' || check.kind === 'webhook',
      );
      this.#asked.set(id, new Map(asks.map((check) => [check.name, this.#begin(rollout, check)])));
    }
  }

  results(rollout: Placed): Readonly<Record<string, OutsideResult | undefined>> {
    if (!this.#followed.some(({ id }) => id === rollout.id)) return {};
    const ofChecks = rollout.template.checks.map((check) => [check.name, this.#resultOf(rollout, check)] as const);
    return Object.fromEntries([...ofChecks, ...this.#resultOfStep(rollout)]);
  }

  close(): void {
    this.follow([]);
    this.#ending.abort();
  }

  /** Of a step that waits for the verdict of its own mirror. */
  #resultOfStep(rollout: Placed): readonly (readonly [string, OutsideResult | undefined])[] {
    const { id, pool, epoch, step, begun } = rollout;
    const at = stepAt(rollout, step);
    if (at?.kind !== 'mirror' || at.until !== 'verdict' || !begun) return [];
    // What an earlier step or try with a mirror of the same name has heard is not its own.
    return [[mirrorResultName(step), this.#deps.comparison(pool, mirrorName(rollout), `${id} ${epoch}.${step}`)]];
  }

  #resultOf({ id, pool }: Followed, check: RolloutCheck): OutsideResult | undefined {
    switch (check.kind) {
      case 'alarm':
        return wordAlarm(check.alertname, this.#deps.alarms.fires(check.alertname));
      case 'comparison':
        return this.#deps.comparison(pool, check.mirror, id);
      case 'prometheus':
      case 'webhook': {
        const asked = this.#asked.get(id)?.get(check.name);
        return asked && this.#fresh(asked);
      }
      default:
        return undefined;
    }
  }

  #fresh({ check, result, atMs }: Asked): OutsideResult | undefined {
    const forMs = this.#deps.clock.nowMs() - atMs;
    if (result === undefined) return { result: 'no-data', sentence: 'there is no result yet', forMs };
    if (result.result === 'no-data') return { ...result, forMs };
    if (forMs <= check.intervalMs * STALE_INTERVALS + check.timeoutMs) return result;
    return { result: 'no-data', sentence: `the last result is ${Math.round(forMs / 1000)} s old`, forMs };
  }

  #begin(rollout: Followed, check: Prometheus | Webhook): Asked {
    const { clock } = this.#deps;
    const timer = clock.every(check.intervalMs, () => void this.#ask(asked), { unref: true });
    const nothing = { result: undefined, atMs: clock.nowMs(), badSinceMs: undefined, failures: 0, isAsking: false };
    const asked: Asked = { rollout, check, timer, ...nothing };
    void this.#ask(asked);
    return asked;
  }

  async #ask(asked: Asked): Promise<void> {
    if (asked.isAsking || this.#ending.signal.aborted) return;
    asked.isAsking = true;
    const { check } = asked;
    const result = check.kind === 'prometheus' ? await this.#askPrometheus(check, asked) : await this.#askWebhook(check, asked);
    asked.isAsking = false;
    if (result.result !== 'no-data') asked.atMs = this.#deps.clock.nowMs();
    asked.result = result;
    this.#deps.onResult(asked.rollout.pool);
  }

  async #askPrometheus(check: Prometheus, asked: Asked): Promise<OutsideResult> {
    const { address, query, timeoutMs, max, min, forMs } = check;
    const url = new URL('api/v1/query', address.endsWith('/') ? address : `${address}/`);
    url.searchParams.set('query', named(query, asked.rollout));
    const found = await askHttp({ url, method: 'GET', headers: [], body: undefined, timeoutMs, maxBytes: MAX_BYTES }, this.#ending.signal);
    if ('fault' in found) return noData(`Prometheus does not respond: ${found.fault}`);
    if (found.isCut) return noData(`Prometheus sends more than ${MAX_BYTES / 1024} KiB`);
    const samples = readPrometheus(found.status, found.body, this.#deps.clock.wallMs());
    if ('fault' in samples) return noData(samples.fault);
    const { isBad, value, sentence } = judgeSamples(samples.values, { max, min });
    const nowMs = this.#deps.clock.nowMs();
    asked.badSinceMs = isBad ? (asked.badSinceMs ?? nowMs) : undefined;
    const isLong = asked.badSinceMs !== undefined && nowMs - asked.badSinceMs >= forMs;
    // A bound that is passed, but not for long enough, is neither.
    if (isBad && !isLong) return { result: 'no-data', sentence: `${sentence}, not for long enough yet`, forMs: 0 };
    return { result: isLong ? 'fail' : 'pass', value, sentence };
  }

  async #askWebhook({ url: at, timeoutMs, failures, secret }: Webhook, asked: Asked): Promise<OutsideResult> {
    const { id, pool, baseline, canary: version } = asked.rollout;
    const body = JSON.stringify({ rollout: id, pool, version, baseline, check: asked.check.name });
    const signature = signatureOf(body, secret, this.#deps.env);
    if ('fault' in signature) return noData(`the webhook is not asked: ${signature.fault}`);
    const headers = [
      ['content-type', 'application/json'],
      ['user-agent', 'sluice-rollout'],
      ['x-sluice-rollout', id],
      ...signature,
    ] as const;
    const found = await askHttp({ url: new URL(at), method: 'POST', headers, body, timeoutMs, maxBytes: MAX_BYTES }, this.#ending.signal);
    if ('fault' in found) return noData(`the webhook does not respond: ${found.fault}`);
    const isGood = found.status >= 200 && found.status < 300;
    asked.failures = isGood ? 0 : asked.failures + 1;
    if (isGood) return { result: 'pass', value: found.status, sentence: `the webhook says yes (${found.status})` };
    if (asked.failures < failures)
      return { result: 'no-data', sentence: `the webhook says no (${found.status}), ${asked.failures} of ${failures} times`, forMs: 0 };
    return { result: 'fail', value: found.status, sentence: `the webhook says no (${found.status}), ${asked.failures} times in a row` };
  }
}

/** Names of pools and versions need no escape within a label of PromQL. */
function named(query: string, { pool, baseline, canary }: Followed): string {
  const names: Readonly<Record<string, string>> = { pool, baseline, canary };
  return query.replace(/\{\{ *(pool|baseline|canary) *\}\}/g, (_, name: string) => names[name]!);
}

function wordAlarm(name: string, fires: boolean | undefined): OutsideResult {
  if (fires === undefined)
    return noData(
      `alarms were lost, at a restart or beyond the 1,000 that are remembered, and ${name} may be one of them: tell it again, or wait for a day`,
    );
  return fires
    ? { result: 'fail', value: undefined, sentence: `the alarm ${name} fires` }
    : { result: 'pass', value: undefined, sentence: `the alarm ${name} does not fire` };
}

function noData(sentence: string): OutsideResult {
  return { result: 'no-data', sentence, forMs: 0 };
}
