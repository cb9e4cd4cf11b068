// The Config: desired state after decoding, defaults filled in, nothing optional that has a default.
// Durations are milliseconds (`…Ms`), sizes are bytes (`…Bytes`). It is plain data: it can be posted to a thread as it is.
// Long because the whole Config stands on one page, without any code.

import type { RolloutTemplate } from './rollout-model.ts';
import type { Field } from './secret.ts';

export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig;
  /** Number of data-plane threads; 0 stands for `auto`. */
  readonly workers: number;
  readonly state: StateConfig;
  readonly drain: DrainConfig;
  readonly overload: OverloadConfig;
  /** `undefined` = off. */
  readonly accessLog: AccessLogConfig | undefined;
  readonly pools: readonly PoolConfig[];
  readonly routes: readonly RouteConfig[];
  /** Templates that are written; those that are shipped stand in shipped-rollouts.ts. */
  readonly rollouts: readonly RolloutTemplate[];
}

export interface ListenerConfig {
  readonly name: string;
  readonly address: Address;
  /** Of the file of a Unix socket; undefined: as the umask of the process has it. */
  readonly mode: number | undefined;
  readonly tls: ListenerTlsConfig | undefined;
  /** Undefined: it serves requests. */
  readonly passthrough: PassthroughConfig | undefined;
  readonly protocols: readonly ('http1' | 'http2')[];
  /** CIDR ranges as written. */
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  /** What CONNECT may ask for; empty: nothing. */
  readonly connect: readonly ConnectConfig[];
  readonly limits: ListenerLimits;
}

/** A place that clients may ask a tunnel to by CONNECT. */
export interface ConnectConfig {
  /** `name:port`, lower case; `*.x:port` for all names below x. */
  readonly authority: string;
  /** An endpoint of it is at the other end, whatever the authority is the name of. */
  readonly pool: string;
}

/** A TCP address, a Unix socket path, or a DNS service (`srv:` endpoints). Port 0 lets the kernel choose. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'srv'; readonly name: string };

export interface ListenerLimits {
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly requestLineBytes: number;
  readonly headerTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** 0 = no limit. */
  readonly requestsPerConnection: number;
  /** Open streams of one connection of HTTP/2. */
  readonly streams: number;
  /** Open tunnels over all workers; 0 = no limit. */
  readonly tunnels: number;
  /** Open connections over all workers of the instance; 0 = no limit. */
  readonly connections: number;
  /** Largest request body; 0 = no limit. */
  readonly bodyBytes: number;
}

/** Where the connections of a listener go that passes their bytes on as they come. */
export type PassthroughConfig = PassedWhole | PassedByName;

/** All of them, whatever they speak. */
interface PassedWhole {
  readonly kind: 'whole';
  readonly pool: string;
}

/** Those that begin with TLS, by the name that the client asks for (SNI). */
interface PassedByName {
  readonly kind: 'sni';
  /** Lower case; `*.x` = any depth below x; each once. */
  readonly names: readonly { readonly name: string; readonly pool: string }[];
  /** For those that ask for no name, or for another; undefined: they are closed. */
  readonly otherwise: string | undefined;
}

export interface ListenerTlsConfig {
  readonly certificates: readonly CertificateFiles[];
  /** What a client gets that asks for a name without a certificate: the first certificate, or a refusal. */
  readonly sni: 'default' | 'strict';
  readonly minVersion: '1.2' | '1.3';
  readonly policy: 'modern' | 'intermediate';
  readonly handshakeTimeoutMs: number;
  readonly clientAuth: ClientAuthConfig | undefined;
}

interface ClientAuthConfig {
  readonly caFile: string;
  readonly required: boolean;
  /** URIs or names of hosts, one of which must be in the certificate; empty: any. */
  readonly allow: readonly string[];
  /** Whether upstreams learn by x-forwarded-client-cert whom the client has shown to be. */
  readonly forward: boolean;
}

export interface AdminConfig {
  readonly address: Address;
  /** As that of a listener. */
  readonly mode: number | undefined;
  /** Folders below which admins may name new files by the API; absolute. */
  readonly files: readonly string[];
  /** Names that it may be called by, in lower case, without a port; `*.x` for all names below x. */
  readonly hosts: readonly string[];
  /** Where probes and metrics are served beside `address`; `undefined` = only there. */
  readonly probesAddress: Address | undefined;
  readonly probesMode: number | undefined;
  /** `undefined` = plaintext. */
  readonly tls: AdminTlsConfig | undefined;
  readonly tokens: readonly AdminTokenConfig[];
  /** `undefined` = hooks carry no links. */
  readonly links: AdminLinksConfig | undefined;
  readonly limits: AdminLimits;
}

/** Links in notifications, by which somebody decides about a rollout without a token. */
export interface AdminLinksConfig {
  /** Where people reach the admin API: `http` or `https`, perhaps with a path, without a slash at its end. */
  readonly url: string;
  /** How long a link works. */
  readonly forMs: number;
}

export interface AdminTlsConfig extends Pick<ListenerTlsConfig, 'certificates' | 'minVersion' | 'policy'> {
  readonly clientAuth: AdminClientAuthConfig | undefined;
}

interface AdminClientAuthConfig {
  readonly caFile: string;
  /** Whether a client without a certificate is refused; one with a wrong certificate always is. */
  readonly required: boolean;
  /** The first that fits a certificate says whose it is. */
  readonly roles: readonly CertificateRoleConfig[];
}

export interface CertificateRoleConfig {
  /** Of the caller, for the journal. */
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  /** URIs or names of hosts, one of which must be in the certificate; at least one. */
  readonly allow: readonly string[];
}

interface AdminLimits {
  /** Changes that one caller may ask for; twice as many at once after a pause. */
  readonly writesPerSecond: number;
}

export interface AdminTokenConfig {
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly source: { readonly kind: 'env' | 'file'; readonly name: string };
}

/** `dir` is absolute (resolved against the file that names it); `undefined` = memory. */
export interface StateConfig {
  readonly dir: string | undefined;
  /** Whether a start that lost what the API had changed is ready, although traffic may go elsewhere than before. */
  readonly whenLost: 'serve' | 'not-ready';
}

interface DrainConfig {
  readonly delayMs: number;
  readonly timeoutMs: number;
}

export interface OverloadConfig {
  /** The most memory that the instance is to use; `auto` = what the system sets for the process; 0 = no limit. */
  readonly memoryBytes: number | 'auto';
}

interface AccessLogConfig {
  /** `stdout` or an absolute file path. */
  readonly path: string;
  /** Share of exchanges that are logged, 0 to 1. */
  readonly sample: number;
}

export interface PoolConfig {
  readonly name: string;
  readonly versions: readonly VersionConfig[];
  /** Weight by version name; every version has an entry (0 when the file names none; a sole version has 1). */
  readonly split: Readonly<Record<string, number>>;
  /** Name of the version under test: of each choice it is known how likely this version was. */
  readonly canary: string | undefined;
  readonly affinity: AffinityConfig | undefined;
  readonly overrides: readonly OverrideConfig[];
  readonly mirrors: readonly MirrorConfig[];
  readonly balancer: BalancerName;
  readonly health: HealthConfig | undefined;
  readonly outlier: OutlierConfig;
  readonly limits: PoolLimits;
  /** How long a new or returning endpoint takes to get its full share; 0 = at once. */
  readonly slowStartMs: number;
  /** Zones of endpoints in the order in which they are used; all others come together after them. Empty: zones do not matter. */
  readonly zones: readonly string[];
  /** Below this share of ready endpoints all of a version are used, ready or not; 0 to 1, 0 = never. */
  readonly panic: number;
  /** How long a request may wait for a version without a ready endpoint; 0 = not at all. */
  readonly holdMs: number;
  /** How long an endpoint that leaves or is drained may finish what it has; 0 = as long as it takes. */
  readonly drainTimeoutMs: number;
  readonly timeouts: PoolTimeouts;
  readonly retries: RetryConfig;
  readonly fallback: { readonly whenNoneReady: 'split' | 'fail' };
  readonly previews: PreviewsConfig | undefined;
}

/** What operators may make previews of. */
interface PreviewsConfig {
  /** Addresses, ranges and ports that their endpoints may have; empty: only admins make previews. */
  readonly endpoints: readonly string[];
  /** Hosts that they may have; `*.x` = all below. */
  readonly hosts: readonly string[];
  readonly atMost: number;
  readonly longestMs: number;
}

export type BalancerName = 'round-robin' | 'least-request' | 'peak-ewma' | 'ring-hash' | 'random';

/** true: as long as its pool allows; a number: within so many milliseconds. */
export type Drained = boolean | number;

/** Which PROXY header connections begin with. */
export type ProxyProtocol = 'v1' | 'v2';
/** `auto`: what both sides agree on over TLS; HTTP/1 over plaintext. */
export type UpstreamProtocol = 'http1' | 'http2' | 'auto';

export interface VersionConfig {
  readonly name: string;
  readonly endpoints: readonly EndpointConfig[];
  /** Undefined: its endpoints speak plaintext. */
  readonly tls: VersionTlsConfig | undefined;
  readonly protocol: UpstreamProtocol;
  /** Undefined: none. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly dns: DnsConfig;
  /** A list of further endpoints that is watched; absolute. */
  readonly endpointsFile: string | undefined;
  /** All its endpoints get nothing new; what they have is finished. */
  readonly drain: Drained;
  /** How long a version that comes into use takes to get its full share of the split; 0 = at once. */
  readonly slowStartMs: number;
  /** Goes into the hash of keyed users; another one means other users. Empty unless somebody gave one. */
  readonly salt: string;
  /** Of a preview: when it goes, in milliseconds since the epoch. It never has a weight. */
  readonly previewUntilMs: number | undefined;
}

export interface VersionTlsConfig {
  /** Authorities that sign certificates of endpoints; absolute; undefined: those that come with Node. */
  readonly caFile: string | undefined;
  /** Whom all endpoints must prove to be; undefined: each the host of its address. */
  readonly serverName: string | undefined;
  readonly verify: boolean;
  readonly minVersion: '1.2' | '1.3';
  /** What we show where an endpoint asks; absolute paths. */
  readonly certificate: CertificateFiles | undefined;
}

interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface DnsConfig {
  /** Longest time between two resolutions; a shorter TTL shortens it. */
  readonly refreshMs: number;
  /** `address:port` of the servers to ask; empty = those of the system. */
  readonly servers: readonly string[];
}

export interface EndpointConfig {
  readonly address: Address;
  /** The address as one canonical string, such as `127.0.0.1:9001`, `[::1]:80` or `unix:/run/a.sock`; unique in its version. */
  readonly key: string;
  /** The name that it was written with, where that was resolved: whom its TLS must prove to be. Undefined: its own host. */
  readonly name?: string | undefined;
  readonly weight: number;
  readonly zone: string | undefined;
  /** Gets nothing new; what it has is finished. */
  readonly drain: Drained;
}

/** The endpoints of one version by its name; names and services in them have been resolved. */
export interface VersionEndpoints {
  readonly pool: string;
  readonly version: string;
  readonly endpoints: readonly EndpointConfig[];
}

export type AffinityConfig = KeySource & {
  /** Undefined: a change of weights moves users at once. */
  readonly remember: SessionConfig | undefined;
};

/** What tells users apart. */
export type KeySource =
  | ({
      readonly kind: 'cookie';
      readonly name: string;
      readonly own: boolean;
      readonly maxAgeMs: number;
      readonly path: string;
    } & CookieAttributes)
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'clientIp' };

/** Of an own cookie (RFC 6265bis, section 4.1.2). */
interface CookieAttributes {
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** auto: where the client speaks https. */
  readonly secure: boolean | 'auto';
  /** Undefined: the host of the request alone. */
  readonly domain: string | undefined;
  readonly partitioned: boolean;
}

/** How long users keep the version that they have when the weights give them another. */
export interface SessionConfig {
  /** From the first request on for which the weights say otherwise. */
  readonly timeMs: number;
  /** A user that was not seen for this long is a new one. */
  readonly quietMs: number;
  /** How many are remembered. */
  readonly users: number;
}

export interface OverrideConfig {
  readonly name: string;
  readonly source: { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string };
  readonly value: ValueMatcher;
  readonly version: string;
}

export type ValueMatcher =
  { readonly kind: 'exact'; readonly value: string } | { readonly kind: 'regex'; readonly pattern: string } | { readonly kind: 'present' };

/** Copies of a pool's requests for a shadow. Whatever the shadow does, the exchange that is copied goes on unharmed. */
export interface MirrorConfig {
  readonly name: string;
  /** The pool of the shadow; undefined = the one that the mirror belongs to. */
  readonly pool: string | undefined;
  /** The version of the shadow; undefined = as that pool splits. Always there when `pool` is not. */
  readonly version: string | undefined;
  /** Of the requests that fit, how many of 100 are copied. */
  readonly percent: number;
  /** The same as it was written, where it was written as a fraction: `1/3`. */
  readonly fraction: string | undefined;
  /** `session`: all requests of a user or none, where the pool has an affinity. */
  readonly sample: 'session' | 'request';
  readonly match: MirrorMatch;
  /** `forbid`: only requests that are safe to repeat are copied. */
  readonly sideEffects: 'forbid' | 'allow';
  /** How a copy ends whose client goes away. */
  readonly onAbort: 'cancel' | 'finish';
  /** From when the copy has been sent until the shadow's response has ended. */
  readonly timeoutMs: number;
  readonly limits: MirrorLimits;
  readonly requestHeaders: HeaderChanges;
  readonly rewrite: { readonly host: string | undefined };
  /** Undefined: the responses of shadows are thrown away. */
  readonly compare: CompareConfig | undefined;
}

/** How the responses of a shadow are compared with those of the primary. Field paths are patterns (`lib/field-pattern`). */
export interface CompareConfig {
  /** Header fields, in lower case; status and body are always compared. */
  readonly headers: readonly string[];
  /** Fields of a JSON body that are not compared. */
  readonly ignore: readonly string[];
  /** sorted: the order of items does not matter; set: nor their repetition. `by`: the member by which items are matched. */
  readonly lists: readonly { readonly path: string; readonly as: 'sorted' | 'set'; readonly by: string | undefined }[];
  /** Numbers are equal within `absolute`, or within `relative`, a share (0.01 = 1 %) of the larger one; 0 = exactly. */
  readonly numbers: readonly { readonly path: string; readonly absolute: number; readonly relative: number }[];
  /** Fields whose values are never shown. */
  readonly redact: readonly string[];
  /** How values look in examples: their type and length alone, or as they are unless they look like a secret or a person. */
  readonly examples: 'shapes' | 'values';
  /** Up to this size a body is compared as what it is; beyond it by its digest. */
  readonly bodyBytes: number;
  /** Comparisons per second of each path template of each route, over the whole instance. */
  readonly perTemplate: number;
  /** Of 100 compared requests, how many get a second copy for the primary's version, which says what differs by itself; 0 = every difference counts. */
  readonly noisePercent: number;
  readonly verdict: CompareVerdict;
}

export interface CompareVerdict {
  /** A pass needs so many compared requests. */
  readonly minRequests: number;
  /** Shares, 0 to 1: of requests that may differ beyond the noise, and of those that the shadow alone may fail. */
  readonly maxDifferences: number;
  readonly maxFailures: number;
}

/** All of it must hold; empty lists: any. */
export interface MirrorMatch {
  readonly methods: readonly string[];
  readonly paths: readonly Exclude<PathMatcher, { readonly kind: 'regex' }>[];
  /** Names in lower case. */
  readonly headers: MatchConfig['headers'];
}

/** The first two over the whole instance (each worker gets its part); 0 = no limit. */
interface MirrorLimits {
  readonly connections: number;
  readonly requests: number;
  /** Of a request body, how much may wait for the shadow. */
  readonly lagBytes: number;
  /** Of a response, how much is read. */
  readonly responseBytes: number;
}

export interface HealthConfig {
  /** `tcp`: a connection that opens is good. */
  readonly protocol: 'http' | 'tcp';
  /** Service of gRPC that is asked for, empty for all of the endpoint; undefined: probes are no calls. */
  readonly grpc: string | undefined;
  readonly path: string;
  /** The Host of probes; undefined = the address of the endpoint. */
  readonly host: string | undefined;
  /** Further header fields of probes. */
  readonly headers: readonly Field[];
  /** Where probes go in place of the endpoint's port; 0 = there. */
  readonly port: number;
  readonly intervalMs: number;
  /** In place of `intervalMs` while the version gets no requests; 0 = the same. */
  readonly idleIntervalMs: number;
  readonly timeoutMs: number;
  readonly healthyAfter: number;
  readonly unhealthyAfter: number;
  /** What an endpoint counts as until its first probe has ended. */
  readonly start: 'healthy' | 'unhealthy';
  readonly expect: HealthExpectation;
}

export interface HealthExpectation {
  readonly status: readonly number[];
  readonly body: string | undefined;
  /** Fields of a JSON body by their path (`checks.db.ok`, `nodes.0`) with the values they must have. */
  readonly json: Readonly<Record<string, string | number | boolean>>;
}

export interface OutlierConfig {
  /** Failures in a row of any kind; 0 = off. */
  readonly consecutive: number;
  /** Of these in a row, those that say that the endpoint could not be reached or did not respond itself (502, 503, 504); 0 = off. */
  readonly consecutiveGateway: number;
  /** Share of failures within an interval that ejects; 0 to 1, 0 = off. */
  readonly failureShare: number;
  /** Fewer attempts than this within an interval, over all workers, say nothing about the share. */
  readonly minRequests: number;
  readonly intervalMs: number;
  readonly ejectionMs: number;
  /** Share, 0 to 1. */
  readonly maxEjected: number;
}

/** Bounds per version over the whole instance (each worker gets its part); 0 = no limit. */
interface PoolLimits {
  readonly connections: number;
  /** Of one connection of HTTP/2, and not divided. */
  readonly streams: number;
  readonly pending: number;
  readonly requests: number;
  /** Whether requests in flight are also bounded by what latency says that the version can take. */
  readonly adaptive: boolean;
  /** Of responses. */
  readonly headerBytes: number;
  readonly headerCount: number;
}

interface PoolTimeouts {
  readonly connectMs: number;
  /** From the end of the request until the head of the response arrives; 0 = none. */
  readonly responseMs: number;
  /** Without a byte of a body that one side owes, in either direction; 0 = none. */
  readonly stallMs: number;
  /** Of an unused upstream connection. */
  readonly idleMs: number;
  /** Of a tunnel without a byte in either direction; 0 = none. */
  readonly tunnelMs: number;
}

type RetryCondition = 'connect-failure' | 'reset' | 'refused-stream' | 'gateway-error' | '5xx' | 'response-timeout' | CallCondition;
/** Statuses of gRPC. */
type CallCondition = 'cancelled' | 'deadline-exceeded' | 'resource-exhausted' | 'internal' | 'unavailable';

export interface RetryConfig {
  /** Further attempts after the first. */
  readonly attempts: number;
  /** Numbers are statuses of responses. */
  readonly on: readonly (RetryCondition | number)[];
  readonly perTryMs: number;
  /** Share of requests that may be retried, 0 to 1. */
  readonly budget: number;
  /** Whether another version of the split may respond where this one failed. */
  readonly acrossVersions: boolean;
}

export interface RouteConfig {
  readonly name: string;
  /** Empty = all listeners. */
  readonly listeners: readonly string[];
  /** Lower case, without port; empty = any; `*.x` = any depth below x. */
  readonly hosts: readonly string[];
  /** Any of; never empty. */
  readonly match: readonly MatchConfig[];
  readonly action: RouteAction;
  /** The whole exchange; 0 = none. */
  readonly timeoutMs: number;
  readonly rewrite: RewriteConfig;
  readonly requestHeaders: HeaderChanges;
  readonly responseHeaders: HeaderChanges;
}

export interface MatchConfig {
  readonly path: PathMatcher;
  /** Empty = any. */
  readonly methods: readonly string[];
  /** Names in lower case. */
  readonly headers: readonly { readonly name: string; readonly value: ValueMatcher }[];
  readonly query: readonly { readonly name: string; readonly value: ValueMatcher }[];
}

export type PathMatcher =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'regex'; readonly pattern: string };

export type RouteAction =
  | { readonly kind: 'pool'; readonly pool: string; readonly version: string | undefined }
  | { readonly kind: 'redirect'; readonly redirect: RedirectConfig }
  | { readonly kind: 'respond'; readonly respond: RespondConfig };

export interface RedirectConfig {
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: PathRewrite | undefined;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface RespondConfig {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly Field[];
}

export interface RewriteConfig {
  readonly host: string | undefined;
  readonly path: PathRewrite | undefined;
  /** Whether a Location that names the upstream is written as the client knows the place. */
  readonly location: boolean;
}

/** `prefix` replaces the matched prefix, `full` the whole path; the query stays. */
export type PathRewrite = { readonly kind: 'prefix'; readonly value: string } | { readonly kind: 'full'; readonly value: string };

/** Names keep the case they were written in; order is that of the file. */
export interface HeaderChanges {
  readonly set: readonly Field[];
  readonly add: readonly Field[];
  readonly remove: readonly string[];
}
