// Reads a file, or a directory of files, into a Config. With read-secret the one place in this room that touches the disk and the environment;
// never throws on what it finds there.

import { closeSync, fstatSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSmallFile } from '../lib/small-file.ts';
import type { Amendment } from './amend.ts';
import { decodeFitting, readFiles } from './decode.ts';
import type { FileRead, FileText, LoadResult } from './decode.ts';
import { MAX_ENDPOINT_FILE_BYTES, decodeEndpoints } from './endpoint-file.ts';
import type { EndpointList } from './endpoint-file.ts';
import type { AdminTokenConfig } from './model.ts';
import { MAX_TEXT_LENGTH } from './parse.ts';
import type { Problem } from './problem.ts';
import { unreadableSecrets } from './read-secret.ts';
import { unusableTokens } from './rules/usable-tokens.ts';

const MAX_FILES = 1_000;
const MAX_TOKEN_FILE_BYTES = 64 * 1024;

/** Loads `path`, with the amendments that still fit it. */
export function loadConfig(path: string, amendments: readonly Amendment[] = []): LoadResult {
  return loadRead(readConfig(path), amendments);
}

/** What was read here, with notices of tokens that cannot be used in this environment. */
export function loadRead(read: FileRead, amendments: readonly Amendment[] = []): LoadResult {
  const result = withSecrets(read, decodeFitting(read, amendments));
  if (result.config === undefined || read.document === undefined) return result;
  const unusable = unusableTokens(result.config, read.document, secretOf);
  return unusable.length === 0 ? result : { ...result, notices: [...result.notices, ...unusable] };
}

/** What was decoded, refused where a secret of a header value cannot be read here. */
export function withSecrets({ document }: FileRead, load: LoadResult): LoadResult {
  if (load.config === undefined || document === undefined) return load;
  const problems = unreadableSecrets(load.config, document);
  return problems.length === 0 ? load : { ...load, config: undefined, problems };
}

/** Undefined when there is none that this user may read. */
function secretOf({ source: { kind, name } }: AdminTokenConfig): string | undefined {
  if (kind === 'env') return process.env[name];
  const read = readSmallFile(name, MAX_TOKEN_FILE_BYTES);
  return typeof read === 'string' ? read : undefined;
}

/** Reads `path`: a YAML file, or a directory whose *.yaml and *.yml files are merged in the order of their names. */
export function readConfig(path: string): FileRead {
  const { texts, problems } = readTexts(path);
  return readFiles(texts, problems, process.env);
}

/** The same if every text of it `fits`, and there is nothing that cannot be read; undefined otherwise. */
export function readFitting(path: string, fits: (text: string) => boolean): FileRead | undefined {
  const { texts, problems } = readTexts(path);
  return problems.length === 0 && texts.every(({ text }) => fits(text)) ? readFiles(texts, problems, process.env) : undefined;
}

/** In bytes, of all that would be read; 0 where nothing can be. What comes from a pipe has no size. */
export function sizeOf(path: string): number {
  const files = listFiles(path);
  if (typeof files === 'string') return 0;
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function readTexts(path: string): { readonly texts: readonly FileText[]; readonly problems: readonly Problem[] } {
  const files = listFiles(path);
  if (typeof files === 'string') return { texts: [], problems: [problemIn(path, files)] };
  const texts: FileText[] = [];
  const problems: Problem[] = [];
  let length = 0;
  for (const file of files) {
    const read = readText(file);
    if ('fault' in read) problems.push(problemIn(file, read.fault));
    else if ((length += read.text.length) <= MAX_TEXT_LENGTH || texts.length === 0) texts.push(read);
    else
      return {
        texts: [],
        problems: [...problems, problemIn(file, `the files up to this one are together larger than ${MAX_TEXT_LENGTH / 1024 ** 2} MiB`)],
      };
  }
  return { texts, problems };
}

/** Reads what comes on standard input, to its end; paths of files in it are relative to the working folder. */
export function readStandardInput(): FileRead {
  const file = '<stdin>';
  try {
    const bytes = readFileSync(0);
    if (bytes.length > 3 * MAX_TEXT_LENGTH) return readFiles([], [problemIn(file, tooLarge())]);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return readFiles([{ file, text }], [], process.env);
  } catch (error) {
    return readFiles([], [problemIn(file, reasonOf(error))]);
  }
}

/** Loads a file of endpoints. A pipe is refused: to read one would wait for ever. */
export function loadEndpoints(path: string): EndpointList {
  try {
    const found = statSync(path);
    if (!found.isFile()) return refused(path, 'this is not a file');
    if (found.size > MAX_ENDPOINT_FILE_BYTES) return refused(path, `the file is larger than ${MAX_ENDPOINT_FILE_BYTES / 1024 ** 2} MiB`);
  } catch (error) {
    return refused(path, reasonOf(error));
  }
  const read = readText(path);
  return 'text' in read ? decodeEndpoints(path, read.text) : refused(path, read.fault);
}

function refused(path: string, message: string): EndpointList {
  return { endpoints: undefined, problems: [problemIn(path, message)] };
}

/** The files, or why there are none. Hidden files are left out: editors and Kubernetes keep their own there. */
function listFiles(path: string): readonly string[] | string {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'));
    if (names.length === 0) return 'the directory has no *.yaml or *.yml file';
    if (names.length > MAX_FILES) return `the directory has more than ${MAX_FILES} files`;
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    return reasonOf(error);
  }
}

function readText(file: string): FileText | { readonly fault: string } {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() && !stat.isFIFO()) return { fault: 'this is neither a file nor a pipe' };
      // UTF-8 has at most three bytes per UTF-16 unit; the exact bound is checked on the text.
      if (stat.size > 3 * MAX_TEXT_LENGTH) return { fault: tooLarge() };
      return { file, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(descriptor)) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { fault: reasonOf(error) };
  }
}

function tooLarge(): string {
  return `the file is larger than ${MAX_TEXT_LENGTH / 1024 ** 2} MiB`;
}

function problemIn(file: string, message: string): Problem {
  return { file, line: 1, column: 1, path: '', message };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read by this user';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'the file is not UTF-8 text';
  return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
