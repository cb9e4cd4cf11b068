// Schemas of listeners and of the admin address.

import { z } from 'zod';
import type {
  Address,
  AdminConfig,
  AdminLinksConfig,
  AdminTlsConfig,
  AdminTokenConfig,
  ListenerConfig,
  ListenerLimits,
  ListenerTlsConfig,
} from '../model.ts';
import { passthrough } from './passthrough.ts';
import { webAddress } from './rollout-calls.ts';
import { authorityPattern, duration, filePath, hostPattern, listenAddress, peers, size, nonEmptyText } from './scalar.ts';
import { addProblem, flag, nonEmptyList, list, nameOf, exactlyOneFault, oneOf, strictMap, integer } from './strict-map.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const TIB = 1024 * 1024 * MIB;
const MILLION = 1_000_000;
const DAY_MS = 86_400_000;

export function listener() {
  return strictMap({
    name: nameOf('listener').describe('Name of the listener; routes may name it.'),
    address: listenAddress().describe('Where to listen: host:port, "[v6]:port", :port for all interfaces, or unix:/path.'),
    mode: socketMode().describe(MODE).optional(),
    tls: tls().describe('Absent: plaintext.').optional(),
    passthrough: passthrough().describe('Connections are passed on as they come: no TLS ends here, no request is read.').optional(),
    protocols: protocols().describe('Protocols that clients may use; http2 by ALPN over TLS, and by prior knowledge without.'),
    trustedProxies: list(peers()).default([]).describe('Ranges of addresses, or unix, whose forwarding fields are believed.'),
    proxyProtocol: flag()
      .default(false)
      .describe('Whether connections begin with a PROXY header (v1 or v2); then only trustedProxies may connect.'),
    connect: list(connectTo()).default([]).describe('Tunnels that clients may ask for by CONNECT; without any CONNECT gets 501.'),
    limits: limits().describe('Bounds on what clients may send.'),
  }).transform((written, context): ListenerConfig => {
    if (!modeFits(written)) addProblem(context, MODE_UNFIT, ['mode']);
    return { ...written, mode: written.mode, tls: written.tls, passthrough: written.passthrough };
  });
}

function connectTo() {
  return strictMap({
    authority: authorityPattern().describe(
      'What clients name, with its port: db.internal:5432, or "*.corp.example:443" for all names below.',
    ),
    pool: nameOf('pool').describe('The pool of which an endpoint is at the other end, whatever the authority is the name of.'),
  });
}

const MODE = 'Of the file of a Unix socket, such as "0660"; default: as the umask has it.';
const MODE_UNFIT = 'mode is for addresses of the form unix:/path';

function modeFits({ address, mode }: { readonly address: Address; readonly mode?: number | undefined }): boolean {
  return mode === undefined || address.kind === 'unix';
}

/** As chmod takes it; in quotes, for YAML reads 0660 as six hundred and sixty. */
function socketMode() {
  const error = 'mode must be three octal digits in quotes, such as "0660"';
  return z
    .string({ error })
    .regex(/^0?[0-7]{3}$/, { error })
    .transform((text): number => Number.parseInt(text, 8));
}

function probes() {
  return strictMap({
    address: listenAddress().describe('Where to listen: as for a listener.'),
    mode: socketMode().describe(MODE).optional(),
  }).describe('A further address that serves /livez, /readyz and /metrics alone; absent: only admin.address does.');
}

export function admin() {
  return strictMap({
    address: listenAddress().prefault('127.0.0.1:9901').describe('Where the admin API listens.'),
    mode: socketMode().describe(MODE).optional(),
    hosts: list(hostPattern())
      .default([])
      .describe('Names that it may be called by without a token, such as sluice.internal or *.internal; with any port.'),
    files: list(filePath('folder'))
      .default([])
      .describe('Folders below which admins may name new files by the API (logs, endpoint files, tokens); default: none.'),
    probes: probes().optional(),
    tls: adminTls().describe('Absent: plaintext. Whether there is one changes with a restart, what is in it at once.').optional(),
    auth: strictMap({ tokens: list(token()).default([]).describe('Who may call the admin API.') })
      .prefault({})
      .describe('Without tokens, or required client certificates with roles, only a loopback address is allowed.'),
    links: links().describe('Hooks on approve and hold carry links by which people decide; absent: no links.').optional(),
    limits: strictMap({
      writesPerSecond: integer('writesPerSecond', 1, MILLION).default(500).describe('Changes that one caller may ask for.'),
    })
      .prefault({})
      .describe('Bounds on what callers may ask.'),
  })
    .superRefine(({ probes: apart, ...written }, context) => {
      if (!modeFits(written)) addProblem(context, MODE_UNFIT, ['mode']);
      if (apart !== undefined && !modeFits(apart)) addProblem(context, MODE_UNFIT, ['probes', 'mode']);
      if (written.tls !== undefined && written.address.kind === 'unix') addProblem(context, TLS_UNFIT, ['tls']);
    })
    .transform(({ probes: apart, tls: secure, auth, links: asked, ...written }): AdminConfig => ({
      ...written,
      mode: written.mode,
      probesAddress: apart?.address,
      probesMode: apart?.mode,
      tls: secure,
      tokens: auth.tokens,
      links: asked,
    }))
    .prefault({});
}

function links() {
  return strictMap({
    url: webAddress('url')
      .superRefine((text, context) => {
        if (text.includes('?')) addProblem(context, 'url may have no "?" in it: the path of a link goes behind it');
      })
      .describe('Where people reach the admin API, such as https://sluice.internal:9901; a name in it is one that it may be called by.'),
    for: duration(60_000, 7 * DAY_MS)
      .prefault('1d')
      .describe('How long a link works, if nobody decides before.'),
  }).transform((written): AdminLinksConfig => ({ url: written.url.replace(/\/+$/, ''), forMs: written.for }));
}

const TLS_UNFIT = 'tls is for an address with a port: a Unix socket is guarded by its mode';

function adminTls() {
  const role = strictMap({
    name: nameOf('role').describe('Name of the caller, for the journal.'),
    role: oneOf('role', ['viewer', 'operator', 'admin']).describe('What the caller may do.'),
    allow: nonEmptyList('name', nonEmptyText('allow')).describe(
      'URIs ("spiffe://mesh/*") and names ("*.example.com") of which a certificate must have one.',
    ),
  });
  const clientAuth = strictMap({
    caFile: filePath('caFile').describe('Authorities that sign client certificates, PEM.'),
    required: flag().default(true).describe('Whether a client must show a certificate.'),
    roles: list(role).default([]).describe('Whose a certificate is: the first that fits. Without one that fits a caller needs a token.'),
  });
  return strictMap({
    certificates: certificates(),
    minVersion: minVersion(),
    policy: policy(),
    clientAuth: clientAuth.describe('Mutual TLS.').optional(),
  }).transform((written): AdminTlsConfig => ({ ...written, clientAuth: written.clientAuth }));
}

function certificates() {
  const certificate = strictMap({
    certFile: filePath('certFile').describe('Certificate chain, PEM.'),
    keyFile: filePath('keyFile').describe('Private key, PEM.'),
  });
  return nonEmptyList('certificate', certificate).describe('The name that a client asks for (SNI) picks; files are watched.');
}

function minVersion() {
  return z.enum(['1.2', '1.3'], { error: 'minVersion must be "1.2" or "1.3" (in quotes)' }).default('1.2').describe('Oldest TLS version.');
}

function policy() {
  return oneOf('policy', ['intermediate', 'modern'])
    .default('intermediate')
    .describe('Versions and ciphers after Mozilla: modern is TLS 1.3 alone.');
}

function tls() {
  const clientAuth = strictMap({
    caFile: filePath('caFile').describe('Authorities that sign client certificates, PEM.'),
    required: flag().default(true).describe('Whether a client must show a certificate.'),
    allow: list(nonEmptyText('allow'))
      .default([])
      .describe('URIs ("spiffe://mesh/*") and names ("*.example.com") of which a certificate must have one; default: any.'),
    forward: flag().default(true).describe('Whether upstreams get x-forwarded-client-cert.'),
  });
  return strictMap({
    certificates: certificates(),
    sni: oneOf('sni', ['default', 'strict'])
      .default('default')
      .describe('For a name without a certificate: the first certificate, or (strict) a refusal.'),
    minVersion: minVersion(),
    policy: policy(),
    handshakeTimeout: duration(1).prefault('10s').describe('Until a connection is open.'),
    clientAuth: clientAuth.describe('Mutual TLS.').optional(),
  }).transform(({ handshakeTimeout, ...written }): ListenerTlsConfig => ({
    ...written,
    handshakeTimeoutMs: handshakeTimeout,
    clientAuth: written.clientAuth,
  }));
}

function protocols() {
  return nonEmptyList('protocol', oneOf('protocol', ['http1', 'http2']))
    .superRefine((written, context) => {
      if (new Set(written).size < written.length) addProblem(context, 'a protocol is named twice');
    })
    .default(['http1', 'http2']);
}

function limits() {
  return strictMap({
    headerBytes: size(256, MIB).prefault('16KiB').describe('Largest request head.'),
    headerCount: integer('headerCount', 1, 10_000).default(100).describe('Most header fields.'),
    requestLine: size(64, MIB).prefault('8KiB').describe('Longest request line.'),
    headerTimeout: duration(1)
      .prefault('10s')
      .describe('Until a request head is complete; or a PROXY header; or, with passthrough.sni, the first message of TLS.'),
    idleTimeout: duration(1).prefault('60s').describe('How long a connection stays open without a request.'),
    requestsPerConnection: integer('requestsPerConnection', 0, 1000 * MILLION)
      .default(0)
      .describe('0 = no limit.'),
    streams: integer('streams', 1, 10_000).default(100).describe('Requests under way at once on one connection of HTTP/2.'),
    connections: integer('connections', 0, 10 * MILLION)
      .default(10_000)
      .describe('Open connections over all workers; 0 = no limit.'),
    tunnels: integer('tunnels', 0, 10 * MILLION)
      .default(10_000)
      .describe('Open tunnels (WebSocket, CONNECT, passthrough) over all workers; 0 = no limit.'),
    bodyBytes: size(0, TIB).prefault('0B').describe('Largest request body; 0 = no limit.'),
  })
    .transform(({ requestLine, headerTimeout, idleTimeout, ...rest }): ListenerLimits => ({
      ...rest,
      requestLineBytes: requestLine,
      headerTimeoutMs: headerTimeout,
      idleTimeoutMs: idleTimeout,
    }))
    .prefault({});
}

function token() {
  return strictMap({
    name: nameOf('token').describe('Name of the caller, for the journal.'),
    role: oneOf('role', ['viewer', 'operator', 'admin']).describe('What the caller may do.'),
    env: nonEmptyText('env').describe('Environment variable that holds the token.').optional(),
    file: filePath('file').describe('File that holds the token.').optional(),
  }).transform((written, context): AdminTokenConfig => {
    const message = exactlyOneFault('token', ['env', 'file'], written);
    if (message !== undefined) addProblem(context, message);
    const source =
      written.env !== undefined ? { kind: 'env' as const, name: written.env } : { kind: 'file' as const, name: written.file ?? '' };
    return { name: written.name, role: written.role, source };
  });
}
