// A long text as it is kept: deflated. The config of 50,000 routes is one MB and not twelve, in memory or on the disk, at each of its revisions.

import { promisify } from 'node:util';
import { listInTurns } from '../lib/pace.ts';

/** In characters; what is shorter stays as it is, for all who look into the file. */
const LONG = 256 * 1024;
/** In characters, of what is handed over at once. */
const CHUNK = 512 * 1024;
const MAX_BYTES = 512 * 1024 * 1024;
/** No JSON begins so. */
const MARK = 'deflated:';

/** Made in turns; the work of packing is done beside this thread. @param pieces of JSON, none of which ends within a character */
export async function packText(pieces: Iterable<string>): Promise<string> {
  const parts = await listInTurns(pieces);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return length < LONG ? parts.join('') : deflateText(parts);
}

/** The JSON again. Rejects on what `packText` did not make. */
export async function unpackText(kept: string): Promise<string> {
  if (!kept.startsWith(MARK)) return kept;
  const { inflate } = zlib();
  const bytes = await promisify(inflate)(Buffer.from(kept.slice(MARK.length), 'base64'), { maxOutputLength: MAX_BYTES });
  return bytes.toString();
}

async function deflateText(parts: readonly string[]): Promise<string> {
  const packer = zlib().createDeflate({ level: 1 });
  const packed: Buffer[] = [];
  packer.on('data', (chunk: Buffer) => packed.push(chunk));
  const ended = new Promise<void>((resolve, reject) => void packer.on('end', resolve).on('error', reject));
  let text = '';
  for (const part of parts) {
    text += part;
    if (text.length < CHUNK) continue;
    await new Promise<void>((resolve) => void packer.write(text, () => resolve()));
    text = '';
  }
  packer.end(text);
  await ended;
  return MARK + Buffer.concat(packed).toString('base64');
}

/** Loaded only where there is something long. */
function zlib(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib');
}
