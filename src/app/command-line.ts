// The command line: reads arguments, starts what they name, and ends with its exit code. What a command needs is loaded when it is
// asked for: a person who types `sluice rollback` must not wait for the proxy's code.

import { Command, InvalidArgumentError, type CommanderError } from 'commander';
import { addAdminCommands } from '../cli/admin-commands.ts';
import { withAccess } from '../cli/command-frame.ts';
import type { CheckOptions, FaultOfFiles } from '../cli/check.ts';
import type { AccessOptions } from '../cli/access.ts';
import { runAdminCommand } from '../cli/run-admin-command.ts';
import { openTerminal } from '../cli/terminal.ts';
import { didYouMean } from '../config/suggest.ts';
import { visible } from '../lib/visible.ts';
import type { LogLevel } from '../lib/log.ts';
import type { Instance } from './instance.ts';
import type { RunOptions } from './run.ts';
import { version } from './version.ts';

const FORMATS: readonly string[] = ['auto', 'human', 'json'];
const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'];
// The reader of what we print may go away; unheard, that would end a process that serves.
process.stdout.on('error', () => undefined);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const program = new Command('sluice')
  .description('A traffic shifter: splits, shifts and takes back traffic between versions of an application.')
  .version(version)
  .option('--log-level <level>', `how much to log to stderr: ${LEVELS.join(', ')}`, readLevel, 'info')
  .option('--log-format <format>', 'human, json, or auto: human where stderr is a terminal', readFormat, 'auto')
  .showHelpAfterError('(sluice --help lists the commands)')
  .exitOverride(endUsage);
const deps = { terminal: openTerminal(process, process.env), env: process.env };

interface RunArguments {
  readonly config?: string;
  readonly workers?: number;
  readonly takeover?: boolean;
  readonly fallbackToLastGood?: string | true;
}

program
  .command('run')
  .description('serve a config; prints one line when ready')
  .argument('[path]', 'YAML file, or a directory of them')
  .option('--config <path>', 'the same')
  .option('--workers <number>', 'data-plane threads, instead of what the config says', readCount)
  .option('--takeover', 'take over from the process that runs with the same state.dir, without a pause; with none it just starts')
  .option(
    '--fallback-to-last-good [dir]',
    'when the config has problems, serve what was served last until they are mended; dir: the state folder, if not the one that the config names',
  )
  .action(async (path: string | undefined, options: RunArguments) => {
    const config = onePath('run', path, options.config);
    const { spawnEarly } = await import('../threads/spawn-worker.ts');
    const early = spawnEarly();
    const { readyLine, run } = await import('./run.ts');
    const { workers, takeover = false, fallbackToLastGood: last } = options;
    const fallback = last === undefined ? undefined : { stateDir: last === true ? undefined : last };
    const told = { ...(await openTold()), onReady: (instance: Instance) => print(readyLine(instance)) };
    await end(run({ config, workers, takeover, fallback, early, ...told }));
  });

program
  .command('demo')
  .description('start four small applications, v1 to v4, and serve config/demo.yaml in front of them; what `npm start` alone does')
  .option('--any-port', 'let the system choose all ports', false)
  .action(async (options: { anyPort: boolean }) => {
    const { demo } = await import('./demo.ts');
    await end(demo({ ...(await openTold()), anyPort: options.anyPort, print }));
  });

program
  .command('check')
  .description('validate a config; prints file:line:column: message for each Problem')
  .argument('[path]', 'YAML file, or a directory of them; - reads standard input')
  .option('--config <path>', 'the same')
  .option('--print', 'print the config with all defaults filled in, and secrets masked')
  .option('--schema', 'print the JSON Schema of the config, for editors')
  .option('--json', 'print the findings as JSON')
  .action(async (named: string | undefined, options: CheckOptions & { config?: string }) => {
    const path = options.config === undefined ? named : onePath('check', named, options.config);
    const { runCheck } = await import('../cli/check.ts');
    const faultOfTls: FaultOfFiles = async (config) => (await import('../control/certificates/tls-files.ts')).tlsFaultOf(config);
    await end(runCheck(path, options, { out: print, err: (line) => void process.stderr.write(`${line}\n`) }, faultOfTls));
  });

interface ExplainArguments extends AccessOptions {
  readonly config?: string;
  readonly header: string[];
  readonly listener?: string;
  readonly client?: string;
  readonly json: boolean;
}

withAccess(program.command('explain'))
  .description('say which route, pool and version a request would get, and why: of a config, or of the running instance')
  .option('--config <path>', 'YAML file, or a directory of them; without it the running instance is asked')
  .argument('<method>', 'such as GET')
  .argument('<url>', 'http://host/path?query, or a path alone')
  .option('-H, --header <field...>', "a request field: 'name: value'; may be repeated", [])
  .option('--listener <name>', 'the listener it comes in on; default: the first')
  .option('--client <address>', 'IP address of the client, for affinity by it')
  .option('--json', 'print JSON', false)
  .action(async (method: string, url: string, options: ExplainArguments) => {
    const { config, header, listener, client, json } = options;
    if (config !== undefined && options.admin !== undefined) {
      return program.error('error: --config asks the file, --admin the running instance: give one of them', { exitCode: 2 });
    }
    if (config !== undefined) {
      const { runExplain } = await import('../cli/explain.ts');
      return end(
        runExplain({ config, method, url, headers: header, json, listener, client }, { out: process.stdout, err: process.stderr }),
      );
    }
    const { runExplainLive } = await import('../cli/explain-live.ts');
    await end(runAdminCommand(deps, options, (call) => runExplainLive(call, { method, url, headers: header, listener, client })));
  });

addAdminCommands(program, { ...deps, finish: (code) => void (process.exitCode = code) });

for (const command of program.commands) tellUsage(command, program.name());

const words = process.argv.slice(2);
// Else `--version` would be that of Sluice, wherever it stands.
program.enablePositionalOptions(words.includes('override'));
const [first, about] = words;
if (first === 'help' && about !== undefined && program.commands.every((each) => each.name() !== about))
  program.error(
    `error: unknown command '${visible(about)}'${didYouMean(
      about,
      program.commands.map((each) => each.name()),
    )}`,
    { exitCode: 2 },
  );
if (words.length === 0) program.outputHelp();
else await program.parseAsync(words, { from: 'user' });

/** The config that is meant, by argument or by option. */
function onePath(command: string, path: string | undefined, config: string | undefined): string {
  if (path !== undefined && config !== undefined)
    return program.error('error: give the path once: as an argument, or with --config', { exitCode: 2 });
  const one = path ?? config;
  return (
    one ??
    program.error(`error: say which config: sluice ${command} sluice.yaml, or sluice ${command} --config sluice.yaml`, { exitCode: 2 })
  );
}

/** After what is wrong with a command comes how that command is used. */
function tellUsage(command: Command, before: string): void {
  const name = `${before} ${command.name()}`;
  command.showHelpAfterError(`Usage: ${name} ${command.usage()}\n(${name} --help says more)`);
  for (const inner of command.commands) tellUsage(inner, name);
}

/** Ends with `code` once what was written has left. */
async function end(code: number | Promise<number>): Promise<void> {
  process.exitCode = await code;
  const { flushOutput } = await import('../lib/log.ts');
  await flushOutput();
  process.exit();
}

/** Commander has said what is wrong, or shown the help. Wrong usage is 2: 1 is for what was refused. */
function endUsage(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? 0 : 2);
}

/** People at a terminal read sentences, everything else reads JSON; `--log-format` says otherwise. */
function isForPeople(): boolean {
  const { logFormat } = program.opts<{ logFormat: string }>();
  return logFormat === 'human' || (logFormat === 'auto' && process.stderr.isTTY);
}

/** How a process that serves tells what happens: its log, and what a drain waits for. */
async function openTold(): Promise<Pick<RunOptions, 'log' | 'tellLeft'>> {
  const { logLevel: level } = program.opts<{ logLevel: LogLevel }>();
  if (isForPeople()) {
    const { openHumanLog } = await import('./open-human-log.ts');
    return { log: openHumanLog(level), tellLeft };
  }
  const { createLog } = await import('../lib/json-log.ts');
  return { log: createLog({ level, name: 'sluice' }) };
}

function tellLeft(requests: number): void {
  process.stderr.write(`${requests} ${requests === 1 ? 'request' : 'requests'} left, press Ctrl-C again to stop now\n`);
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1 to 999');
  return Number(text);
}

function readFormat(text: string): string {
  if (!FORMATS.includes(text)) throw new InvalidArgumentError(`it must be one of ${FORMATS.join(', ')}`);
  return text;
}

function readLevel(text: string): string {
  if (!LEVELS.includes(text)) throw new InvalidArgumentError(`it must be one of ${LEVELS.join(', ')}`);
  return text;
}
