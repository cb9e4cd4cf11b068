// Schema of one endpoint, and of the list that an endpoint file holds.

import { z } from 'zod';
import { formatAddress } from '../address.ts';
import type { EndpointConfig } from '../model.ts';
import { duration, endpointAddress, weightOrPercent } from './scalar.ts';
import { list, nameOf, strictMap } from './strict-map.ts';

export function endpoint() {
  const full = strictMap({
    address: endpointAddress().describe('host:port, "[v6]:port", unix:/path or srv:_service._tcp.name.'),
    weight: weightOrPercent().default(1).describe('Share among the endpoints of the version.'),
    zone: nameOf('zone').describe('The zone that it is in.').optional(),
    drain: drained().describe('true: it gets nothing new, and finishes what it has; a duration: within that time.'),
  });
  return z
    .union([endpointAddress(), full], { error: 'endpoint must be an address or a map with an address' })
    .transform((written): EndpointConfig => {
      const from = 'kind' in written ? { address: written, weight: 1, zone: undefined, drain: false } : written;
      return { address: from.address, key: formatAddress(from.address), weight: from.weight, zone: from.zone, drain: from.drain };
    });
}

export function drained() {
  const error = 'drain must be true, false or a duration such as 30s';
  return z.union([z.boolean({ error }), duration(1)], { error }).default(false);
}

/** What an endpoint file holds; an empty list is valid. */
export function endpointList() {
  return list(endpoint());
}
