// What people write who come from other proxies, and what it is called here. Words of others stand in quotes, never as names.
// Long because it is one table of habits, and one of examples.

import type { Path } from './path.ts';

/** What is meant by a key that is not known. */
export interface Meant {
  /** ` (…)`, for the message. */
  readonly hint: string;
  /** Keys of the same map that are meant, so that nobody is told that they are missing. */
  readonly keys: readonly string[];
}

interface Habit {
  /** Keys from the root; `*` is any name or position. */
  readonly place: string;
  readonly keys: string;
  readonly write: string;
  readonly meant?: string;
}

const CERTIFICATES = 'certificates: [{ certFile: web.pem, keyFile: web.key }]';

const HABITS: readonly Habit[] = [
  {
    place: '',
    keys: 'server servers http entryPoints entrypoints frontend frontends bind listen port',
    write: 'listeners: [{ name: web, address: 127.0.0.1:8080 }]',
    meant: 'listeners',
  },
  {
    place: '',
    keys: 'upstream upstreams cluster clusters backend backends service services apps',
    write: 'pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } }',
    meant: 'pools',
  },
  {
    place: '',
    keys: 'location locations router routers rules virtual_hosts virtualHosts ingress',
    write: 'routes: [{ name: shop, pool: shop }]',
    meant: 'routes',
  },
  { place: '', keys: 'tls ssl certificates https', write: 'tls at the listener, with certificates: [{ certFile: …, keyFile: … }]' },
  {
    place: '',
    keys: 'apiVersion kind metadata spec version static_resources',
    write: 'the keys listeners, pools and routes: this is a config of its own',
  },
  { place: '', keys: 'log logs logging access_log', write: 'accessLog: { path: stdout }' },
  { place: '', keys: 'logLevel loglevel log_level verbosity', write: 'nothing: start with --log-level debug' },
  { place: 'listeners.*', keys: 'port bind listen addr host socket_address', write: 'address: 127.0.0.1:8080', meant: 'address' },
  {
    place: 'listeners.*',
    keys: 'acceptProxy accept_proxy accept-proxy proxy_protocol proxy-protocol',
    write: 'proxyProtocol: true, with trustedProxies',
  },
  { place: 'listeners.*', keys: 'https ssl secure certificates certificate cert', write: `tls: { ${CERTIFICATES} }`, meant: 'tls' },
  ...['listeners.*.tls', 'admin.tls'].flatMap(ofServedTls),
  { place: 'admin', keys: 'port bind listen addr host', write: 'address: 127.0.0.1:9901', meant: 'address' },
  {
    place: 'admin',
    keys: 'url baseUrl publicUrl externalUrl external_url root_url',
    write: 'links: { url: https://sluice.internal:9901 }, for links in notifications of rollouts',
  },
  { place: 'admin', keys: 'token tokens', write: 'auth: { tokens: [{ name: ci, role: operator, env: CI_TOKEN }] }' },
  {
    place: 'admin.auth.tokens.*',
    keys: 'token value secret password',
    write: 'env: NAME of a variable, or file: a path, that holds the token',
    meant: 'env',
  },
  { place: 'state', keys: 'path directory folder', write: 'dir: ./state', meant: 'dir' },
  {
    place: 'pools.*',
    keys: 'endpoints servers targets hosts addresses backends upstreams url urls loadBalancer',
    write: 'versions: { v1: { endpoints: [127.0.0.1:9001] } }',
    meant: 'versions',
  },
  {
    place: 'pools.*',
    keys: 'max_conns maxconn maxConnections max_connections connections',
    write: 'limits: { connections: 1024 }',
    meant: 'limits',
  },
  { place: 'pools.*', keys: 'connectTimeout connect_timeout proxy_connect_timeout', write: 'timeouts: { connect: 1s }', meant: 'timeouts' },
  { place: 'pools.*', keys: 'bodyBytes maxBody client_max_body_size', write: 'limits: { bodyBytes: 10MiB } in the listener' },
  { place: 'pools.*.limits', keys: 'bodyBytes maxBody body', write: 'limits: { bodyBytes: 10MiB } in the listener' },
  { place: 'pools.*', keys: 'timeout', write: 'timeouts: { response: 5s }, or timeout at a route' },
  { place: 'pools.*', keys: 'weight weights', write: 'split: { v1: 95, v2: 5 }', meant: 'split' },
  {
    place: 'pools.*',
    keys: 'healthCheck healthcheck health_check health_checks healthChecks check livenessProbe readinessProbe',
    write: 'health: { path: /healthz }',
  },
  { place: 'pools.*', keys: 'sticky stickySession session sessionAffinity stickiness', write: 'affinity: { cookie: {} }' },
  { place: 'pools.*', keys: 'retry num_retries', write: 'retries: { attempts: 1 }' },
  {
    place: 'pools.*',
    keys: 'lb lb_policy load_balancing loadBalancing algorithm balance policy strategy',
    write: 'balancer: least-request',
  },
  {
    place: 'pools.*',
    keys: 'outlierDetection outlier_detection circuitBreaker circuit_breakers',
    write: 'outlier: { consecutive: 5 }, or limits',
  },
  { place: 'pools.*.versions.*', keys: 'weight split', write: 'split: { v1: 95, v2: 5 } in the pool' },
  { place: 'pools.*.versions.*', keys: 'health healthCheck', write: 'health: { path: /healthz } in the pool' },
  { place: 'pools.*.versions.*', keys: 'timeout timeouts', write: 'timeouts: { response: 5s } in the pool' },
  {
    place: 'pools.*.versions.*',
    keys: 'limits retries affinity outlier balancer mirrors overrides fallback slowStart',
    write: 'it in the pool: it belongs beside versions',
  },
  {
    place: 'pools.*.versions.*',
    keys: 'servers targets hosts addresses backends upstreams url urls address host instances',
    write: 'endpoints: [127.0.0.1:9001]',
    meant: 'endpoints',
  },
  {
    place: 'pools.*.versions.*',
    keys: 'https ssl secure scheme',
    write: 'tls: {}, which verifies by the authorities that come with Node, or tls: { caFile: ca.pem }',
  },
  {
    place: 'pools.*.versions.*',
    keys: 'sendProxy send_proxy send-proxy send-proxy-v2 proxy_protocol proxy-protocol proxyHeader',
    write: 'proxyProtocol: v2, or v1',
  },
  { place: 'pools.*.versions.*.tls', keys: 'ca cacert ca_cert caCert ca_file authority rootCAs trustedCa', write: 'caFile: ca.pem' },
  {
    place: 'pools.*.versions.*.tls',
    keys: 'cert certFile cert_file clientCert client_cert crt key keyFile key_file clientKey client_key certificates',
    write: 'certificate: { certFile: our.pem, keyFile: our.key }',
  },
  ...ofPair('pools.*.versions.*.tls.certificate'),
  { place: 'pools.*.versions.*.tls', keys: 'sni host hostname server_name name', write: 'serverName: shop.internal' },
  {
    place: 'pools.*.versions.*.tls',
    keys: 'insecure insecureSkipVerify insecure_skip_verify skipVerify rejectUnauthorized',
    write: 'verify: false, which lets anybody stand in for the endpoints',
  },
  { place: 'pools.*.versions.*.endpoints.*', keys: 'host ip port url uri target', write: 'address: 127.0.0.1:9001', meant: 'address' },
  { place: 'pools.*.health', keys: 'url uri endpoint target', write: 'path: /healthz', meant: 'path' },
  { place: 'pools.*.health', keys: 'rise passes successThreshold healthyThreshold healthy_threshold', write: 'healthyAfter: 2' },
  {
    place: 'pools.*.health',
    keys: 'fall fails failureThreshold unhealthyThreshold unhealthy_threshold retries',
    write: 'unhealthyAfter: 3',
  },
  { place: 'pools.*.health', keys: 'status body codes', write: 'expect: { status: [200], body: ok }' },
  { place: 'pools.*.health', keys: 'periodSeconds', write: 'interval: 2s' },
  { place: 'pools.*.health', keys: 'timeoutSeconds', write: 'timeout: 1s' },
  {
    place: 'pools.*.affinity',
    keys: 'type name ip sourceIp source clientIP',
    write: 'cookie: { name: … }, header: x-user, or clientIp: {}',
    meant: 'cookie',
  },
  { place: 'pools.*.affinity.cookie', keys: 'ttl expires max_age', write: 'maxAge: 1d' },
  {
    place: 'pools.*.timeouts',
    keys: 'read request send write server upstream',
    write: 'response: 15s (until the head of the response), or timeout at a route',
  },
  { place: 'pools.*.retries', keys: 'count retries max tries num_retries', write: 'attempts: 1' },
  { place: 'pools.*.retries', keys: 'when conditions retry_on retryOn', write: 'on: [connect-failure, 503]' },
  { place: 'pools.*.retries', keys: 'timeout perTryTimeout per_try_timeout', write: 'perTry: 1s' },
  { place: 'pools.*.mirrors.*', keys: 'weight share sample_percent', write: 'percent: 10' },
  { place: 'pools.*.mirrors.*', keys: 'to target destination', write: 'version: v2', meant: 'version' },
  { place: 'pools.*.overrides.*', keys: 'to target destination', write: 'version: v2', meant: 'version' },
  { place: 'pools.*.overrides.*', keys: 'value', write: 'header: { name: x-version, value: v2 }' },
  {
    place: 'routes.*',
    keys: 'backend service cluster upstream proxy_pass proxyPass reverse_proxy to target destination forwardTo',
    write: 'pool: shop, the name of a pool',
    meant: 'pool',
  },
  { place: 'routes.*', keys: 'path paths prefix pathPrefix uri location', write: 'match: [{ path: { prefix: /cart } }]' },
  {
    place: 'routes.*',
    keys: 'method methods headers query',
    write: 'match: [{ methods: [GET], headers: { x-a: b } }], or requestHeaders: { set: { x-a: b } } to change headers',
  },
  {
    place: 'routes.*',
    keys: 'cors add_header addHeader',
    write: 'responseHeaders: { set: { access-control-allow-origin: "*" } }, or any other header',
  },
  { place: 'routes.*', keys: 'domain domains server_name serverName authority', write: 'hosts: [shop.example.com]' },
  { place: 'routes.*', keys: 'priority order', write: 'nothing: the more exact match comes first, then the order of the file' },
  { place: 'routes.*', keys: 'stripPrefix strip_prefix prefixRewrite prefix_rewrite', write: 'rewrite: { path: { prefix: / } }' },
  { place: 'routes.*', keys: 'return response', write: 'respond: { status: 404 }, or redirect: { host: … }', meant: 'respond' },
  { place: 'routes.*.match.*', keys: 'prefix exact regex uri pathPrefix', write: 'path: { prefix: /cart }' },
  { place: 'routes.*.match.*', keys: 'host hosts', write: 'hosts at the route: hosts: [shop.example.com]' },
  { place: 'routes.*.rewrite', keys: 'prefix full uri regex', write: 'path: { prefix: /v2 }' },
  {
    place: 'routes.*.redirect',
    keys: 'to url uri location target',
    write: 'scheme: https, host: shop.example.com, path: { full: / }',
    meant: 'host',
  },
  { place: 'routes.*.redirect', keys: 'code statusCode', write: 'status: 301' },
  { place: 'routes.*.respond', keys: 'code statusCode', write: 'status: 200' },
  { place: 'routes.*.respond', keys: 'text content', write: 'body: ok' },
];

function ofPair(place: string): readonly Habit[] {
  return [
    { place, keys: 'cert cert_file certificate crt pem chain', write: 'certFile: web.pem', meant: 'certFile' },
    { place, keys: 'key key_file privateKey private_key', write: 'keyFile: web.key', meant: 'keyFile' },
  ];
}

function ofServedTls(place: string): readonly Habit[] {
  return [
    {
      place,
      keys: 'cert certFile cert_file certificate crt pem key keyFile key_file privateKey ssl_certificate ssl_certificate_key',
      write: CERTIFICATES,
      meant: 'certificates',
    },
    {
      place,
      keys: 'ca caFile ca_file caCert clientCa client_ca clientCAs ssl_client_certificate mtls clientCertificate',
      write: 'clientAuth: { caFile: clients.pem }',
    },
    { place, keys: 'version versions protocols min_version tlsVersion minTlsVersion ssl_protocols', write: 'minVersion: "1.2"' },
    { place, keys: 'ciphers cipherSuites cipher_suites ssl_ciphers', write: 'policy: intermediate, or modern for TLS 1.3 alone' },
    ...ofPair(`${place}.certificates.*`),
    { place: `${place}.clientAuth`, keys: 'ca cacert ca_file caCert', write: 'caFile: clients.pem', meant: 'caFile' },
  ];
}

/** Where a map or a list stands, as it might be written. */
const EXAMPLES: Readonly<Record<string, string>> = {
  listeners: 'listeners: [{ name: web, address: 127.0.0.1:8080 }]',
  'listeners.*': '{ name: web, address: 127.0.0.1:8080 }',
  'listeners.*.tls': `tls: { ${CERTIFICATES} }`,
  'listeners.*.tls.certificates.*': '{ certFile: web.pem, keyFile: web.key }',
  admin: 'admin: { address: 127.0.0.1:9901 }',
  'admin.links': 'links: { url: https://sluice.internal:9901 }',
  'admin.tls': `tls: { ${CERTIFICATES} }`,
  'admin.tls.certificates.*': '{ certFile: web.pem, keyFile: web.key }',
  'admin.auth': 'auth: { tokens: [{ name: ci, role: operator, env: CI_TOKEN }] }',
  'admin.auth.tokens.*': '{ name: ci, role: operator, env: CI_TOKEN }',
  drain: 'drain: { timeout: 30s }',
  overload: 'overload: { memory: auto }',
  state: 'state: { dir: ./state }',
  accessLog: 'accessLog: { path: stdout }',
  pools: 'pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } }',
  'pools.*': 'shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } }',
  'pools.*.versions': 'versions: { v1: { endpoints: [127.0.0.1:9001] } }',
  'pools.*.versions.*': 'v1: { endpoints: [127.0.0.1:9001] }',
  'pools.*.versions.*.tls': 'tls: {}, or tls: { caFile: ca.pem }',
  'pools.*.split': 'split: { v1: 95, v2: 5 }',
  'pools.*.health': 'health: { path: /healthz }',
  'pools.*.health.expect': 'expect: { status: [200] }',
  'pools.*.affinity': 'affinity: { cookie: {} }',
  'pools.*.affinity.cookie': 'cookie: { name: … }, or cookie: {}',
  'pools.*.affinity.clientIp': 'clientIp: {}',
  'pools.*.timeouts': 'timeouts: { response: 15s }',
  'pools.*.retries': 'retries: { attempts: 1 }',
  'pools.*.outlier': 'outlier: { consecutive: 5 }',
  'pools.*.limits': 'limits: { connections: 1024 }',
  'pools.*.fallback': 'fallback: { whenNoneReady: split }',
  'pools.*.mirrors': 'mirrors: [{ name: dark, version: v2, percent: 10 }]',
  'pools.*.mirrors.*': '{ name: dark, version: v2, percent: 10 }',
  'pools.*.mirrors.*.compare': 'compare: {}',
  'pools.*.overrides': 'overrides: [{ name: qa, header: { name: x-version, value: v2 }, version: v2 }]',
  'pools.*.overrides.*': '{ name: qa, header: { name: x-version, value: v2 }, version: v2 }',
  'pools.*.overrides.*.header': 'header: { name: x-version, value: v2 }',
  'pools.*.overrides.*.cookie': 'cookie: { name: version, value: v2 }',
  'pools.*.overrides.*.query': 'query: { name: version, value: v2 }',
  routes: 'routes: [{ name: shop, pool: shop }]',
  'routes.*': '{ name: shop, pool: shop }',
  'routes.*.match': 'match: [{ path: { prefix: /cart } }]',
  'routes.*.match.*': '{ path: { prefix: /cart } }',
  'routes.*.match.*.path': 'path: { prefix: /cart }',
  'routes.*.match.*.headers': 'headers: { x-tenant: acme }',
  'routes.*.match.*.query': 'query: { debug: "1" }',
  'routes.*.pool': 'pool: shop, one name: the split of the pool shares its requests out',
  'routes.*.rewrite': 'rewrite: { path: { prefix: /v2 } }',
  'routes.*.rewrite.path': 'path: { prefix: /v2 }',
  'routes.*.redirect': 'redirect: { scheme: https, host: shop.example.com }',
  'routes.*.redirect.path': 'path: { full: /new }',
  'routes.*.respond': 'respond: { status: 404, body: gone }',
  'routes.*.requestHeaders': 'requestHeaders: { set: { x-a: b } }',
  'routes.*.responseHeaders': 'responseHeaders: { set: { x-a: b } }',
};

const byPlace = new Map<string, Habit[]>();
for (const habit of HABITS) byPlace.set(habit.place, [...(byPlace.get(habit.place) ?? []), habit]);

/** What is meant by a key that a map does not have; undefined when it is no habit that is known. @param path of the map */
export function meantBy(path: Path, key: string): Meant | undefined {
  const place = placeOf(path);
  if (/^routes\.\*\.(?:request|response)Headers$/.test(place)) return { hint: ` (write set: { ${key.slice(0, 60)}: … })`, keys: [] };
  if (/^pools\.\*\.overrides\.\*\.(?:header|cookie|query)$/.test(place))
    return { hint: ` (write ${EXAMPLES[place] ?? ''})`, keys: ['name', 'value'] };
  const habit = byPlace.get(place)?.find(({ keys }) => keys.split(' ').includes(key));
  return habit && { hint: ` (write ${habit.write})`, keys: habit.meant === undefined ? [] : [habit.meant] };
}

/** How what stands at this place might be written; undefined when nobody wonders. */
export function exampleFor(path: Path): string | undefined {
  const place = placeOf(path);
  return Object.hasOwn(EXAMPLES, place) ? EXAMPLES[place] : undefined;
}

/** Names of pools and versions and positions are stars. */
function placeOf(path: Path): string {
  return path
    .map((part, depth) =>
      typeof part === 'number' || (path[0] === 'pools' && (depth === 1 || (depth === 3 && path[2] === 'versions'))) ? '*' : part,
    )
    .join('.');
}
