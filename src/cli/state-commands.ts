// The commands about desired state other than the split: overrides, the whole config, and which deploy a version is.
// What a command does is loaded when it runs, as in admin-commands.ts.

import type { Command } from 'commander';
import type { WriteOptions } from './admin-call.ts';
import { asClient, asWriter, readNumber, run, type CommandLine } from './command-frame.ts';
import type { ExportOptions } from './config.ts';
import type { MarkersOptions, MarkOptions } from './mark.ts';
import type { OverrideOptions } from './override.ts';
import { addPreviews } from './preview-commands.ts';
import { addMirrors } from './mirror-commands.ts';
import type { CommandOptions } from './run-admin-command.ts';

/** Adds `mark`, `markers`, `override …`, `mirror …`, `preview …` and `config …`. */
export function addStateCommands(program: Command, line: CommandLine): void {
  addMarkers(program, line);
  addOverrides(program, line);
  addMirrors(program, line);
  addPreviews(program, line);
  addConfig(program, line);
}

function addMarkers(program: Command, line: CommandLine): void {
  asWriter(asClient(program.command('mark'), 'say which deploy a version is; this moves no traffic'))
    .argument('<pool>')
    .argument('<version>')
    .requiredOption('--deploy <id>', 'name of the deploy')
    .option('--sha <sha>', 'hash of its commit')
    .option('--url <url>', 'a page about it')
    .action(async (pool: string, version: string, options: CommandOptions & MarkOptions) => {
      const { runMark } = await import('./mark.ts');
      await run(line, options, (call) => runMark(call, pool, version));
    });
  asClient(program.command('markers'), 'show which deploy each version is')
    .argument('[pool]', 'default: all of them')
    .argument('[version]', 'default: all of them')
    .option('-n, --last <number>', 'show this many past markers instead, newest first (at most 100)', readNumber)
    .action(async (pool: string | undefined, version: string | undefined, options: CommandOptions & MarkersOptions) => {
      const { runMarkers } = await import('./mark.ts');
      await run(line, options, (call) => runMarkers(call, pool, version));
    });
}

function addOverrides(program: Command, line: CommandLine): void {
  const group = program
    .command('override')
    .helpCommand(false)
    .description('give certain requests to one version: list, set, remove, clear');
  asClient(group.command('list'), 'show the overrides')
    .argument('[pool]', 'default: of all pools')
    .action(async (pool: string | undefined, options: CommandOptions) => {
      const { runOverrideList } = await import('./override.ts');
      await run(line, options, (call) => runOverrideList(call, pool));
    });
  asWriter(asClient(group.command('set'), 'add or replace one: sluice override set shop qa --header x-qa=1 --version v2'))
    .argument('<pool>')
    .argument('<name>')
    .option('--header <name=value>', 'requests with this field; without =value any value')
    .option('--cookie <name=value>', 'requests with this cookie')
    .option('--query <name=value>', 'requests with this query parameter')
    .option('--version <version>', 'the version that they get')
    .action(async (pool: string, name: string, options: CommandOptions & OverrideOptions) => {
      const { runOverrideSet } = await import('./override.ts');
      await run(line, options, (call) => runOverrideSet(call, pool, name));
    });
  asWriter(asClient(group.command('remove'), 'remove one, set by the file or by the API'))
    .argument('<pool>')
    .argument('<name>')
    .action(async (pool: string, name: string, options: CommandOptions & WriteOptions) => {
      const { runOverrideRemove } = await import('./override.ts');
      await run(line, options, (call) => runOverrideRemove(call, pool, name));
    });
  addOverrideClear(group, line);
}

function addOverrideClear(group: Command, line: CommandLine): void {
  asWriter(
    asClient(
      group.command('clear').alias('reset'),
      'take back everything that the API did to the overrides of a pool; those of the file come back',
    ),
  )
    .argument('<pool>')
    .action(async (pool: string, options: CommandOptions & WriteOptions) => {
      const { runOverrideClear } = await import('./override.ts');
      await run(line, options, (call) => runOverrideClear(call, pool));
    });
}

function addConfig(program: Command, line: CommandLine): void {
  const group = program
    .command('config')
    .helpCommand(false)
    .description('the whole config of the running instance: show, diff, export, apply, reset');
  asClient(group.command('show'), 'print it as YAML, with all defaults').action(async (options: CommandOptions) => {
    const { runConfigShow } = await import('./config.ts');
    await run(line, options, (call) => runConfigShow(call));
  });
  asClient(group.command('diff'), 'show what is served otherwise than the file says').action(async (options: CommandOptions) => {
    const { runConfigDiff } = await import('./config.ts');
    await run(line, options, (call) => runConfigDiff(call));
  });
  asClient(group.command('export'), 'write it to a file')
    .argument('<file>')
    .option('--force', 'overwrite an existing file')
    .action(async (file: string, options: CommandOptions & ExportOptions) => {
      const { runConfigExport } = await import('./config.ts');
      await run(line, options, (call) => runConfigExport(call, file));
    });
  asWriter(
    asClient(
      group.command('apply'),
      'replace it with that of a file, all of it or nothing; it then has precedence over the file of the instance',
    ),
  )
    .argument('<file>', 'YAML or JSON; - reads stdin. Paths in it are relative to the folder of the config of the instance')
    .action(async (file: string, options: CommandOptions & WriteOptions) => {
      const { runConfigApply } = await import('./config.ts');
      await run(line, options, (call) => runConfigApply(call, file));
    });
  asWriter(
    asClient(group.command('reset'), 'take back everything that the API changed; what the file of the instance says is in force'),
  ).action(async (options: CommandOptions & WriteOptions) => {
    const { runConfigReset } = await import('./config.ts');
    await run(line, options, (call) => runConfigReset(call));
  });
}
