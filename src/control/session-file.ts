// The sessions of a pool as bytes of a file. What cannot have been written by this release, or was damaged, is never read as sessions.

import { crc32 } from 'node:zlib';
import { COPY_CELLS } from '../routing/sessions.ts';
import type { KeptSessions } from './session-tables.ts';

/** In front of a file; the last byte is the version of its form. */
const MAGIC = Buffer.from('sluice sessions\x01', 'latin1');
/** Magic, checksum of all that follows, and the length of the head. */
const START_BYTES = MAGIC.length + 8;
const USER_BYTES = COPY_CELLS * 4;
const MAX_HEAD_LENGTH = 4096;
/** Written and read as this machine orders bytes: what another one wrote does not fit. */
const ORDER = 0x01020304;

interface Head {
  readonly pool: string;
  readonly keys: string;
  readonly seeds: readonly [number, number];
  readonly users: number;
  readonly order: number;
}

/** The bytes in pieces, for the largest tables have a hundred MiB. */
export interface EncodedSessions {
  readonly pieces: readonly Buffer[];
  readonly checksum: number;
}

/** @param parts copies that `Sessions.copy` made */
export function encodeSessions(pool: string, { keys, seeds }: Omit<KeptSessions, 'copied'>, parts: readonly Int32Array[]): EncodedSessions {
  const cells = parts.reduce((sum, part) => sum + part.length, 0);
  const order = new Uint8Array(Int32Array.of(ORDER).buffer)[0]!;
  const head = Buffer.from(JSON.stringify({ pool, keys, seeds, users: cells / COPY_CELLS, order } satisfies Head), 'utf8');
  const body = [head, ...parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))];
  const start = Buffer.alloc(START_BYTES);
  MAGIC.copy(start);
  start.writeUInt32LE(head.length, START_BYTES - 4);
  const checksum = body.reduce((sum, piece) => crc32(piece, sum), crc32(start.subarray(START_BYTES - 4)));
  start.writeUInt32LE(checksum, MAGIC.length);
  return { pieces: [start, ...body], checksum };
}

/** What was kept of the pool, or in words why it cannot be used. */
export function decodeSessions(pool: string, bytes: Buffer): KeptSessions | string {
  if (bytes.length < START_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return 'it is no file of sessions, or of another release';
  if (crc32(bytes.subarray(START_BYTES - 4)) !== bytes.readUInt32LE(MAGIC.length)) return 'it is damaged: its checksum is wrong';
  const headBytes = bytes.readUInt32LE(START_BYTES - 4);
  if (headBytes > MAX_HEAD_LENGTH || headBytes > bytes.length - START_BYTES) return 'its head is longer than it may be';
  const end = START_BYTES + headBytes;
  const head = readHead(bytes.toString('utf8', START_BYTES, end));
  if (head === undefined) return 'its head cannot be read';
  if (head.pool !== pool) return `it is of the pool ${JSON.stringify(head.pool)}`;
  if (head.order !== new Uint8Array(Int32Array.of(ORDER).buffer)[0]) return 'a machine wrote it that orders bytes the other way';
  if (head.users * USER_BYTES !== bytes.length - end) return 'it is not as long as it says';
  const copied = new Int32Array(head.users * COPY_CELLS);
  Buffer.from(copied.buffer).set(bytes.subarray(end));
  return { keys: head.keys, seeds: head.seeds, copied };
}

function readHead(text: string): Head | undefined {
  try {
    const { pool, keys, seeds, users, order } = JSON.parse(text) as Record<keyof Head, unknown>;
    const [low, high] = Array.isArray(seeds) ? (seeds as readonly unknown[]) : [];
    if (typeof pool !== 'string' || typeof keys !== 'string' || typeof low !== 'number' || typeof high !== 'number') return undefined;
    if (typeof users !== 'number' || typeof order !== 'number') return undefined;
    return { pool, keys, seeds: [low, high], users, order };
  } catch {
    return undefined;
  }
}
