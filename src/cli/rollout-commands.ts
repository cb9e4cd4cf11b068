// `sluice rollout …` as the command line knows it. What a command does is loaded when it runs, as in admin-commands.ts.

import type { Command } from 'commander';
import { asClient, run, type CommandLine } from './command-frame.ts';
import type { DrillOptions } from './drill.ts';
import type { ForwardOptions, RolloutReportOptions, RolloutStartOptions, RolloutStatusOptions, ReasonOptions } from './rollout.ts';
import type { CommandOptions } from './run-admin-command.ts';

const ACTIONS = [
  ['pause', 'stop where it is; what fails is still taken back'],
  ['resume', 'go on after a pause or a hold'],
  ['approve', 'pass the gate of an approve step'],
  ['promote', 'go to the end at once'],
  ['abort', 'go back to the split from before'],
  ['retry', 'begin anew after it was taken back, with fresh evidence and half the alpha'],
] as const;

const FORWARD: ReadonlySet<string> = new Set(['resume', 'promote', 'retry']);
const FORCE = ['--force', 'also while no window of the template is open; it takes a --reason'] as const;
const WHICH_RUNS = 'id, or the name of a pool with a rollout; default: the one that runs';
const WHICH_ENDED = 'id, or the name of a pool; default: one that is paused or held, else the one that ended last';
const OVER = 'refused, or the rollout did not succeed';

export function addRollouts(program: Command, line: CommandLine): void {
  addDrill(program, line);
  const group = program
    .command('rollout')
    .helpCommand(false)
    .description('move a pool to another version step by step, and take it back when it harms: start, plan, status, abort, …');
  addStart(group, line);
  addPlan(group, line);
  addStatus(group, line);
  for (const [action, what] of ACTIONS) {
    const command = asClient(group.command(action), what)
      .argument('[rollout]', action === 'retry' ? WHICH_ENDED : WHICH_RUNS)
      .option('--reason <text>', 'why, for the journal');
    if (FORWARD.has(action)) command.option(...FORCE);
    command.action(async (name: string | undefined, options: CommandOptions & ForwardOptions) => {
      const { runRolloutAction } = await import('./rollout.ts');
      await run(line, options, (call) => runRolloutAction(call, action, name));
    });
  }
  addOthers(group, line);
}

function addDrill(program: Command, line: CommandLine): void {
  asClient(
    program.command('drill'),
    'rehearse rollback and failover of a pool on the live config, and put everything back: sluice drill shop',
    'refused, or it did not pass',
  )
    .argument('<pool>')
    .option('--to <version>', 'the version that is drilled (default: one without weight)')
    .option(
      '--weight <share>',
      'give it this share of the requests, at most 5%, so that users meet it (default: copies alone, and nobody does)',
    )
    .option('--for <duration>', 'how long it has them (default: 1s)')
    .option('--reason <text>', 'why, for the journal')
    .option('--dry-run', 'only say what it would do')
    .option('--yes', 'ask nothing')
    .action(async (pool: string, options: CommandOptions & DrillOptions) => {
      const { runDrill } = await import('./drill.ts');
      await run(line, options, (call) => runDrill(call, pool));
    });
}

function addStart(group: Command, line: CommandLine): void {
  asClient(group.command('start'), 'start a rollout: sluice rollout start shop v2 --template canary-15m', OVER)
    .argument('<pool>', 'with its version; or several that go together: shop=v2 cart=v2')
    .argument('[version]', 'the version that is to serve the pool: the canary')
    .argument('[others...]')
    .option(
      '--template <name>',
      'a template of the config, or one that Sluice brings: canary, canary-5m, canary-15m, blue-green (default: canary)',
    )
    .option('--from <version>', 'the baseline (default: the version of the greatest weight)')
    .option('--reason <text>', 'why, for the journal')
    .option(...FORCE)
    .option('--watch', 'look each second until it ends; exit code 0 = it succeeded')
    .action(async (pool: string, version: string | undefined, others: readonly string[], options: CommandOptions & RolloutStartOptions) => {
      const { runRolloutStart } = await import('./rollout.ts');
      await run(line, options, (call) => runRolloutStart(call, wordsOf(pool, version, others)));
    });
}

function addPlan(group: Command, line: CommandLine): void {
  asClient(group.command('plan'), 'say what a start would do: users exposed, time until evidence, what it could miss')
    .argument('<pool>', 'with its version; several that move together as shop=v2 cart=v2')
    .argument('[version]')
    .argument('[others...]')
    .option('--template <name>', 'default: canary')
    .option('--from <version>', 'the baseline (default: the version of the greatest weight)')
    .action(async (pool: string, version: string | undefined, others: readonly string[], options: CommandOptions & RolloutStartOptions) => {
      const { runRolloutPlan } = await import('./rollout.ts');
      await run(line, options, (call) => runRolloutPlan(call, wordsOf(pool, version, others)));
    });
}

function addStatus(group: Command, line: CommandLine): void {
  asClient(group.command('status'), 'show a rollout: its steps, its checks with their evidence, and why it is where it is', OVER)
    .argument('[rollout]', 'id, or the name of a pool; default: those that run, else the last one')
    .option('--watch', 'look again each second until it ends')
    .action(async (name: string | undefined, options: CommandOptions & RolloutStatusOptions) => {
      const { runRolloutStatus } = await import('./rollout.ts');
      await run(line, options, (call) => runRolloutStatus(call, name));
    });
  asClient(group.command('list'), 'show rollouts, also those that ended').action(async (options: CommandOptions) => {
    const { runRolloutList } = await import('./rollout.ts');
    await run(line, options, (call) => runRolloutList(call));
  });
  asClient(group.command('report'), 'print everything about a rollout, for a post-mortem')
    .argument('<rollout>', 'id, or the name of a pool: the one that runs, else the one that ended last')
    .option('--markdown', 'as Markdown')
    .action(async (name: string, options: CommandOptions & RolloutReportOptions) => {
      const { runRolloutReport } = await import('./rollout.ts');
      await run(line, options, (call) => runRolloutReport(call, name));
    });
}

function addOthers(group: Command, line: CommandLine): void {
  for (const [name, frozen, what] of [
    ['freeze', true, 'stop starts and promotions of rollouts, never rollbacks'],
    ['unfreeze', false, 'let rollouts start and go on again'],
  ] as const) {
    asClient(group.command(name), what)
      .option('--reason <text>', 'why, for the journal')
      .action(async (options: CommandOptions & ReasonOptions) => {
        const { runFreeze } = await import('./rollout.ts');
        await run(line, options, (call) => runFreeze(call, frozen));
      });
  }
  asClient(group.command('reset-breaker'), 'forgive the rollouts of a pool that failed: the next may start')
    .argument('<pool>')
    .option('--reason <text>', 'why, for the journal')
    .action(async (pool: string, options: CommandOptions & ReasonOptions) => {
      const { runResetBreaker } = await import('./rollout.ts');
      await run(line, options, (call) => runResetBreaker(call, pool));
    });
}

function wordsOf(pool: string, version: string | undefined, others: readonly string[]): readonly string[] {
  return version === undefined ? [pool] : [pool, version, ...others];
}
