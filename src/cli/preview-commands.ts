// The commands about previews, as the command line knows them. What a command does is loaded when it runs, as in admin-commands.ts.

import type { Command } from 'commander';
import type { WriteOptions } from './admin-call.ts';
import { asClient, asWriter, run, type CommandLine } from './command-frame.ts';
import type { PreviewOptions } from './preview.ts';
import type { CommandOptions } from './run-admin-command.ts';

/** Adds `preview add`, `list` and `remove`. */
export function addPreviews(program: Command, line: CommandLine): void {
  const group = program
    .command('preview')
    .helpCommand(false)
    .description('give a branch a version for a time, which only those meet who ask for it: add, list, remove');
  asWriter(
    asClient(
      group.command('add'),
      'add one, or replace it: sluice preview add shop pr-123 --endpoint 127.0.0.1:9007 --header x-preview=pr-123 --ttl 2h',
    ),
  )
    .argument('<pool>')
    .argument('<name>')
    .option('--endpoint <address...>', 'where it is; operators may name what previews.endpoints of the pool opens')
    .option('--header <name=value>', 'requests with this field meet it')
    .option('--cookie <name=value>', 'requests with this cookie')
    .option('--query <name=value>', 'requests with this query parameter')
    .option('--host <host>', 'requests for this host, by a route of its own; operators may name what previews.hosts of the pool opens')
    .option('--ttl <duration>', 'how long it stays, such as 2h')
    .action(async (pool: string, name: string, options: CommandOptions & PreviewOptions) => {
      const { runPreviewAdd } = await import('./preview.ts');
      await run(line, options, (call) => runPreviewAdd(call, pool, name));
    });
  asClient(group.command('list'), 'show the previews of a pool, and how long they stay')
    .argument('<pool>')
    .action(async (pool: string, options: CommandOptions) => {
      const { runPreviewList } = await import('./preview.ts');
      await run(line, options, (call) => runPreviewList(call, pool));
    });
  asWriter(asClient(group.command('remove'), 'take one away before its time is over'))
    .argument('<pool>')
    .argument('<name>')
    .action(async (pool: string, name: string, options: CommandOptions & WriteOptions) => {
      const { runPreviewRemove } = await import('./preview.ts');
      await run(line, options, (call) => runPreviewRemove(call, pool, name));
    });
}
