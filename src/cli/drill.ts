// `sluice drill POOL`: rehearses rollback and failover. It says first what it will do; nobody's traffic is touched unless that was confirmed.

import type { Drill } from '../api/drills.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { EXIT, Failure, type ExitCode } from './failure.ts';
import { readResponse } from './read-response.ts';
import { tried } from './careful-write.ts';
import { formatSeconds } from './view-drill.ts';

export interface DrillOptions {
  readonly to?: string | undefined;
  readonly weight?: string | undefined;
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

const LOOK_MS = 500;
const SECONDS = ['begin', 'failover', 'resume', 'back'] as const;

/** 1 when it did not pass. */
export async function runDrill(call: AdminCall<DrillOptions>, pool: string): Promise<ExitCode> {
  const { to, weight, for: time, reason, dryRun, yes, json } = call.options;
  const body = {
    ...(to !== undefined && { to }),
    ...(weight !== undefined && { weight }),
    ...(time !== undefined && { for: time }),
    ...(reason !== undefined && { reason }),
  };
  const question = { method: 'POST', path: pathOf('v1', 'pools', pool, 'drill'), body } as const;
  const named = { pool, ...(to !== undefined && { version: to }) };
  if (dryRun === true || yes !== true) {
    const planned = await ask(call, tried(question), named);
    if (dryRun === true) {
      if (json === true) showJson(call, planned);
      else show(call, [...planOf(readResponse('Drill', planned)), call.terminal.paint('warn', 'nothing was done')]);
      return EXIT.done;
    }
    await confirm(call, readResponse('Drill', planned));
  }
  const drill = await untilOver(call, readResponse('Drill', await ask(call, question, named)));
  if (json === true) showJson(call, drill);
  else show(call, viewDrill(drill, call.terminal.paint));
  return drill.result === 'passed' ? EXIT.done : EXIT.refused;
}

/** A long one goes on after the call has responded. */
async function untilOver(call: AdminCall, begun: Drill): Promise<Drill> {
  const { pool, id } = begun;
  let drill = begun;
  while (drill.state === 'running' && drill.fault === undefined) {
    await new Promise<void>((resolve) => void call.terminal.clock.after(LOOK_MS, resolve));
    const seen = readResponse('Pool', await ask(call, { method: 'GET', path: pathOf('v1', 'pools', pool) }, { pool })).drill;
    if (seen?.id !== id) break;
    drill = seen;
  }
  return drill;
}

async function confirm({ terminal }: AdminCall, drill: Drill): Promise<void> {
  const plan = planOf(drill);
  if (!terminal.isAttended)
    throw new Failure(EXIT.usage, `a drill of ${drill.pool} works on the live config; nobody is there to confirm it: this is no terminal`, [
      ...plan,
      'Add --yes if that is meant, or --dry-run to see only what it would do.',
    ]);
  terminal.out(`${plan.join('\n')}\n`);
  const response = await terminal.ask('Go on? [y/N] ');
  if (!/^y(?:es)?$/i.test(response)) throw new Failure(EXIT.refused, 'not confirmed: nothing was changed');
}

function planOf({ pool, baseline, canary, plan }: Drill): readonly string[] {
  return [`A drill of ${pool}, from ${baseline} to ${canary} and back:`, ...plan.map((line, index) => `  ${index + 1}. ${line}`)];
}

function viewDrill(
  { pool, canary, result = 'failed', why, seconds, leftOut }: Drill,
  paint: AdminCall['terminal']['paint'],
): readonly string[] {
  const head = `drill of ${pool} with ${canary}: ${paint(result === 'passed' ? 'good' : 'bad', result)}, ${why}`;
  const times = SECONDS.flatMap((phase) =>
    seconds[phase] === undefined ? [] : [`  ${phase.padEnd(8)}  ${formatSeconds(seconds[phase])}`],
  );
  return [head, ...times, ...(leftOut === undefined ? [] : [`  the failover was left out: ${leftOut}`])];
}
