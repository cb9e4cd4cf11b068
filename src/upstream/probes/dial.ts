// A connection of our own to an endpoint, made as the data path makes those of clients (`net/tls/client-side`): behind a PROXY header that says
// that it is nobody else's, and over TLS. For clients of HTTP that are not ours.

import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { checkServerIdentity, connect as connectSecure } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { EndpointConfig, ProxyProtocol, UpstreamProtocol } from '../../config/model.ts';
import { writeProxyHeader } from '../../net/write-proxy-header.ts';
import { ALPN_HTTP1, ALPN_HTTP2 } from '../../tls/protocols.ts';

/** What a connection to an endpoint that speaks TLS is made with. */
export interface DialTls {
  /** Undefined: those that come with Node. */
  readonly authorities: { readonly pem: string } | undefined;
  /** PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  readonly verify: boolean;
  readonly minVersion: '1.2' | '1.3';
  /** Whom all endpoints must prove to be; undefined: each its own host. */
  readonly serverName: string | undefined;
}

export interface DialManner {
  /** Undefined: plaintext. */
  readonly tls: DialTls | undefined;
  /** Undefined: no header. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly protocol: UpstreamProtocol;
}

/** As a client of undici takes it for its `connect`; the options that it gives are those of the endpoint. */
type Connect = (options: unknown, onEnd: (...end: [error: null, socket: Socket] | [error: Error, socket: null]) => void) => void;

export interface Dial {
  readonly connect: Connect;
  /** Gives up what is being connected; `onEnd` may not be called any more. */
  cancel(): void;
}

/** For one connection. The address must not be a DNS service. */
export function dial(endpoint: EndpointConfig, { tls, proxyProtocol, protocol }: DialManner): Dial {
  let socket: Socket | undefined;
  let over = false;
  const connect: Connect = (_options, onEnd) => {
    const plain = openPlain(endpoint);
    socket = plain;
    // Either socket may fail at any time, also when it is another's: an error that nobody listens for would end the process.
    const fail = (error: Error): void => {
      if (!over) onEnd(error, null);
      over = true;
    };
    const succeed = (open: Socket): void => {
      if (!over) onEnd(null, open);
      over = true;
    };
    plain.on('error', fail);
    plain.once('connect', () => {
      if (proxyProtocol !== undefined) plain.write(writeProxyHeader(proxyProtocol, undefined), 'latin1');
      if (tls === undefined) return succeed(plain);
      const secure = connectSecure({ ...secureOptions(endpoint, tls, protocol), socket: plain });
      socket = secure;
      secure.on('error', fail).once('secureConnect', () => {
        if (protocol !== 'http2' || secure.alpnProtocol === ALPN_HTTP2) return succeed(secure);
        fail(new Error('it does not choose HTTP/2 (ALPN h2)'));
        secure.destroy();
      });
      // Where the one below it has closed there may be no error.
      secure.once('close', () => fail(new Error('the connection was closed')));
    });
  };
  return { connect, cancel: () => socket?.destroy() };
}

function openPlain({ address }: EndpointConfig): Socket {
  if (address.kind === 'srv') throw new Error('a DNS service is no address to connect to');
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  return connectPlain({ ...place, noDelay: true });
}

const OFFERED: Readonly<Record<UpstreamProtocol, string[]>> = {
  http1: [ALPN_HTTP1],
  http2: [ALPN_HTTP2],
  auto: [ALPN_HTTP2, ALPN_HTTP1],
};

function secureOptions({ address, name }: EndpointConfig, tls: DialTls, protocol: UpstreamProtocol): ConnectionOptions {
  const { authorities, certificate, verify, minVersion } = tls;
  const expected = tls.serverName ?? name ?? (address.kind === 'tcp' ? address.host : 'localhost');
  return {
    ...(authorities === undefined ? {} : { ca: authorities.pem }),
    ...certificate,
    minVersion: `TLSv${minVersion}`,
    rejectUnauthorized: verify,
    servername: isIP(expected) === 0 ? expected : '',
    checkServerIdentity: (_host, shown) => (verify ? checkServerIdentity(expected, shown) : undefined),
    ALPNProtocols: OFFERED[protocol],
  };
}
