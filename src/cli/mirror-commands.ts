// The commands about mirrors, as the command line knows them. What a command does is loaded when it runs, as in admin-commands.ts.

import { InvalidArgumentError, Option, type Command } from 'commander';
import type { WriteOptions } from './admin-call.ts';
import { asClient, asWriter, readNumber, run, type CommandLine } from './command-frame.ts';
import type { MissedOptions } from './mirror-missed.ts';
import type { MirrorReportOptions } from './mirror-report.ts';
import type { MirrorSetOptions } from './mirror.ts';
import type { CommandOptions } from './run-admin-command.ts';

const SET_HELP = `
With --to or --from the mirror is what the options say, with defaults for the rest; an existing one is replaced as a whole.
Without either, only what the options say changes in the existing mirror:
  sluice mirror set shop dark --to v2 --percent 10 --compare
  sluice mirror set shop dark --percent 50
--from takes the keys of a mirror as in the config (version, percent, match, compare, limits ...), with or without its name.
Options have precedence over the file: --to replaces its pool and version, --percent and --fraction its share, --method, --path and --header its
methods, paths and headers; --compare and --side-effects turn on what it leaves off.`;

const REPORT_HELP = `
The exit code is the verdict: 0 pass, 5 fail, 6 inconclusive (not enough evidence yet), 7 no data (nothing was compared yet).
With --watch it looks again each second until it is pass or fail.`;

const MISSED_HELP = `
With --json each write is a line of its own. Numbers rise by one; --after NUMBER goes on after the last number that you saw.
They begin anew when Sluice starts. A full list drops the oldest writes: stderr says how many are gone.`;

/** Adds `mirror list`, `set`, `remove`, `clear`, `report` and `missed`. */
export function addMirrors(program: Command, line: CommandLine): void {
  const group = program
    .command('mirror')
    .helpCommand(false)
    .description('copy requests to a version whose responses are discarded or compared: list, set, remove, clear, report, missed');
  addList(group, line);
  addSet(group, line);
  addRemove(group, line);
  addReport(group, line);
  addMissed(group, line);
}

function addList(group: Command, line: CommandLine): void {
  asClient(group.command('list'), 'show the mirrors')
    .argument('[pool]', 'default: of all pools')
    .action(async (pool: string | undefined, options: CommandOptions) => {
      const { runMirrorList } = await import('./mirror.ts');
      await run(line, options, (call) => runMirrorList(call, pool));
    });
}

function addSet(group: Command, line: CommandLine): void {
  asWriter(asClient(group.command('set'), 'add, replace or change one: sluice mirror set shop dark --to v2 --percent 10'))
    .argument('<pool>')
    .argument('<name>')
    .option(
      '--to <target>',
      'which version gets the copies: VERSION, POOL/VERSION, or POOL as it splits (POOL/ where a version has the same name)',
    )
    .option('--percent <number>', 'of 100 requests, or users, that fit (default: all)', readPercent)
    .option('--fraction <fraction>', 'the same, such as 1/3')
    .addOption(new Option('--sample <what>', 'whole users, where they can be told apart, or each request').choices(['session', 'request']))
    .option('--method <method>', 'only requests with this one; may be repeated', collect)
    .option('--path <prefix>', 'only requests below this path; may be repeated', collect)
    .option('--header <name=value>', 'only requests with this field; without =value any value; may be repeated', collect)
    .option('--side-effects', 'also copy what may have side effects, such as POST')
    .option('--compare', 'compare the responses of the shadow with those of the primary')
    .option('--from <file>', 'the mirror as YAML or JSON; - reads stdin')
    .addHelpText('after', SET_HELP)
    .action(async (pool: string, name: string, options: CommandOptions & MirrorSetOptions) => {
      const { runMirrorSet } = await import('./mirror.ts');
      await run(line, options, (call) => runMirrorSet(call, pool, name));
    });
}

function addRemove(group: Command, line: CommandLine): void {
  asWriter(asClient(group.command('remove'), 'remove one, set by the file or by the API'))
    .argument('<pool>')
    .argument('<name>')
    .action(async (pool: string, name: string, options: CommandOptions & WriteOptions) => {
      const { runMirrorRemove } = await import('./mirror.ts');
      await run(line, options, (call) => runMirrorRemove(call, pool, name));
    });
  asWriter(
    asClient(
      group.command('clear').alias('reset'),
      'take back everything that the API did to the mirrors of a pool; those of the file come back',
    ),
  )
    .argument('<pool>')
    .action(async (pool: string, options: CommandOptions & WriteOptions) => {
      const { runMirrorClear } = await import('./mirror.ts');
      await run(line, options, (call) => runMirrorClear(call, pool));
    });
}

function addReport(group: Command, line: CommandLine): void {
  asClient(group.command('report'), 'show how the responses of the shadow differ; exits with the verdict')
    .argument('<pool>')
    .argument('<name>')
    .option('--fields <number>', 'how many fields (default: 10)', readNumber)
    .option('--watch', 'look again each second until it is pass or fail')
    .addHelpText('after', REPORT_HELP)
    .action(async (pool: string, name: string, options: CommandOptions & MirrorReportOptions) => {
      const { runMirrorReport } = await import('./mirror-report.ts');
      await run(line, options, (call) => runMirrorReport(call, pool, name));
    });
}

function addMissed(group: Command, line: CommandLine): void {
  asClient(group.command('missed'), 'list the writes that the primary took and the shadow did not')
    .argument('<pool>')
    .argument('<name>')
    .option('--after <number>', 'only those after this one', readPlace)
    .option('--limit <number>', 'how many at a time', readNumber)
    .option('--all', 'the whole list, page by page')
    .addHelpText('after', MISSED_HELP)
    .action(async (pool: string, name: string, options: CommandOptions & MissedOptions) => {
      const { runMirrorMissed } = await import('./mirror-missed.ts');
      await run(line, options, (call) => runMirrorMissed(call, pool, name));
    });
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** `10`, `0.5`, `10%`. */
function readPercent(text: string): number {
  const percent = /^\d{1,3}(?:\.\d{1,6})?%?$/.test(text) ? Number.parseFloat(text) : NaN;
  if (!(percent <= 100)) throw new InvalidArgumentError('it must be a number from 0 to 100');
  return percent;
}

function readPlace(text: string): number {
  return text === '0' ? 0 : readNumber(text);
}
