// A config with every key of the grammar that this release serves, and a small one to break in tests.

export const SMALL = `listeners:
  - { name: web, address: 127.0.0.1:8080 }
pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001] }
      v2: { endpoints: [127.0.0.1:9002] }
    split: { v1: 90, v2: 10 }
routes:
  - { name: shop, pool: shop }
`;

/** The example of the reference, whole: what is not served yet is marked and can be taken out with \`servedOnly\`. */
export const COMPLETE = `listeners:
  - name: web
    address: 127.0.0.1:8080
    tls:
      certificates: [{ certFile: a.pem, keyFile: a.key }]
      sni: strict
      minVersion: "1.2"
      policy: intermediate
      handshakeTimeout: 5s
      clientAuth: { caFile: ca.pem, required: true, allow: ["spiffe://mesh/*"], forward: true }
    protocols: [http1, http2]
    trustedProxies: [10.0.0.0/8]
    proxyProtocol: false
    connect: [{ authority: "*.corp.example:443", pool: shop }]
    limits: { headerBytes: 16KiB, headerCount: 100, requestLine: 8KiB, headerTimeout: 10s, idleTimeout: 60s, requestsPerConnection: 0, connections: 10000, bodyBytes: 1MiB }

admin:
  address: 127.0.0.1:9901
  tls:
    certificates: [{ certFile: admin.pem, keyFile: admin.key }]
    minVersion: "1.3"
    policy: modern
    clientAuth: { caFile: people.pem, required: true, roles: [{ name: people, role: admin, allow: ["spiffe://mesh/people/*"] }] }
  auth:
    tokens: [{ name: ci, role: operator, env: SLUICE_TOKEN_CI }]
  links: { url: https://sluice.internal:9901/, for: 12h }
  limits: { writesPerSecond: 50 }

workers: auto
state: { dir: ./state }
drain: { delay: 0s, timeout: 30s }
overload: { memory: auto }
accessLog: off

pools:
  shop:
    versions:
      v1: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002] }
      v2:
        endpoints: [{ address: 127.0.0.1:9003, weight: 2, zone: a }]
        tls: { caFile: ca.pem, serverName: shop.internal, verify: true, minVersion: "1.2", certificate: { certFile: us.pem, keyFile: us.key } }
        protocol: http1
      v3: { endpoints: [shop-v3.internal:8080], dns: { refresh: 5s } }
    split: { v1: 95, v2: 5 }
    affinity: { cookie: { name: sluice-shop, maxAge: 1d } }
    overrides:
      - { name: qa, header: { name: x-version, value: v2 }, version: v2 }
      - { name: qb, cookie: { name: version, value: { regex: "^v3" } }, version: v3 }
      - { name: qc, query: { name: version, value: { present: true } }, version: v1 }
    mirrors:
      - name: dark
        version: v3
        percent: 10
        compare: { ignore: ["**.at"], lists: [{ path: a, as: set, by: b }], numbers: [{ path: c, relative: 1% }], noise: { percent: 5 }, body: 1KiB }
    balancer: least-request
    health: { path: /healthz, interval: 2s, timeout: 1s, healthyAfter: 2, unhealthyAfter: 3, expect: { status: [200], body: ok } }
    outlier: { consecutive: 5, interval: 10s, ejection: 30s, maxEjected: 50% }
    limits: { connections: 1024, pending: 1024, requests: 0, headerBytes: 32KiB, headerCount: 200 }
    slowStart: 0s
    timeouts: { connect: 1s, response: 15s, stall: 5m, idle: 60s }
    retries: { attempts: 1, on: [connect-failure, reset, refused-stream], perTry: 0s, budget: 20% }
    fallback: { whenNoneReady: split }

routes:
  - name: shop
    listeners: [web]
    hosts: [shop.example.com, "*.example.com"]
    match:
      - { path: { prefix: / }, methods: [GET, POST], headers: { x-tenant: acme }, query: { debug: "1" } }
    pool: shop
    version: v1
    timeout: 30s
    rewrite: { host: internal, path: { prefix: /v2 } }
    requestHeaders: { set: {}, add: {}, remove: [] }
    responseHeaders: { set: {}, add: {}, remove: [] }
  - name: moved
    match: [{ path: { exact: /a } }, { path: { regex: "^/a/[0-9]+$" }, headers: { x-a: { regex: b }, x-b: { present: true } } }]
    redirect: { scheme: https, host: example.com, port: 8443, path: { full: /b }, status: 301 }
  - name: fixed
    match: [{ path: { prefix: /robots.txt } }]
    respond: { status: 200, body: "ok", headers: { content-type: text/plain } }
`;

export function servedOnly(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.includes('# unserved'))
    .join('\n');
}
