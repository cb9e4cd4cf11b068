// Settings of health checks and outliers must have an effect. Defaults are passed over, because printed configs hold them all.

import { isDeepStrictEqual } from 'node:util';
import { formatDuration } from '../duration.ts';
import type { Config, HealthConfig } from '../model.ts';
import type { Path } from '../path.ts';
import type { Review } from './review.ts';

const DEFAULTS = { path: '/healthz', expect: { status: [200], body: undefined, json: {} } };

export function healthKeysMeanSomething(config: Config, review: Review): void {
  for (const { name, health } of config.pools) {
    if (health === undefined) continue;
    const path = ['pools', name, 'health'];
    if (health.protocol === 'tcp') noticeHttpKeys(health, path, review);
    if (health.idleIntervalMs === 0 || health.idleIntervalMs >= health.intervalMs) continue;
    const interval = formatDuration(health.intervalMs);
    review.notice([...path, 'idleInterval'], `idleInterval is shorter than interval (${interval}), which is used in its place`);
  }
}

export function gatewayFailuresDecide(config: Config, review: Review): void {
  for (const { name, outlier } of config.pools) {
    const { consecutive, consecutiveGateway } = outlier;
    if (consecutive === 0 || consecutiveGateway < consecutive) continue;
    const message = `consecutiveGateway never decides: consecutive ejects after ${consecutive} failures of any kind`;
    review.notice(['pools', name, 'outlier', 'consecutiveGateway'], message);
  }
}

function noticeHttpKeys(health: HealthConfig, path: Path, review: Review): void {
  for (const key of ['path', 'expect'] as const) {
    if (isDeepStrictEqual(health[key], DEFAULTS[key])) continue;
    review.notice([...path, key], `${key} has no meaning for tcp: a connection that opens is good`, 'key');
  }
}
