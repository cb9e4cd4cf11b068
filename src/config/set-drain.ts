// To drain and to resume a version or one endpoint of it, as an amendment of its `drain` key. Pure.

import { isIP } from 'node:net';
import { isMap, own } from '../lib/plain.ts';
import { parseEndpointAddress } from './address.ts';
import { amendmentOf } from './amend.ts';
import { isRefused, record, refuse, standingValue, versionsOf } from './changes.ts';
import type { Changed, Standing } from './changes.ts';
import { formatDuration } from './duration.ts';
import { isFault } from './fault.ts';
import { endpointKey, itemsOf, readField } from './field.ts';
import type { Drained } from './model.ts';
import { noSuch } from './suggest.ts';

export interface DrainTarget {
  readonly pool: string;
  readonly version: string;
  /** In any spelling of its address; undefined = the whole version. */
  readonly endpoint: string | undefined;
}

/** `drain` as in the Config; false resumes. */
export function setDrain(standing: Standing, target: DrainTarget, drain: Drained): Changed {
  const { pool, version, endpoint } = target;
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  const around = ['pools', pool, 'versions', version];
  if (!versions.includes(version)) return refuse('unknown', around, noSuch('version', version, versions));
  if (endpoint === undefined) return setFlag(standing, [...around, 'drain'], drain);
  const key = endpointKey(endpoint);
  const fault = endpointFault(standing, around, key);
  if (fault !== undefined) return refuse('unknown', [...around, 'endpoints', key], fault);
  return setFlag(standing, [...around, 'endpoints', key, 'drain'], drain);
}

/** A drain that the file has already is not recorded. */
function setFlag(standing: Standing, path: readonly string[], drain: Drained): Changed {
  const said = readField(standing.written, path);
  const wanted = typeof drain === 'number' ? formatDuration(drain) : drain;
  return record(standing, [amendmentOf(standing.written, path, (said ?? false) === wanted ? said : wanted)]);
}

function endpointFault(standing: Standing, around: readonly string[], key: string): string | undefined {
  const version = readField(standingValue(standing), around);
  if (!isMap(version)) return 'this is no version';
  const list = own(version, 'endpoints');
  const written = Array.isArray(list) ? itemsOf(list, [...around, 'endpoints']) : new Map<string | number, unknown>();
  if (written.has(key)) return undefined;
  const names = [...written.keys()].map(String);
  if (own(version, 'endpointsFile') === undefined && !names.some(isName)) return noSuch('endpoint', key, names);
  return `${key} is not written in the config, so it cannot be drained there: endpoints of names and files leave when these no longer list them (or drain the version)`;
}

/** Whether other addresses stand behind it. */
function isName(key: string): boolean {
  const address = parseEndpointAddress(key);
  return !isFault(address) && (address.kind === 'srv' || (address.kind === 'tcp' && isIP(address.host) === 0));
}
