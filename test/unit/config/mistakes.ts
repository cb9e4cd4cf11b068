// Common mistakes: of people with habits from nginx, HAProxy, Envoy, Traefik, Caddy, Kubernetes and docker-compose, and slips of the hand.

/** A whole config with one or two of everything; each mistake changes one piece of it. */
export const SHOP = `listeners:
  - name: web
    address: 127.0.0.1:8080
admin:
  address: 127.0.0.1:9901
drain: { timeout: 30s }
pools:
  shop:
    versions:
      v1:
        endpoints: [127.0.0.1:9001, 127.0.0.1:9002]
      v2:
        endpoints: [127.0.0.1:9003]
    split: { v1: 95, v2: 5 }
    health: { path: /healthz, interval: 2s, timeout: 1s }
    affinity: { cookie: { maxAge: 1d } }
    timeouts: { connect: 1s }
    retries: { attempts: 1 }
routes:
  - name: shop
    hosts: [shop.example.com]
    match:
      - path: { prefix: / }
    pool: shop
    requestHeaders: { set: { x-edge: "1" } }
  - name: old
    hosts: [old.example.com]
    redirect: { host: shop.example.com }
`;

/** What stands in the config, what is written in its place, and the first thing that must be told. */
type Mistake = readonly [before: string, after: string, told: string];

export const MISTAKES: readonly Mistake[] = [
  [
    '    split:',
    '     split:',
    '14:6: not valid YAML: this line is indented by 5, which fits no line before it: indent by 0, 2, 4, 6 or 8, as the key or item beside which it stands',
  ],
  [
    '    split:',
    '   split:',
    '14:4: not valid YAML: this line is indented by 3, which fits no line before it: indent by 0, 2, 4, 6 or 8, as the key or item beside which it stands',
  ],
  ['    split:', '\tsplit:', '14:2: not valid YAML: lines are indented with spaces, not with tabs'],
  ['pools:\n', 'pools\n', '7:1: not valid YAML: a colon is missing after "pools": write "pools:"'],
  ['versions:\n', 'versions\n', '9:5: not valid YAML: a colon is missing after "versions": write "versions:"'],
  ['      v2:\n', '      v2\n', '12:7: not valid YAML: a colon is missing after "v2": write "v2:"'],
  [
    '    address: 127.0.0.1:8080',
    '    address 127.0.0.1:8080',
    '3:5: not valid YAML: a colon is missing after "address": write "address: 127.0.0.1:8080"',
  ],
  [
    '    address: 127.0.0.1:8080',
    '    address:127.0.0.1:8080',
    '3:12: not valid YAML: a blank is missing after the colon: write "address: 127.0.0.1:8080"',
  ],
  ['    address: 127.0.0.1:8080', '    address = 127.0.0.1:8080', '3:5: not valid YAML: "=" is not YAML: write "address: …"'],
  [
    '    address: 127.0.0.1:8080',
    '    address: 127.0.0.1:8080;',
    '3:14: listeners[0].address: address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path, got "127.0.0.1:8080;" (remove the ";" at the end)',
  ],
  [
    '    address: 127.0.0.1:8080',
    '    address: [::]:8080',
    '3:14: not valid YAML: an address with brackets must be in quotes, such as "[::1]:8080"',
  ],
  ['127.0.0.1:9001, 127', '[::1]:9001, 127', '11:21: not valid YAML: an address with brackets must be in quotes, such as "[::1]:8080"'],
  ['[shop.example.com]', '[*.example.com]', '21:13: routes[0].hosts[0]: a text that begins with "*" must be in quotes: "*.example.com"'],
  ['[shop.example.com]', '*.example.com', '21:12: routes[0].hosts: a text that begins with "*" must be in quotes: "*.example.com"'],
  ['[shop.example.com]', '["shop.example.com]', '21:13: not valid YAML: this double quote is never closed'],
  ['[shop.example.com]', '[shop.example.com', '21:12: not valid YAML: this "[" is not closed: a "]" is missing'],
  ['{ v1: 95, v2: 5 }', '{ v1: 95 v2: 5 }', '14:18: not valid YAML: a comma is missing: inside { } and [ ] it stands between items'],
  ['{ v1: 95, v2: 5 }', '{ v1: 95, v2: 5', '14:12: not valid YAML: this "{" is not closed: a "}" is missing'],
  ['{ v1: 95, v2: 5 }', '{ v1: 95, v2: 5 }}', '14:29: not valid YAML: this "}" closes nothing: remove it'],
  [
    '{ v1: 95, v2: 5 }',
    '{ v1 95, v2 5 }',
    '14:14: pools.shop.split["v1 95"]: version name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "v1 95" (write v1: 95, with a colon and a blank)',
  ],
  [
    '{ v1: 95, v2: 5 }',
    '{ v1=95, v2=5 }',
    '14:14: pools.shop.split["v1=95"]: version name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "v1=95" (write v1: 95, with a colon and a blank)',
  ],
  [
    '{ v1: 95, v2: 5 }',
    '{v1:95, v2:5}',
    '14:13: pools.shop.split["v1:95"]: version name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "v1:95" (write v1: 95, with a colon and a blank)',
  ],
  ['  - name: old', '  -name: old', '26:3: not valid YAML: a blank is missing after the "-" of a list item'],
  [
    '  - name: old\n    hosts',
    '  - name: old\n  hosts',
    '27:3: not valid YAML: this line is indented by 2 like the items of a list, but has no "- ": indent it by 4 to belong to the item before it',
  ],
  ['    pool: shop\n', '    pool: "shop\n', '24:11: not valid YAML: this double quote is never closed'],
  [
    '{ prefix: / }',
    '{ regex: "^/a\\d+$" }',
    "23:28: not valid YAML: in double quotes a backslash begins an escape: use single quotes, such as '^\\d+$'",
  ],
  [
    '{ prefix: / }',
    '{ regex: ^/[a-z]+$ }',
    '23:26: not valid YAML: what comes here does not belong to the value before it: a text with any of { } [ ] , must be in quotes',
  ],
  [
    '{ prefix: / }',
    '{{ .Values.path }}',
    '23:15: not valid YAML: templates {{ … }} are not filled in here: write ${NAME} for an environment variable',
  ],
  [
    'interval: 2s',
    'interval: 2',
    '15:41: pools.shop.health.interval: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 2 (write 2s or 2ms)',
  ],
  [
    'interval: 2s',
    'interval: 2 s',
    '15:41: pools.shop.health.interval: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got "2 s" (write 2s)',
  ],
  [
    'interval: 2s',
    'interval: 2sec',
    '15:41: pools.shop.health.interval: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got "2sec" (write 2s)',
  ],
  [
    'interval: 2s',
    'interval: 2000',
    '15:41: pools.shop.health.interval: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 2000 (write 2000s or 2000ms)',
  ],
  [
    'interval: 2s',
    'interval: 1 min',
    '15:41: pools.shop.health.interval: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got "1 min" (write 1m)',
  ],
  [
    'connect: 1s',
    'connect: 0',
    '17:26: pools.shop.timeouts.connect: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 0 (write 0s or 0ms)',
  ],
  ['connect: 1s', 'connect: -1s', '17:26: pools.shop.timeouts.connect: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got "-1s"'],
  [
    '    timeouts:',
    '    limits: { headerBytes: 32k }\n    timeouts:',
    '17:28: pools.shop.limits.headerBytes: size must look like 64KiB, 1MiB or 10MB, or be a whole number of bytes, got "32k" (write 32KiB)',
  ],
  [
    '    timeouts:',
    '    limits: { headerBytes: 32 KB }\n    timeouts:',
    '17:28: pools.shop.limits.headerBytes: size must look like 64KiB, 1MiB or 10MB, or be a whole number of bytes, got "32 KB" (write 32KiB)',
  ],
  [
    '    timeouts:',
    '    limits: { connections: "100" }\n    timeouts:',
    '17:28: pools.shop.limits.connections: connections must be a whole number from 0 to 1000000000, got "100" (write 100 without quotes)',
  ],
  [
    '    timeouts:',
    '    limits: { connections: unlimited }\n    timeouts:',
    '17:28: pools.shop.limits.connections: connections must be a whole number from 0 to 1000000000, got "unlimited" (write 0 for no limit)',
  ],
  [
    '    timeouts:',
    '    limits: { connections: 10k }\n    timeouts:',
    '17:28: pools.shop.limits.connections: connections must be a whole number from 0 to 1000000000, got "10k" (write 10000)',
  ],
  [
    'attempts: 1',
    'budget: 20',
    '18:24: pools.shop.retries.budget: share must be a number from 0 to 1 or look like 50%, got 20 (write 20%)',
  ],
  ['attempts: 1', 'budget: 120%', '18:24: pools.shop.retries.budget: share must be a number from 0 to 1 or look like 50%, got "120%"'],
  [
    'attempts: 1',
    'attempts: "3"',
    '18:26: pools.shop.retries.attempts: attempts must be a whole number from 0 to 10, got "3" (write 3 without quotes)',
  ],
  ['attempts: 1', 'attempts: -1', '18:26: pools.shop.retries.attempts: attempts must be a whole number from 0 to 10, got -1'],
  ['v1: 95, v2: 5', 'v1: 95%, v2: 10%', '14:12: pools.shop.split: percents of a split must add up to 100%, got 105% (write v1: 90%)'],
  [
    'v1: 95, v2: 5',
    'v1: 95%, v2: 5',
    '14:27: pools.shop.split.v2: the weights of one split are all numbers or all percents, got 5 beside 95%: write 5%',
  ],
  [
    'v1: 95, v2: 5',
    'v1: "95", v2: "5"',
    '14:18: pools.shop.split.v1: weight must be a non-negative number or look like 5%, got "95" (write 95 without quotes)',
  ],
  ['v1: 95, v2: 5', 'v1: 95, v3: 5', '14:22: pools.shop.split.v3: there is no version "v3" (did you mean "v1"? there are v1, v2)'],
  ['v1: 95, v2: 5', 'stable: 95, canary: 5', '14:14: pools.shop.split.stable: there is no version "stable" (there are v1, v2)'],
  [
    '    split: { v1: 95, v2: 5 }',
    '    split: [95, 5]',
    '14:12: pools.shop.split: must be a map of versions by name, got a list (write split: { v1: 95, v2: 5 })',
  ],
  [
    '    split: { v1: 95, v2: 5 }',
    '    split: 95/5',
    '14:12: pools.shop.split: must be a map of versions by name, got "95/5" (write split: { v1: 95, v2: 5 })',
  ],
  ['    split: { v1: 95, v2: 5 }\n', '', '8:3: pools.shop: split is required because there are 2 versions: add split: { v1: 100, v2: 0 }'],
  [
    '    split: { v1: 95, v2: 5 }',
    '    split:',
    '14:11: pools.shop.split: must be a map of versions by name, got nothing (indent its keys below it, or remove it)',
  ],
  [
    '    versions:\n      v1:\n        endpoints: [127.0.0.1:9001, 127.0.0.1:9002]\n      v2:\n        endpoints: [127.0.0.1:9003]\n',
    '    versions:\n      - name: v1\n        endpoints: [127.0.0.1:9001]\n      - name: v2\n        endpoints: [127.0.0.1:9003]\n',
    '10:7: pools.shop.versions: must be a map of versions by name, got a list (write versions: { v1: { endpoints: [127.0.0.1:9001] } })',
  ],
  [
    'pools:\n  shop:',
    'pools:\n  - name: shop\n  shop:',
    '9:3: not valid YAML: this line is indented by 2 like the items of a list, but has no "- ": indent it by 4 to belong to the item before it',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  web:\n    address: 127.0.0.1:8080',
    '2:3: listeners: must be a list, got a map (write listeners: [{ name: web, address: 127.0.0.1:8080 }])',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners: 8080',
    '1:12: listeners: must be a list, got 8080 (write listeners: [{ name: web, address: 127.0.0.1:8080 }])',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners: [":8080"]',
    '1:13: listeners[0]: must be a map, got ":8080" (write { name: web, address: 127.0.0.1:8080 })',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    address: 8080',
    '3:14: listeners[0].address: address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path, got 8080 (write 127.0.0.1:8080)',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    address: 127.0.0.1',
    '3:14: listeners[0].address: address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path, got "127.0.0.1" (a port is missing: write 127.0.0.1:80)',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    address: http://127.0.0.1:8080',
    '3:14: listeners[0].address: an address has no scheme, got "http://127.0.0.1:8080" (write 127.0.0.1:8080)',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    address: 127.0.0.1:80800',
    '3:14: listeners[0].address: port must be 0 to 65535, got 80800',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    address: 127.0.0.1\n    port: 8080',
    '3:14: listeners[0].address: address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path, got "127.0.0.1" (a port is missing: write 127.0.0.1:80)',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - name: web\n    listen: 8080',
    '3:5: listeners[0]: unknown key "listen" (write address: 127.0.0.1:8080)',
  ],
  [
    'listeners:\n  - name: web\n    address: 127.0.0.1:8080',
    'listeners:\n  - address: 127.0.0.1:8080',
    '2:5: listeners[0]: the required key "name" is missing',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: 127.0.0.1:9003',
    '13:20: pools.shop.versions.v2.endpoints: must be a list, got "127.0.0.1:9003" (write [127.0.0.1:9003])',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [http://127.0.0.1:9003]',
    '13:21: pools.shop.versions.v2.endpoints[0]: an address has no scheme, got "http://127.0.0.1:9003" (write 127.0.0.1:9003)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1]',
    '13:21: pools.shop.versions.v2.endpoints[0]: address must look like 127.0.0.1:8080, "[::1]:8080", name:8080, unix:/path or srv:_http._tcp.name, got "127.0.0.1" (a port is missing: write 127.0.0.1:80)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [9003]',
    '13:21: pools.shop.versions.v2.endpoints[0]: endpoint must be an address or a map with an address, got 9003 (write 127.0.0.1:9003)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [{ host: 127.0.0.1, port: 9003 }]',
    '13:23: pools.shop.versions.v2.endpoints[0]: unknown key "host" (write address: 127.0.0.1:9001)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [{ url: "http://127.0.0.1:9003" }]',
    '13:23: pools.shop.versions.v2.endpoints[0]: unknown key "url" (write address: 127.0.0.1:9001)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: []',
    '13:20: pools.shop.versions.v2.endpoints: must be a list with at least one endpoint, got an empty list',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'servers: [127.0.0.1:9003]',
    '13:9: pools.shop.versions.v2: unknown key "servers" (write endpoints: [127.0.0.1:9001])',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003, 127.0.0.1:9003]',
    '13:37: pools.shop.versions.v2.endpoints[1]: endpoint "127.0.0.1:9003" is already taken at line 13',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        weight: 5',
    '14:9: pools.shop.versions.v2: unknown key "weight" (write split: { v1: 95, v2: 5 } in the pool)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoint: 127.0.0.1:9003',
    '13:9: pools.shop.versions.v2: unknown key "endpoint" (did you mean "endpoints"?)',
  ],
  [
    '      v2:\n        endpoints: [127.0.0.1:9003]\n',
    '      v2: 127.0.0.1:9003\n',
    '12:11: pools.shop.versions.v2: must be a map, got "127.0.0.1:9003" (write v1: { endpoints: [127.0.0.1:9001] })',
  ],
  [
    '      v2:\n        endpoints: [127.0.0.1:9003]\n',
    '      v2: [127.0.0.1:9003]\n',
    '12:11: pools.shop.versions.v2: must be a map, got a list (write v1: { endpoints: [127.0.0.1:9001] })',
  ],
  [
    '    versions:\n      v1:\n        endpoints: [127.0.0.1:9001, 127.0.0.1:9002]\n      v2:\n        endpoints: [127.0.0.1:9003]\n    split: { v1: 95, v2: 5 }\n',
    '    endpoints: [127.0.0.1:9001]\n',
    '9:5: pools.shop: unknown key "endpoints" (write versions: { v1: { endpoints: [127.0.0.1:9001] } })',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: true',
    '15:13: pools.shop.health: must be a map, got true (write health: { path: /healthz })',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: /healthz',
    '15:13: pools.shop.health: must be a map, got "/healthz" (write health: { path: /healthz })',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    healthCheck: { path: /healthz }',
    '15:5: pools.shop: unknown key "healthCheck" (write health: { path: /healthz })',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { path: healthz }',
    '15:21: pools.shop.health.path: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "healthz" (write /healthz)',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { url: /healthz }',
    '15:15: pools.shop.health: unknown key "url" (write path: /healthz)',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { rise: 2, fall: 3 }',
    '15:15: pools.shop.health: unknown key "rise" (write healthyAfter: 2)',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { expect: 200 }',
    '15:23: pools.shop.health.expect: must be a map, got 200 (write expect: { status: [200] })',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { expect: { status: 200 } }',
    '15:33: pools.shop.health.expect.status: must be a list, got 200 (write [200])',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { path: /healthz?full=1 }',
    '15:21: pools.shop.health.path: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "/healthz?full=1"',
  ],
  [
    '    health: { path: /healthz, interval: 2s, timeout: 1s }',
    '    health: { headers: { host: a.example.com } }',
    '15:26: pools.shop.health.headers.host: host cannot be changed here: use health: { host: … }',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: cookie',
    '16:15: pools.shop.affinity: must be a map, got "cookie" (write affinity: { cookie: {} })',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: true',
    '16:15: pools.shop.affinity: must be a map, got true (write affinity: { cookie: {} })',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { cookie: session }',
    '16:25: pools.shop.affinity.cookie: must be a map, got "session" (write cookie: { name: … }, or cookie: {})',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { cookie: true }',
    '16:25: pools.shop.affinity.cookie: must be a map, got true (write cookie: { name: … }, or cookie: {})',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { type: cookie, name: sid }',
    '16:17: pools.shop.affinity: unknown key "type" (write cookie: { name: … }, header: x-user, or clientIp: {})',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { clientIp: true }',
    '16:27: pools.shop.affinity.clientIp: must be a map, got true (write clientIp: {})',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { ip: {} }',
    '16:17: pools.shop.affinity: unknown key "ip" (write cookie: { name: … }, header: x-user, or clientIp: {})',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    sticky: { cookie: {} }',
    '16:5: pools.shop: unknown key "sticky" (write affinity: { cookie: {} })',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { cookie: { ttl: 1d } }',
    '16:27: pools.shop.affinity.cookie: unknown key "ttl" (write maxAge: 1d)',
  ],
  [
    '    affinity: { cookie: { maxAge: 1d } }',
    '    affinity: { cookie: { maxAge: 3600 } }',
    '16:35: pools.shop.affinity.cookie.maxAge: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 3600 (write 3600s or 3600ms)',
  ],
  [
    '    timeouts: { connect: 1s }',
    '    timeout: 5s',
    '17:5: pools.shop: unknown key "timeout" (write timeouts: { response: 5s }, or timeout at a route)',
  ],
  [
    '    timeouts: { connect: 1s }',
    '    timeouts: 5s',
    '17:15: pools.shop.timeouts: must be a map, got "5s" (write timeouts: { response: 15s })',
  ],
  [
    '    timeouts: { connect: 1s }',
    '    timeouts: { read: 5s }',
    '17:17: pools.shop.timeouts: unknown key "read" (write response: 15s (until the head of the response), or timeout at a route)',
  ],
  [
    '    timeouts: { connect: 1s }',
    '    timeouts: { request: 5s }',
    '17:17: pools.shop.timeouts: unknown key "request" (write response: 15s (until the head of the response), or timeout at a route)',
  ],
  ['    retries: { attempts: 1 }', '    retries: 3', '18:14: pools.shop.retries: must be a map, got 3 (write retries: { attempts: 1 })'],
  ['    retries: { attempts: 1 }', '    retry: { attempts: 3 }', '18:5: pools.shop: unknown key "retry" (write retries: { attempts: 1 })'],
  ['    retries: { attempts: 1 }', '    retries: { count: 3 }', '18:16: pools.shop.retries: unknown key "count" (write attempts: 1)'],
  ['    retries: { attempts: 1 }', '    retries: { on: 5xx }', '18:20: pools.shop.retries.on: must be a list, got "5xx" (write [5xx])'],
  [
    '    retries: { attempts: 1 }',
    '    retries: { on: [error, timeout] }',
    '18:21: pools.shop.retries.on[0]: condition must be connect-failure, reset, refused-stream, gateway-error, 5xx, response-timeout, cancelled, deadline-exceeded, resource-exhausted, internal, unavailable or a status from 400 to 599, got "error" (write connect-failure and reset)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    retries: { attempts: 1, on: [200] }',
    '18:34: pools.shop.retries.on[0]: condition must be connect-failure, reset, refused-stream, gateway-error, 5xx, response-timeout, cancelled, deadline-exceeded, resource-exhausted, internal, unavailable or a status from 400 to 599, got 200',
  ],
  [
    '    retries: { attempts: 1 }',
    '    balancer: roundrobin',
    '18:15: pools.shop.balancer: balancer must be round-robin, least-request, peak-ewma, ring-hash or random, got "roundrobin" (write round-robin)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    balancer: leastconn',
    '18:15: pools.shop.balancer: balancer must be round-robin, least-request, peak-ewma, ring-hash or random, got "leastconn" (write least-request)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    lb_policy: ROUND_ROBIN',
    '18:5: pools.shop: unknown key "lb_policy" (write balancer: least-request)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    balancer: ip_hash',
    '18:15: pools.shop.balancer: balancer must be round-robin, least-request, peak-ewma, ring-hash or random, got "ip_hash" (write ring-hash)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    outlier: true',
    '18:14: pools.shop.outlier: must be a map, got true (write outlier: { consecutive: 5 })',
  ],
  [
    '    retries: { attempts: 1 }',
    '    mirrors: [v2]',
    '18:15: pools.shop.mirrors[0]: must be a map, got "v2" (write { name: dark, version: v2, percent: 10 })',
  ],
  [
    '    retries: { attempts: 1 }',
    '    mirrors: [{ name: m, version: v2, compare: true }]',
    '18:48: pools.shop.mirrors[0].compare: must be a map, got true (write compare: {})',
  ],
  ['    retries: { attempts: 1 }', '    mirror: { version: v2 }', '18:5: pools.shop: unknown key "mirror" (did you mean "mirrors"?)'],
  [
    '    retries: { attempts: 1 }',
    '    mirrors: [{ name: m, version: v9 }]',
    '18:35: pools.shop.mirrors[0].version: there is no version "v9" (did you mean "v1"? there are v1, v2)',
  ],
  [
    '    retries: { attempts: 1 }',
    '    overrides: [{ header: x-version, value: v2, version: v2 }]',
    '18:17: pools.shop.overrides[0]: the required key "name" is missing',
  ],
  [
    '    retries: { attempts: 1 }',
    '    overrides: [{ name: qa, header: x-version, version: v2 }]',
    '18:37: pools.shop.overrides[0].header: must be a map, got "x-version" (write header: { name: x-version, value: v2 })',
  ],
  [
    '    retries: { attempts: 1 }',
    '    overrides: [{ name: qa, header: { x-version: v2 }, version: v2 }]',
    '18:39: pools.shop.overrides[0].header: unknown key "x-version" (write header: { name: x-version, value: v2 })',
  ],
  [
    '    retries: { attempts: 1 }',
    '    overrides: [{ name: qa, header: { name: x-version, value: 2 }, version: v2 }]',
    '18:63: pools.shop.overrides[0].header.value: value must be text (numbers, true and false in quotes), { regex: … } or { present: true }, got 2',
  ],
  ['    pool: shop\n', '    pool: shopp\n', '24:11: routes[0].pool: there is no pool "shopp" (did you mean "shop"?)'],
  ['    pool: shop\n', '    backend: shop\n', '24:5: routes[0]: unknown key "backend" (write pool: shop, the name of a pool)'],
  ['    pool: shop\n', '    service: shop\n', '24:5: routes[0]: unknown key "service" (write pool: shop, the name of a pool)'],
  [
    '    pool: shop\n',
    '    proxy_pass: http://127.0.0.1:9001\n',
    '24:5: routes[0]: unknown key "proxy_pass" (write pool: shop, the name of a pool)',
  ],
  ['    pool: shop\n', '    cluster: shop\n', '24:5: routes[0]: unknown key "cluster" (write pool: shop, the name of a pool)'],
  ['    pool: shop\n', '    pools: [shop]\n', '24:5: routes[0]: unknown key "pools" (did you mean "pool"?)'],
  [
    '    pool: shop\n',
    '    pool: [shop]\n',
    '24:11: routes[0].pool: pool name must be text, got a list (write pool: shop, one name: the split of the pool shares its requests out)',
  ],
  ['    pool: shop\n', '', '20:5: routes[0]: route needs exactly one of pool, redirect or respond, got none'],
  [
    '    pool: shop\n',
    '    pool: shop\n    version: v9\n',
    '25:14: routes[0].version: in pool "shop" there is no version "v9" (did you mean "v1"? there are v1, v2)',
  ],
  ['    pool: shop\n', '    pool: shop\n    listener: web\n', '25:5: routes[0]: unknown key "listener" (did you mean "listeners"?)'],
  [
    '    pool: shop\n',
    '    pool: shop\n    listeners: [webb]\n',
    '25:17: routes[0].listeners[0]: there is no listener "webb" (did you mean "web"?)',
  ],
  [
    '    pool: shop\n',
    '    pool: shop\n    timeout: 30\n',
    '25:14: routes[0].timeout: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 30 (write 30s or 30ms)',
  ],
  [
    '    pool: shop\n',
    '    pool: shop\n    priority: 10\n',
    '25:5: routes[0]: unknown key "priority" (write nothing: the more exact match comes first, then the order of the file)',
  ],
  ['    pool: shop\n', '    pool: shop\n    name: shop2\n', '25:5: routes[0].name: the key "name" is already there'],
  [
    '    match:\n      - path: { prefix: / }',
    '    path: /',
    '22:5: routes[0]: unknown key "path" (write match: [{ path: { prefix: /cart } }])',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match: /',
    '22:12: routes[0].match: must be a list, got "/" (write match: [{ path: { prefix: /cart } }])',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match: { path: { prefix: / } }',
    '22:12: routes[0].match: must be a list, got a map (write match: [{ path: { prefix: /cart } }])',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: /cart',
    '23:15: routes[0].match[0].path: must be a map, got "/cart" (write path: { prefix: /cart })',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - prefix: /cart',
    '23:9: routes[0].match[0]: unknown key "prefix" (write path: { prefix: /cart })',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { prefix: cart }',
    '23:25: routes[0].match[0].path.prefix: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "cart" (write /cart)',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { prefix: /cart* }',
    '23:25: notice: routes[0].match[0].path.prefix: "*" stands for itself here: a prefix needs none, and { regex: … } is for patterns',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { prefix: /a/../b }',
    '23:25: routes[0].match[0].path.prefix: this never matches: requests with dot segments, "\\", %5c or %00 in their path get 400',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { regex: "cart(" }',
    '23:24: routes[0].match[0].path.regex: not a regular expression (RE2 syntax): missing closing ): `cart(`',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { regex: "^cart" }',
    '23:24: notice: routes[0].match[0].path.regex: this never matches: every path begins with "/", so write ^/',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { regex: "(?=a)" }',
    '23:24: routes[0].match[0].path.regex: not a regular expression (RE2 syntax): invalid or unsupported Perl syntax: `(?=`; look-around and back-references do not run in linear time',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { methods: GET }',
    '23:20: routes[0].match[0].methods: must be a list, got "GET" (write [GET])',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { methods: [get] }',
    '23:21: routes[0].match[0].methods[0]: methods are written in upper case: GET, got "get"',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { method: GET }',
    '23:11: routes[0].match[0]: unknown key "method" (did you mean "methods"?)',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { headers: [x-a] }',
    '23:20: routes[0].match[0].headers: must be a map from header to value, got a list (write headers: { x-tenant: acme })',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { headers: { x-a: 1 } }',
    '23:27: routes[0].match[0].headers.x-a: value must be text (numbers, true and false in quotes), { regex: … } or { present: true }, got 1',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { headers: { x-a: true } }',
    '23:27: routes[0].match[0].headers.x-a: value must be text (numbers, true and false in quotes), { regex: … } or { present: true }, got true',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { headers: { x-a: { exact: b } } }',
    '23:29: routes[0].match[0].headers.x-a: unknown key "exact" (keys here are regex, present)',
  ],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - { query: "debug=1" }',
    '23:18: routes[0].match[0].query: must be a map from query parameter to value, got "debug=1" (write query: { debug: "1" })',
  ],
  [
    'hosts: [shop.example.com]',
    'hosts: shop.example.com',
    '21:12: routes[0].hosts: must be a list, got "shop.example.com" (write [shop.example.com])',
  ],
  ['hosts: [shop.example.com]', 'host: shop.example.com', '21:5: routes[0]: unknown key "host" (did you mean "hosts"?)'],
  [
    'hosts: [shop.example.com]',
    'hosts: ["shop.example.com:8080"]',
    '21:13: routes[0].hosts[0]: host must be without port, got "shop.example.com:8080"',
  ],
  [
    'hosts: [shop.example.com]',
    'hosts: ["https://shop.example.com"]',
    '21:13: routes[0].hosts[0]: host must be a DNS name, an IP address or *.name, got "https://shop.example.com" (write shop.example.com)',
  ],
  ['hosts: [shop.example.com]', 'hosts: ["*"]', '21:13: routes[0].hosts[0]: host "*" is not needed: leave hosts out to match any host'],
  [
    'hosts: [shop.example.com]',
    'hosts: ["shop.*.com"]',
    '21:13: routes[0].hosts[0]: a wildcard may only stand as the first label, such as *.example.com, got "shop.*.com"',
  ],
  ['hosts: [shop.example.com]', 'domains: [shop.example.com]', '21:5: routes[0]: unknown key "domains" (write hosts: [shop.example.com])'],
  [
    'hosts: [shop.example.com]',
    'server_name: shop.example.com',
    '21:5: routes[0]: unknown key "server_name" (write hosts: [shop.example.com])',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { x-edge: "1" }',
    '25:23: routes[0].requestHeaders: unknown key "x-edge" (write set: { x-edge: … })',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { set: { x-edge: 1 } }',
    '25:38: routes[0].requestHeaders.set.x-edge: header value must be printable ASCII text, without a blank at either end, got 1 (put it in quotes)',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { set: [x-edge] }',
    '25:28: routes[0].requestHeaders.set: must be a map from header to value, got a list (a map has no "- " before its keys)',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { set: { Host: a } }',
    '25:30: routes[0].requestHeaders.set.Host: host cannot be changed here: use rewrite: { host: … }',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { remove: x-edge }',
    '25:31: routes[0].requestHeaders.remove: must be a list, got "x-edge" (write [x-edge])',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'headers: { x-edge: "1" }',
    '25:5: routes[0]: unknown key "headers" (write match: [{ methods: [GET], headers: { x-a: b } }], or requestHeaders: { set: { x-a: b } } to change headers)',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'requestHeaders: { set: { "x edge": "1" } }',
    '25:30: routes[0].requestHeaders.set["x edge"]: header name must be letters, digits or !#$%&\'*+-.^_`|~, got "x edge"',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'rewrite: /v2',
    '25:14: routes[0].rewrite: must be a map, got "/v2" (write rewrite: { path: { prefix: /v2 } })',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'rewrite: { path: /v2 }',
    '25:22: routes[0].rewrite.path: must be a map, got "/v2" (write path: { prefix: /v2 })',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'rewrite: { host: "a:99999" }',
    '25:22: routes[0].rewrite.host: host must be a DNS name or IP address, with or without port, got "a:99999"',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'rewrite: { prefix: /v2 }',
    '25:16: routes[0].rewrite: unknown key "prefix" (write path: { prefix: /v2 })',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'stripPrefix: /v2',
    '25:5: routes[0]: unknown key "stripPrefix" (write rewrite: { path: { prefix: / } })',
  ],
  [
    'redirect: { host: shop.example.com }',
    'redirect: https://shop.example.com',
    '28:15: routes[1].redirect: must be a map, got "https://shop.example.com" (write redirect: { scheme: https, host: shop.example.com })',
  ],
  [
    'redirect: { host: shop.example.com }',
    'redirect: { to: shop.example.com }',
    '28:17: routes[1].redirect: unknown key "to" (write scheme: https, host: shop.example.com, path: { full: / })',
  ],
  [
    'redirect: { host: shop.example.com }',
    'redirect: { host: a, status: 200 }',
    '28:34: routes[1].redirect.status: status must be 301, 302, 303, 307 or 308, got 200',
  ],
  [
    'redirect: { host: shop.example.com }',
    'redirect: { host: a, status: "301" }',
    '28:34: routes[1].redirect.status: status must be 301, 302, 303, 307 or 308, got "301" (write 301 without quotes)',
  ],
  [
    'redirect: { host: shop.example.com }',
    'redirect: { host: a }\n    pool: shop',
    '26:5: routes[1]: route needs exactly one of pool, redirect or respond, got pool and redirect',
  ],
  [
    'redirect: { host: shop.example.com }',
    'respond: ok',
    '28:14: routes[1].respond: must be a map, got "ok" (write respond: { status: 404, body: gone })',
  ],
  ['redirect: { host: shop.example.com }', 'respond: { code: 200 }', '28:16: routes[1].respond: unknown key "code" (write status: 200)'],
  [
    'redirect: { host: shop.example.com }',
    'respond: 404',
    '28:14: routes[1].respond: must be a map, got 404 (write respond: { status: 404, body: gone })',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin: 127.0.0.1:9901',
    '4:8: admin: must be a map, got "127.0.0.1:9901" (write admin: { address: 127.0.0.1:9901 })',
  ],
  ['admin:\n  address: 127.0.0.1:9901', 'admin: 9901', '4:8: admin: must be a map, got 9901 (write admin: { address: 127.0.0.1:9901 })'],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: 0.0.0.0:9901',
    '5:12: admin.address: 0.0.0.0:9901 can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: 0.0.0.0:9901\n  tls: { certificates: [{ certFile: a.pem, keyFile: a.key }] }',
    '5:12: admin.address: 0.0.0.0:9901 can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: 0.0.0.0:9901\n  tls: { certificates: [{ certFile: a.pem, keyFile: a.key }], clientAuth: { caFile: ca.pem } }',
    '5:12: admin.address: 0.0.0.0:9901 can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: 0.0.0.0:9901\n  tls: { certificates: [{ certFile: a.pem, keyFile: a.key }], clientAuth: { caFile: ca.pem, required: false, roles: [{ name: ci, role: operator, allow: ["ci.test"] }] } }',
    '5:12: admin.address: 0.0.0.0:9901 can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: unix:/run/sluice.sock\n  tls: { certificates: [{ certFile: a.pem, keyFile: a.key }] }',
    '6:8: admin.tls: tls is for an address with a port: a Unix socket is guarded by its mode',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [{ name: ci, role: viewer, env: CI }] }\n  tls: { certificates: [{ certFile: a.pem, keyFile: a.key }], clientAuth: { caFile: ca.pem, roles: [{ name: ci, role: operator, allow: ["ci.test"] }] } }',
    '6:109: admin.tls.clientAuth.roles[0].name: "ci" is the name of a token: the journal would not say who called',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  address: 127.0.0.1:8080',
    '5:12: admin.address: address "127.0.0.1:8080" is already taken at line 3',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  links: https://sluice.internal',
    '5:10: admin.links: must be a map, got "https://sluice.internal" (write links: { url: https://sluice.internal:9901 })',
  ],
  ['admin:\n  address: 127.0.0.1:9901', 'admin:\n  links: { for: 1h }', '5:10: admin.links: the required key "url" is missing'],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  links: { url: sluice.internal:9901 }',
    '5:17: admin.links.url: url must look like http://127.0.0.1:8080/path, or with https',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  links: { url: "https://a.test/?b=" }',
    '5:17: admin.links.url: url may have no "?" in it: the path of a link goes behind it',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  links: { url: "https://a.test", for: 30d }',
    '5:40: admin.links.for: duration must be at most 7d, got 30d',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  publicUrl: https://a.test',
    '5:3: admin: unknown key "publicUrl" (write links: { url: https://sluice.internal:9901 }, for links in notifications of rollouts)',
  ],
  ['admin:\n  address: 127.0.0.1:9901', 'admin:\n  port: 9901', '5:3: admin: unknown key "port" (write address: 127.0.0.1:9901)'],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [secret] }',
    '5:20: admin.auth.tokens[0]: must be a map, got "secret" (write { name: ci, role: operator, env: CI_TOKEN })',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [{ name: ci, role: operator, token: secret }] }',
    '5:48: admin.auth.tokens[0]: unknown key "token" (write env: NAME of a variable, or file: a path, that holds the token)',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [{ name: ci, role: operator, token: "${OPS_TOKEN}" }] }',
    '5:55: admin.auth.tokens[0].token: a token names where its secret is: write env: OPS_TOKEN',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [{ name: ci, role: operator, env: "${OPS_TOKEN}" }] }',
    '5:53: admin.auth.tokens[0].env: a token names where its secret is: write env: OPS_TOKEN',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  auth: { tokens: [{ name: ci, role: root, env: T }] }',
    '5:38: admin.auth.tokens[0].role: role must be viewer, operator or admin, got "root" (write admin)',
  ],
  ['drain: { timeout: 30s }', 'drain: 30s', '6:8: drain: must be a map, got "30s" (write drain: { timeout: 30s })'],
  [
    'drain: { timeout: 30s }',
    'state: ./state',
    '6:8: state: state must be memory or { dir: … }, got "./state" (write state: { dir: ./state })',
  ],
  ['drain: { timeout: 30s }', 'state: { path: ./state }', '6:10: state: unknown key "path" (write dir: ./state)'],
  [
    'drain: { timeout: 30s }',
    'accessLog: /var/log/access.log',
    '6:12: accessLog: accessLog must be off or { path: …, sample: … }, got "/var/log/access.log" (write accessLog: { path: stdout })',
  ],
  [
    'drain: { timeout: 30s }',
    'accessLog: true',
    '6:12: accessLog: accessLog must be off or { path: …, sample: … }, got true (write accessLog: { path: stdout })',
  ],
  ['drain: { timeout: 30s }', 'workers: 0', '6:10: workers: workers must be auto or a whole number from 1 to 512, got 0'],
  [
    'drain: { timeout: 30s }',
    'workers: "2"',
    '6:10: workers: workers must be auto or a whole number from 1 to 512, got "2" (write 2 without quotes)',
  ],
  [
    'drain: { timeout: 30s }',
    'workers: auto;',
    '6:10: workers: workers must be auto or a whole number from 1 to 512, got "auto;" (remove the ";" at the end)',
  ],
  ['drain: { timeout: 30s }', 'logLevel: debug', '6:1: unknown key "logLevel" (write nothing: start with --log-level debug)'],
  [
    'drain: { timeout: 30s }',
    'version: "3"',
    '6:1: unknown key "version" (write the keys listeners, pools and routes: this is a config of its own)',
  ],
  ['drain: { timeout: 30s }', 'http: {}', '6:1: unknown key "http" (write listeners: [{ name: web, address: 127.0.0.1:8080 }])'],
  [
    'drain: { timeout: 30s }',
    'clusters: []',
    '6:1: unknown key "clusters" (write pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } })',
  ],
  [
    'drain: { timeout: 30s }',
    'services: {}',
    '6:1: unknown key "services" (write pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } })',
  ],
  [
    'drain: { timeout: 30s }',
    'entryPoints: {}',
    '6:1: unknown key "entryPoints" (write listeners: [{ name: web, address: 127.0.0.1:8080 }])',
  ],
  [
    'drain: { timeout: 30s }',
    'apiVersion: v1',
    '6:1: unknown key "apiVersion" (write the keys listeners, pools and routes: this is a config of its own)',
  ],
  [
    'drain: { timeout: 30s }',
    'server: { listen: 80 }',
    '6:1: unknown key "server" (write listeners: [{ name: web, address: 127.0.0.1:8080 }])',
  ],
  [
    'drain: { timeout: 30s }',
    'upstreams: {}',
    '6:1: unknown key "upstreams" (write pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } })',
  ],
  ['drain: { timeout: 30s }', 'drain: { timeout: 30s }\ndrain: {}', '7:1: drain: the key "drain" is already there'],
  [
    'drain: { timeout: 30s }',
    'drain: { timeout: ${DRAIN} }',
    '6:19: drain.timeout: the environment variable DRAIN is not set: set it, or write ${DRAIN:-default}',
  ],
  [
    'drain: { timeout: 30s }',
    'tls: {}',
    '6:1: unknown key "tls" (write tls at the listener, with certificates: [{ certFile: …, keyFile: … }])',
  ],
  ['routes:', 'route:', '19:1: unknown key "route" (did you mean "routes"?)'],
  ['listeners:', 'listener:', '1:1: unknown key "listener" (did you mean "listeners"?)'],
  ['pools:', 'pool:', '7:1: unknown key "pool" (did you mean "pools"?)'],
  [
    '    match:\n      - path: { prefix: / }',
    '    match:\n      - path: { regex: "/a\\\\?b=c" }',
    '23:24: notice: routes[0].match[0].path.regex: this never matches: a path ends before "?": use query to match parameters',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'rewrite: { path: { full: /a/../b } }',
    '25:30: routes[0].rewrite.path.full: a path must have no dot segments, "\\", %5c or %00: servers differ on where it leads',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'responseHeaders: { add: { x-a: [b] } }',
    '25:36: routes[0].responseHeaders.add.x-a: header value must be printable ASCII text, without a blank at either end, got a list',
  ],
  ['connect: 1s', 'conect: 1s', '17:17: pools.shop.timeouts: unknown key "conect" (did you mean "connect"?)'],
  [
    'health: { path: /healthz, interval: 2s, timeout: 1s }',
    'health: { interval: 1s, timeout: 5s }',
    '15:38: notice: pools.shop.health.timeout: timeout is longer than interval (1s): a probe that hangs delays the next one',
  ],
  ['pools:\n', 'Pools:\n', '7:1: unknown key "Pools" (did you mean "pools"?)'],
  ['- name: old', '- nmae: old', '26:5: routes[1]: unknown key "nmae" (did you mean "name"?)'],
  ['drain: { timeout: 30s }', 'workers: all', '6:10: workers: workers must be auto or a whole number from 1 to 512, got "all"'],
  ['drain: { timeout: 30s }', 'workers: 2.5', '6:10: workers: workers must be auto or a whole number from 1 to 512, got 2.5'],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'responseHeaders: { set: { access-control-allow-origin: * } }',
    '25:60: not valid YAML: write "*" in quotes',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'responseHeaders:\n      set:\n        access-control-allow-origin: *',
    '27:38: not valid YAML: write "*" in quotes',
  ],
  [
    'requestHeaders: { set: { x-edge: "1" } }',
    'responseHeaders: { set: { access-control-allow-methods: GET, POST } }',
    '25:66: routes[0].responseHeaders.set.POST: header value must be printable ASCII text, without a blank at either end, got nothing (a comma ends the value inside { }: put a value with a comma in quotes)',
  ],
  [
    '    pool: shop\n',
    '    pool:\u00a0shop\n',
    '24:10: not valid YAML: this character looks like another one, and it is a no-break space: write a blank',
  ],
  [
    '    pool: shop\n',
    '    pool: \u201cshop\u201d\n',
    '24:11: routes[0].pool: pool name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "\u201cshop\u201d" (it has curly quotes: write "…")',
  ],
  [
    '    pool: shop\n',
    '    pool: shop\u00a0\n',
    '24:11: routes[0].pool: pool name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "shop\u00a0" (it has a no-break space: write a blank)',
  ],
  ['  - name: web\n', '  -name: web\n', '2:3: not valid YAML: a blank is missing after the "-" of a list item'],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: ["https://host:443"]',
    '13:21: pools.shop.versions.v2.endpoints[0]: an address has no scheme, got "https://host:443" (write host:443, and tls: {} at the version)',
  ],
  [
    '  - name: web\n',
    '  - name: web\n    tls: { cert: a.pem, key: b.pem }\n',
    '3:12: listeners[0].tls: unknown key "cert" (write certificates: [{ certFile: web.pem, keyFile: web.key }])',
  ],
  [
    '  - name: web\n',
    '  - name: web\n    tls: { ca: ca.pem, certificates: [{ cert: a.pem, keyFile: a.key }] }\n',
    '3:12: listeners[0].tls: unknown key "ca" (write clientAuth: { caFile: clients.pem })',
  ],
  [
    '  - name: web\n',
    '  - name: web\n    tls: true\n',
    '3:10: listeners[0].tls: must be a map, got true (write tls: { certificates: [{ certFile: web.pem, keyFile: web.key }] })',
  ],
  [
    '  - name: web\n',
    '  - name: web\n    ssl: true\n',
    '3:5: listeners[0]: unknown key "ssl" (write tls: { certificates: [{ certFile: web.pem, keyFile: web.key }] })',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        tls: true',
    '14:14: pools.shop.versions.v2.tls: must be a map, got true (write tls: {}, or tls: { caFile: ca.pem })',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        tls: { insecureSkipVerify: true }',
    '14:16: pools.shop.versions.v2.tls: unknown key "insecureSkipVerify" (write verify: false, which lets anybody stand in for the endpoints)',
  ],
  [
    'admin:\n  address: 127.0.0.1:9901',
    'admin:\n  tls: { certificates: [{ certFile: a.pem, key: a.key }] }',
    '5:44: admin.tls.certificates[0]: unknown key "key" (write keyFile: web.key)',
  ],
  [
    '    health:',
    '    mirrors: [{ name: a, to: v2 }]\n    health:',
    '15:15: pools.shop.mirrors[0]: a mirror needs a version, or another pool',
  ],
  [
    '    health:',
    '    mirrors: [{ name: a, version: v2, sample: 10% }]\n    health:',
    '15:47: pools.shop.mirrors[0].sample: sample must be session or request, got "10%" (write percent: 10)',
  ],
  [
    '    health:',
    '    overrides: [{ name: a, to: v2, header: { name: a, value: b } }]\n    health:',
    '15:28: pools.shop.overrides[0]: unknown key "to" (write version: v2)',
  ],
  [
    '    health:',
    '    overrides: [{ name: a, version: v2, cookie: { name: a } }]\n    health:',
    '15:49: pools.shop.overrides[0].cookie: the required key "value" is missing (write value: v2, or value: { present: true } for any)',
  ],
  ['    health:', '    max_conns: 10\n    health:', '15:5: pools.shop: unknown key "max_conns" (write limits: { connections: 1024 })'],
  [
    '    health:',
    '    connectTimeout: 1s\n    health:',
    '15:5: pools.shop: unknown key "connectTimeout" (write timeouts: { connect: 1s })',
  ],
  [
    '    health:',
    '    bodyBytes: 1MiB\n    health:',
    '15:5: pools.shop: unknown key "bodyBytes" (write limits: { bodyBytes: 10MiB } in the listener)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        health: { path: / }',
    '14:9: pools.shop.versions.v2: unknown key "health" (write health: { path: /healthz } in the pool)',
  ],
  [
    '{ v1: 95, v2: 5 }',
    '{ v1: 95%, v2: 10% }',
    '14:12: pools.shop.split: percents of a split must add up to 100%, got 105% (write v1: 90%)',
  ],
  [
    '127.0.0.1:8080',
    'unix:/a\n    mode: 0660',
    '4:11: listeners[0].mode: mode must be three octal digits in quotes, such as "0660", got 660 (write "0660", in quotes)',
  ],
  [
    'path: /healthz',
    'path: healthz',
    '15:21: pools.shop.health.path: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "healthz" (write /healthz)',
  ],
  [
    '{ prefix: / }',
    '{ prefix: api/ }',
    '23:25: routes[0].match[0].path.prefix: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "api/" (write /api/)',
  ],
  [
    'host: shop.example.com',
    'host: "https://x"',
    '28:23: routes[1].redirect.host: host must be a DNS name or IP address without port, got "https://x" (write x)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        protocol: h2c',
    '14:19: pools.shop.versions.v2.protocol: protocol must be http1, http2 or auto, got "h2c" (write http1)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        send-proxy-v2: true',
    '14:9: pools.shop.versions.v2: unknown key "send-proxy-v2" (write proxyProtocol: v2, or v1)',
  ],
  [
    'endpoints: [127.0.0.1:9003]',
    'endpoints: [127.0.0.1:9003]\n        proxyProtocol: true',
    '14:24: pools.shop.versions.v2.proxyProtocol: proxyProtocol must be v1 or v2, got true',
  ],
  ['drain: { timeout: 30s }', 'overload: true', '6:11: overload: must be a map, got true (write overload: { memory: auto })'],
  [
    'pool: shop\n',
    'cors: true\n    pool: shop\n',
    '24:5: routes[0]: unknown key "cors" (write responseHeaders: { set: { access-control-allow-origin: "*" } }, or any other header)',
  ],
];
