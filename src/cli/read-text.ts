// A text that a command is given as a file, or with `-` on stdin: bounded, whole or not at all.

import { readFileSync } from 'node:fs';
import { EXIT, Failure } from './failure.ts';

const MIB = 1024 * 1024;

/** @param mostMiB what is larger ends the command */
export async function readText(file: string, mostMiB: number): Promise<string> {
  try {
    const bytes = file === '-' ? await readStdin(mostMiB * MIB) : readFileSync(file);
    if (bytes.length > mostMiB * MIB) throw new Failure(EXIT.usage, `${file} has more than ${mostMiB} MiB`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(EXIT.usage, `cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
  }
}

/** As far as it is not too much anyway. */
async function readStdin(mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > mostBytes) break;
  }
  return Buffer.concat(chunks);
}
