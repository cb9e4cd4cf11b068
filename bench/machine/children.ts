// Starts the processes of a run, pinned where the machine allows it, and sees to it that none outlives the run.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** `proxy` is the program under test; `load` is the upstream and the generator. They share no core where there are two. */
export type Role = 'proxy' | 'load';

export interface Command {
  readonly role: Role;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Child {
  readonly pid: number;
  /** What it wrote to stdout and stderr, the last 16,000 characters. */
  output(): string;
  /** Resolves with its exit code, or -1 when a signal ended it. */
  readonly exited: Promise<number>;
  /** Kills it with all that it started, and waits until it is gone. */
  stop(): Promise<void>;
}

const OUTPUT_LIMIT = 16_000;
const CORES: Readonly<Record<Role, string>> = { proxy: '0', load: '1' };

const running = new Set<ChildProcess>();
const canPin = availableParallelism() >= 2 && isInstalled('taskset');

/** To be called once: whatever ends the run ends its processes. */
export function killChildrenOnExit(): void {
  process.on('exit', () => running.forEach(killGroup));
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGHUP', () => process.exit(129));
}

export function startChild(command: Command): Child {
  const [file, args] = canPin ? ['taskset', ['-c', CORES[command.role], command.file, ...command.args]] : [command.file, command.args];
  // A group of its own, so that workers die with their master.
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...command.env } });
  running.add(child);
  let output = '';
  const collect = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_LIMIT));
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      collect(Buffer.from(`${error.message}\n`));
      running.delete(child);
      resolve(-1);
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve(code ?? -1);
    });
  });
  const stop = async () => {
    killGroup(child);
    await exited;
  };
  return { pid: child.pid ?? -1, output: () => output, exited, stop };
}

/** Starts one of bench/servers; each prints `port N` when it listens. */
export async function startServer(
  role: Role,
  program: string,
  ...args: readonly (string | number)[]
): Promise<{ child: Child; port: number }> {
  const file = new URL(`../servers/${program}`, import.meta.url).pathname;
  const child = startChild({ role, file: process.execPath, args: [file, ...args.map(String)] });
  const port = Number((await waitForOutput(child, /^port (\d+)$/m, 10_000))[1]);
  return { child, port };
}

/** Resolves when the output has `pattern`; rejects with the output when the process ends first or the time is up. */
export async function waitForOutput(child: Child, pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
  const deadline = performance.now() + timeoutMs;
  let ended = false;
  void child.exited.then(() => (ended = true));
  for (;;) {
    const found = pattern.exec(child.output());
    if (found !== null) return found;
    if (ended) throw new Error(`ended before it was ready:\n${child.output()}`);
    if (performance.now() > deadline) throw new Error(`did not print ${String(pattern)} within ${timeoutMs} ms:\n${child.output()}`);
    await pause(20);
  }
}

/** Runs a program to its end and resolves with its output; rejects when it fails. */
export async function run(command: Command): Promise<string> {
  const child = startChild(command);
  const code = await child.exited;
  if (code !== 0) throw new Error(`${command.file} ended with ${code}:\n${child.output()}`);
  return child.output();
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}
