import { Registry } from 'prom-client';
import type { Metric as PromMetric } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { after } from '../../../src/lib/clock.ts';
import { writeMetrics } from '../../../src/telemetry/metric-slices.ts';
import type { SampledMetric } from '../../../src/telemetry/metric-slices.ts';
import { plainSamples } from '../../../src/telemetry/samples.ts';
import type { Samples } from '../../../src/telemetry/samples.ts';

const metric = (name: string) => ({ name, help: `Of \\ ${name}\nand more.`, type: 'counter', labels: ['n'] }) as const;
const lines = (count: number) => Array.from({ length: count }, (_, n) => [{ n: `"${n}\\\n` }, n] as const);

function* odd(): Samples {
  const [none, some, shared] = [{}, { le: '+Inf' }, { pool: 'p', version: 'v' }];
  for (const value of [0, 0.1, 1e21, -5, Infinity, -Infinity])
    for (const labels of [none, some])
      for (const sharedLabels of [none, shared])
        for (const metricName of [undefined, 'x_bucket']) yield { value, labels, sharedLabels, metricName };
}

/** What prom-client writes. */
function registryOf(metrics: readonly SampledMetric[]): Registry {
  const registry = new Registry();
  for (const { name, help, type, samples } of metrics) {
    const get = () => Promise.resolve({ name, help, type, values: samples() });
    registry.registerMetric({ name, help, type, get } as unknown as PromMetric);
  }
  return registry;
}

function counting(counts: readonly number[]): SampledMetric[] {
  return counts.map((count, index) => ({ ...metric(`m${index}_total`), samples: () => plainSamples(lines(count)) }));
}

describe('writeMetrics', () => {
  it('writes what the package writes, whatever the number of lines', async () => {
    const metrics = [...counting([0, 1, 999, 1000, 1001, 2000, 4321]), { ...metric('odd'), samples: odd }];
    const others = counting([2]).map((each) => ({ ...each, name: 'last' }));
    const expected = await registryOf([...metrics, ...others]).metrics();
    expect(String(await writeMetrics(metrics, registryOf(others)))).toBe(expected);
    expect(String(await writeMetrics(metrics, registryOf(others)))).toBe(expected);
  });

  it('writes a value that is no number as parsers know it', async () => {
    const samples = (): Samples => [{ value: NaN, labels: {}, sharedLabels: {}, metricName: undefined }];
    expect(String(await writeMetrics([{ ...metric('m'), samples }], new Registry()))).toContain('m NaN\n');
  });

  it('leaves time for others', async () => {
    let turns = 0;
    let isDone = false;
    const tick = (): void => void (isDone || (turns++, after(1, tick)));
    tick();
    await writeMetrics(counting([400_000]), new Registry());
    isDone = true;
    expect(turns).toBeGreaterThan(5);
  });
});
