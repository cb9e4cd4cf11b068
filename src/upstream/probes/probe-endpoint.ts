// The probe that the settings ask for. The HTTP client is loaded with the first probe that needs it: most instances never probe.

import type { Probe, Probing } from './probe.ts';
import { probeTcp } from './probe-tcp.ts';

export const probeEndpoint: Probe = (endpoint, health, onEnd) => {
  switch (health.protocol) {
    case 'http':
      return (loaded ?? probeOnceLoaded)(endpoint, health, onEnd);
    case 'tcp':
      return probeTcp(endpoint, health, onEnd);
  }
};

let loaded: Probe | undefined;

const probeOnceLoaded: Probe = (endpoint, health, onEnd) => {
  let probing: Probing | undefined;
  let cancelled = false;
  import('./probe-http.ts').then(
    ({ probeHttp }) => {
      loaded = probeHttp;
      if (!cancelled) probing = probeHttp(endpoint, health, onEnd);
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
