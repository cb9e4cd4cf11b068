import { describe, expect, it } from 'vitest';
import { sluiceConfiguration } from '../../../bench/rivals/sluice.ts';
import { decodeText } from '../../../src/config/decode.ts';

describe('sluiceConfiguration', () => {
  it.each([1, 10, 1_000])('is a config without a Problem and with %d routes', (routeCount) => {
    const text = sluiceConfiguration({ port: 8001, adminPort: 8002, upstreamPort: 8003, routeCount });
    const result = decodeText('sluice.yaml', text);
    expect(result.problems).toEqual([]);
    expect(result).toHaveProperty('config.routes.length', routeCount);
  });
});
