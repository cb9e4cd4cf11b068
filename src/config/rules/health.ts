// Settings of health checks and outliers must have an effect. Defaults are passed over, because printed configs hold them all.

import { isDeepStrictEqual } from 'node:util';
import { formatDuration } from '../duration.ts';
import type { Config, HealthConfig } from '../model.ts';
import type { Path } from '../path.ts';
import { checkNames } from './headers.ts';
import type { Review } from './review.ts';

const DEFAULTS = { path: '/healthz', host: undefined, headers: [], expect: { status: [200], body: undefined, json: {} } };

export function healthKeysMeanSomething(config: Config, review: Review): void {
  for (const { name, health } of config.pools) {
    if (health === undefined) continue;
    const path = ['pools', name, 'health'];
    if (health.protocol === 'tcp') noticeHttpKeys(health, path, review, 'tcp: a connection that opens is good');
    else if (health.grpc !== undefined) noticeHttpKeys(health, path, review, 'grpc: the service says how it is');
    if (health.protocol === 'tcp' && health.grpc !== undefined)
      review.problem([...path, 'grpc'], 'probes are of tcp or of gRPC: leave one out', 'key');
    checkNames(
      review,
      [...path, 'headers'],
      health.headers.map(([field]) => field),
      'health: { host: … }',
    );
    noticeSlowProbes(health, path, review);
    if (health.idleIntervalMs === 0 || health.idleIntervalMs >= health.intervalMs) continue;
    const interval = formatDuration(health.intervalMs);
    review.notice([...path, 'idleInterval'], `idleInterval is shorter than interval (${interval}), which is used in its place`);
  }
}

/** A probe that may take longer than the interval holds up the next one. */
function noticeSlowProbes({ timeoutMs, intervalMs }: HealthConfig, path: Path, review: Review): void {
  if (timeoutMs <= intervalMs) return;
  const message = `timeout is longer than interval (${formatDuration(intervalMs)}): a probe that hangs delays the next one`;
  review.notice([...path, 'timeout'], message);
}

export function gatewayFailuresDecide(config: Config, review: Review): void {
  for (const { name, outlier } of config.pools) {
    const { consecutive, consecutiveGateway } = outlier;
    if (consecutive === 0 || consecutiveGateway < consecutive) continue;
    const message = `consecutiveGateway never decides: consecutive ejects after ${consecutive} failures of any kind`;
    review.notice(['pools', name, 'outlier', 'consecutiveGateway'], message);
  }
}

function noticeHttpKeys(health: HealthConfig, path: Path, review: Review, why: string): void {
  for (const key of ['path', 'host', 'headers', 'expect'] as const) {
    if (isDeepStrictEqual(health[key], DEFAULTS[key])) continue;
    review.notice([...path, key], `${key} has no meaning for ${why}`, 'key');
  }
}
