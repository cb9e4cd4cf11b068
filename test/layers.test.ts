// The order of the house, checked: layers, cycles, names, barrels. The law itself is the table in test/layers/allowed.ts.

import { lstatSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWED } from './layers/allowed.ts';
import { findImports, readFileSet } from './layers/imports.ts';
import { findBadFiles, findCycles, findFileCycles, findFolderCycles, findForbiddenImports, findSocketFaults } from './layers/rules.ts';
import { findReach } from './layers/reach.ts';
import { findLongFiles, findLongFunctions } from './layers/sizes.ts';

const root = new URL('..', import.meta.url).pathname;

describe('src', () => {
  const files = readFileSet(root, 'src');

  it('is read', () => {
    expect(files.size).toBeGreaterThan(5);
    expect(findImports(files).length).toBeGreaterThan(5);
  });

  it('imports only what each folder may', () => {
    expect(findForbiddenImports(files)).toEqual([]);
  });

  it('has no cycle between files, by value or by type', () => {
    expect(findFileCycles(files)).toEqual([]);
  });

  it.each(['bench', 'test'])('nor has %s', (folder) => {
    expect(findFileCycles(readFileSet(root, folder))).toEqual([]);
  });

  it('says why a file is long, and has no long functions', () => {
    expect(findLongFiles(files)).toEqual([]);
    expect(findLongFunctions(files)).toEqual([]);
  });

  it('has no cycle between folders', () => {
    expect(findFolderCycles(files)).toEqual([]);
  });

  it('makes sockets, and leans on private parts of Node, only behind their doors', () => {
    expect(findSocketFaults(files)).toEqual([]);
  });

  it('has telling names and no barrels', () => {
    expect(findBadFiles(files)).toEqual([]);
  });
});

describe('a data-plane thread', () => {
  const reach = findReach(readFileSet(root, 'src'), 'src/threads/worker-thread.ts');

  it('loads few packages: each is paid for once per worker', () => {
    expect(reach.files.length).toBeGreaterThan(50);
    expect(reach.packages).toEqual(['ipaddr.js', 're2js']);
  });

  it('does not load what drags in far more than it is needed for', () => {
    // The names of node:http include those of undici, which an ES import therefore loads.
    expect(reach.builtins.filter((name) => ['node:http', 'node:https', 'node:http2', 'node:sqlite', 'node:zlib'].includes(name))).toEqual(
      [],
    );
  });

  it('loads nothing of the control plane', () => {
    const folders = new Set(reach.files.map((file) => file.split('/')[1]));
    expect(['admin', 'cli', 'control', 'store'].filter((folder) => folders.has(folder))).toEqual([]);
  });
});

describe('a command that asks the running instance', () => {
  // The other commands read a config or serve one, and load what that needs.
  const others = /^src\/(?:app\/(?:run|demo)|lib\/json-log|cli\/(?:check|explain))\.ts$/;
  const files = [...readFileSet(root, 'src')].filter(([file]) => !others.test(file));
  const reach = findReach(new Map(files), 'src/app/command-line.ts');

  it('begins with plain JavaScript: a merge can make a file of the link, and then each run loads the type stripper', () => {
    expect(lstatSync(`${root}src/app/main.ts`).isSymbolicLink()).toBe(true);
  });

  it('lets a person wait for nothing heavy', () => {
    expect(reach.files).toContain('src/cli/status.ts');
    // Node's own client has a door of its own in cli/admin-client.ts; `yaml` is for `mirror set --from` alone.
    expect(reach.packages).toEqual(['commander', 'ipaddr.js', 'yaml']);
  });
});

describe('the table', () => {
  it('names only folders that it lists, and has no cycle', () => {
    const edges = Object.entries(ALLOWED).flatMap(([from, list]) => list.map((to) => [from, to] as const));
    expect(edges.filter(([, to]) => ALLOWED[to] === undefined)).toEqual([]);
    expect(findCycles(edges)).toEqual([]);
  });

  it('keeps proxy and control apart, and everything apart from app', () => {
    expect(ALLOWED['proxy']).not.toContain('control');
    expect(ALLOWED['control']).not.toContain('proxy');
    expect(Object.values(ALLOWED).filter((list) => list.includes('app'))).toEqual([]);
  });
});

describe('the rules', () => {
  const set = (files: Record<string, string>) => new Map(Object.entries(files));

  it.each([
    ['a static import', `import { a } from '../control/a.ts';`],
    ['a side-effect import', `import '../control/a.ts';`],
    ['a type-only import', `import type { A } from '../control/a.ts';`],
    ['an inline type', `let a: import('../control/a.ts').A;`],
    ['a dynamic import', `const a = await import('../control/a.ts');`],
    ['a dynamic import of a template', 'const a = await import(`../control/a.ts`);'],
    ['a require', `const a = require('../control/a.ts');`],
    ['a re-export', `export { a } from '../control/a.ts';`],
    ['a re-exported type', `export type { A } from '../control/a.ts';`],
    ['a thread', `new Worker(new URL('../control/a.ts', import.meta.url));`],
  ])('see %s', (_form, line) => {
    expect(findForbiddenImports(set({ 'src/proxy/x.ts': `// First line.\n${line}` }))).toEqual([
      'src/proxy/x.ts:2: imports ../control/a.ts: proxy may import lib, tls, net, http, http1, http2, routing, upstream, telemetry, compare',
    ]);
  });

  it('let pass what is allowed', () => {
    const line = `import { a } from '../lib/a.ts'; import b from 'node:net'; import c from 'undici'; import { d } from './d.ts'; // '../control/a.ts'`;
    expect(findForbiddenImports(set({ 'src/proxy/x.ts': line }))).toEqual([]);
  });

  it.each([
    ['../../test/x.ts', 'src imports nothing from outside src'],
    ['../../bench/x.ts', 'src imports nothing from outside src'],
    ['../x.ts', 'a file must be in a folder of src'],
    ['#lib/clock', 'import files by relative path'],
    ['zod', 'lib may import node:, pino, temporal-polyfill and nothing else from outside'],
    ['../config/model.ts', 'lib may import no other folder'],
  ])('forbid lib to import %s', (specifier, fault) => {
    expect(findForbiddenImports(set({ 'src/lib/x.ts': `import '${specifier}';` }))).toEqual([
      `src/lib/x.ts:1: imports ${specifier}: ${fault}`,
    ]);
  });

  it.each([
    [`import { z } from 'zod';`, 'imports zod: only config, api, admin may import it'],
    [`import type { z } from 'zod/mini';`, 'imports zod/mini: only config, api, admin may import it'],
    [`import { pool } from '../api/pools.ts';`, 'imports ../api/pools.ts: control takes only types from api: write import type'],
    [`import { type Pool } from '../api/pools.ts';`, 'imports ../api/pools.ts: control takes only types from api: write import type'],
  ])('forbid control %s', (line, fault) => {
    expect(findForbiddenImports(set({ 'src/control/x.ts': line }))).toEqual([`src/control/x.ts:1: ${fault}`]);
  });

  it('let control take types from api, and api take zod', () => {
    expect(findForbiddenImports(set({ 'src/control/x.ts': `import type { Pool } from '../api/pools.ts';` }))).toEqual([]);
    expect(findForbiddenImports(set({ 'src/api/x.ts': `import { z } from 'zod';` }))).toEqual([]);
  });

  it('find cycles between files, by value and by type, but not over the files of threads', () => {
    const files = { 'src/lib/a.ts': `import './b.ts';`, 'src/lib/b.ts': `export { c } from './c.ts';`, 'src/lib/c.ts': `import './a.ts';` };
    const cycle = ['src/lib/a.ts -> src/lib/b.ts -> src/lib/c.ts -> src/lib/a.ts'];
    expect(findFileCycles(set(files))).toEqual(cycle);
    const byType = { ...files, 'src/lib/c.ts': `import type { A } from './a.ts';` };
    expect(findFileCycles(set(byType))).toEqual(cycle);
    expect(findFileCycles(set({ ...files, 'src/lib/c.ts': `new URL('./a.ts', import.meta.url);` }))).toEqual([]);
    expect(findFileCycles(set({ 'src/lib/a.ts': `import './a.ts';` }))).toEqual(['src/lib/a.ts -> src/lib/a.ts']);
  });

  it('find cycles between folders, over type-only imports too', () => {
    const files = { 'src/a/x.ts': `import type { Y } from '../b/y.ts';`, 'src/b/y.ts': '', 'src/b/z.ts': `import '../a/x.ts';` };
    expect(findFolderCycles(set(files))).toEqual(['a -> b -> a']);
    expect(findFolderCycles(set({ ...files, 'src/b/z.ts': '' }))).toEqual([]);
  });

  it('find long files without a reason', () => {
    const long = 'const a = 1;\n'.repeat(301);
    expect(findLongFiles(set({ 'src/lib/a.ts': long }))).toEqual([
      'src/lib/a.ts: 301 lines; cut it at a seam, or say "Long because …" at its top',
    ]);
    expect(findLongFiles(set({ 'src/lib/a.ts': `// Of A.\n// Long because of B.\n${long}` }))).toEqual([]);
  });

  it.each([
    ['function f() {', '}', 'f'],
    ['class A { constructor() {', '} }', 'constructor'],
    ['class A { #f = () => {', '}; }', 'without a name'],
    ['const f = () => {', '};', 'f'],
  ])('find long functions: %s', (begin, end, name) => {
    const file = (lines: number) => set({ 'src/lib/a.ts': `${begin}\n${'a();\n'.repeat(lines - 2)}${end}\n` });
    expect(findLongFunctions(file(40))).toEqual([]);
    expect(findLongFunctions(file(41))).toEqual([`src/lib/a.ts ${name}: 41 lines; a function has at most 40`]);
  });

  it.each([
    ['src/lib/index.ts', 'export const a = 1;', 'src/lib/index.ts: is a barrel; import from the file that defines the name'],
    ['src/lib/all.ts', `export { a } from './a.ts';`, 'src/lib/all.ts: is a barrel; import from the file that defines the name'],
    ['src/lib/x.ts', `const b = 1;\nexport * from './a.ts';`, 'src/lib/x.ts:2: export * hides names; export them by name'],
    ['src/lib/hash-utils.ts', 'const a = 1;', 'src/lib/hash-utils.ts: "utils" is never a name; say what it is'],
    ['src/lib/common/x.ts', 'const a = 1;', 'src/lib/common/x.ts: "common" is never a name; say what it is'],
    ['src/lib/hashRing.ts', 'const a = 1;', 'src/lib/hashRing.ts: "hashRing" is not in kebab-case'],
    ['src/main.ts', 'const a = 1;', 'src/main.ts: not in a folder that test/layers/allowed.ts lists'],
    ['src/plugins/x.ts', 'const a = 1;', 'src/plugins/x.ts: not in a folder that test/layers/allowed.ts lists'],
  ])('reject %s', (file, content, message) => {
    expect(findBadFiles(set({ [file]: content }))).toEqual([message]);
  });

  it.each([
    ['src/proxy/x.ts', `import { connect } from 'node:net';`, 1],
    ['src/proxy/x.ts', `import type { Socket } from 'node:net';`, 1],
    ['src/proxy/x.ts', `const tls = await import('node:tls');`, 1],
    ['src/upstream/x.ts', `import { isIP, connect } from 'node:net';`, 1],
    ['src/upstream/x.ts', `import { isIP } from 'node:net';`, 0],
    ['src/tls/x.ts', `import { createSecureContext } from 'node:tls';`, 0],
    ['src/tls/x.ts', `import { createSecureContext, TLSSocket } from 'node:tls';`, 1],
    ['src/net/x.ts', `import { connect } from 'node:net';`, 0],
    ['src/upstream/probes/x.ts', `import { connect } from 'node:net';`, 0],
    ['src/upstream/probes/x.ts', 'socket._handle.reading = false;', 1],
    ['src/proxy/x.ts', `const { _readableState: state } = socket;`, 1],
    ['src/proxy/x.ts', `new Socket({ onread: {} });`, 1],
    ['src/proxy/x.ts', 'this.my_handle = on_readableStateless;', 0],
    ['src/net/x.ts', 'socket._handle.reading = false;', 0],
  ])('say of %s: %s', (file, content, faults) => {
    expect(findSocketFaults(set({ [file]: content }))).toHaveLength(faults);
  });

  it('let a plain file pass', () => {
    expect(
      findBadFiles(set({ 'src/lib/hash.ts': `import { a } from './a.ts';\nexport const b = a;\nexport { c } from './c.ts';` })),
    ).toEqual([]);
  });
});
