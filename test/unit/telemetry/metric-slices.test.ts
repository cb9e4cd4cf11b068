import { Registry } from 'prom-client';
import type { Metric as PromMetric } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { after } from '../../../src/lib/clock.ts';
import { SlicedMetric, writeMetrics } from '../../../src/telemetry/metric-slices.ts';
import { plainSamples } from '../../../src/telemetry/samples.ts';

const metric = (name: string) => ({ name, help: `Of ${name}.`, type: 'counter', labels: ['n'] }) as const;
const lines = (count: number) => Array.from({ length: count }, (_, n) => [{ n: `"${n}\\` }, n] as const);

function registryOf(counts: readonly number[]) {
  const registry = new Registry();
  const sliced = new Map<string, SlicedMetric>();
  const whole = new Registry();
  for (const [index, count] of counts.entries()) {
    const described = metric(`m${index}_total`);
    const each = new SlicedMetric(described, () => plainSamples(lines(count)));
    sliced.set(each.name, each);
    registry.registerMetric(each as unknown as PromMetric);
    const { name, help, type } = described;
    const get = () => Promise.resolve({ name, help, type, values: plainSamples(lines(count)) });
    whole.registerMetric({ name, help, type, get } as unknown as PromMetric);
  }
  return { registry, sliced, whole };
}

describe('writeMetrics', () => {
  it('writes what the registry would write at once, whatever the number of lines', async () => {
    const { registry, sliced, whole } = registryOf([0, 1, 999, 1000, 1001, 2000, 4321]);
    const expected = await whole.metrics();
    expect(await writeMetrics(registry, sliced)).toBe(expected);
    expect(await writeMetrics(registry, sliced)).toBe(expected);
  });

  it('begins anew after one that failed', async () => {
    const { registry, sliced, whole } = registryOf([3000]);
    await registry.getSingleMetricAsString('m0_total');
    expect(sliced.get('m0_total')?.hasMore).toBe(true);
    expect(await writeMetrics(registry, sliced)).toBe(await whole.metrics());
  });

  it('leaves time for others', async () => {
    const { registry, sliced } = registryOf([400_000]);
    let turns = 0;
    let isDone = false;
    const tick = (): void => void (isDone || (turns++, after(1, tick)));
    tick();
    await writeMetrics(registry, sliced);
    isDone = true;
    expect(turns).toBeGreaterThan(5);
  });
});
