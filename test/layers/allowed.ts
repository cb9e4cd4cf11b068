// The order of the house: which folder of src may import which. This table is the law; test/layers.test.ts enforces it.
// A folder never needs permission to import itself. Loosening a line is a decision: say why beside it.

const DATA_PLANE = ['net', 'http', 'http1', 'http2', 'routing', 'upstream', 'telemetry', 'compare', 'proxy', 'tls'];

export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  // Foundations: no word of the domain, and nobody below them.
  lib: [],
  // TLS without sockets: certificates, names, the first message of a client.
  tls: ['lib'],
  net: ['lib', 'tls'],
  http: ['lib'],
  analysis: ['lib'],
  store: ['lib'],
  telemetry: ['lib'],

  // Bytes of a protocol, both directions. They meet in the messages of `http`.
  http1: ['lib', 'http'],
  http2: ['lib', 'http'],

  // Text to Config. It knows the words of HTTP, not its bytes.
  config: ['lib', 'http'],

  // The data plane. `proxy` sees the Config only as compiled into the Table.
  routing: ['lib', 'http', 'config'],
  upstream: ['lib', 'tls', 'net', 'http', 'http1', 'http2', 'config', 'telemetry'],
  compare: ['lib', 'http', 'analysis', 'telemetry'],
  proxy: ['lib', 'tls', 'net', 'http', 'http1', 'http2', 'routing', 'upstream', 'telemetry', 'compare'],

  // The control plane. It never meets `proxy`: the Table and threads/messages are all they share.
  rollout: ['lib', 'config', 'analysis'],
  api: ['lib', 'config'],
  control: ['lib', 'tls', 'config', 'telemetry', 'routing', 'store', 'compare', 'rollout', 'api'],
  // It speaks HTTP to operators: names of statuses, and a reply by `http1` on the bare socket of what Node's server cannot read. By `tls` it
  // knows whom a certificate stands for.
  admin: ['lib', 'tls', 'http', 'http1', 'config', 'telemetry', 'control', 'api'],

  // The outside. `dashboard` is a web page and talks to the public admin API alone.
  dashboard: [],
  cli: ['lib', 'config', 'routing', 'api'],
  threads: ['lib', ...DATA_PLANE, 'analysis', 'config', 'control'],
  app: ['lib', ...DATA_PLANE, 'analysis', 'config', 'store', 'rollout', 'api', 'control', 'admin', 'dashboard', 'cli', 'threads'],
};
/** Folders that import from npm only what their line lists; the others are free to. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // lib/json-log.ts is the one door to the logger.
  lib: ['pino', 'temporal-polyfill'],
  http1: [],
  http2: [],
};

/** Packages that only these folders may load: what they cost in memory and at the start is paid nowhere else. */
export const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  // A worker thread and the command line start without it. `config` and `api` are what it reads, `admin` judges and describes with it.
  zod: ['config', 'api', 'admin'],
};

/** Folders of which a folder takes nothing but types. */
export const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  // Worker threads load files of control, and the schemas load zod.
  control: ['api'],
};

/** Words that say nothing, so that no file or folder is named with them, alone or in a compound. */
export const NEVER_A_NAME: readonly string[] = [
  'manager',
  'service',
  'helper',
  'util',
  'utility',
  'handler',
  'processor',
  'wrapper',
  'data',
  'info',
  'base',
  'common',
  'misc',
];

/** Where sockets may be made; everything else sees byte streams. `isIP` and `createSecureContext`, which only read text, are free. */
export const SOCKET_ROOMS: readonly string[] = ['src/net/', 'src/admin/', 'src/upstream/probes/'];
/** Parts of Node that its documentation does not promise; only `net` leans on them. */
export const PRIVATE_PARTS: readonly string[] = [
  '_handle',
  '_readableState',
  '_writableState',
  '_tlsError',
  '_wrapHandle',
  'onconnection',
  'onread',
];
