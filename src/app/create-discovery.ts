// Discovery with what it needs of this machine: DNS, files, time and chance.

import type { EndpointList } from '../config/endpoint-file.ts';
import { FileWatch } from '../control/sources/file-watch.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { randomFraction } from '../lib/random.ts';
import type { Lookups } from '../upstream/discovery/resolution.ts';
import { Discovery } from '../upstream/discovery/discovery.ts';
import type { WatchFile } from '../upstream/discovery/endpoint-file.ts';
import { NameResolver } from '../upstream/discovery/resolver.ts';
import { SystemNames } from '../upstream/discovery/system-names.ts';

/** @param load reads an endpoint file */
export function createDiscovery(log: Log, load: (path: string) => Promise<EndpointList>, onChange: () => void): Discovery {
  const names = new SystemNames(systemClock);
  // A config that names servers wants to hear from them, no matter what this machine says.
  const createLookups = (servers: readonly string[]): Lookups =>
    new NameResolver({ clock: systemClock, servers, system: servers.length === 0 ? names : undefined });
  return new Discovery({ clock: systemClock, random: randomFraction, log, createLookups, watch: watchFile, load, onChange });
}

const watchFile: WatchFile = (path, { onChange, onMissing }) =>
  new FileWatch(path, onChange, { onMissing, onReturned: onChange, signal: 'none' });
