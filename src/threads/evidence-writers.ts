// Gives each pool of a Table that a rollout is moving the place where this worker counts its evidence.

import type { CountedEvent } from '../config/rollout-model.ts';
import type { CountedRollout } from '../control/ports.ts';
import type { PoolTable } from '../routing/table.ts';
import type { EvidenceNews } from '../telemetry/evidence-news.ts';
import { SignalsReader } from '../telemetry/evidence-signals.ts';
import { SizeWriter } from '../telemetry/body-sizes.ts';
import { TopWriter } from '../telemetry/evidence-top.ts';
import { EvidenceUsers } from '../telemetry/evidence-users.ts';
import { ValueSender } from '../telemetry/evidence-values.ts';
import { EvidenceWriter } from '../telemetry/evidence-writer.ts';
import type { SeenEvent } from '../telemetry/evidence-writer.ts';

export class EvidenceWriters {
  readonly #worker: number;
  readonly #news: EvidenceNews;

  /** @param worker from 0; one that takes the place of another goes on with its cells */
  constructor(worker: number, news: EvidenceNews) {
    this.#worker = worker;
    this.#news = news;
  }

  /** Undefined where nothing counts. */
  writer({ name, versions }: PoolTable, rollouts: readonly CountedRollout[]): EvidenceWriter | undefined {
    const rollout = rollouts.find(({ pool }) => pool === name);
    const baseline = versions.findIndex((version) => version.name === rollout?.baseline);
    const canary = versions.findIndex((version) => version.name === rollout?.canary);
    if (rollout === undefined || baseline < 0 || canary < 0) return undefined;
    return new EvidenceWriter({
      baseline,
      canary,
      cells: new Float64Array(rollout.counts),
      worker: this.#worker,
      segment: rollout.segment,
      users: new EvidenceUsers(rollout.users),
      signals: new SignalsReader(rollout.signals, rollout.ratio, name),
      news: this.#news,
      redirects: positionsOf(rollout.events, 'redirects'),
      emptyBodies: positionsOf(rollout.events, 'empty-bodies'),
      smallBodies: positionsOf(rollout.events, 'small-bodies'),
      sizes: rollout.sizes && new SizeWriter(rollout.sizes, this.#worker),
      top: new TopWriter(rollout.top, this.#worker),
      valueFields: seen(rollout.values.sources, (source) => (source.kind === 'response-header' ? source.name.toLowerCase() : undefined)),
      values: rollout.values.memory && new ValueSender(rollout.values.memory, this.#worker),
      fields: seen(rollout.events, (source) => (source.kind === 'response-header' ? source.name.toLowerCase() : undefined)),
      routes: seen(rollout.events, (source) => (source.kind === 'route' ? source.route : undefined)),
    });
  }
}

function positionsOf(events: readonly CountedEvent[], kind: CountedEvent['kind']): readonly number[] {
  return events.flatMap((event, position) => (event.kind === kind ? [position] : []));
}

function seen<S>(events: readonly S[], nameOf: (source: S) => string | undefined): readonly SeenEvent[] {
  return events.flatMap((source, position) => {
    const name = nameOf(source);
    return name === undefined ? [] : [{ name, position }];
  });
}
