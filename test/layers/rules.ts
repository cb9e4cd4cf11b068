// The rules of the house as functions from a set of files to messages. Each message names the place and what would be right.

import { ALLOWED, NEVER_A_NAME, ONLY_IN, PACKAGES, PRIVATE_PARTS, SOCKET_ROOMS, TYPES_ONLY } from './allowed.ts';
import { findImports, isBarrel } from './imports.ts';
import type { FileSet, Import } from './imports.ts';

/** Every import stays within what `allowed` grants its folder; nothing in src reaches outside src. */
export function findForbiddenImports(files: FileSet, allowed: Readonly<Record<string, readonly string[]>> = ALLOWED): readonly string[] {
  return findImports(files).flatMap((each) => {
    const fault = importFault(each, allowed);
    return fault === undefined ? [] : [`${each.file}:${each.line}: imports ${each.specifier}: ${fault}`];
  });
}

/** Files live in a known folder, are named in kebab-case with words that say something, and none is a barrel. */
export function findBadFiles(files: FileSet, allowed: Readonly<Record<string, readonly string[]>> = ALLOWED): readonly string[] {
  return [...files].flatMap(([file, content]) => [
    ...(allowed[folderOf(file) ?? ''] === undefined ? [`${file}: not in a folder that test/layers/allowed.ts lists`] : []),
    ...nameFaults(file).map((fault) => `${file}: ${fault}`),
    ...(/(^|\/)index\.[cm]?[jt]sx?$/.test(file) || isBarrel(file, content)
      ? [`${file}: is a barrel; import from the file that defines the name`]
      : []),
    ...starExports(file, content),
  ]);
}

/** Sockets are made only where the law says so, and the private parts of Node are named in `net` alone. */
export function findSocketFaults(files: FileSet): readonly string[] {
  return [...files].flatMap(([file, content]) => {
    const lines = content.split('\n').map((line, index) => ({ line, at: `${file}:${index + 1}` }));
    const makes = SOCKET_ROOMS.some((room) => file.startsWith(room)) ? [] : lines.filter(({ line }) => importsSockets(line));
    const leans = file.startsWith('src/net/') ? [] : lines.filter(({ line }) => PRIVATE_PARTS.some((part) => hasWord(line, part)));
    return [
      ...makes.map(({ at }) => `${at}: imports sockets; only ${SOCKET_ROOMS.join(', ')} may, take a byte stream of src/net`),
      ...leans.map(({ at }) => `${at}: names a private part of Node; only src/net may`),
    ];
  });
}

/** Cycles between files, over imports of values and of types, each as `a -> b -> a`. A worker thread's file is named, not imported. */
export function findFileCycles(files: FileSet): readonly string[] {
  const imports = findImports(files).filter(({ kind }) => kind !== 'thread');
  return findCycles(imports.flatMap(({ file, target }) => (target === undefined ? [] : [[file, target] as const])));
}

/** Cycles between folders of src, over imports of any kind. */
export function findFolderCycles(files: FileSet): readonly string[] {
  const edges = findImports(files).map((each) => [folderOf(each.file), folderOf(each.target ?? '')] as const);
  return findCycles(edges.flatMap(([from, to]) => (from === undefined || to === undefined || from === to ? [] : [[from, to] as const])));
}

/** One cycle per group of nodes that reach each other; depth first, each node entered once. */
export function findCycles(edges: readonly (readonly [string, string])[]): readonly string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const cycles: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const enter = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node].join(' -> '));
    if (start >= 0 || finished.has(node)) return;
    path.push(node);
    for (const each of next.get(node) ?? []) enter(each);
    path.pop();
    finished.add(node);
  };
  for (const node of [...next.keys()].sort()) enter(node);
  return cycles;
}

function importFault(each: Import, allowed: Readonly<Record<string, readonly string[]>>): string | undefined {
  const from = folderOf(each.file);
  if (from === undefined) return undefined;
  if (each.target === undefined) return packageFault(from, each.specifier);
  if (!each.target.startsWith('src/')) return 'src imports nothing from outside src';
  const to = folderOf(each.target);
  if (to === undefined) return 'a file must be in a folder of src';
  if (each.kind !== 'type' && TYPES_ONLY[from]?.includes(to)) return `${from} takes only types from ${to}: write import type`;
  if (to === from || allowed[from]?.includes(to)) return undefined;
  const list = allowed[from] ?? [];
  return `${from} may import ${list.length === 0 ? 'no other folder' : list.join(', ')}`;
}

function packageFault(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('/') || specifier.startsWith('#')) return 'import files by relative path';
  const list = PACKAGES[from];
  if (list !== undefined && !list.includes(specifier))
    return `${from} may import ${['node:', ...list].join(', ')} and nothing else from outside`;
  const folders = ONLY_IN[packageOf(specifier)];
  return folders === undefined || folders.includes(from) ? undefined : `only ${folders.join(', ')} may import it`;
}

/** `zod` for `zod/mini`, `@fastify/swagger` for itself. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function importsSockets(line: string): boolean {
  if (!/['"`]node:(net|tls|http2)['"`]/.test(line)) return false;
  return !/^import( type)? \{( ?(isIP(v4|v6)?|createSecureContext|SecureContextOptions),?)+ \} from/.test(line);
}

function hasWord(line: string, word: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_$])${word}(?![A-Za-z0-9_$])`).test(line);
}

function nameFaults(file: string): readonly string[] {
  const names = file
    .replace(/\.[a-z.]+$/, '')
    .split('/')
    .slice(1);
  const words = names.flatMap((name) => name.split('-')).map((word) => word.toLowerCase());
  const never = words.filter((word) => NEVER_A_NAME.some((each) => word === each || word === `${each}s`));
  return [
    ...names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)).map((name) => `"${name}" is not in kebab-case`),
    ...never.map((word) => `"${word}" is never a name; say what it is`),
  ];
}

function starExports(file: string, content: string): readonly string[] {
  const lines = content.split('\n').map((line, index) => ({ line, number: index + 1 }));
  return lines
    .filter(({ line }) => /^\s*export\s+(type\s+)?\*/.test(line))
    .map(({ number }) => `${file}:${number}: export * hides names; export them by name`);
}

/** `proxy` for `src/proxy/exchange.ts`; undefined for files that are not in a folder of src. */
function folderOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}
