import { expect, test } from 'vitest';
import { decodeText } from '../../../src/config/decode.ts';
import { findHiddenRoutes } from '../../../src/config/rules/hidden-routes.ts';
import { printConfig } from '../../../src/config/print.ts';
import { SMALL } from './good.ts';

function findings(text: string, kind: 'problems' | 'notices' = 'problems'): string[] {
  return decodeText('f.yaml', text)[kind].map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

/** SMALL with one piece of text replaced. */
function change(before: string, after: string): string {
  expect(SMALL).toContain(before);
  return SMALL.replace(before, after);
}

const manyOf = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join(', ');

/** What stands in `compare` of a mirror, and what is wrong with it. */
const COMPARES: [string, string[]][] = [
  ['redcat: []', ['53: : unknown key "redcat" (did you mean "redact"?)']],
  [
    'ignore: ["a[0]", $.b, a..b, 5, ""]',
    [
      `62: .ignore[0]: list positions are not told apart: write '[*]' at character 2, got "a[0]"`,
      `75: .ignore[2]: not understood at character 2; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt', got "a..b"`,
      '81: .ignore[3]: a field path must be text, got 5 (put it in quotes)',
      `84: .ignore[4]: a field path is empty; '$' is the whole body, got ""`,
    ],
  ],
  [
    'ignore: ["a\\u0007", "\\ud800"]',
    [
      '62: .ignore[0]: a field path must be text without control characters, got "a\\u0007"',
      '73: .ignore[1]: a field path must be text without control characters, got "\\ud800"',
    ],
  ],
  ['ignore: [a, b, a]', ['68: .ignore[2]: "a" is in this list twice']],
  [`redact: [${'a'.repeat(257)}]`, [`62: .redact[0]: a field path has at most 256 characters, got "${'a'.repeat(60)}…"`]],
  [`redact: [${manyOf(101, (index) => `f${index}`)}]`, ['61: .redact: must have at most 100 field paths, got 101']],
  ['lists: [items]', ['61: .lists[0]: must be a map, got "items"']],
  [
    'lists: [{ path: a, as: bag }, { as: set }, { path: "b c", as: set, by: "" }]',
    [
      '76: .lists[0].as: as must be sorted or set, got "bag"',
      '83: .lists[1]: the required key "path" is missing',
      `104: .lists[2].path: not understood at character 2; a path looks like '$.a.b', 'items[*].id' or '**.updatedAt', got "b c"`,
      '124: .lists[2].by: by must be text without control characters, and not empty, got ""',
    ],
  ],
  ['lists: [{ path: a, as: set }, { path: a, as: sorted }]', ['91: .lists[1].path: "a" is in this list twice']],
  [
    'numbers: [{ path: a }, { path: b, absolute: -1 }, { path: c, relative: 101% }]',
    [
      '63: .numbers[0]: a number needs absolute or relative, or both',
      '97: .numbers[1].absolute: absolute must be a number from 0 to 9007199254740991, got -1',
      '124: .numbers[2].relative: share must be a number from 0 to 1 or look like 50%, got "101%"',
    ],
  ],
  ['headers: ["a b", Age]', ['63: .headers[0]: header name must be letters, digits or !#$%&\'*+-.^_`|~, got "a b"']],
  ['headers: [Age, age]', ['68: .headers[1]: "age" is in this list twice']],
  [`headers: [${manyOf(33, (index) => `x-${index}`)}]`, ['62: .headers: must have at most 32 header fields, got 33']],
  ['headers: [content-length, Connection]', ['79: .headers[1]: connection belongs to the framing of messages and cannot be compared']],
  [
    'body: 2MiB, perTemplate: 0, examples: all, noise: on',
    [
      '59: .body: size must be at most 1MiB, got 2MiB',
      '78: .perTemplate: perTemplate must be a whole number from 1 to 100000, got 0',
      '91: .examples: examples must be shapes or values, got "all"',
      '103: .noise: noise must be off or { percent: … }, got "on"',
    ],
  ],
  ['noise: { percent: 101 }', ['71: .noise.percent: percent must be a number from 0 to 100 or look like 50%, got 101']],
  [
    'verdict: { minRequests: 0, maxFailures: 2 }',
    [
      '77: .verdict.minRequests: minRequests must be a whole number from 1 to 1000000000, got 0',
      '93: .verdict.maxFailures: share must be a number from 0 to 1 or look like 50%, got 2 (write 2%)',
    ],
  ],
];

/** What stands in a mirror of the pool shop after its name, and what is wrong with it. */
const MIRRORS: [string, string[]][] = [
  ['percent: 5', ['15: pools.shop.mirrors[0]: a mirror needs a version, or another pool']],
  ['pool: shop', ['35: pools.shop.mirrors[0].pool: a mirror to its own pool needs a version: it would lead in a loop']],
  ['pool: shpo', ['35: pools.shop.mirrors[0].pool: there is no pool "shpo" (did you mean "shop"?)']],
  ['version: v2, percent: 101', ['51: pools.shop.mirrors[0].percent: percent must be a number from 0 to 100 or look like 50%, got 101']],
  ['version: v2, fraction: 3/2', ['52: pools.shop.mirrors[0].fraction: fraction must look like 1/3, and be at most a whole, got "3/2"']],
  ['version: v2, fraction: 1/3, percent: 5', ['52: pools.shop.mirrors[0].fraction: a mirror has percent or fraction, not both']],
  ['version: v2, sample: user', ['50: pools.shop.mirrors[0].sample: sample must be session or request, got "user"']],
  [
    'version: v2, match: { paths: [{ regex: a }] }',
    ['61: pools.shop.mirrors[0].match.paths[0]: unknown key "regex" (keys here are exact, prefix)'],
  ],
  [
    'version: v2, match: { headers: { host: a } }',
    ['62: pools.shop.mirrors[0].match.headers.host: host cannot be matched as a header: use hosts of the route'],
  ],
  [
    'version: v2, match: { headers: { x: { regex: "(" } } }',
    ['74: pools.shop.mirrors[0].match.headers.x.regex: not a regular expression (RE2 syntax): missing closing ): `(`'],
  ],
  ['version: v2, limits: { lag: 1 }', ['57: pools.shop.mirrors[0].limits.lag: size must be at least 1KiB, got 1']],
  [
    'version: v2, requestHeaders: { set: { Host: a }, remove: [te] }',
    [
      '67: pools.shop.mirrors[0].requestHeaders.set.Host: host cannot be changed here: use rewrite: { host: … }',
      '87: pools.shop.mirrors[0].requestHeaders.remove[0]: te belongs to the framing of messages and cannot be changed',
    ],
  ],
  [
    'version: v2, requestHeaders: { add: { X-Sluice-Shadow: a } }',
    ['67: pools.shop.mirrors[0].requestHeaders.add.X-Sluice-Shadow: x-sluice-shadow names the mirror and cannot be changed'],
  ],
  [
    `version: v2, match: { methods: [${manyOf(101, () => 'GET')}] }`,
    ['60: pools.shop.mirrors[0].match.methods: must have at most 100 methods, got 101'],
  ],
  [
    `version: v2, requestHeaders: { remove: [${manyOf(101, (index) => `x-${index}`)}], set: { ${manyOf(101, (index) => `x-${index}: a`)} } }`,
    [
      '68: pools.shop.mirrors[0].requestHeaders.remove: must have at most 100 headers, got 101',
      '672: pools.shop.mirrors[0].requestHeaders.set: must have at most 100 headers, got 101',
    ],
  ],
  ...COMPARES.map(([compare, problems]): [string, string[]] => [
    `version: v2, compare: { ${compare} }`,
    problems.map((problem) => problem.replace(': ', ': pools.shop.mirrors[0].compare')),
  ]),
  ['version: v2, compare:', ['51: pools.shop.mirrors[0].compare: must be a map, got nothing (indent its keys below it, or remove it)']],
  ['version: v2, limits: { answer: 3KiB }', ['52: pools.shop.mirrors[0].limits: unknown key "answer" (it is called "response" now)']],
  [
    'version: v2, compare: { body: 512KiB }, limits: { response: 300KiB }',
    [
      '59: pools.shop.mirrors[0].compare.body: body (512KiB) may not exceed limits.response of the mirror (300KiB): no more than that is read',
    ],
  ],
];

const BAD_TEXTS: [string, string, string[]][] = [
  ['an empty file', '', ['1:1: the file is empty: it needs at least listeners']],
  ['only comments', '# nothing\n', ['1:1: the file is empty: it needs at least listeners']],
  ['a list', '- 1\n', ['1:1: the file must be a map with keys such as listeners, pools and routes']],
  ['a word', '\nhello\n', ['2:1: the file must be a map with keys such as listeners, pools and routes']],
  ['two documents', `${SMALL}---\n${SMALL}`, ['11:1: the file must hold one YAML document: remove the line "---" and what follows']],
  ['a repeated key', 'workers: 1\nworkers: 2\n', ['2:1: workers: the key "workers" is already there']],
  ['__proto__', 'pools:\n  __proto__: {}\n', ['2:3: pools: the key "__proto__" is not allowed']],
  ['a tab', 'pools:\n\tshop: {}\n', ['2:2: not valid YAML: lines are indented with spaces, not with tabs']],
  [
    'an unquoted IPv6 address',
    'listeners:\n  - { name: a, address: [::1]:80 }\n',
    ['2:25: not valid YAML: an address with brackets must be in quotes, such as "[::1]:8080"'],
  ],
  [
    'an unknown tag',
    'workers: !vault 1\n',
    ['1:10: not valid YAML: "!vault" is a tag, and a config has none: remove it, or put a text that begins with "!" in quotes'],
  ],
  ['an alias without anchor', 'workers: *a\n', ['1:10: workers: no anchor &a stands before the alias *a']],
  ['an alias inside its own anchor', 'pools: &a\n  b: *a\n', ['2:6: pools.b: no anchor &a stands before the alias *a']],
];

test.each(BAD_TEXTS)('%s', (_, text, expected) => {
  const found = findings(text);
  expect(found.slice(0, expected.length)).toEqual(expected);
});

const BAD_CHANGES: [string, string, string[]][] = [
  // Kinds of values.
  ['v1: 90', 'v1: "abc"', ['8:18: pools.shop.split.v1: weight must be a non-negative number or look like 5%, got "abc"']],
  ['v1: 90, v2: 10', 'v1: 90%, v2: 5%', ['8:12: pools.shop.split: percents of a split must add up to 100%, got 95% (write v1: 95%)']],
  [
    'v1: 90, v2: 10',
    'v1: 90%, v2: 10',
    ['8:27: pools.shop.split.v2: the weights of one split are all numbers or all percents, got 10 beside 90%: write 10%'],
  ],
  ['v1: 90', 'v1: 101%', ['8:18: pools.shop.split.v1: weight must be a non-negative number or look like 5%, got "101%"']],
  ['v1: 90', 'v1: -1', ['8:18: pools.shop.split.v1: weight must be a non-negative number, got -1']],
  ['v1: 90', 'v1: .inf', ['8:18: pools.shop.split.v1: weight must be a non-negative number or look like 5%, got Infinity']],
  ['v1: 90', 'v1:', ['8:17: pools.shop.split.v1: weight must be a non-negative number or look like 5%, got nothing']],
  [
    '127.0.0.1:8080',
    '127.0.0.1',
    [
      '2:27: listeners[0].address: address must look like 127.0.0.1:8080, "[::]:8080", :8080 or unix:/path, got "127.0.0.1" (a port is missing: write 127.0.0.1:80)',
    ],
  ],
  ['name: web, ', '', ['2:5: listeners[0]: the required key "name" is missing']],
  ['address: 127.0.0.1:8080', 'adress: 127.0.0.1:8080', ['2:18: listeners[0]: unknown key "adress" (did you mean "address"?)']],
  ['name: web', 'name: 5', ['2:13: listeners[0].name: listener name must be text, got 5 (put it in quotes)']],
  [
    'name: web',
    'name: "a b"',
    [
      '2:13: listeners[0].name: listener name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "a b"',
    ],
  ],
  ['[127.0.0.1:9001]', '[]', ['6:24: pools.shop.versions.v1.endpoints: must be a list with at least one endpoint, got an empty list']],
  [
    '[127.0.0.1:9001]',
    '[9001]',
    ['6:25: pools.shop.versions.v1.endpoints[0]: endpoint must be an address or a map with an address, got 9001 (write 127.0.0.1:9001)'],
  ],
  ['[127.0.0.1:9001]', '[{ adress: a:1 }]', ['6:27: pools.shop.versions.v1.endpoints[0]: unknown key "adress" (did you mean "address"?)']],
  ['[127.0.0.1:9001]', '[a:99999]', ['6:25: pools.shop.versions.v1.endpoints[0]: port must be 1 to 65535, got 99999']],
  [
    '  shop:\n',
    '  shöp:\n',
    ['4:3: pools["shöp"]: pool name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit, got "shöp"'],
  ],
  [
    'routes:',
    'timeout: 5s\nroutes:',
    ['9:1: unknown key "timeout" (keys here are listeners, admin, workers, state, drain, overload, accessLog, pools, routes, rollouts)'],
  ],
  ['routes:', 'worker: 5\nroutes:', ['9:1: unknown key "worker" (did you mean "workers"?)']],
  ['routes:', 'workers: 0\nroutes:', ['9:10: workers: workers must be auto or a whole number from 1 to 512, got 0']],
  [
    'routes:',
    'accessLog: on\nroutes:',
    ['9:12: accessLog: accessLog must be off or { path: …, sample: … }, got "on" (write accessLog: { path: stdout })'],
  ],
  [
    'routes:',
    'overload: { memory: lots }\nroutes:',
    ['9:21: overload.memory: memory must be auto, off or a size such as 512MiB, got "lots"'],
  ],
  ['routes:', 'overload: { memory: 1MiB }\nroutes:', ['9:21: overload.memory: memory must be at least 64MiB, got 1MiB']],
  [
    'routes:',
    'overload: { memory: true }\nroutes:',
    ['9:21: overload.memory: memory must be auto, off or a size such as 512MiB, got true'],
  ],
  [
    'routes:',
    'accessLog: { sample: 200% }\nroutes:',
    ['9:22: accessLog.sample: share must be a number from 0 to 1 or look like 50%, got "200%"'],
  ],
  ['routes:', 'admin:\nroutes:', ['9:7: admin: must be a map, got nothing (indent its keys below it, or remove it)']],
  [
    '    split:',
    '    timeout: 5s\n    split:',
    ['8:5: pools.shop: unknown key "timeout" (write timeouts: { response: 5s }, or timeout at a route)'],
  ],
  [
    '    split:',
    '    timeouts: { connect: 5 }\n    split:',
    ['8:26: pools.shop.timeouts.connect: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got 5 (write 5s or 5ms)'],
  ],
  [
    '    split:',
    '    timeouts: { connect: 0s, response: 60d }\n    split:',
    [
      '8:26: pools.shop.timeouts.connect: duration must be at least 1ms, got 0s',
      '8:40: pools.shop.timeouts.response: duration must be at most 24d, got 60d',
    ],
  ],
  [
    '    split:',
    '    limits: { headerBytes: 64k, connections: 1.5 }\n    split:',
    [
      '8:28: pools.shop.limits.headerBytes: size must look like 64KiB, 1MiB or 10MB, or be a whole number of bytes, got "64k" (write 64KiB)',
      '8:46: pools.shop.limits.connections: connections must be a whole number from 0 to 1000000000, got 1.5',
    ],
  ],
  [
    '    split:',
    '    balancer: least-requests\n    split:',
    [
      '8:15: pools.shop.balancer: balancer must be round-robin, least-request, peak-ewma, ring-hash or random, got "least-requests" (write least-request)',
    ],
  ],
  [
    '    split:',
    '    affinity: { cookie: {}, header: x }\n    split:',
    ['8:15: pools.shop.affinity: affinity needs exactly one of cookie, header or clientIp, got cookie and header'],
  ],
  [
    '    split:',
    '    affinity: { remember: 2h }\n    split:',
    ['8:15: pools.shop.affinity: affinity needs exactly one of cookie, header or clientIp, got none'],
  ],
  [
    '    split:',
    '    affinity: { clientIp: {}, hold: 2h }\n    split:',
    ['8:31: pools.shop.affinity: unknown key "hold" (it is called "remember" now)'],
  ],
  [
    '    split:',
    '    affinity: { clientIp: {}, remember: 2 hours }\n    split:',
    ['8:41: pools.shop.affinity.remember: duration must look like 250ms, 5s, 1m30s, 2h or 1d, got "2 hours" (write 2h)'],
  ],
  [
    '    split:',
    '    affinity: { clientIp: {}, remember: true }\n    split:',
    ['8:41: pools.shop.affinity.remember: remember must be a duration such as 2h, or a map with time, quiet and users, got true'],
  ],
  [
    '    split:',
    '    affinity: { clientIp: {}, remember: { time: 0s, quite: 1m, users: 10 } }\n    split:',
    [
      '8:49: pools.shop.affinity.remember.time: duration must be at least 1s, got 0s',
      '8:53: pools.shop.affinity.remember: unknown key "quite" (did you mean "quiet"?)',
      '8:71: pools.shop.affinity.remember.users: users must be a whole number from 1000 to 4000000, got 10',
    ],
  ],
  [
    '    split:',
    '    affinity: { cookie: { own: false } }\n    split:',
    ['8:25: pools.shop.affinity.cookie: a cookie that Sluice does not own needs a name'],
  ],
  [
    '    split:',
    '    affinity: { cookie: { name: "a;b" } }\n    split:',
    ['8:33: pools.shop.affinity.cookie.name: cookie name must be letters, digits or !#$%&\'*+-.^_`|~, got "a;b"'],
  ],
  [
    '    split:',
    '    overrides: [{ name: qa, version: v1 }]\n    split:',
    ['8:17: pools.shop.overrides[0]: override needs exactly one of header, cookie or query, got none'],
  ],
  [
    '    split:',
    '    overrides: [{ name: qa, header: { name: x-v, value: 2 }, version: v1 }]\n    split:',
    [
      '8:57: pools.shop.overrides[0].header.value: value must be text (numbers, true and false in quotes), { regex: … } or { present: true }, got 2',
    ],
  ],
  // Routes.
  [
    'pool: shop }',
    'pool: shop, match: [{ path: { exact: /a, prefix: /b } }] }',
    ['10:47: routes[0].match[0].path: path needs exactly one of exact, prefix or regex, got exact and prefix'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ path: /a }] }',
    ['10:47: routes[0].match[0].path: must be a map, got "/a" (write path: { prefix: /cart })'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ path: { prefix: a } }] }',
    [
      '10:57: routes[0].match[0].path.prefix: path must start with "/" and have no blank, "?", "#" or character outside ASCII, got "a" (write /a)',
    ],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [] }',
    ['10:38: routes[0].match: must be a list with at least one entry, got an empty list (write match: [{ path: { prefix: /cart } }])'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ methods: [get] }] }',
    ['10:51: routes[0].match[0].methods[0]: methods are written in upper case: GET, got "get"'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ headers: { "a b": c } }] }',
    ['10:52: routes[0].match[0].headers["a b"]: header name must be letters, digits or !#$%&\'*+-.^_`|~, got "a b"'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ headers: { a: "c\\r\\nd: e" } }] }',
    ['10:55: routes[0].match[0].headers.a: header value must be printable ASCII text, without a blank at either end, got "c\\r\\nd: e"'],
  ],
  ['pool: shop }', 'pool: shop, hosts: ["*"] }', ['10:39: routes[0].hosts[0]: host "*" is not needed: leave hosts out to match any host']],
  [
    'pool: shop }',
    'pool: shop, hosts: [a.*.b] }',
    ['10:39: routes[0].hosts[0]: a wildcard may only stand as the first label, such as *.example.com, got "a.*.b"'],
  ],
  ['pool: shop }', 'pool: shop, hosts: ["a:80"] }', ['10:39: routes[0].hosts[0]: host must be without port, got "a:80"']],
  [
    'pool: shop }',
    'pool: shop, redirect: { port: 1 } }',
    ['10:5: routes[0]: route needs exactly one of pool, redirect or respond, got pool and redirect'],
  ],
  ['pool: shop }', 'respond: { status: 99 } }', ['10:38: routes[0].respond.status: status must be a whole number from 200 to 599, got 99']],
  ['pool: shop }', 'respond: { status: 204, body: x } }', ['10:49: routes[0].respond.body: a response with status 204 has no body']],
  ['pool: shop }', 'redirect: {} }', ['10:29: routes[0].redirect: redirect needs at least one of scheme, host, port, path or status']],
  [
    'pool: shop }',
    'redirect: { port: 1, status: 300 } }',
    ['10:48: routes[0].redirect.status: status must be 301, 302, 303, 307 or 308, got 300'],
  ],
  [
    'pool: shop }',
    'redirect: { host: "a/b" } }',
    ['10:37: routes[0].redirect.host: host must be a DNS name or IP address without port, got "a/b" (write a)'],
  ],
  ['pool: shop }', 'redirect: { port: 1 }, version: v1 }', ['10:51: routes[0].version: version needs a pool']],
  // Rules: what must fit together.
  ['pool: shop }', 'pool: shp }', ['10:25: routes[0].pool: there is no pool "shp" (did you mean "shop"?)']],
  [
    'pool: shop }',
    'pool: shop, version: v3 }',
    ['10:40: routes[0].version: in pool "shop" there is no version "v3" (did you mean "v1"? there are v1, v2)'],
  ],
  ['pool: shop }', 'pool: shop, listeners: [wbe] }', ['10:43: routes[0].listeners[0]: there is no listener "wbe" (did you mean "web"?)']],
  [
    '    split: { v1: 90, v2: 10 }\n',
    '',
    ['4:3: pools.shop: split is required because there are 2 versions: add split: { v1: 100, v2: 0 }'],
  ],
  ['v2: 10', 'banana: 10', ['8:22: pools.shop.split.banana: there is no version "banana" (there are v1, v2)']],
  [
    '      v1: { endpoints: [127.0.0.1:9001] }\n      v2: { endpoints: [127.0.0.1:9002] }\n    split: { v1: 90, v2: 10 }',
    '      {}',
    [
      '6:7: pools.shop.versions: must be a map with at least one version, got an empty map (write versions: { v1: { endpoints: [127.0.0.1:9001] } })',
    ],
  ],
  [
    '127.0.0.1:9001]',
    '127.0.0.1:9001, a:1, "127.0.0.1:9001"]',
    ['6:46: pools.shop.versions.v1.endpoints[2]: endpoint "127.0.0.1:9001" is already taken at line 6'],
  ],
  [
    'pools:\n',
    '  - { name: web, address: 127.0.0.1:8080 }\npools:\n',
    [
      '3:13: listeners[1].name: name "web" is already taken at line 2',
      '3:27: listeners[1].address: address "127.0.0.1:8080" is already taken at line 2',
    ],
  ],
  [
    '    split:',
    '    overrides: [{ name: qa, query: { name: v, value: a }, version: v9 }]\n    split:',
    ['8:68: pools.shop.overrides[0].version: there is no version "v9" (did you mean "v1"? there are v1, v2)'],
  ],
  [
    '    split:',
    '    mirrors: [{ name: dark, version: v9 }]\n    split:',
    ['8:38: pools.shop.mirrors[0].version: there is no version "v9" (did you mean "v1"? there are v1, v2)'],
  ],
  ...MIRRORS.map(([mirror, problems]): [string, string, string[]] => [
    '    split:',
    `    mirrors: [{ name: dark, ${mirror} }]\n    split:`,
    problems.map((problem) => `8:${problem}`),
  ]),
  [
    'pool: shop }',
    'pool: shop, match: [{ path: { exact: /a } }], rewrite: { path: { prefix: /b } } }',
    ['10:92: routes[0].rewrite.path.prefix: replacing a prefix needs a prefix in every entry of match; use full to replace the whole path'],
  ],
  [
    'pool: shop }',
    'respond: {}, rewrite: { host: a } }',
    ['10:32: routes[0].rewrite: a route with respond sends nothing upstream, so there is nothing to rewrite'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ path: { regex: "a(" } }] }',
    ['10:56: routes[0].match[0].path.regex: not a regular expression (RE2 syntax): missing closing ): `a(`'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ headers: { X-B: b, X-A: { regex: "(?=a)" } } }] }',
    [
      '10:74: routes[0].match[0].headers.X-A.regex: not a regular expression (RE2 syntax): invalid or unsupported Perl syntax: `(?=`; look-around and back-references do not run in linear time',
    ],
  ],
  [
    'pool: shop }',
    'pool: shop, requestHeaders: { set: { Content-Length: "5", host: a }, remove: [Transfer-Encoding] } }',
    [
      '10:56: routes[0].requestHeaders.set.Content-Length: content-length belongs to the framing of messages and cannot be changed',
      '10:77: routes[0].requestHeaders.set.host: host cannot be changed here: use rewrite: { host: … }',
      '10:97: routes[0].requestHeaders.remove[0]: transfer-encoding belongs to the framing of messages and cannot be changed',
    ],
  ],
  [
    'pool: shop }',
    'pool: shop, responseHeaders: { set: { X-A: b, x-a: c } } }',
    ['10:65: routes[0].responseHeaders.set.x-a: "x-a" and "X-A" are the same header'],
  ],
  [
    'pool: shop }',
    'pool: shop, match: [{ headers: { Host: a, X-Forwarded-For: b } }] }',
    [
      '10:52: routes[0].match[0].headers.Host: host cannot be matched as a header: use hosts of the route',
      '10:61: routes[0].match[0].headers.X-Forwarded-For: x-forwarded-for belongs to the proxy and cannot be matched',
    ],
  ],
  [
    'pools:\n',
    'admin: { address: ":9901" }\npools:\n',
    [
      '3:19: admin.address: [::]:9901 can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address',
    ],
  ],
  [
    'pools:\n',
    'admin: { auth: { tokens: [{ name: a, role: viewer, env: A, file: b }] } }\npools:\n',
    ['3:27: admin.auth.tokens[0]: token needs exactly one of env or file, got env and file'],
  ],
  [
    'address: 127.0.0.1:8080',
    'address: 127.0.0.1:8080, proxyProtocol: true',
    [
      '2:58: listeners[0].proxyProtocol: listener "web" takes no connection, for it trusts nobody: name the addresses of the proxies that write the header in trustedProxies',
    ],
  ],
  [
    'address: 127.0.0.1:8080',
    'address: unix:/tmp/s.sock, proxyProtocol: true, trustedProxies: [10.0.0.0/8]',
    ['2:60: listeners[0].proxyProtocol: listener "web" takes no connection, for it trusts nobody: name unix in trustedProxies'],
  ],
  [
    'address: 127.0.0.1:8080',
    'address: 127.0.0.1:8080, connect: [{ authority: db:1, pool: shp }, { authority: "DB:01", pool: shop }]',
    [
      '2:78: listeners[0].connect[0].pool: there is no pool "shp" (did you mean "shop"?)',
      '2:98: listeners[0].connect[1].authority: authority "db:1" is already taken at line 2',
    ],
  ],
  [
    'address: 127.0.0.1:8080',
    'address: 127.0.0.1:8080, connect: [{ authority: db, pool: shop }, { authority: "*:443", pool: shop }, { authority: "db:0", pool: shop }, { authority: "a.*.b:1", pool: shop }]',
    [
      '2:66: listeners[0].connect[0].authority: authority must be a host with its port, such as db.internal:5432 or *.corp.example:443, got "db"',
      '2:97: listeners[0].connect[1].authority: authority must say which hosts: *.example.com:443, got "*:443"',
      '2:133: listeners[0].connect[2].authority: port must be 1 to 65535, got 0',
      '2:168: listeners[0].connect[3].authority: a wildcard may only stand as the first label, such as *.example.com, got "a.*.b"',
    ],
  ],
];

test.each(BAD_CHANGES)('%j written as %j', (before, after, expected) => {
  expect(findings(change(before, after))).toEqual(expected);
});

/** Each: lists of `hosts` and `match` of the routes shop, b, c and so on; the notices of those that others hide. */
function hiddenRoutes(): [string, string, string[]][] {
  const first = 'route "shop" comes first and takes all its requests';
  const cases: [readonly string[], string[]][] = [
    // A regular expression comes before a prefix, however long, and whatever the prefix asks for beside it.
    [['{ path: { regex: ^/api } }', '{ path: { prefix: /api/users }, methods: [GET] }'], [`b: ${first}`]],
    [['{ path: { regex: .* } }', '{ path: { prefix: / } }', '{ path: { exact: / } }'], [`b: ${first}`]],
    [['{ path: { regex: ^/api } }', '{ path: { prefix: /apis } }', '{ path: { prefix: /ap } }'], [`b: ${first}`]],
    // Something is left of these: a path, a method, OPTIONS *, a field.
    [['{ path: { regex: "^/api/" } }', '{ path: { prefix: /api } }'], []],
    [['{ path: { regex: ^/api }, methods: [GET] }', '{ path: { prefix: /api } }'], []],
    [['{ path: { regex: ^/ } }', '{ path: { prefix: / } }'], []],
    [['{ path: { regex: ^/ } }', '{ path: { prefix: / }, methods: [GET] }'], [`b: ${first}`]],
    [['{ path: { regex: ^/api }, headers: { a: b } }', '{ path: { prefix: /api }, headers: { a: { present: true } } }'], []],
    [['{ path: { regex: ^/api }, headers: { a: { present: true } } }', '{ path: { prefix: /api }, headers: { a: b } }'], [`b: ${first}`]],
    // The catch-all prefix no longer hides an expression, and a longer prefix comes before it.
    [['{ path: { prefix: / } }', '{ path: { regex: ^/a } }', '{ path: { prefix: /b } }'], []],
    // Expressions are tried in the order of the file.
    [['{ path: { regex: ^/a } }', '{ path: { regex: "^/a/[0-9]+$" }, methods: [GET] }'], [`b: ${first}`]],
    [['{ path: { regex: "^/a/[0-9]+$" } }', '{ path: { regex: ^/a } }'], []],
    [['{ path: { exact: /a } }', '{ path: { regex: "^/a$" } }'], [`b: ${first}`]],
    // Of one path the one that asks for more comes first, else the first of the file.
    [['{ path: { prefix: /a } }', '{ path: { prefix: /a/ }, methods: [GET] }'], []],
    [['{ path: { prefix: /a }, methods: [GET, PUT] }', '{ path: { prefix: /a/ }, methods: [GET] }'], [`b: ${first}`]],
    [['{ path: { exact: /a } }', '{ path: { exact: /a/ } }'], []],
    // Every entry must be hidden, by one route or by several.
    [['{ path: { regex: ^/a } }', '{ path: { prefix: /a } }, { path: { prefix: /b } }'], []],
    [
      ['{ path: { regex: ^/a } }', '{ path: { regex: ^/b } }', '{ path: { prefix: /a } }, { path: { prefix: /b } }'],
      ['c: routes "shop" and "b" together come first and take all its requests'],
    ],
  ];
  return cases.map(([matches, hidden]) => {
    const [own = '', ...others] = matches.map((match) => `match: [${match}]`);
    const routes = others.map((match, index) => `\n  - { name: ${'bcd'[index]}, pool: shop, ${match} }`);
    const notices = hidden.map((text) => {
      const index = 'bcd'.indexOf(text[0]!) + 1;
      return `${10 + index}:5: routes[${index}]: route "${text[0]}" is never used: ${text.slice(3)}`;
    });
    return ['pool: shop }', `pool: shop, ${own} }${routes.join('')}`, notices];
  });
}

test('a route is hidden on each of its hosts and listeners, or it is not hidden', () => {
  const hosts = (first: string, second: string): string[] => {
    const one = `pool: shop, ${first}, match: [{ path: { regex: ^/a } }] }`;
    return findings(change('pool: shop }', `${one}\n  - { name: b, pool: shop, ${second}, match: [{ path: { prefix: /a } }] }`), 'notices');
  };
  const hidden = ['11:5: routes[1]: route "b" is never used: route "shop" comes first and takes all its requests'];
  expect(hosts('hosts: [x.com, y.com]', 'hosts: [Y.com]')).toEqual(hidden);
  expect(hosts('hosts: [x.com]', 'hosts: [x.com, y.com]')).toEqual([]);
  // A nearer host is asked first, so a wider one hides nothing of it.
  expect(hosts('hosts: ["*.x.com"]', 'hosts: [a.x.com]')).toEqual([]);
  expect(hosts('hosts: []', 'hosts: [x.com]')).toEqual([]);
  expect(hosts('listeners: [web]', 'listeners: []')).toEqual(hidden);
});

test('a large list of routes is looked through in linear time', () => {
  const route = (index: number): string =>
    `  - { name: r${index}, pool: shop, match: [{ path: { prefix: / }, headers: { a: t${index} } }, { path: { regex: ^/${index} } }] }`;
  const text = SMALL.replace('  - { name: shop, pool: shop }', Array.from({ length: 3000 }, (_, index) => route(index)).join('\n'));
  const config = decodeText('f.yaml', text).config!;
  const started = performance.now();
  expect(findHiddenRoutes(config).size).toBe(0);
  expect(performance.now() - started).toBeLessThan(2000);
});

const NOTICES: [string, string, string[]][] = [
  [
    'pool: shop }',
    'pool: shop }\n  - { name: again, pool: shop, hosts: [] }',
    ['11:5: routes[1]: route "again" is never used: route "shop" matches the same requests'],
  ],
  ...hiddenRoutes(),
  ['pool: shop }', 'redirect: { port: 81 } }', ['4:3: pools.shop: no route leads to this pool']],
  ['v1: 90, v2: 10', 'v1: 0, v2: 0', ['8:5: pools.shop.split: every weight is 0: requests without an override get 503']],
  ['address: 127.0.0.1:8080', 'address: 127.0.0.1:8080, protocols: [http2]', []],
  [
    '    split:',
    '    mirrors: [{ name: dark, version: v2, match: { methods: [GET, POST] } }]\n    split:',
    ['8:66: pools.shop.mirrors[0].match.methods[1]: POST is not copied: it needs sideEffects: allow'],
  ],
  ['    split:', '    mirrors: [{ name: dark, version: v2, sideEffects: allow, match: { methods: [GET, POST] } }]\n    split:', []],
  ['    split:', '    mirrors: [{ name: dark, version: v2, sideEffects: allow, compare: {} }]\n    split:', []],
  [
    '    split:',
    '    mirrors: [{ name: a, version: v2, sideEffects: allow, match: { methods: [POST, GET] }, compare: {} }]\n    split:',
    [],
  ],
  [
    '    split:',
    '    mirrors: [{ name: a, version: v2, sideEffects: allow, match: { methods: [POST] }, compare: { noise: off } }]\n    split:',
    [],
  ],
  [
    '    split:',
    '    mirrors: [{ name: a, version: v2, sideEffects: allow, match: { methods: [PUT, POST] }, compare: {} }]\n    split:',
    [
      '8:101: pools.shop.mirrors[0].compare.noise: of PUT, POST no secondary copy is made, so the verdict stays inconclusive: write noise: off, and ignore what differs by itself',
    ],
  ],
  [
    '    split:',
    '    mirrors: [{ name: a, version: v2, compare: { verdict: { maxDifferences: 0, maxFailures: 0% } } }]\n    split:',
    [
      '8:77: pools.shop.mirrors[0].compare.verdict.maxDifferences: maxDifferences of 0 is never reached, so there is no pass: write a small share such as 0.1%',
      '8:93: pools.shop.mirrors[0].compare.verdict.maxFailures: maxFailures of 0 is never reached, so there is no pass: write a small share such as 0.1%',
    ],
  ],
  ['    split:', '    slowStart: 0s\n    outlier: { consecutive: 0 }\n    retries: { perTry: 1s }\n    split:', []],
  [
    '    split:',
    '    health: { protocol: tcp, path: /x, expect: { body: ok }, interval: 2s, idleInterval: 1s }\n    split:',
    [
      '8:30: pools.shop.health.path: path has no meaning for tcp: a connection that opens is good',
      '8:40: pools.shop.health.expect: expect has no meaning for tcp: a connection that opens is good',
      '8:90: pools.shop.health.idleInterval: idleInterval is shorter than interval (2s), which is used in its place',
    ],
  ],
  ['    split:', '    health: { protocol: tcp, interval: 2s, idleInterval: 2s }\n    split:', []],
  ['    split:', '    health: { path: /x, expect: { json: { db.ok: true } }, idleInterval: 0s }\n    split:', []],
  [
    '    split:',
    '    outlier: { consecutive: 3, consecutiveGateway: 3, minRequests: 9 }\n    split:',
    ['8:52: pools.shop.outlier.consecutiveGateway: consecutiveGateway never decides: consecutive ejects after 3 failures of any kind'],
  ],
  ['    split:', '    outlier: { consecutive: 3, consecutiveGateway: 2, failures: 50%, minRequests: 9 }\n    split:', []],
  ['    split:', '    outlier: { consecutive: 0, consecutiveGateway: 9 }\n    split:', []],
  ['pools:', 'state: { dir: a }\npools:', []],
  ['pools:', 'state: memory\npools:', []],
  ['pools:', 'admin: { address: ":9901", auth: { tokens: [{ name: a, role: viewer, env: A }] } }\npools:', []],
];

test.each(NOTICES)('notice: %j written as %j', (before, after, expected) => {
  const text = change(before, after);
  expect(findings(text)).toEqual([]);
  expect(findings(text, 'notices')).toEqual(expected);
});

test('defaults that have no meaning get no notice, for a printed config has them all', () => {
  const text = change('    split:', '    health: { protocol: tcp }\n    outlier: { consecutiveGateway: 0 }\n    split:');
  const { config } = decodeText('f.yaml', text);
  expect(findings(printConfig(config!), 'notices').filter((line) => line.includes('pools.shop'))).toEqual([]);
  expect(findings(printConfig(config!).replace('path: /healthz', 'path: /x'), 'notices')).toContainEqual(
    expect.stringContaining('for tcp'),
  );
});

test('what stands far apart is told in the order of lines', () => {
  const text = change('v1: 90', 'v1: x').replace('127.0.0.1:8080', 'x').replace('pool: shop', 'pool: 5');
  expect(decodeText('f.yaml', text).problems.map(({ line }) => line)).toEqual([2, 8, 10]);
});

test('a small file cannot stand for a huge one', () => {
  let text = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n';
  for (let level = 1; level < 20; level++)
    text += `a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]\n`;
  expect(findings(text).some((line) => line.endsWith('aliases may stand for 10000 values at most'))).toBe(true);
});

test.each(['[', '{a: ', '- ', '? '])('deep nesting with %j is a Problem', (part) => {
  expect(findings(`a:\n  ${part.repeat(20_000)}`).length).toBeGreaterThan(0);
  expect(findings(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0]).toContain('the YAML nests too deeply');
});

test('a huge file is refused unread', () => {
  expect(findings(`# ${'x'.repeat(8 * 1024 * 1024)}\n${SMALL}`)).toEqual(['1:1: the file is larger than 8 MiB']);
});

test('as many keys as fit are told apart in linear time', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join('');
  expect(findings(`${keys}k7: 2\n`)).toEqual(['20001:1: k7: the key "k7" is already there']);
  expect(findings(keys)).toEqual(['1:1: must have at most 10000 entries']);
  expect(findings(keys.slice(0, keys.indexOf('k9000')))).toHaveLength(1_000);
});

test('an anchor may be used again, and places are those of the anchor', () => {
  const text = change('v2: { endpoints: [127.0.0.1:9002] }', 'v2: *one').replace('v1: { endpoints', 'v1: &one { endpoints');
  expect(findings(text)).toEqual([]);
  expect(findings(text.replace(':9001', ':99999'))).toEqual([
    '6:30: pools.shop.versions.v1.endpoints[0]: port must be 1 to 65535, got 99999',
    '6:30: pools.shop.versions.v2.endpoints[0]: port must be 1 to 65535, got 99999',
  ]);
});
