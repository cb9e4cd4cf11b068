// `sluice config show|diff|export|apply`: the whole config of the running instance.

import { statSync, writeFileSync } from 'node:fs';
import { MAX_CONFIG_BYTES } from '../api/bounds.ts';
import { ask, show, showJson, showWrite, writePath, type AdminCall, type WriteOptions } from './admin-call.ts';
import type { AdminQuestion } from './admin-client.ts';
import { confirmForce, confirmMove, forcefulWrite, forcing, tried } from './careful-write.ts';
import { isMap } from '../lib/plain.ts';
import { describeDifferences } from './describe-write.ts';
import { optionalText } from './fields.ts';
import { EXIT, Failure } from './failure.ts';
import { count } from './quantity.ts';
import { readResponse } from './read-response.ts';
import { readText } from './read-text.ts';
import { refusal } from './refusal.ts';
import { visible } from '../lib/visible.ts';

export interface ExportOptions {
  /** Writes over a file that is there. */
  readonly force?: boolean | undefined;
}

const PATH = '/v1/config';
const YAML_TYPE = 'application/yaml';
/** As much as the API accepts. */
const MAX_CONFIG_MIB = MAX_CONFIG_BYTES / (1024 * 1024);

/** All of it, with defaults, as YAML; with `--json` as JSON. */
export async function runConfigShow(call: AdminCall): Promise<void> {
  if (call.options.json === true) return showJson(call, await ask(call, { method: 'GET', path: PATH }));
  const text = endLine(await askYaml(call));
  // A terminal obeys what it is shown; a file gets the text as it is.
  call.terminal.out(call.terminal.isScreen ? text.split('\n').map(visible).join('\n') : text);
}

/** What is served against the file as it was last taken. */
export async function runConfigDiff(call: AdminCall): Promise<void> {
  const body = await ask(call, { method: 'GET', path: `${PATH}/diff` });
  if (call.options.json === true) return showJson(call, body);
  const { differences, file, restart = [] } = readResponse('ConfigDiff', body);
  const { paint } = call.terminal;
  const refused = file.state === 'refused' ? [paint('bad', 'The file is refused; this is against the one before:')] : [];
  const same = file.state === 'refused' ? 'What is served is what that one says.' : 'What is served is what the file says.';
  const head = differences.length === 0 ? same : 'file -> served:';
  const waiting = restart.map((field) => paint('warn', `needs a restart: ${field}`));
  const rest = file.state === 'refused' ? file.problems.map((problem) => `  ${problem}`) : [];
  show(call, [...refused, ...rest, head, ...describeDifferences(differences, paint), ...waiting]);
}

/** The same into a file that the config can be served from, once its masked secrets are written there. */
export async function runConfigExport(call: AdminCall<ExportOptions>, file: string): Promise<void> {
  const { json, force } = call.options;
  const text = json === true ? JSON.stringify(await ask(call, { method: 'GET', path: PATH }), undefined, 2) : await askYaml(call);
  try {
    writeFileSync(file, endLine(text), { flag: force === true ? 'w' : 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new Failure(EXIT.refused, `${file} exists already: nothing was written`, ['Add --force to write over it.']);
    throw new Failure(EXIT.usage, `${file} cannot be written: ${code ?? 'unknown error'}`);
  }
  call.terminal.err(`the config in force was written to ${file}\n`);
  const masked = text.match(/\*\*\* \([0-9a-f]{8}\)/g)?.length ?? 0;
  if (masked === 0) return;
  const secrets = count(masked, 'secret');
  call.terminal.err(`${secrets} masked in it: sluice config apply takes the masks, a file that is served needs the secrets themselves\n`);
}

/** Replaces the config by that of a file, all of it or nothing; `-` is stdin. */
export async function runConfigApply(call: AdminCall<WriteOptions>, file: string): Promise<void> {
  const text = { type: YAML_TYPE, text: await readConfig(file) };
  const name = file === '-' ? 'stdin' : file;
  const question: AdminQuestion = { method: 'PUT', path: writePath(call, PATH), text, expected: call.options.ifRevision };
  const { revision, isForced } = await confirmApply(call, question, name);
  const meant = isForced ? forcing(question) : question;
  const { status, body } = await call.client.ask({ ...meant, expected: question.expected ?? revision });
  if (status >= 400) throw faultOf(call, { status, body, file: name });
  showWrite(call, body);
}

/** Everything is again as the file of the instance says. */
export async function runConfigReset(call: AdminCall<WriteOptions>): Promise<void> {
  showWrite(call, await forcefulWrite(call, { method: 'DELETE', path: PATH }, {}));
}

interface Confirmed {
  /** The revision that must be the current one; undefined: any. */
  readonly revision: number | undefined;
  /** It is meant, though a pool is left without a version that responds. */
  readonly isForced: boolean;
}

async function confirmApply(call: AdminCall<WriteOptions>, question: AdminQuestion, file: string): Promise<Confirmed> {
  const { yes = false, dryRun = false } = call.options;
  if (yes || dryRun) return { revision: undefined, isForced: yes };
  const response = await call.client.ask(tried(question));
  if (response.status === 409) {
    await confirmForce(call, response);
    return { revision: undefined, isForced: true };
  }
  if (response.status >= 400) throw faultOf(call, { ...response, file });
  return { ...(await confirmMove(call, response, {})), isForced: false };
}

async function askYaml(call: AdminCall): Promise<string> {
  const body = await ask(call, { method: 'GET', path: PATH, accept: YAML_TYPE });
  if (typeof body === 'string') return body;
  throw new Failure(EXIT.refused, 'the response is no YAML', ['Is it Sluice that responds there?']);
}

async function readConfig(file: string): Promise<string> {
  if (file !== '-' && statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new Failure(EXIT.usage, `${file} is a directory; the running instance takes one text`, [
      `Make one of it with: sluice check ${file} --print`,
    ]);
  return readText(file, MAX_CONFIG_MIB);
}

/** Located like the findings of `sluice check`: `file:line:column: message`. */
function faultOf(
  call: AdminCall,
  { status, body, file }: { readonly status: number; readonly body: unknown; readonly file: string },
): Failure {
  const plain = refusal({ status, body, address: call.client.address });
  const problems = isMap(body) && Array.isArray(body['problems']) ? (body['problems'] as readonly unknown[]).filter(isMap) : [];
  if (problems.length === 0) return plain;
  const lines = problems.map((each) => {
    const [line, column, message] = [each['line'], each['column'], optionalText(each, 'message')];
    return `${file}${typeof line === 'number' && typeof column === 'number' ? `:${line}:${column}` : ''}: ${message}`;
  });
  return new Failure(plain.exitCode, plain.message, lines);
}

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
