// Probes with what they need of this machine, told to the workers.

import type { EndpointEvents } from '../control/endpoint-events.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { randomFraction } from '../lib/random.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import { versionActivity } from '../telemetry/version-activity.ts';
import { probeEndpoint } from '../upstream/probes/probe-endpoint.ts';
import { Probes } from '../upstream/probes/probes.ts';
import type { ProbesOptions } from '../upstream/probes/probes.ts';
import type { Workers } from '../threads/workers.ts';

export interface ProbesOfInstance {
  readonly left: ProbesOptions['left'];
  readonly log: Log;
  readonly counters: CounterRegistry;
  readonly workers: Pick<Workers, 'setHealth'>;
  readonly tlsOf: ProbesOptions['tlsOf'];
  readonly onEndpoint: EndpointEvents['tell'];
}

export function createProbes({ left, log, counters, workers, tlsOf, onEndpoint }: ProbesOfInstance): Probes {
  const activity = versionActivity(counters);
  const onHealth: Workers['setHealth'] = (unhealthy) => workers.setHealth(unhealthy);
  const onVerdict: ProbesOptions['onVerdict'] = (endpoint, { healthy, result, detail }) =>
    onEndpoint(healthy ? 'healthy' : 'unhealthy', { ...endpoint, result, detail });
  return new Probes({ left, clock: systemClock, random: randomFraction, probe: probeEndpoint, log, activity, tlsOf, onHealth, onVerdict });
}
