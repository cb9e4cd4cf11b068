// `sluice status [pool]`: which versions get traffic, how they are, and what is wrong: then it ends with 1. With `--watch` it looks again
// each second.

import type { Overview } from '../api/overview.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { EXIT, Failure, type ExitCode } from './failure.ts';
import { readPoolsOf, type SeenPools } from './pools-of.ts';
import { settledView, viewPool } from './pool-view.ts';
import { readResponse } from './read-response.ts';
import { viewFile, viewFindings } from './view-findings.ts';
import { watch } from './watch.ts';

export interface StatusOptions {
  readonly watch?: boolean | undefined;
  /** Prints nothing: the exit code says it all. */
  readonly quiet?: boolean | undefined;
}

interface Seen extends SeenPools {
  /** With what concerns the pools that are shown, and the whole instance. */
  readonly overview: Overview;
}

/** 1 when something is wrong. */
export async function runStatus(call: AdminCall<StatusOptions>, pool: string | undefined): Promise<ExitCode> {
  const { watch: watches, quiet, json } = call.options;
  if (quiet === true) return askQuietly(call, pool);
  if (watches === true) {
    const calm = ({ pools, overview }: Seen): string => [...pools.map(settledView), settledFindings(overview)].join('\n');
    await watch(call, { look: () => look(call, pool), calm, lines: (seen) => linesOf(call, seen), json: jsonOf });
    return EXIT.done;
  }
  const seen = await look(call, pool);
  if (json === true) showJson(call, jsonOf(seen));
  else show(call, linesOf(call, seen));
  return codeOf(seen);
}

async function askQuietly(call: AdminCall<StatusOptions>, pool: string | undefined): Promise<ExitCode> {
  try {
    return codeOf(await look(call, pool));
  } catch (error) {
    if (error instanceof Failure) return error.exitCode;
    throw error;
  }
}

async function look(call: AdminCall, pool: string | undefined): Promise<Seen> {
  const seen = await readPoolsOf(call, pool);
  const overview = readResponse('Overview', await ask(call, { method: 'GET', path: '/v1/overview' }));
  if (pool === undefined) return { ...seen, overview };
  const findings = overview.findings.filter((each) => each.pool === undefined || each.pool === pool);
  const pools = overview.pools.filter(({ name }) => name === pool);
  return { ...seen, overview: { ...overview, pools, findings, findingCount: findings.length } };
}

function codeOf({ overview }: Seen): ExitCode {
  return overview.findings.length === 0 ? EXIT.done : EXIT.wrong;
}

function jsonOf({ body, overview }: Seen): object {
  return { ...(body as object), overview };
}

function linesOf({ terminal }: AdminCall, { pools, overview }: Seen): readonly string[] {
  const { paint, clock } = terminal;
  const nowMs = clock.wallMs();
  const figures = new Map(overview.pools.map((pool) => [pool.name, pool.versions]));
  const shown = pools.flatMap((pool, index) => [
    ...(index === 0 ? [] : ['']),
    ...viewPool(pool, paint, { versions: figures.get(pool.name) ?? [], findings: overview.findings, nowMs }),
  ]);
  const rest = [...viewFindings(overview, paint, nowMs), ...viewFile(overview.file, paint)];
  const pages = pools.length === 0 ? ['The config has no pools.'] : shown;
  return rest.length === 0 ? pages : [...pages, '', ...rest];
}

/** Without numbers that change all the time. */
function settledFindings({ findings, file }: Overview): string {
  return JSON.stringify([findings.map(({ code, place, severity }) => [code, place, severity]), file.state, file.differences]);
}
