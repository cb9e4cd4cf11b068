// The probe that the settings ask for. The HTTP client is loaded with the first probe that needs it: most instances never probe.

import { formatAddress } from '../../config/address.ts';
import type { EndpointConfig } from '../../config/model.ts';
import type { Probe, Probing } from './probe.ts';
import { probeTcp } from './probe-tcp.ts';

export const probeEndpoint: Probe = (endpoint, health, onEnd, given) => {
  const probed = atPort(endpoint, health.port);
  // Another port than that of requests is mostly that of another server, which knows nothing of the header.
  const manner = probed === endpoint ? given : { ...given, proxyProtocol: undefined };
  if (health.grpc !== undefined) return probeCall(probed, health, onEnd, manner);
  switch (health.protocol) {
    case 'http':
      return probeByHttp(probed, health, onEnd, manner);
    case 'tcp':
      return probeTcp(probed, health, onEnd, manner);
  }
};

/** The same endpoint at the port of its probes; a Unix socket has none. */
function atPort(endpoint: EndpointConfig, port: number): EndpointConfig {
  if (port === 0 || endpoint.address.kind !== 'tcp') return endpoint;
  const address = { ...endpoint.address, port };
  return { ...endpoint, address, key: formatAddress(address) };
}

const probeByHttp = onceLoaded(async () => (await import('./probe-http.ts')).probeHttp);
const probeCall = onceLoaded(async () => (await import('./probe-grpc.ts')).probeGrpc);

/** A probe whose code is loaded with the first of its kind. */
function onceLoaded(load: () => Promise<Probe>): Probe {
  let loaded: Probe | undefined;
  return (endpoint, health, onEnd, manner) => {
    if (loaded !== undefined) return loaded(endpoint, health, onEnd, manner);
    let probing: Probing | undefined;
    let cancelled = false;
    load().then(
      (probe) => {
        loaded = probe;
        if (!cancelled) probing = probe(endpoint, health, onEnd, manner);
      },
      (error: unknown) => {
        if (!cancelled) onEnd('broken', error instanceof Error ? error.message : String(error));
      },
    );
    return {
      cancel: () => {
        cancelled = true;
        probing?.cancel();
      },
    };
  };
}
