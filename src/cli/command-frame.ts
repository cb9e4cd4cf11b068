// What all commands of the admin client have in common on the command line: options, help, and how they run.

import { InvalidArgumentError, type Command } from 'commander';
import type { AccessOptions } from './access.ts';
import type { AdminCall } from './admin-call.ts';
import type { ExitCode } from './failure.ts';
import { runAdminCommand, type CommandDeps } from './run-admin-command.ts';

export interface CommandLine extends CommandDeps {
  /** Called with the exit code of a command that has ended. */
  finish(code: number): void;
}

const REFUSED = 'refused (nothing was changed)';

/** Only what can ask for a revision can find another one. */
function exitCodes(one: string, command: Command): string {
  const stale = command.options.some(({ long }) => long === '--if-revision');
  return `
Exit codes: 0 done, 1 ${one}, 2 wrong usage, 3 the admin API cannot be reached${stale ? ', 4 the expected revision is not the current one' : ''}.
Environment: SLUICE_ADMIN (address), SLUICE_TOKEN (token), NO_COLOR.`;
}

/** Where the admin API is and who asks; `explain` has these options as well. */
export function withAccess(command: Command): Command {
  return command
    .option('--admin <url>', 'the admin API: http://host:port, https://host:port or unix:/path (default: http://127.0.0.1:9901)')
    .option('--token <token>', 'the token; SLUICE_TOKEN or --token-file hide it better from other users of the machine')
    .option('--token-file <path>', 'file with the token')
    .option('--ca-file <path>', 'PEM file with the authority that signed the certificate, for https')
    .option('--cert-file <path>', 'PEM file with our own certificate, where the admin API asks for one')
    .option('--key-file <path>', 'PEM file with its key');
}

/** @param one what exit code 1 means */
export function asClient(command: Command, description: string, one = REFUSED): Command {
  return withAccess(command.description(description))
    .option('--json', 'print JSON')
    .addHelpText('after', (context) => exitCodes(one, context.command));
}

export function asWriter(command: Command): Command {
  return command
    .option('--reason <text>', 'why, for the journal')
    .option('--dry-run', 'only show what would change')
    .option('--if-revision <number>', 'only if this is still the current revision', readNumber)
    .option('--yes', 'ask nothing, whatever it does');
}

export async function run<Options extends AccessOptions>(
  line: CommandLine,
  options: Options,
  command: (call: AdminCall<Options>) => Promise<ExitCode> | Promise<void>,
): Promise<void> {
  line.finish(await runAdminCommand(line, options, command));
}

export function readNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1');
  return Number(text);
}
