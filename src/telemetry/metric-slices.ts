// The text of all metrics, made in turns: a config of 50,000 routes has a million lines. prom-client formats them, a slice of a metric at a time.

import type { Registry } from 'prom-client';
import { Pace } from '../lib/pace.ts';
import type { Metric } from './names.ts';
import type { Samples } from './samples.ts';

/** Lines of one slice: a few milliseconds. */
const SLICE_LINES = 1000;

/** A metric as prom-client asks it; each time it is asked it gives the next slice of its lines. */
export class SlicedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly #samples: () => Samples;
  #rest: Iterator<Samples extends Iterable<infer S> ? S : never> | undefined = undefined;

  constructor({ name, help, type }: Metric, samples: () => Samples) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.#samples = samples;
  }

  /** Whether there are lines after the slice that was given last. */
  get hasMore(): boolean {
    return this.#rest !== undefined;
  }

  /** After a scrape that failed. */
  begin(): void {
    this.#rest = undefined;
  }

  get(): Promise<object> {
    const { name, help, type } = this;
    return Promise.resolve({ name, help, type, values: this.#slice() });
  }

  *#slice(): Samples {
    const rest = (this.#rest ??= this.#samples()[Symbol.iterator]());
    for (let line = 0; line < SLICE_LINES; line++) {
      const next = rest.next();
      if (next.done === true) {
        this.#rest = undefined;
        return;
      }
      yield next.value;
    }
  }
}

/** What `registry.metrics()` returns. Call it again only when it has settled. @param sliced those of the registry that give slices, by name */
export async function writeMetrics(registry: Registry, sliced: ReadonlyMap<string, SlicedMetric>): Promise<string> {
  const pace = new Pace();
  const texts: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = sliced.get(name);
    metric?.begin();
    let text = await registry.getSingleMetricAsString(name);
    while (metric?.hasMore === true) {
      await pace.rest();
      text += withoutHead(await registry.getSingleMetricAsString(name));
    }
    texts.push(text);
    await pace.rest();
  }
  return `${texts.join('\n\n')}\n`;
}

/** Without the lines of HELP and TYPE, which only the first slice keeps; begins with a line end where anything is left. */
function withoutHead(text: string): string {
  const end = text.indexOf('\n', text.indexOf('\n') + 1);
  return end < 0 ? '' : text.slice(end);
}
