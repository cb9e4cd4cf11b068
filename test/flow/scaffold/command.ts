// The command line as a process of its own: what it prints, how it ends. For what is not `run` with a good config.
//
//   const ended = await runCommand(['check', file]);            code, stdout, stderr
//   const started = startCommand(['demo', '--any-port']);       await started.printed(/ready/); closed by closeAll

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { programOf } from '../../scaffold/program.ts';
import { eventually, within } from './eventually.ts';
import { open } from './open.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Started {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;

  constructor(program: string, parameters: readonly string[]) {
    const env = { ...process.env, NODE_OPTIONS: '' };
    // A group of its own: what a shell has started ends with it.
    this.#process = spawn(program, parameters, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The first match in what was printed to stdout. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return eventually(`${String(pattern)} printed`, () => pattern.exec(this.stdout) ?? undefined, 20_000);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async close(): Promise<void> {
    this.#killGroup('SIGTERM');
    await within('exit', this.ended, 10_000).catch(() => this.#killGroup('SIGKILL'));
  }

  #killGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It has ended already.
    }
  }
}

export function startCommand(parameters: readonly string[]): Started {
  return open(new Started(process.execPath, [programOf(), ...parameters]));
}

/** Any program, in the project's folder. */
export function startProgram(program: string, parameters: readonly string[]): Started {
  return open(new Started(program, parameters));
}

export async function runCommand(parameters: readonly string[]): Promise<Ended> {
  return within(`end of ${parameters.join(' ')}`, startCommand(parameters).ended, 20_000);
}
