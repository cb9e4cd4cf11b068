// Where another process can take over from an instance, with all that must rest then. Wiring alone.

import type { AdminServer } from '../../admin/admin-server.ts';
import type { Address } from '../../config/model.ts';
import type { Log } from '../../lib/log.ts';
import { MovingStore } from '../../store/moving-store.ts';
import type { Store } from '../../store/store.ts';
import type { ControlOfInstance } from '../create-control.ts';
import type { ServingOfInstance } from '../create-serving.ts';
import { GivingWay } from './giving-way.ts';
import type { Standing } from './giving-way.ts';
import { claimOf } from './take-over.ts';
import { TakeoverDoor } from './takeover-door.ts';

export interface DoorOfInstance {
  readonly store: Store;
  readonly admin: AdminServer;
  /** Addresses of the admin API, as written and as bound. */
  readonly adminAddresses: () => { readonly written: Address; readonly bound: Address; readonly probes: Address | undefined };
  /** Another process serves. */
  readonly onLeft: () => void;
  readonly log: Log;
}

/** Undefined where nothing is kept on disk: there is nothing to take over, and no place to meet. */
export function createDoor(
  { workers, ...serving }: ServingOfInstance,
  { current, ...control }: ControlOfInstance,
  { store, admin, adminAddresses, onLeft, log }: DoorOfInstance,
): TakeoverDoor | undefined {
  // Elsewhere no two processes share a port.
  if (!(store instanceof MovingStore) || process.platform !== 'linux') return undefined;
  const addresses = (): readonly Address[] => {
    const { bound, probes } = adminAddresses();
    const listeners = (current.config?.listeners ?? []).map(({ address }) => address);
    return [...listeners, bound, ...(probes === undefined ? [] : [probes])];
  };
  const standing = (): Standing => {
    const { ports } = workers;
    const { written, bound, probes } = adminAddresses();
    const claims = [...addresses().map(claimOf), claimOf(written), ...Object.values(ports).map(String)];
    return { revision: current.revision, claims, listeners: ports, adminPort: portOf(bound), probesPort: portOf(probes) };
  };
  const paths = (): readonly string[] => addresses().flatMap((address) => (address.kind === 'unix' ? [address.path] : []));
  return new TakeoverDoor(new GivingWay({ ...serving, ...control, store, admin, paths, standing, onLeft, log }), log);
}

function portOf(address: Address | undefined): number {
  return address?.kind === 'tcp' ? address.port : 0;
}
