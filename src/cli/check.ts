// `sluice check F`: says whether a config is good. Offline; it starts nothing.

import type { FileRead, LoadResult } from '../config/decode.ts';
import { problemAt } from '../config/issues.ts';
import { loadEndpoints, loadRead, readConfig, readStandardInput } from '../config/load.ts';
import type { Config } from '../config/model.ts';
import type { Path } from '../config/path.ts';
import { printConfig } from '../config/print.ts';
import { formatProblem } from '../config/problem.ts';
import type { Problem } from '../config/problem.ts';
import { jsonSchema } from '../config/schema/root.ts';
import { EXIT } from './failure.ts';

export interface CheckOptions {
  /** Print the config with all defaults filled in. */
  readonly print?: boolean;
  /** Print the JSON Schema of the config; no file is needed. */
  readonly schema?: boolean;
  /** Print the findings as one JSON object. */
  readonly json?: boolean;
}

/** Where lines go, without their line ends. */
export interface Output {
  out(line: string): void;
  err(line: string): void;
}

/** What is wrong with a file that a config names, at the place that names it; undefined when nothing is. */
export type FaultOfFiles = (config: Config) => Promise<{ readonly path: Path; readonly message: string } | undefined>;

/**
 * Exit code: 0 when the config is good (notices do not count), 1 when it has Problems, 2 when no file was named.
 * @param faultOfTls reads certificates and keys, as a start would; asked only of a config that has some
 */
export async function runCheck(path: string | undefined, options: CheckOptions, output: Output, faultOfTls: FaultOfFiles): Promise<number> {
  if (options.schema === true) {
    output.out(JSON.stringify(jsonSchema(), undefined, 2));
    return 0;
  }
  if (path === undefined) {
    output.err('error: sluice check needs a file or a directory, or - for standard input');
    output.err('Usage: sluice check [options] [path]');
    return EXIT.usage;
  }
  const read = path === '-' ? readStandardInput() : readConfig(path);
  const result = await withTlsFiles(read, withEndpointFiles(loadRead(read)), faultOfTls);
  if (options.json === true) printJson(result, output);
  else printText(path, result, options, output);
  return result.config === undefined ? 1 : 0;
}

/** A bad endpoint file keeps no config from being served: what is wrong with it are notices. */
function withEndpointFiles(result: LoadResult): LoadResult {
  const files = (result.config?.pools ?? []).flatMap(({ versions }) => versions.flatMap(({ endpointsFile }) => endpointsFile ?? []));
  const notices = [...new Set(files)].flatMap((file) => loadEndpoints(file).problems);
  return notices.length === 0 ? result : { ...result, notices: [...result.notices, ...notices] };
}

/** A start would be refused for them. */
async function withTlsFiles({ document }: FileRead, result: LoadResult, faultOfTls: FaultOfFiles): Promise<LoadResult> {
  const { config } = result;
  if (config === undefined || document === undefined || !hasTls(config)) return result;
  const fault = await faultOfTls(config);
  return fault === undefined ? result : { ...result, config: undefined, problems: [problemAt(document, fault.path, fault.message)] };
}

function hasTls({ listeners, pools, admin }: Config): boolean {
  return [...listeners, admin, ...pools.flatMap(({ versions }) => versions)].some(({ tls }) => tls !== undefined);
}

/** `F:line:col: notice: message`. */
export function formatNotice(notice: Problem): string {
  return formatProblem({ ...notice, message: `notice: ${notice.message}` });
}

function printJson({ config, problems, notices }: LoadResult, output: Output): void {
  output.out(JSON.stringify({ ok: config !== undefined, problems, notices }, undefined, 2));
}

function printText(path: string, { config, problems, notices }: LoadResult, options: CheckOptions, output: Output): void {
  for (const problem of problems) output.err(formatProblem(problem));
  for (const notice of notices) output.err(formatNotice(notice));
  if (config === undefined) return;
  if (options.print === true) output.out(printConfig(config).trimEnd());
  else output.out(`${path}: ok (${count(config.pools.length, 'pool')}, ${count(config.routes.length, 'route')})`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
