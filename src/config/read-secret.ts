// The value of a secret whose source the config names: from the environment, or from a small file. What is wrong with it is told in words that do
// not tell it.

import { readSmallFile } from '../lib/small-file.ts';
import type { Fault } from './fault.ts';
import { isFault } from './fault.ts';
import { problemAt } from './issues.ts';
import type { Merged } from './merge.ts';
import type { Config } from './model.ts';
import type { Problem } from './problem.ts';
import { secretPlaces } from './secret-places.ts';
import { sourceKey } from './secret.ts';
import type { SecretSource } from './secret.ts';
import { isFieldValue } from './syntax.ts';

/** Different ones of one config: each file is looked at again and again. */
export const MAX_SECRETS = 1_000;
const MAX_FILE_BYTES = 8 * 1024;
const MAX_PROBLEMS = 200;

/** Variables of the environment by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The value of a header field. Never waits, never throws. */
export function readSecret(source: SecretSource, env: Variables = process.env): string | Fault {
  return source.kind === 'env' ? readVariable(source.name, env) : readFile(source.name);
}

function readVariable(name: string, env: Variables): string | Fault {
  const what = `the environment variable ${name}`;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined) return { fault: `${what} is not set: set it where Sluice is started` };
  return judged(value, what);
}

/** Most programs that write a line end it. */
function readFile(name: string): string | Fault {
  const what = `the file ${name}`;
  const read = readSmallFile(name, MAX_FILE_BYTES);
  return typeof read === 'string' ? judged(read.replace(/\r?\n$/, ''), what) : { fault: `${what} ${read.fault}` };
}

function judged(value: string, what: string): string | Fault {
  if (value === '') return { fault: `${what} is empty` };
  if (isFieldValue(value)) return value;
  return { fault: `${what} holds no header value: it must be one line of printable ASCII text, without a blank at either end` };
}

/** A Problem at each source of the config that cannot be read here. */
export function unreadableSecrets(config: Config, document: Merged): readonly Problem[] {
  const problems: Problem[] = [];
  const known = new Map<string, string | Fault>();
  for (const { source, path } of secretPlaces(config)) {
    const key = sourceKey(source);
    if (!known.has(key)) known.set(key, known.size < MAX_SECRETS ? readSecret(source) : { fault: TOO_MANY });
    const value = known.get(key);
    if (isFault(value)) problems.push(problemAt(document, path, value.fault));
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems;
}

const TOO_MANY = `a config may name ${MAX_SECRETS} different variables and files of header values at most`;
