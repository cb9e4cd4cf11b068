// A mirror in the words of the grammar.

import { formatDuration } from './duration.ts';
import type { CompareConfig, MirrorConfig, MirrorMatch } from './model.ts';
import { describeChanges, describeHeaders } from './print-match.ts';
import { formatSize } from './size.ts';

export function describeMirror({
  match,
  limits,
  requestHeaders,
  fraction,
  percent,
  timeoutMs,
  ...mirror
}: MirrorConfig): Readonly<Record<string, unknown>> {
  return {
    name: mirror.name,
    pool: mirror.pool,
    version: mirror.version,
    ...(fraction === undefined ? { percent } : { fraction }),
    sample: mirror.sample,
    match: describeMirrorMatch(match),
    sideEffects: mirror.sideEffects,
    onAbort: mirror.onAbort,
    timeout: formatDuration(timeoutMs),
    limits: {
      connections: limits.connections,
      requests: limits.requests,
      lag: formatSize(limits.lagBytes),
      response: formatSize(limits.responseBytes),
    },
    requestHeaders: describeChanges(requestHeaders),
    rewrite: mirror.rewrite,
    compare: mirror.compare && describeCompare(mirror.compare),
  };
}

function describeMirrorMatch({ methods, paths, headers }: MirrorMatch): object {
  return { methods, paths: paths.map(({ kind, path }) => ({ [kind]: path })), headers: describeHeaders(headers) };
}

function describeCompare({ bodyBytes, noisePercent, ...compare }: CompareConfig): object {
  return {
    headers: compare.headers,
    ignore: compare.ignore,
    lists: compare.lists,
    numbers: compare.numbers,
    redact: compare.redact,
    examples: compare.examples,
    body: formatSize(bodyBytes),
    perTemplate: compare.perTemplate,
    noise: noisePercent === 0 ? 'off' : { percent: noisePercent },
    verdict: compare.verdict,
  };
}
