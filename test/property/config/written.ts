// Arbitrary good configs in the words of the grammar, as an operator could write them.

import fc from 'fast-check';

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,8}$/);
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const token = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,8}$/).map((text) => `X-${text}`);
/** Paths with dot segments, `\\` or `%00` never match, and are Problems. */
const NEVER = /(?:^|\/|%2f)(?:\.|%2e){1,2}(?=\/|%2f|;|$)|\\|%5c|%00/i;
const path = fc.stringMatching(/^\/[a-z0-9/._~%:@!-]{0,10}$/).filter((text) => !NEVER.test(text));
const text = fc.string({ maxLength: 8 }).filter((value) => /^[\x21-\x7e]*$/.test(value) && !value.includes('${'));
const port = fc.integer({ min: 1, max: 65_535 });
const duration = fc.oneof(
  fc.nat(100_000).map((ms) => `${ms + 1}ms`),
  fc.nat(999).map((s) => `${s + 1}s`),
  fc.constantFrom('1m', '2h', '1d', '1.5s'),
);
const size = fc.oneof(fc.integer({ min: 256, max: 65_536 }), fc.constantFrom('64KiB', '1MiB', '300B'));
const weight = fc.oneof(fc.nat(1_000), fc.double({ min: 0, max: 100, noNaN: true, noDefaultInfinity: true }).map(Math.abs));
const share = fc.oneof(fc.constantFrom('50%', '12.5%', '0%', '100%'), fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs));
const address = fc.oneof(
  fc.tuple(fc.ipV4(), port).map(([host, at]) => `${host}:${at}`),
  fc.tuple(fc.ipV6(), port).map(([host, at]) => `[${host}]:${at}`),
  fc.tuple(label, port).map(([host, at]) => `${host}.internal:${at}`),
  label.map((file) => `unix:/run/${file}.sock`),
);
const pattern = fc.constantFrom('^a+$', '[0-9]{1,3}', '(?i)x|y', '\\.png$');
const value = fc.oneof(
  text,
  pattern.map((regex) => ({ regex })),
  fc.constant({ present: true }),
);

function optional<T>(keys: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(keys, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const listenerLimits = optional({
  headerBytes: size,
  headerCount: fc.integer({ min: 1, max: 10_000 }),
  requestLine: size,
  headerTimeout: duration,
  idleTimeout: duration,
  requestsPerConnection: fc.nat(100),
  tunnels: fc.nat(100),
  connections: fc.nat(100),
  bodyBytes: fc.oneof(size, fc.constant(0)),
});

const versions = fc.uniqueArray(name, { minLength: 1, maxLength: 4 });

/** Key order of a JavaScript object puts whole numbers first; print and decode must not care. */
const pool = versions.chain((names) =>
  fc.record(
    {
      versions: fc
        .tuple(...names.map(() => version()))
        .map((bodies) => Object.fromEntries(names.map((key, index) => [key, bodies[index]]))),
      split: fc.tuple(...names.map(() => weight)).map((weights) => Object.fromEntries(names.map((key, index) => [key, weights[index]]))),
      affinity: fc.oneof(
        optional({
          name: token,
          maxAge: duration.filter((text) => !text.endsWith('ms')),
          path: fc.constant('/a'),
          sameSite: fc.constantFrom('lax', 'strict'),
          secure: fc.constantFrom<(boolean | string)[]>(true, false, 'auto'),
          domain: fc.constant('example.com'),
        }).map((cookie) => ({
          cookie,
        })),
        token.map((cookie) => ({ cookie: { name: cookie, own: false } })),
        token.map((header) => ({ header })),
        fc.constant({ clientIp: {} }),
      ),
      overrides: fc.uniqueArray(override(names), { maxLength: 3, selector: (entry) => entry.name }),
      // A sole version serves everything itself.
      mirrors: fc.uniqueArray(mirror(names), {
        maxLength: names.length === 1 ? 0 : 2,
        selector: (entry) => entry.name,
      }),
      balancer: fc.constantFrom('round-robin', 'least-request', 'peak-ewma', 'ring-hash', 'random'),
      health: optional({
        path,
        interval: duration,
        timeout: duration,
        healthyAfter: port,
        expect: fc.record({
          status: fc.constant([200, 204]),
          body: fc.constant('ok'),
          json: fc.constantFrom({}, { status: 'ok', 'db.0': true, n: 1.5 }),
        }),
        host: fc.constantFrom('shop.internal', 'shop.internal:81'),
        headers: fc.constantFrom({}, { 'X-Probe': '1' }),
        port: fc.nat(65_535),
        protocol: fc.constantFrom('http', 'tcp'),
        idleInterval: duration,
        start: fc.constantFrom('healthy', 'unhealthy'),
      }).map(({ healthyAfter, ...rest }) => ({ ...rest, healthyAfter: ((healthyAfter ?? 1) % 1000) + 1 })),
      outlier: optional({
        consecutive: fc.nat(9),
        consecutiveGateway: fc.nat(9),
        failures: share,
        minRequests: port,
        interval: duration,
        ejection: duration,
        maxEjected: share,
      }),
      limits: optional({
        connections: fc.nat(9_999),
        pending: fc.nat(9_999),
        requests: fc.nat(9_999),
        adaptive: fc.boolean(),
        headerBytes: size,
        headerCount: fc.integer({ min: 1, max: 500 }),
      }),
      slowStart: duration,
      zones: fc.constantFrom([], ['a'], ['b', 'a']),
      panic: share,
      hold: duration,
      drain: fc.record({ timeout: duration }),
      timeouts: optional({
        connect: duration,
        response: fc.oneof(duration, fc.constant('0s')),
        stall: fc.oneof(duration, fc.constant('0s')),
        idle: duration,
        tunnel: duration,
      }),
      retries: optional({
        attempts: fc.nat(10),
        on: fc.uniqueArray(fc.constantFrom<(string | number)[]>('reset', '5xx', 'gateway-error', 'response-timeout', 503, 429)),
        perTry: duration,
        budget: share,
        acrossVersions: fc.boolean(),
      }),
      fallback: fc.record({ whenNoneReady: fc.constantFrom('split', 'fail') }),
    },
    { requiredKeys: ['versions', 'split'] },
  ),
);

function version(): fc.Arbitrary<object> {
  const endpoint = fc.oneof(
    address,
    fc.record({ address, weight, zone: name, drain: fc.constantFrom(false, true, '30s') }, { requiredKeys: ['address'] }),
  );
  const canonical = (entry: unknown): string => JSON.stringify(entry);
  return fc.record(
    {
      // One IPv6 address has several spellings, so an address that may repeat another is left out.
      endpoints: fc.uniqueArray(endpoint, { minLength: 1, maxLength: 3, selector: canonical }).map((list) => list.slice(0, 1)),
      protocol: fc.constantFrom('http1', 'auto'),
      proxyProtocol: fc.constantFrom('v1', 'v2'),
      dns: optional({ refresh: duration, servers: fc.constantFrom([], ['10.0.0.53'], ['::1', '127.0.0.1:8600']) }),
      drain: fc.constantFrom(false, true, '30s'),
      slowStart: duration,
      salt: fc.constantFrom('', 'kX9_-'),
      endpointsFile: fc.constantFrom('/etc/sluice/a.yaml', '/b.json'),
    },
    { requiredKeys: ['endpoints'] },
  );
}

function override(names: readonly string[]): fc.Arbitrary<{ name: string }> {
  const source = fc.oneof(
    fc.record({ header: fc.record({ name: token, value }) }),
    fc.record({ cookie: fc.record({ name: token, value }) }),
    fc.record({ query: fc.record({ name: label, value }) }),
  );
  return fc.tuple(name, source, fc.constantFrom(...names)).map(([key, from, to]) => ({ name: key, ...from, version: to }));
}

/** A good one, to a version of these names. */
export function mirror(names: readonly string[]): fc.Arbitrary<{ name: string }> {
  const how = optional({
    percent: fc.oneof(fc.nat(100), fc.constantFrom('12.5%', '0%')),
    sample: fc.constantFrom('session', 'request'),
    match: optional({
      methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PURGE')),
      paths: fc.array(fc.oneof(fc.record({ exact: path }), fc.record({ prefix: path })), { maxLength: 2 }),
      headers: fc.constantFrom({}, { 'X-A': 'b', 'x-c': { present: true } }),
    }),
    sideEffects: fc.constantFrom('forbid', 'allow'),
    onAbort: fc.constantFrom('cancel', 'finish'),
    timeout: duration,
    limits: optional({
      connections: fc.nat(999),
      requests: fc.nat(999),
      lag: fc.constantFrom('1KiB', '64KiB', '2MiB'),
      response: fc.constantFrom('1KiB', '64KiB', '2MiB'),
    }),
    requestHeaders: fc.constantFrom({}, { set: { 'x-a': 'b' }, add: { 'x-c': 'd' }, remove: ['x-e'] }),
    rewrite: fc.constantFrom({}, { host: 'shadow.internal:80' }),
    compare: compare(),
  });
  return fc
    .tuple(name, fc.constantFrom(...names), how, fc.constantFrom(undefined, '1/3', '0/7', '2/2'))
    .map(([key, version, { percent, ...rest }, fraction]) => ({
      name: key,
      version,
      ...rest,
      ...(fraction === undefined ? { ...(percent !== undefined && { percent }) } : { fraction }),
    }));
}

function compare(): fc.Arbitrary<object> {
  const field = fc.constantFrom('$', '$.a.b', 'items[*].id', '**.updatedAt', 'users.*', "$['odd key'].x", "['it\\'s']", 'é');
  const fields = fc.uniqueArray(field, { maxLength: 3 });
  const absolute = fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs);
  const byPath = { maxLength: 3, selector: ({ path: at }: { path: string }): string => at };
  return optional({
    headers: fc.uniqueArray(token, { maxLength: 3, selector: (key) => key.toLowerCase() }),
    ignore: fields,
    lists: fc.uniqueArray(
      fc.record(
        { path: field, as: fc.constantFrom('sorted', 'set'), by: fc.constantFrom('id', 'odd key', '__proto__') },
        { requiredKeys: ['path', 'as'] },
      ),
      byPath,
    ),
    numbers: fc.uniqueArray(
      fc.oneof(
        fc.record({ path: field, absolute }),
        fc.record({ path: field, relative: share }),
        fc.record({ path: field, absolute, relative: share }),
      ),
      byPath,
    ),
    redact: fields,
    examples: fc.constantFrom('shapes', 'values'),
    // As little as the least that is read of a response.
    body: fc.constantFrom('1KiB', 1024),
    perTemplate: fc.integer({ min: 1, max: 100_000 }),
    noise: fc.oneof(fc.constant('off'), optional({ percent: fc.oneof(fc.nat(100), fc.constantFrom('12.5%', '0%')) })),
    verdict: optional({ minRequests: port, maxDifferences: share, maxFailures: share }),
  });
}

const headers = fc
  .uniqueArray(token, { maxLength: 3, selector: (key) => key.toLowerCase() })
  .chain((names) => fc.tuple(...names.map(() => text)).map((texts) => Object.fromEntries(names.map((key, index) => [key, texts[index]]))));
const changes = optional({ set: headers, add: headers, remove: fc.array(token, { maxLength: 2 }) });
const matchHeaders = fc
  .uniqueArray(token, { maxLength: 3, selector: (key) => key.toLowerCase() })
  .chain((names) => fc.tuple(...names.map(() => value)).map((all) => Object.fromEntries(names.map((key, index) => [key, all[index]]))));

const match = optional({
  path: fc.oneof(
    path.map((exact) => ({ exact })),
    path.map((prefix) => ({ prefix })),
    pattern.map((regex) => ({ regex })),
  ),
  methods: fc.uniqueArray(fc.constantFrom('GET', 'POST', 'PURGE')),
  headers: matchHeaders,
  query: fc.dictionary(label, value, { maxKeys: 2 }),
});

const host = fc.oneof(
  label.map((text) => `${text}.example.com`),
  label.map((text) => `*.${text}.example.com`),
  fc.constantFrom('127.0.0.1', '[::1]'),
);
const full = path.map((text) => ({ full: text }));

function action(pools: readonly string[]): fc.Arbitrary<object> {
  return fc.oneof(
    fc.record({ pool: fc.constantFrom(...pools), rewrite: optional({ host: fc.constantFrom('a', 'a:80', '[::1]:80'), path: full }) }),
    fc.record({
      redirect: fc.record(
        { scheme: fc.constantFrom('http', 'https'), host: label, port, path: full, status: fc.constantFrom(301, 308) },
        { requiredKeys: ['port'] },
      ),
    }),
    fc.record({ respond: optional({ status: fc.constantFrom(200, 404, 503), body: fc.string(), headers }) }),
  );
}

function route(pools: readonly string[]): fc.Arbitrary<{ name: string }> {
  const rest = optional({
    hosts: fc.array(host, { maxLength: 2 }),
    match: fc.array(match, { minLength: 1, maxLength: 2 }),
    timeout: fc.oneof(duration, fc.constant('0s')),
    requestHeaders: changes,
    responseHeaders: changes,
  });
  return fc.tuple(name, rest, action(pools)).map(([key, more, does]) => ({ name: key, ...more, ...does }));
}

/** Of a listener: most serve requests. */
function passthrough(pools: readonly string[]): fc.Arbitrary<object> {
  const names = fc.uniqueArray(
    fc.oneof(
      label.map((text) => `${text}.example.com`),
      label.map((text) => `*.${text}.example.com`),
    ),
    { minLength: 1, maxLength: 3 },
  );
  const pool = fc.constantFrom(...pools);
  const sni = names.chain((all) =>
    fc.tuple(...all.map(() => pool)).map((to) => Object.fromEntries(all.map((key, index) => [key, to[index]]))),
  );
  const passes = fc.oneof(fc.record({ pool }), fc.record({ sni, otherwise: pool }, { requiredKeys: ['sni'] }));
  return fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: passes.map((to) => ({ passthrough: to })) });
}

/** Decodes without Problems; may give notices. */
export const writtenConfig: fc.Arbitrary<object> = fc.uniqueArray(name, { minLength: 1, maxLength: 3 }).chain((pools) =>
  fc.record(
    {
      listeners: fc
        .uniqueArray(fc.tuple(name, fc.integer({ min: 1, max: 9_000 }), listenerLimits, passthrough(pools)), {
          minLength: 1,
          maxLength: 3,
          selector: ([key]) => key,
        })
        .map((all) =>
          all.map(([key, at, limits, passes], index) => ({
            name: key,
            address: `127.0.0.${index + 1}:${at}`,
            limits,
            trustedProxies: ['10.0.0.0/8', '::1'],
            ...passes,
            ...(!('passthrough' in passes) &&
              at % 2 === 0 && { connect: [{ authority: `*.x${at}.example:${at}`, pool: pools[at % pools.length] }] }),
          })),
        ),
      admin: fc.record({
        address: fc.constantFrom('127.0.0.1:9901', '[::1]:9901', 'unix:/run/admin.sock'),
        limits: fc.record({ writesPerSecond: fc.integer({ min: 1, max: 1000 }) }),
        links: optional({ for: fc.constantFrom('1m', '90m', '7d') }).map((more) => ({ url: 'https://ops.example.com/sluice', ...more })),
      }),
      workers: fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 512 })),
      state: fc.oneof(fc.constant('memory'), fc.record({ dir: label })),
      drain: optional({ delay: duration, timeout: duration }),
      overload: optional({ memory: fc.constantFrom('auto', 'off', '512MiB', '2GiB', 100_000_000) }),
      accessLog: fc.oneof(fc.constant('off'), optional({ path: fc.constantFrom('stdout', './a.log', '/var/log/a'), sample: share })),
      pools: fc.tuple(...pools.map(() => pool)).map((bodies) => Object.fromEntries(pools.map((key, index) => [key, bodies[index]]))),
      routes: fc.uniqueArray(route(pools), { maxLength: 4, selector: (entry) => entry.name }),
    },
    { requiredKeys: ['listeners', 'pools', 'routes'] },
  ),
);
