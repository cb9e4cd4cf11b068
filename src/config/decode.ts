// Sources to a Config: decoded by the schema, checked by the rules, its file paths made absolute. Never throws on what an operator wrote.

import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { problemsOf } from './issues.ts';
import { mergeSources } from './merge.ts';
import type { Merged } from './merge.ts';
import type { Config } from './model.ts';
import { parseText } from './parse.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import { reviewConfig } from './rules/all.ts';
import { schema } from './schema/root.ts';
import type { Source } from './source.ts';

export interface LoadResult {
  /** Undefined exactly when there are Problems. */
  readonly config: Config | undefined;
  /** In the order of files, lines and columns. */
  readonly problems: readonly Problem[];
  /** What is accepted but probably not what its author expects. */
  readonly notices: readonly Problem[];
  /** SHA-256 of the names and texts that were read, in hex; equal hashes mean that nothing changed. */
  readonly hash: string;
  /** What was read, in order. */
  readonly files: readonly string[];
}

export interface FileText {
  readonly file: string;
  readonly text: string;
}

/** Decodes one text; paths in it are relative to the folder of `file`, which need not exist. */
export function decodeText(file: string, text: string): LoadResult {
  return decodeFiles([{ file, text }]);
}

/** Decodes texts that together make one Config. `before` are Problems met while they were read. */
export function decodeFiles(texts: readonly FileText[], before: readonly Problem[] = []): LoadResult {
  const files = texts.map(({ file }) => file);
  const parsed = texts.map(({ file, text }) => parseText(file, text));
  const sources = parsed.map(({ source }) => source).filter((source) => source !== undefined);
  const problems = [...before, ...parsed.flatMap((each) => each.problems)];
  const [first, ...others] = sources;
  const found = first === undefined || problems.length > 0 ? REFUSED : decodeSources([first, ...others]);
  const all = [...problems, ...found.problems];
  return {
    config: all.length === 0 ? found.config : undefined,
    problems: inOrder(all, files),
    notices: inOrder(found.notices, files),
    hash: hashOf(texts),
    files,
  };
}

type Decoded = Pick<LoadResult, 'config' | 'problems' | 'notices'>;

const REFUSED: Decoded = { config: undefined, problems: [], notices: [] };

function decodeSources(sources: readonly [Source, ...Source[]]): Decoded {
  const merged = mergeSources(sources);
  const decoded = schema.safeParse(merged.value);
  if (!decoded.success) return { ...REFUSED, problems: [...merged.problems, ...problemsOf(decoded.error.issues, merged)] };
  const review = reviewConfig(decoded.data, merged);
  const problems = [...merged.problems, ...review.problems];
  return { config: withAbsolutePaths(decoded.data, merged), problems, notices: review.notices };
}

function withAbsolutePaths(config: Config, merged: Merged): Config {
  const absolute = (name: string, path: Path): string => resolve(dirname(merged.place(path, 'value').file), name);
  const { state, accessLog, admin, listeners, pools } = config;
  return {
    ...config,
    listeners: listeners.map((listener, index) => {
      if (listener.tls === undefined) return listener;
      const { certificates, clientAuth } = listener.tls;
      const at = (name: string): string => absolute(name, ['listeners', index]);
      return {
        ...listener,
        tls: {
          ...listener.tls,
          certificates: certificates.map(({ certFile, keyFile }) => ({ certFile: at(certFile), keyFile: at(keyFile) })),
          clientAuth: clientAuth && { ...clientAuth, caFile: at(clientAuth.caFile) },
        },
      };
    }),
    admin: {
      ...admin,
      tokens: admin.tokens.map(({ source, ...token }) => ({
        ...token,
        source: source.kind === 'file' ? { ...source, name: absolute(source.name, ['admin']) } : source,
      })),
    },
    pools: pools.map((pool) => ({
      ...pool,
      versions: pool.versions.map((version) => {
        if (version.endpointsFile === undefined) return version;
        const at = ['pools', pool.name, 'versions', version.name, 'endpointsFile'];
        return { ...version, endpointsFile: absolute(version.endpointsFile, at) };
      }),
    })),
    state: { dir: state.dir === undefined ? undefined : absolute(state.dir, ['state']) },
    accessLog:
      accessLog === undefined || accessLog.path === 'stdout' ? accessLog : { ...accessLog, path: absolute(accessLog.path, ['accessLog']) },
  };
}

/** Sorted by place; one fault found twice is told once. */
function inOrder(problems: readonly Problem[], files: readonly string[]): readonly Problem[] {
  const rank = new Map(files.map((file, index) => [file, index]));
  const rankOf = ({ file }: Problem): number => rank.get(file) ?? -1;
  const sorted = [...problems].sort((a, b) => rankOf(a) - rankOf(b) || a.line - b.line || a.column - b.column);
  const seen = new Set<string>();
  return sorted.filter((problem) => {
    const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
    return seen.has(key) ? false : (seen.add(key), true);
  });
}

function hashOf(texts: readonly FileText[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of texts) hash.update(`${Buffer.byteLength(file)} ${Buffer.byteLength(text)}\n${file}\n${text}\n`);
  return hash.digest('hex');
}
