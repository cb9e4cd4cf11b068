#!/usr/bin/env node
// The command line: reads arguments, starts what they name, and ends with its exit code.

import { Command, InvalidArgumentError } from 'commander';
import { runCheck } from '../cli/check.ts';
import type { CheckOptions } from '../cli/check.ts';
import { runExplain } from '../cli/explain.ts';
import { createLog, flushOutput } from '../lib/log.ts';
import type { LogLevel } from '../lib/log.ts';
import { demo } from './demo.ts';
import { readyLine, run } from './run.ts';
import { version } from './version.ts';

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'];
// Whoever reads what we print may go away; unheard, that would end a process that serves.
process.stdout.on('error', () => undefined);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const program = new Command('sluice')
  .description('A traffic shifter: splits, shifts and takes back traffic between versions of an application.')
  .version(version)
  .option('--log-level <level>', `how much to log to stderr: ${LEVELS.join(', ')}`, readLevel, 'info')
  .showHelpAfterError('(sluice --help lists the commands)');

const log = () => createLog({ level: program.opts<{ logLevel: LogLevel }>().logLevel, name: 'sluice' });

program
  .command('run')
  .description('serve a config; prints one line when ready')
  .requiredOption('--config <path>', 'YAML file, or a directory of them')
  .option('--workers <number>', 'data-plane threads, instead of what the config says', readCount)
  .action(async (options: { config: string; workers?: number }) => {
    await end(run({ config: options.config, workers: options.workers, log: log(), onReady: (instance) => print(readyLine(instance)) }));
  });

program
  .command('demo')
  .description('start small v1, v2 and v3 applications and serve config/demo.yaml in front of them; what `sluice` alone does')
  .option('--any-port', 'let the system choose all ports', false)
  .action(async (options: { anyPort: boolean }) => {
    await end(demo({ log: log(), anyPort: options.anyPort, print }));
  });

program
  .command('check')
  .description('validate a config; prints file:line:column: message for each Problem')
  .argument('[path]', 'YAML file, or a directory of them')
  .option('--print', 'print the config with all defaults filled in')
  .option('--schema', 'print the JSON Schema of the config, for editors')
  .option('--json', 'print the findings as JSON')
  .action(async (path: string | undefined, options: CheckOptions) => {
    await end(runCheck(path, options, { out: print, err: (line) => void process.stderr.write(`${line}\n`) }));
  });

program
  .command('explain')
  .description('say which route, pool and version a request would get, and why')
  .requiredOption('--config <path>', 'YAML file, or a directory of them')
  .argument('<method>', 'such as GET')
  .argument('<url>', 'http://host/path?query, or a path alone')
  .option('-H, --header <field...>', "a request field: 'name: value'; may be repeated", [])
  .option('--listener <name>', 'the listener it comes in on; default: the first')
  .option('--client <address>', 'IP address of the client, for affinity by it')
  .option('--json', 'print JSON', false)
  .action(
    async (
      method: string,
      url: string,
      options: { config: string; header: string[]; listener?: string; client?: string; json: boolean },
    ) => {
      const { config, header, listener, client, json } = options;
      await end(runExplain({ config, method, url, headers: header, json, listener, client }, process.stdout));
    },
  );

const words = process.argv.slice(2);
await program.parseAsync(words.length === 0 ? ['demo'] : words, { from: 'user' });

/** Ends with `code` once what was written has left. */
async function end(code: number | Promise<number>): Promise<void> {
  process.exitCode = await code;
  await flushOutput();
  process.exit();
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('it must be a number from 1 to 999');
  return Number(text);
}

function readLevel(text: string): string {
  if (!LEVELS.includes(text)) throw new InvalidArgumentError(`it must be one of ${LEVELS.join(', ')}`);
  return text;
}
