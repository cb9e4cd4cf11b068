// `sluice rollout …`: starts and steers rollouts, and shows them.

import type { RolloutView } from '../api/rollouts.ts';
import { ask, show, showJson, type AdminCall } from './admin-call.ts';
import { pathOf, type AdminQuestion } from './admin-client.ts';
import { EXIT, Failure, type ExitCode } from './failure.ts';
import { readResponse } from './read-response.ts';
import { readTargets } from './rollout-targets.ts';
import type { RolloutTarget } from './rollout-targets.ts';
import { viewRolloutPlan } from './view-rollout-plan.ts';
import { markdownOfReport, viewRolloutReport } from './view-rollout-report.ts';
import { isOver, viewRollout, viewRollouts } from './view-rollout.ts';
import { watch } from './watch.ts';

export interface ReasonOptions {
  readonly reason?: string | undefined;
}

export interface ForwardOptions extends ReasonOptions {
  /** Also while no window of the template is open. */
  readonly force?: boolean | undefined;
}

export interface RolloutStartOptions extends ForwardOptions {
  readonly template?: string | undefined;
  readonly from?: string | undefined;
  readonly watch?: boolean | undefined;
}

export interface RolloutStatusOptions {
  readonly watch?: boolean | undefined;
}

type Action = 'pause' | 'resume' | 'approve' | 'promote' | 'abort' | 'retry';

/** @param words `shop v2`, or several as `shop=v2 cart=v2` */
export async function runRolloutStart(call: AdminCall<RolloutStartOptions>, words: readonly string[]): Promise<ExitCode> {
  const targets = readTargets(words);
  const [{ pool, to }] = targets;
  const body = { ...which(call, targets), ...template(call), ...forward(call.options) };
  const started = await ask(call, { method: 'POST', path: pathOf('v1', 'rollouts'), body }, { pool, version: to });
  const rollout = readResponse('Rollout', started);
  if (call.options.watch === true) return follow(call, rollout.id);
  showOne(call, started);
  return EXIT.done;
}

export async function runRolloutPlan(call: AdminCall<RolloutStartOptions>, words: readonly string[]): Promise<void> {
  const targets = readTargets(words);
  const body = { ...which(call, targets), ...template(call) };
  const [{ pool, to }] = targets;
  const plan = await ask(call, { method: 'POST', path: pathOf('v1', 'rollouts', 'plan'), body }, { pool, version: to });
  if (call.options.json === true) return showJson(call, plan);
  show(call, viewRolloutPlan(readResponse('RolloutPlan', plan), call.terminal.paint));
}

/** One pool, or several that are moved together. */
function which(call: AdminCall<RolloutStartOptions>, targets: readonly [RolloutTarget, ...RolloutTarget[]]): object {
  const [{ pool, to }] = targets;
  return targets.length === 1 ? { pool, to, ...from(call, targets) } : { pools: targets, ...from(call, targets) };
}

function template({ options }: AdminCall<RolloutStartOptions>): object {
  return options.template === undefined ? {} : { template: options.template };
}

function from({ options }: AdminCall<RolloutStartOptions>, targets: readonly unknown[]): object {
  if (options.from === undefined) return {};
  if (targets.length > 1) throw new Failure(EXIT.usage, '--from is the baseline of one pool, and several are named');
  return { from: options.from };
}

export async function runRolloutStatus(call: AdminCall<RolloutStatusOptions>, name: string | undefined): Promise<ExitCode> {
  const meant = await findRollout(call, name, 'any');
  if (call.options.watch === true) return follow(call, meant.id);
  showOne(call, await ask(call, { method: 'GET', path: pathOf('v1', 'rollouts', meant.id) }));
  return exitOf(meant);
}

export async function runRolloutList(call: AdminCall): Promise<void> {
  const body = await ask(call, LIST);
  if (call.options.json === true) return showJson(call, body);
  show(call, viewRollouts(readResponse('Rollouts', body).rollouts, { paint: call.terminal.paint, nowMs: call.terminal.clock.wallMs() }));
}

export interface RolloutReportOptions {
  readonly markdown?: boolean | undefined;
}

export async function runRolloutReport(call: AdminCall<RolloutReportOptions>, name: string): Promise<void> {
  const meant = await findRollout(call, name, 'any');
  const body = await ask(call, { method: 'GET', path: pathOf('v1', 'rollouts', meant.id, 'report') });
  if (call.options.json === true) return showJson(call, body);
  const report = readResponse('RolloutReport', body);
  show(call, call.options.markdown === true ? markdownOfReport(report) : viewRolloutReport(report, call.terminal.paint));
}

export async function runRolloutAction(call: AdminCall<ForwardOptions>, action: Action, name: string | undefined): Promise<void> {
  const { id } = await findRollout(call, name, action === 'retry' ? 'any' : 'running');
  const body = forward(call.options);
  showOne(call, await ask(call, { method: 'POST', path: pathOf('v1', 'rollouts', id, action), body }));
}

export async function runFreeze(call: AdminCall<ReasonOptions>, frozen: boolean): Promise<void> {
  const body = { frozen, ...reasoned(call.options.reason) };
  const before = readResponse('Freeze', await ask(call, { method: 'GET', path: pathOf('v1', 'freeze') }));
  const freeze = await ask(call, { method: 'PUT', path: pathOf('v1', 'freeze'), body });
  if (call.options.json === true) return showJson(call, freeze);
  if (!frozen && !before.frozen) return show(call, ['rollouts were not frozen: there was nothing to undo']);
  show(call, [frozen ? 'rollouts are frozen: none starts and none is promoted; rollbacks go on' : 'rollouts may start and go on']);
}

export async function runResetBreaker(call: AdminCall<ReasonOptions>, pool: string): Promise<void> {
  const body = reasoned(call.options.reason);
  const question: AdminQuestion = { method: 'GET', path: pathOf('v1', 'pools', pool, 'breaker') };
  const { open, failures } = readResponse('Breaker', await ask(call, question, { pool }));
  const breaker = await ask(call, { method: 'POST', path: pathOf('v1', 'pools', pool, 'breaker', 'reset'), body }, { pool });
  if (call.options.json === true) return showJson(call, breaker);
  const nothing = !open && failures === 0;
  show(call, [nothing ? `rollouts of ${pool} were not blocked: there was nothing to undo` : `rollouts of ${pool} may start again`]);
}

const LIST: AdminQuestion = { method: 'GET', path: pathOf('v1', 'rollouts') };

async function follow(call: AdminCall, id: string): Promise<ExitCode> {
  const question: AdminQuestion = { method: 'GET', path: pathOf('v1', 'rollouts', id) };
  let last: RolloutView | undefined;
  await watch(call, {
    look: async () => (last = readResponse('Rollout', await ask(call, question))),
    calm: ({ state, step, why, checks }) => JSON.stringify([state, step, why, checks.map(({ verdict }) => verdict)]),
    lines: (rollout) => viewRollout(rollout, { paint: call.terminal.paint, nowMs: call.terminal.clock.wallMs() }),
    json: (rollout) => rollout,
    isOver,
  });
  return last === undefined ? EXIT.refused : exitOf(last);
}

/** By id or by pool; the newest of a pool. */
async function findRollout(call: AdminCall, name: string | undefined, which: 'running' | 'any'): Promise<RolloutView> {
  const { rollouts } = readResponse('Rollouts', await ask(call, LIST));
  const meant = rollouts.filter((each) => name === undefined || each.id === name || poolsOf(each).includes(name));
  const running = meant.filter((each) => !isOver(each));
  const found = name === undefined && running.length > 1 ? undefined : (running[0] ?? (which === 'any' ? meant[0] : undefined));
  if (found !== undefined) return found;
  if (name === undefined && running.length > 1)
    throw new Failure(
      EXIT.usage,
      'several rollouts run: name one',
      running.map((each) => `${each.id}   pool ${poolsOf(each).join(', ')}`),
    );
  const known = rollouts.slice(0, 10).map((each) => `${each.id}   pool ${poolsOf(each).join(', ')}, ${each.state}`);
  const what = which === 'running' ? 'no rollout runs' : 'there is no rollout';
  // Those who want to go back after the end look for another command.
  const undo = meant.some(({ state }) => state === 'succeeded') ? ['sluice rollback undoes one that has succeeded'] : [];
  throw new Failure(EXIT.refused, name === undefined ? what : `${what} of this name: ${name}`, [...known, ...undo]);
}

function showOne(call: AdminCall, body: unknown): void {
  if (call.options.json === true) return showJson(call, body);
  const view = { paint: call.terminal.paint, nowMs: call.terminal.clock.wallMs() };
  show(call, viewRollout(readResponse('Rollout', body), view));
}

const UNSUCCESSFUL: ReadonlySet<RolloutView['state']> = new Set(['rolling-back', 'rolled-back', 'aborted', 'failed', 'superseded']);

function poolsOf({ pool, pools }: RolloutView): readonly string[] {
  return pools?.map((each) => each.pool) ?? [pool];
}

function exitOf({ state }: RolloutView): ExitCode {
  return UNSUCCESSFUL.has(state) ? EXIT.refused : EXIT.done;
}

function forward({ reason, force }: ForwardOptions): object {
  return { ...reasoned(reason), ...(force === true && { force }) };
}

function reasoned(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}
