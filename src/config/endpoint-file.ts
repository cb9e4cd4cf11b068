// Text of an endpoint file to endpoints: a YAML or JSON list in the grammar of `endpoints` in the config. Never throws.

import { problemAt, problemsOf } from './issues.ts';
import { mergeSources } from './merge.ts';
import type { Merged } from './merge.ts';
import type { EndpointConfig } from './model.ts';
import { parseList } from './parse.ts';
import type { Problem } from './problem.ts';
import { endpointList } from './schema/endpoint.ts';
import { strictMap } from './schema/strict-map.ts';

export const MAX_ENDPOINT_FILE_BYTES = 1024 * 1024;
export const MAX_ENDPOINTS = 10_000;

export interface EndpointList {
  /** Undefined exactly when there are Problems. */
  readonly endpoints: readonly EndpointConfig[] | undefined;
  readonly problems: readonly Problem[];
}

/** What paths in Problems begin with: `endpoints[3].weight`. */
const KEY = 'endpoints';

const schema = strictMap({ [KEY]: endpointList() });

/** Decodes the text of `file`, which need not exist. An empty list is as good as any; an empty file is not, for it may be half-written. */
export function decodeEndpoints(file: string, text: string): EndpointList {
  const { source, problems } = parseList(file, text, KEY);
  if (source === undefined) return { endpoints: undefined, problems };
  const merged = mergeSources([source]);
  const written = source.value[KEY] as readonly unknown[];
  if (written.length > MAX_ENDPOINTS)
    return refused([problemAt(merged, [KEY], `${MAX_ENDPOINTS} endpoints at most, got ${written.length}`)]);
  const decoded = schema.safeParse(source.value);
  if (!decoded.success) return refused(problemsOf(decoded.error.issues, merged));
  const endpoints = decoded.data[KEY];
  const repeated = findRepeated(endpoints, merged);
  return repeated.length === 0 ? { endpoints, problems: [] } : refused(repeated);
}

function findRepeated(endpoints: readonly EndpointConfig[], merged: Merged): Problem[] {
  const seen = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [index, { key }] of endpoints.entries()) {
    const before = seen.get(key);
    if (before === undefined) seen.set(key, index);
    else {
      const { line } = merged.place([KEY, before], 'value');
      problems.push(problemAt(merged, [KEY, index], `endpoint "${key}" is already taken at line ${line}`));
    }
  }
  return problems;
}

function refused(problems: readonly Problem[]): EndpointList {
  return { endpoints: undefined, problems };
}
