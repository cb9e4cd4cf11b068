// Sources to a Config: decoded by the schema, checked by the rules, its file paths made absolute. Never throws on what an operator wrote.

import { dirname, resolve } from 'node:path';
import type { Plain } from '../lib/plain.ts';
import type { Amendment, SupersededAmendment } from './amend.ts';
import { AmendedDocument } from './amended-document.ts';
import { decodeValue, rememberDecoded } from './decode-value.ts';
import { dropUnfittingAmendments } from './drop-unfitting.ts';
import { escapeVariables } from './environment.ts';
import type { Environment } from './environment.ts';
import { withAbsoluteSources } from './fill-secrets.ts';
import { problemsOf } from './issues.ts';
import { unmaskWritten } from './mask.ts';
import type { InForce } from './mask.ts';
import { mergeSources } from './merge.ts';
import type { Merged } from './merge.ts';
import type { AdminTlsConfig, Config, ListenerTlsConfig, PoolConfig, VersionConfig, VersionTlsConfig } from './model.ts';
import { parseText } from './parse.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import { withAbsoluteSecrets } from './rollout-files.ts';
import { reviewConfig, trustReviewed } from './rules/all.ts';
import { unknownNames } from './rules/written-names.ts';

export interface LoadResult {
  /** Undefined exactly when there are Problems. */
  readonly config: Config | undefined;
  /** In the order of files, lines and columns. */
  readonly problems: readonly Problem[];
  /** What is accepted but probably not what its author expects. */
  readonly notices: readonly Problem[];
  /** What was read, in order. */
  readonly files: readonly string[];
  /** What the files say, as plain data without any amendment; undefined when they could not be read. */
  readonly written: Plain | undefined;
  /** What the API has set over the files. */
  readonly amended: {
    /** Those in force, in order. When the files have Problems: all that were given. */
    readonly amendments: readonly Amendment[];
    /** Those that the file has superseded. */
    readonly superseded: readonly SupersededAmendment[];
  };
}

/** What stands in the files, read once, to be decoded with one list of amendments after the other. It holds all their text. */
export interface FileRead {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
  /** Undefined when there are Problems. */
  readonly document: Merged | undefined;
}

export interface FileText {
  readonly file: string;
  readonly text: string;
}

/** Decodes one text; paths in it are relative to the folder of `file`, which need not exist. */
export function decodeText(file: string, text: string, environment?: Environment): LoadResult {
  return decodeFitting(readFiles([{ file, text }], [], environment), []);
}

/** Reads a text that somebody sent. @param inForce whose secrets the masks in it stand for; undefined: it has none */
export function readSent(file: string, text: string, inForce: InForce | undefined): FileRead {
  const value = inForce === undefined ? undefined : parseText('', text).source?.value;
  const unmasked = value === undefined ? undefined : unmaskWritten(value, inForce!, [], escapeVariables);
  // Places in the text are kept where they can be.
  return readFiles([{ file, text: unmasked === value ? text : JSON.stringify(unmasked) }]);
}

/**
 * Decodes texts that together make one Config, with the amendments that still fit them. `before` are Problems met while they were read.
 * Whether they are refused is up to the texts alone: amendments that no longer fit are superseded.
 */
export function decodeFiles(
  texts: readonly FileText[],
  before: readonly Problem[] = [],
  amendments: readonly Amendment[] = [],
): LoadResult {
  return decodeFitting(readFiles(texts, before), amendments);
}

/** @param environment what stands for variables in the texts; undefined: they have none, as in what the API is sent */
export function readFiles(texts: readonly FileText[], before: readonly Problem[] = [], environment?: Environment): FileRead {
  const parsed = texts.map(({ file, text }) => parseText(file, text, { config: { environment } }));
  const problems = [...before, ...parsed.flatMap((each) => each.problems)];
  const [first, ...others] = parsed.map(({ source }) => source).filter((source) => source !== undefined);
  const document = first === undefined || problems.length > 0 ? undefined : mergeSources([first, ...others]);
  const given = { files: texts.map(({ file }) => file) };
  const unknown = parsed.flatMap((each) => each.unknown ?? []);
  if (unknown.length === 0) return { ...given, problems, document };
  return { ...given, problems: [...problems, ...unknown, ...besides(unknown, document)], document: undefined };
}

/** What else is wrong in a document in which values are unknown; not that they are missing. */
function besides(unknown: readonly Problem[], document: Merged | undefined): readonly Problem[] {
  if (document === undefined) return [];
  const placed = ({ file, line, column }: Problem): string => `${file}:${line}:${column}`;
  const places = new Set(unknown.map(placed));
  // A token is not told twice that its secret stands elsewhere.
  const tokens = new Set(unknown.map(({ path }) => path).filter((path) => path.startsWith('admin.auth.tokens[')));
  return decodeDocument(document).problems.filter((problem) => !places.has(placed(problem)) && !tokens.has(problem.path));
}

/** For files that are new: amendments that no longer fit them are superseded. */
export function decodeFitting(read: FileRead, amendments: readonly Amendment[]): LoadResult {
  const { document } = read;
  if (document === undefined || amendments.length === 0 || problemsAlone(read, document).length > 0) return decodeRead(read, amendments);
  const fitting = dropUnfittingAmendments(document, amendments, (tried) => decodeDocument(tried).problems);
  const result = decodeRead(read, fitting.amendments);
  return { ...result, amended: { ...result.amended, superseded: [...fitting.superseded, ...result.amended.superseded] } };
}

/** For amendments that are new: what is wrong with them is a Problem. What is wrong with the files alone comes first and alone. */
export function decodeRead(read: FileRead, amendments: readonly Amendment[] = []): LoadResult {
  const { document, files } = read;
  const given = { files, written: document?.value, amended: { amendments, superseded: [] } };
  if (document === undefined) return { ...given, config: undefined, problems: inOrder(read.problems, files), notices: [] };
  if (amendments.length === 0) {
    const decoded = decodeDocument(document);
    alone.set(read, decoded.problems);
    return { ...given, ...settled(decoded, files) };
  }
  const faults = problemsAlone(read, document);
  if (faults.length > 0) return { ...given, config: undefined, problems: inOrder(faults, files), notices: [] };
  const amended = new AmendedDocument(document, amendments);
  const found = decodeDocument(amended);
  const [problems, notices] = [amended.mark(found.problems), amended.mark(found.notices)];
  const { amendments: inForce, superseded } = amended.amended;
  return { ...given, ...settled({ ...found, problems, notices }, files), amended: { amendments: inForce, superseded } };
}

/** For files that were read and decoded elsewhere: what they mean is not worked out again. */
export function adoptDecoded(read: FileRead, { config, problems, notices }: Pick<LoadResult, 'config' | 'problems' | 'notices'>): void {
  alone.set(read, problems);
  if (config === undefined || read.document === undefined) return;
  rememberDecoded(read.document.value, config);
  trustReviewed(config, notices);
}

type Decoded = Pick<LoadResult, 'config' | 'problems' | 'notices'>;

const alone = new WeakMap<FileRead, readonly Problem[]>();

/** Found once: the files stay the same while amendments come and go. */
function problemsAlone(read: FileRead, document: Merged): readonly Problem[] {
  let problems = alone.get(read);
  if (problems === undefined) alone.set(read, (problems = decodeDocument(document).problems));
  return problems;
}

function settled({ config, problems, notices }: Decoded, files: readonly string[]): Decoded {
  return { config: problems.length === 0 ? config : undefined, problems: inOrder(problems, files), notices: inOrder(notices, files) };
}

function decodeDocument(document: Merged): Decoded {
  const { config, issues } = decodeValue(document.value);
  if (config === undefined)
    return { config, problems: [...document.problems, ...problemsOf(issues, document), ...unknownNames(document)], notices: [] };
  const review = reviewConfig(config, document);
  const problems = [...document.problems, ...review.problems];
  return { config: withAbsolutePaths(config, document), problems, notices: review.notices };
}

function withAbsolutePaths(config: Config, merged: Merged): Config {
  const absolute = (name: string, path: Path): string => resolve(dirname(merged.place(path, 'value').file), name);
  const { state, accessLog, admin, listeners, pools, rollouts } = config;
  const files = {
    ...config,
    listeners: listeners.map((listener, index) => {
      if (listener.tls === undefined) return listener;
      return { ...listener, tls: { ...listener.tls, ...absoluteTls(listener.tls, (name) => absolute(name, ['listeners', index])) } };
    }),
    admin: {
      ...admin,
      files: admin.files.map((folder) => absolute(folder, ['admin'])),
      tls: admin.tls && { ...admin.tls, ...absoluteTls(admin.tls, (name) => absolute(name, ['admin', 'tls'])) },
      tokens: admin.tokens.map(({ source, ...token }) => ({
        ...token,
        source: source.kind === 'file' ? { ...source, name: absolute(source.name, ['admin']) } : source,
      })),
    },
    pools: pools.map((pool) => withAbsoluteFiles(pool, absolute)),
    rollouts: rollouts.map((template) => withAbsoluteSecrets(template, (name) => absolute(name, ['rollouts', template.name]))),
    state: { ...state, dir: state.dir === undefined ? undefined : absolute(state.dir, ['state']) },
    accessLog:
      accessLog === undefined || accessLog.path === 'stdout' ? accessLog : { ...accessLog, path: absolute(accessLog.path, ['accessLog']) },
  };
  return withAbsoluteSources(files, absolute);
}

type ServedTls = ListenerTlsConfig | AdminTlsConfig;

function absoluteTls<T extends ServedTls>(
  { certificates, clientAuth }: T,
  at: (name: string) => string,
): Pick<T, 'certificates' | 'clientAuth'> {
  return {
    certificates: certificates.map(({ certFile, keyFile }) => ({ certFile: at(certFile), keyFile: at(keyFile) })),
    clientAuth: clientAuth && { ...clientAuth, caFile: at(clientAuth.caFile) },
  };
}

/** What stays the same object is not worked out again elsewhere. */
function withAbsoluteFiles(pool: PoolConfig, absolute: (name: string, path: Path) => string): PoolConfig {
  if (pool.versions.every((version) => filesOf(version).every((name) => resolve(name) === name))) return pool;
  const versions = pool.versions.map((version) => {
    const at = ['pools', pool.name, 'versions', version.name];
    const full = (name: string, key: string): string => absolute(name, [...at, key]);
    const endpointsFile = version.endpointsFile === undefined ? undefined : full(version.endpointsFile, 'endpointsFile');
    return { ...version, endpointsFile, tls: version.tls && withAbsoluteTls(version.tls, (name) => full(name, 'tls')) };
  });
  return { ...pool, versions };
}

function filesOf({ endpointsFile, tls }: VersionConfig): readonly string[] {
  const files = [endpointsFile, tls?.caFile, tls?.certificate?.certFile, tls?.certificate?.keyFile];
  return files.filter((name) => name !== undefined);
}

function withAbsoluteTls(tls: VersionTlsConfig, full: (name: string) => string): VersionTlsConfig {
  const { caFile, certificate } = tls;
  const files = certificate && { certFile: full(certificate.certFile), keyFile: full(certificate.keyFile) };
  return { ...tls, caFile: caFile === undefined ? undefined : full(caFile), certificate: files };
}

/** Sorted by place; one fault found twice is reported once. */
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
