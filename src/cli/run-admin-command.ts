// The frame around every command of the admin client: finds the admin API, runs, turns a Failure into words and an exit code.

import { readAccess, type AccessOptions, type Environment } from './access.ts';
import type { AdminCall } from './admin-call.ts';
import { AdminClient } from './admin-client.ts';
import { EXIT, Failure, formatFailure, type ExitCode } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface CommandDeps {
  readonly terminal: Terminal;
  readonly env: Environment;
}

export type CommandOptions = AccessOptions & { readonly json?: boolean | undefined };

/** Returns the exit code: 0 unless `run` returns another. Rejects only for bugs. */
export async function runAdminCommand<Options extends CommandOptions>(
  { terminal, env }: CommandDeps,
  options: Options,
  run: (call: AdminCall<Options>) => Promise<ExitCode> | Promise<void>,
): Promise<ExitCode> {
  try {
    return (await run({ client: new AdminClient(readAccess(options, env)), terminal, options })) ?? EXIT.done;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    terminal.err(`${options.json === true ? failureJson(error) : formatFailure(error)}\n`);
    return error.exitCode;
  }
}

function failureJson({ message, advice, exitCode }: Failure): string {
  return JSON.stringify({ error: message, advice, exitCode });
}
