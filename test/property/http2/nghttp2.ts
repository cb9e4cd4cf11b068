// Node's HTTP/2, which is nghttp2, over memory instead of a socket, as the second opinion of the tests. It is fed with frames as they are.

import { connect, performServerHandshake } from 'node:http2';
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2';
import { Duplex } from 'node:stream';
import { writeFrameHead } from '../../../src/http2/frame-writer.ts';
import * as frames from '../../../src/http2/frames.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Far more than it needs, on a busy machine too. */
const MAX_WAIT_MS = 10_000;
/** Frames that are rejected in one session, before Node ends it for them, are fewer than this. */
export const MAX_BLOCKS = 40;

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const made = Buffer.alloc(frames.FRAME_HEAD + payload.length);
  made.set(payload, writeFrameHead(made, 0, payload.length, type, flags, streamId));
  return made;
}

const PING = frame(frames.PING, 0, 0, Buffer.from('question'));

/** The far end of Node's socket: frames that Node writes come out, bytes that it is to read go in. */
class Wire extends Duplex {
  readonly written: Frame[] = [];
  #bytes = Buffer.alloc(0);
  #onFrame: () => void = () => undefined;
  #gone = false;
  #prefaceBytes: number;

  constructor(prefaceBytes: number) {
    super();
    this.#prefaceBytes = prefaceBytes;
  }

  override _read(): void {
    // It is pushed.
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.#prefaceBytes > 0 && this.#bytes.length >= this.#prefaceBytes) {
      this.#bytes = this.#bytes.subarray(this.#prefaceBytes);
      this.#prefaceBytes = 0;
    }
    while (this.#prefaceBytes === 0 && this.#takeFrame());
    done();
    this.#onFrame();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#gone = true;
    this.#onFrame();
    done(error);
  }

  #takeFrame(): boolean {
    if (this.#bytes.length < frames.FRAME_HEAD) return false;
    const end = frames.FRAME_HEAD + this.#bytes.readUIntBE(0, 3);
    if (this.#bytes.length < end) return false;
    const [type, flags] = [this.#bytes[3]!, this.#bytes[4]!];
    const payload = Buffer.from(this.#bytes.subarray(frames.FRAME_HEAD, end));
    this.written.push({ type, flags, streamId: this.#bytes.readUInt32BE(5), payload });
    this.#bytes = this.#bytes.subarray(end);
    return true;
  }

  /** Once Node has written what `is` looks for, or has ended. */
  async until(is: (written: readonly Frame[]) => boolean): Promise<void> {
    if (this.#gone || is(this.written)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nghttp2 waits for more')), MAX_WAIT_MS);
      this.#onFrame = () => {
        if (!this.#gone && !is(this.written)) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Lets Node read this, and react to it: the PING behind it is acknowledged then, unless Node has ended. */
  async feed(bytes: Buffer): Promise<void> {
    this.push(Buffer.concat([bytes, PING]));
    await this.until((written) =>
      written.some(({ type, flags }) => type === frames.GOAWAY || (type === frames.PING && flags === frames.ACK)),
    );
    // Events are told in the turn after that.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export type Pairs = [name: string, value: string][];

interface NodeStream {
  /** Heads, the last of which may be trailers. */
  readonly heads: Pairs[];
  content: string;
  ended: boolean;
}

export interface Reading {
  readonly streams: Map<number, NodeStream>;
  /** Codes by stream. */
  readonly resets: Map<number, number>;
  /** Code with which Node ended the connection; -1: it did not. */
  readonly goaway: number;
}

function takeNames(raw: readonly string[]): Pairs {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]!] as [string, string]] : []));
}

function readingOf(wire: Wire, streams: Map<number, NodeStream>): Reading {
  const resets = new Map<number, number>();
  let goaway = -1;
  for (const { type, streamId, payload } of wire.written) {
    if (type === frames.RST_STREAM) resets.set(streamId, payload.readUInt32BE(0));
    if (type === frames.GOAWAY) goaway = payload.readUInt32BE(4);
  }
  return { streams, resets, goaway };
}

/** What a server of Node makes of the frames that a client sends behind its preface and SETTINGS. */
export async function readAsServer(sent: Buffer): Promise<Reading> {
  const wire = new Wire(0);
  const streams = new Map<number, NodeStream>();
  const session: ServerHttp2Session = performServerHandshake(wire, { maxHeaderListPairs: 1000, settings: { enableConnectProtocol: true } });
  session.on('error', () => undefined);
  session.on('stream', (stream, _headers, flags, raw: unknown) => {
    const noted: NodeStream = { heads: [takeNames(raw as string[])], content: '', ended: (flags & frames.END_STREAM) !== 0 };
    streams.set(stream.id!, noted);
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => (noted.content += bytes.toString('latin1')));
    stream.on('trailers', (_trailers, _flags, rawTrailers: unknown) => noted.heads.push(takeNames(rawTrailers as string[])));
    stream.on('end', () => (noted.ended = !stream.aborted));
  });
  await wire.feed(Buffer.concat([frames.CLIENT_PREFACE, frame(frames.SETTINGS, 0, 0), sent]));
  const reading = readingOf(wire, streams);
  session.destroy();
  return reading;
}

interface RunningClient {
  readonly wire: Wire;
  readonly session: ClientHttp2Session;
}

function startClient(): RunningClient {
  const wire = new Wire(frames.CLIENT_PREFACE.length);
  const session = connect('http://a.example', { createConnection: () => wire, maxHeaderListPairs: 1000 });
  session.on('error', () => undefined);
  return { wire, session };
}

/** What a client of Node makes of the frames of a server, after it has sent requests on as many streams. */
export async function readAsClient(requests: number, sent: Buffer, method = 'GET'): Promise<Reading> {
  const { wire, session } = startClient();
  const streams = new Map<number, NodeStream>();
  for (let index = 0; index < requests; index++) {
    const stream = session.request({ ':method': method, ':path': '/' });
    const noted: NodeStream = { heads: [], content: '', ended: false };
    streams.set(2 * index + 1, noted);
    const take = (_headers: unknown, _flags: number, raw: unknown) => void noted.heads.push(takeNames(raw as string[]));
    for (const event of ['headers', 'response', 'trailers']) stream.on(event, take);
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => (noted.content += bytes.toString('latin1')));
    stream.on('end', () => (noted.ended = stream.rstCode === 0));
  }
  wire.push(frame(frames.SETTINGS, 0, 0));
  await wire.until((written) => written.filter(({ type }) => type === frames.HEADERS).length === requests);
  await wire.feed(sent);
  const reading = readingOf(wire, streams);
  session.destroy();
  return reading;
}

/** The blocks of fields that a client of Node sends for these requests, in their order. */
export async function writeAsClient(requests: readonly Record<string, string | string[]>[], tableSize = 4096): Promise<Buffer[]> {
  const { wire, session } = startClient();
  const settings = Buffer.from([0, 1, 0, 0, tableSize >> 8, tableSize & 0xff]);
  wire.push(frame(frames.SETTINGS, 0, 0, settings));
  await wire.until((written) => written.some(({ type, flags }) => type === frames.SETTINGS && flags === frames.ACK));
  for (const headers of requests) session.request(headers).on('error', () => undefined);
  await wire.until((written) => written.filter(({ type }) => type === frames.HEADERS).length === requests.length);
  session.destroy();
  return blocksOf(wire.written);
}

/** The blocks that a server of Node sends for these responses, in their order. */
export async function writeAsServer(responses: readonly Record<string, string | number | string[]>[]): Promise<Buffer[]> {
  const wire = new Wire(0);
  const session: ServerHttp2Session = performServerHandshake(wire);
  session.on('error', () => undefined);
  session.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond(responses[(stream.id! - 1) / 2], { endStream: true });
  });
  const request = Buffer.from([0x82, 0x86, 0x84, 0x01, 0x01, 0x61]);
  const sent = responses.map((_, index) => frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, 2 * index + 1, request));
  await wire.feed(Buffer.concat([frames.CLIENT_PREFACE, frame(frames.SETTINGS, 0, 0), ...sent]));
  await wire.until((written) => blocksOf(written).length === responses.length);
  session.destroy();
  return blocksOf(wire.written);
}

function blocksOf(written: readonly Frame[]): Buffer[] {
  const blocks: Buffer[] = [];
  for (const { type, flags, payload } of written) {
    // Node sends neither padding nor, when none is asked for, priority.
    if (type === frames.HEADERS) blocks.push((flags & frames.HAS_PRIORITY) === 0 ? payload : payload.subarray(5));
    if (type === frames.CONTINUATION) blocks[blocks.length - 1] = Buffer.concat([blocks.at(-1)!, payload]);
  }
  return blocks;
}
