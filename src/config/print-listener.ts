// A listener back to the grammar that it was written in.

import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import type { ListenerConfig, ListenerLimits, ListenerTlsConfig, PassthroughConfig } from './model.ts';
import { formatSize } from './size.ts';

type Written = Readonly<Record<string, unknown>>;

export function describeListener({ address, limits, ...rest }: ListenerConfig): Written {
  return {
    name: rest.name,
    address: formatAddress(address),
    mode: formatMode(rest.mode),
    tls: rest.tls === undefined ? undefined : describeTls(rest.tls),
    passthrough: rest.passthrough && describePassthrough(rest.passthrough),
    // Of one that passes connections through they are none that may be written.
    protocols: rest.passthrough === undefined ? rest.protocols : undefined,
    trustedProxies: rest.trustedProxies,
    proxyProtocol: rest.proxyProtocol,
    connect: rest.connect.length === 0 ? undefined : rest.connect,
    limits: describeLimits(limits),
  };
}

function describeLimits(limits: ListenerLimits): Written {
  return {
    headerBytes: formatSize(limits.headerBytes),
    headerCount: limits.headerCount,
    requestLine: formatSize(limits.requestLineBytes),
    headerTimeout: formatDuration(limits.headerTimeoutMs),
    idleTimeout: formatDuration(limits.idleTimeoutMs),
    requestsPerConnection: limits.requestsPerConnection,
    streams: limits.streams,
    tunnels: limits.tunnels,
    connections: limits.connections,
    bodyBytes: formatSize(limits.bodyBytes),
  };
}

function describePassthrough(passthrough: PassthroughConfig): Written {
  if (passthrough.kind === 'whole') return { pool: passthrough.pool };
  return { sni: Object.fromEntries(passthrough.names.map(({ name, pool }) => [name, pool])), otherwise: passthrough.otherwise };
}

function describeTls({ handshakeTimeoutMs, ...rest }: ListenerTlsConfig): Written {
  return { ...rest, handshakeTimeout: formatDuration(handshakeTimeoutMs) };
}

export function formatMode(mode: number | undefined): string | undefined {
  return mode === undefined ? undefined : `0${mode.toString(8).padStart(3, '0')}`;
}
