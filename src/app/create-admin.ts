// The admin API of an instance, and all that its metrics show. Wiring alone.

import { AdminServer } from '../admin/admin-server.ts';
import type { Address, Config } from '../config/model.ts';
import { readAdminTls } from '../control/certificates/tls-files.ts';
import type { Log } from '../lib/log.ts';
import { bindableHost } from '../net/claim-address.ts';
import type { ControlOfInstance } from './create-control.ts';
import type { ServingOfInstance } from './create-serving.ts';
import { version } from './version.ts';

export interface AdminOfInstance {
  readonly config: Config['admin'];
  readonly log: Log;
  /** Whether another process may take over from this one. */
  readonly isShared: boolean;
  readonly ready: () => { readonly ok: boolean; readonly reason: string };
}

export function createAdmin(
  { exposition, workers, mirrorAnalysis, probes, discovery, certificates }: ServingOfInstance,
  { control, sessions, markers, memory, rollouts }: ControlOfInstance,
  { config, isShared, log, ready }: AdminOfInstance,
): AdminServer {
  const metrics = (): Promise<Buffer> => {
    const { serving, total } = workers;
    exposition.workersAre({ serving, starting: total - serving });
    return exposition.text();
  };
  const onError = (error: unknown): void => log.error({ err: error as Error }, 'an admin request failed');
  const admin = new AdminServer({
    address: bindable(config.address),
    reusePort: isShared,
    mode: config.mode,
    probesMode: config.probesMode,
    probesAddress: config.probesAddress === undefined ? undefined : bindable(config.probesAddress),
    metricsType: exposition.contentType,
    ports: { ready, metrics, onError },
    control,
    config,
    readTls: config.tls && (() => readAdminTls(config.tls!)),
    log,
    build: version,
  });
  certificates.onAdmin((files) => admin.useCertificates(files));
  exposition.registerMirrors(mirrorAnalysis.lines);
  exposition.registerHealthChecks(() => probes.counts());
  exposition.registerDiscovery(() => discovery.samples());
  exposition.registerCertificates(() => certificates.lines());
  exposition.registerUsers(() => sessions.lines());
  exposition.registerDeploys(() => markers.labels());
  exposition.registerRollouts(rollouts.lines);
  exposition.registerOverload(() => memory.sample);
  exposition.registerAdminRefusals(() => admin.refused());
  return admin;
}

function bindable(address: Address): Address {
  return address.kind === 'tcp' ? { ...address, host: bindableHost(address.host) } : address;
}
