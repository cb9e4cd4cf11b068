// Addresses as operators write them: `127.0.0.1:80`, `[::1]:80`, `name:80`, `unix:/path`, `srv:_http._tcp.name`, and `:80` to listen everywhere.

import type { Fault } from './fault.ts';
import type { Address } from './model.ts';
import { normalizeHost } from './syntax.ts';

/** Room for a path in `sockaddr_un` on Linux and macOS, with its closing NUL. */
const MAX_UNIX_PATH_BYTES = 103;

export const LISTEN_FORM = 'address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path';
export const ENDPOINT_FORM = 'address must look like 127.0.0.1:8080, "[::1]:8080", name:8080, unix:/path or srv:_http._tcp.name';

/** An address to listen on. Port 0 lets the kernel choose; `:80` and `*:80` stand for all interfaces of both families. */
export function parseListenAddress(text: string): Address | Fault {
  if (text.startsWith('unix:')) return parseUnix(text);
  const [host, port] = splitPort(text);
  if (port === undefined) return { fault: `${LISTEN_FORM}, got ${JSON.stringify(text)}` };
  if (port > 65_535) return { fault: `port must be 0 to 65535, got ${port}` };
  if (host === '' || host === '*') return { kind: 'tcp', host: '::', port };
  return parseTcp(text, host, port);
}

/** An address to connect to; its port is never 0. */
export function parseEndpointAddress(text: string): Address | Fault {
  if (text.startsWith('unix:')) return parseUnix(text);
  if (text.startsWith('srv:')) return parseSrv(text);
  const [host, port] = splitPort(text);
  if (port === undefined || host === '') return { fault: `${ENDPOINT_FORM}, got ${JSON.stringify(text)}` };
  if (port < 1 || port > 65_535) return { fault: `port must be 1 to 65535, got ${port}` };
  return parseTcp(text, host, port);
}

/** The one canonical way to write it; both parsers read it back to the same Address. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'unix':
      return `unix:${address.path}`;
    case 'srv':
      return `srv:${address.name}`;
    case 'tcp':
      return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
  }
}

/** Whether only programs on this machine can reach it. */
export function isLoopback(address: Address): boolean {
  if (address.kind !== 'tcp') return address.kind === 'unix';
  return address.host === 'localhost' || address.host === '::1' || /^127(?:\.[0-9]+){3}$|^::ffff:7f[0-9a-f]{2}:/.test(address.host);
}

function splitPort(text: string): readonly [string, number | undefined] {
  const found = /^(.*):([0-9]{1,6})$/s.exec(text);
  return found === null ? ['', undefined] : [found[1] ?? '', Number(found[2])];
}

function parseTcp(text: string, host: string, port: number): Address | Fault {
  if (host.includes('://')) return { fault: `an address has no scheme, got ${JSON.stringify(text)}` };
  const bracketed = host.startsWith('[') && host.endsWith(']');
  if (!bracketed && host.includes(':'))
    return { fault: `an IPv6 address needs brackets, such as "[::1]:8080", got ${JSON.stringify(text)}` };
  const canonical = bracketed ? normalizeHost(host.slice(1, -1)) : normalizeHost(host);
  if (canonical === undefined || bracketed !== canonical.includes(':')) {
    return { fault: `host must be a DNS name or an IP address, got ${JSON.stringify(host)}` };
  }
  return { kind: 'tcp', host: canonical, port };
}

function parseUnix(text: string): Address | Fault {
  const path = text.slice('unix:'.length);
  if (!path.startsWith('/') || path === '/' || /[\u0000-\u001f\u007f]/.test(path)) {
    return { fault: `unix: needs an absolute path, such as unix:/run/app.sock, got ${JSON.stringify(text)}` };
  }
  if (Buffer.byteLength(path) > MAX_UNIX_PATH_BYTES) return { fault: `a socket path may have ${MAX_UNIX_PATH_BYTES} bytes at most` };
  return { kind: 'unix', path };
}

function parseSrv(text: string): Address | Fault {
  const name = normalizeHost(text.slice('srv:'.length));
  if (name === undefined || !/^_[a-z0-9-]+\._(?:tcp|udp)\../.test(name)) {
    return { fault: `srv: needs a service name, such as srv:_http._tcp.name, got ${JSON.stringify(text)}` };
  }
  return { kind: 'srv', name };
}
