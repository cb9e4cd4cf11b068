// Upstreams of HTTP/2 that send what they like: frames made by hand, on a Wire.
//
//   const upstream = await startRawHttp2(async (peer) => { const id = await peer.request(); await peer.wire.write(frame(HEADERS, …)); });
//
// A script begins behind the preface and the settings of both sides.

import { HeaderEncoder } from '../../../src/http2/hpack/header-encoder.ts';
import { writeFrameHead } from '../../../src/http2/frame-writer.ts';
import { CLIENT_PREFACE, FRAME_HEAD, HEADERS, SETTINGS } from '../../../src/http2/frames.ts';
import { startUpstream } from './upstream.ts';
import type { Upstream } from './upstream.ts';
import type { Wire } from './wire.ts';

export function frame(type: number, flags: number, streamId: number, payload: Buffer | string = ''): Buffer {
  const content = Buffer.from(payload as string, 'latin1');
  const bytes = Buffer.alloc(FRAME_HEAD + content.length);
  writeFrameHead(bytes, 0, content.length, type, flags, streamId);
  content.copy(bytes, FRAME_HEAD);
  return bytes;
}

/** A block of the fields of a response. @param lines each with its CRLF */
export function block(status: number, lines = ''): Buffer {
  const into = Buffer.alloc(4096 + lines.length * 2);
  return into.subarray(0, new HeaderEncoder(false).encodeResponse(status, lines, into, 0));
}

export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export class RawPeer {
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  async frame(): Promise<Frame> {
    const head = Buffer.from(await this.wire.read(FRAME_HEAD), 'latin1');
    const payload = Buffer.from(await this.wire.read(head.readUIntBE(0, 3)), 'latin1');
    return { type: head[3]!, flags: head[4]!, streamId: head.readUInt32BE(5), payload };
  }

  /** The next frame of this type. */
  async next(type: number): Promise<Frame> {
    for (;;) {
      const found = await this.frame();
      if (found.type === type) return found;
    }
  }

  /** The stream of the next request. */
  async request(): Promise<number> {
    return (await this.next(HEADERS)).streamId;
  }
}

export function startRawHttp2(script: (peer: RawPeer, index: number) => Promise<void>, settings: Buffer | string = ''): Promise<Upstream> {
  return startUpstream(async (wire, index) => {
    await wire.read(CLIENT_PREFACE.length);
    await wire.write(frame(SETTINGS, 0, 0, settings));
    await script(new RawPeer(wire), index);
  });
}
