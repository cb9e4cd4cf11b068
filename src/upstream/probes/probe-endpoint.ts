// The probe that the settings ask for.

import type { Probe } from './probe.ts';
import { probeHttp } from './probe-http.ts';
import { probeTcp } from './probe-tcp.ts';

export const probeEndpoint: Probe = (endpoint, health, onEnd) => {
  switch (health.protocol) {
    case 'http':
      return probeHttp(endpoint, health, onEnd);
    case 'tcp':
      return probeTcp(endpoint, health, onEnd);
  }
};
