// The commands of the admin client, as the command line knows them: names, arguments, options, help. What a command does is loaded when it
// runs, so that a person who types `sluice rollback` waits for nothing else.

import { Option, type Command } from 'commander';
import { JOURNAL_KINDS } from '../api/journal-kinds.ts';
import type { WriteOptions } from './admin-call.ts';
import { asClient, asWriter, readNumber, run, type CommandLine } from './command-frame.ts';
import type { DrainOptions } from './drain.ts';
import type { EventsOptions } from './events.ts';
import type { ExchangesOptions } from './exchanges.ts';
import { EXIT, Failure, formatFailure } from './failure.ts';
import type { RevisionsOptions } from './revisions.ts';
import type { RollbackOptions } from './rollback.ts';
import type { CommandOptions } from './run-admin-command.ts';
import type { SplitOptions } from './split.ts';
import { addRollouts } from './rollout-commands.ts';
import { addStateCommands } from './state-commands.ts';
import type { StatusOptions } from './status.ts';

/** Adds every command that asks or tells a running instance, `completion`, and what completion asks. */
export function addAdminCommands(program: Command, line: CommandLine): void {
  addStatus(program, line);
  addSplit(program, line);
  addDrain(program, line);
  addRollback(program, line);
  addRollouts(program, line);
  addRevisions(program, line);
  addEvents(program, line);
  addStateCommands(program, line);
  addExchanges(program, line);
  addCompletion(program, line);
}

function addStatus(program: Command, line: CommandLine): void {
  asClient(
    program.command('status'),
    'show which versions get traffic, how they are, and what is wrong; it ends with 1 when something is',
    'something is wrong',
  )
    .argument('[pool]', 'default: all of them')
    .option('--watch', 'look again each second')
    .option('--quiet', 'print nothing: 0 when nothing is wrong, 1 when something is, 3 when it cannot be asked')
    .action(async (pool: string | undefined, options: CommandOptions & StatusOptions) => {
      const { runStatus } = await import('./status.ts');
      await run(line, options, (call) => runStatus(call, pool));
    });
}

function addSplit(program: Command, line: CommandLine): void {
  asWriter(
    asClient(program.command('split'), 'show the split of a pool, or set it: sluice split shop v1=90 v2=10, or sluice split shop v2=10%'),
  )
    .argument('<pool>')
    .argument('[weights...]', 'version=weight; versions that are not named get 0. Or version=share%: the others are scaled')
    .option('--reset', 'go back to the split that the file says')
    .option('--move-users', 'users follow the weights at once, also those that keep their version by affinity.remember')
    .action(async (pool: string, weights: string[], options: CommandOptions & SplitOptions) => {
      const { runSplit } = await import('./split.ts');
      await run(line, options, (call) => runSplit(call, pool, weights));
    });
}

function addDrain(program: Command, line: CommandLine): void {
  asWriter(asClient(program.command('drain'), 'let a version, or one of its endpoints, finish and take nothing new'))
    .argument('<pool>')
    .argument('<version>')
    .argument('[endpoint]', 'address, as status shows it; default: the whole version')
    .option('--deadline <duration>', 'such as 30s: what is left after it is cut')
    .option('--watch', 'wait until nothing is left')
    .action(async (pool: string, version: string, endpoint: string | undefined, options: CommandOptions & DrainOptions) => {
      const { runDrain } = await import('./drain.ts');
      await run(line, options, (call) => runDrain(call, { pool, version, endpoint }));
    });
  asWriter(asClient(program.command('resume'), 'let it take requests again'))
    .argument('<pool>')
    .argument('<version>')
    .argument('[endpoint]', 'default: the whole version')
    .action(async (pool: string, version: string, endpoint: string | undefined, options: CommandOptions & WriteOptions) => {
      const { runResume } = await import('./drain.ts');
      await run(line, options, (call) => runResume(call, { pool, version, endpoint }));
    });
}

function addRollback(program: Command, line: CommandLine): void {
  asWriter(
    asClient(
      program.command('rollback'),
      'undo the last change of traffic, with all steps of a ramp, or go back to a revision; shows it and asks first',
    ),
  )
    .argument('[revision]', 'default: the one before the last change of traffic', readNumber)
    .option('--step', 'undo one step alone')
    .option('--keep-users', 'users keep the version that they have as long as affinity.remember says')
    .action(async (revision: number | undefined, options: CommandOptions & RollbackOptions) => {
      const { runRollback } = await import('./rollback.ts');
      await run(line, options, (call) => runRollback(call, revision));
    });
}

function addRevisions(program: Command, line: CommandLine): void {
  asClient(program.command('revisions'), 'show who changed what, when and why')
    .argument('[number]', 'one revision with all its differences', readNumber)
    .option('--limit <number>', 'how many (default: 20)', readNumber)
    .action(async (number: number | undefined, options: CommandOptions & RevisionsOptions) => {
      const { runRevisions } = await import('./revisions.ts');
      await run(line, options, (call) => runRevisions(call, number));
    });
}

function addEvents(program: Command, line: CommandLine): void {
  asClient(program.command('events'), 'show what happened: changes, markers, refusals, refused files, health, ejections')
    .option('--follow', 'go on with what happens from now on')
    .option('-n, --last <number>', 'how many past lines (default: 20, with --since all)', readNumber)
    .option('--since <when>', 'what came after this number of the journal, or within this time before now: 120, 10m')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(JOURNAL_KINDS))
    .action(async (options: CommandOptions & EventsOptions) => {
      const { runEvents } = await import('./events.ts');
      await run(line, options, (call) => runEvents(call));
    });
}

function addExchanges(program: Command, line: CommandLine): void {
  asClient(program.command('exchanges'), 'show recent requests, and why they went where they went; secrets are masked')
    .argument('[pool]', 'default: all of them')
    .argument('[version]', 'only exchanges that this version served')
    .option('--route <name>', 'only those of this route')
    .option('--outcome <code>', 'only those that ended so, such as ok, no_route or response_timeout')
    .option('--status <number>', 'only those with this status', readNumber)
    .option('--id <request-id>', 'the one with this x-request-id, with everything that is known about it')
    .option('--limit <number>', 'how many (default: 20)', readNumber)
    .option('--watch', 'look again each second')
    .action(async (pool: string | undefined, version: string | undefined, options: CommandOptions & ExchangesOptions) => {
      const { runExchanges } = await import('./exchanges.ts');
      await run(line, options, (call) => runExchanges(call, pool, version));
    });
}

function addCompletion(program: Command, line: CommandLine): void {
  program
    .command('completion')
    .description('print a script for tab completion: source <(sluice completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionScript } = await import('./completion.ts');
      try {
        line.terminal.out(completionScript(shell));
        line.finish(EXIT.done);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        line.terminal.err(`${formatFailure(error)}\n`);
        line.finish(error.exitCode);
      }
    });
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('./complete.ts');
      for (const word of await complete(program, words, line.env)) line.terminal.out(`${word}\n`);
      line.finish(EXIT.done);
    });
}
