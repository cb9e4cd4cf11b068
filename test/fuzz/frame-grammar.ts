// Frames of a client by chance: mostly an honest one, with a few streams and all kinds of frames, now and then one that is not.

import * as types from '../../src/http2/frames.ts';
import { frame } from '../property/http2/nghttp2.ts';
import { block, type Pair } from '../unit/http2/blocks.ts';
import { injure } from './injure.ts';
import { choose, pick } from './target.ts';
import type { Chance, Input } from './target.ts';

const REQUEST: readonly Pair[] = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/'],
];
const FRAGMENTS = [
  '\0\0\0',
  '\0\0\x04\x08\0\0\0\0\0\0\0\0\x01',
  '\0\0\0\x04\x01\0\0\0\0',
  '\0\0\x01\0\x01\0\0\0\x01x',
  '\x01\x05',
  '\xff',
  '\0\0\0\x01',
];

interface Sending {
  readonly id: number;
  /** Octets that are still to come of the declared ones; -1: any number. */
  left: number;
}

/** A client that has its streams in mind. */
class Grammar {
  readonly #chance: Chance;
  readonly #open: Sending[] = [];
  readonly #done: number[] = [];
  #next = 1;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  #maybe(share: number): boolean {
    return this.#chance() < share;
  }

  make(): Buffer {
    if (this.#maybe(0.03)) return this.#makeWrong();
    if (this.#open.length === 0 || this.#maybe(0.2)) return this.#makeRequest();
    return choose(this.#chance, [() => this.#makeData(), () => this.#makeData(), () => this.#makeTrailers(), () => this.#makeOther()])();
  }

  #makeRequest(): Buffer {
    const id = this.#next;
    this.#next += this.#maybe(0.1) ? 4 : 2;
    const ends = this.#maybe(0.3);
    const declared = !ends && this.#maybe(0.3) ? pick(this.#chance, 20) : -1;
    if (ends) this.#done.push(id);
    else this.#open.push({ id, left: declared });
    const fields = declared < 0 ? REQUEST : [...REQUEST, ['content-length', String(declared)] as const];
    return this.#splitBlock(id, block(...fields), ends);
  }

  #splitBlock(id: number, fields: Buffer, ends: boolean): Buffer {
    const pieces: Buffer[] = [];
    for (let at = 0; at < fields.length;) {
      const end = this.#maybe(0.8) ? fields.length : Math.min(fields.length, at + pick(this.#chance, 20));
      const flags = (end === fields.length ? types.END_HEADERS : 0) | (at === 0 && ends ? types.END_STREAM : 0);
      const first = pieces.length === 0;
      pieces.push(
        this.#padded(first ? types.HEADERS : types.CONTINUATION, first ? flags : flags & types.END_HEADERS, id, fields.subarray(at, end)),
      );
      at = end;
    }
    return Buffer.concat(pieces);
  }

  #padded(type: number, flags: number, id: number, content: Buffer): Buffer {
    if (type === types.CONTINUATION || this.#maybe(0.8)) return frame(type, flags, id, content);
    const padding = pick(this.#chance, 10);
    return frame(type, flags | types.PADDED, id, Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]));
  }

  #makeData(): Buffer {
    const stream = choose(this.#chance, this.#open);
    const wanted = this.#maybe(0.02) ? 17_000 : pick(this.#chance, 30);
    const length = stream.left < 0 || this.#maybe(0.02) ? Math.min(wanted, 16_000) : Math.min(wanted, stream.left);
    if (stream.left >= 0) stream.left -= length;
    const ends = stream.left <= 0 && this.#maybe(0.3);
    if (ends) this.#end(stream);
    const content = Buffer.from(Array.from({ length }, (_, index) => 97 + ((index + stream.id) % 26)));
    return this.#padded(types.DATA, ends ? types.END_STREAM : 0, stream.id, content);
  }

  #makeTrailers(): Buffer {
    const stream = choose(this.#chance, this.#open);
    if (stream.left > 0 && !this.#maybe(0.05)) return this.#makeOther();
    this.#end(stream);
    return this.#splitBlock(stream.id, block(['x-checksum', 'abc']), !this.#maybe(0.03));
  }

  #end(stream: Sending): void {
    this.#open.splice(this.#open.indexOf(stream), 1);
    this.#done.push(stream.id);
  }

  #makeOther(): Buffer {
    const chance = this.#chance;
    const id = choose(chance, this.#open).id;
    const number = (value: number): Buffer => Buffer.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
    return choose(chance, [
      () => frame(types.WINDOW_UPDATE, 0, choose(chance, [0, id]), number(1 + pick(chance, 1000))),
      () => frame(types.PRIORITY, 0, id, Buffer.from([0, 0, 0, 0, 16])),
      () => frame(types.SETTINGS, 0, 0, Buffer.from([0, choose(chance, [3, 4, 6, 0x4a]), 0, 0, pick(chance, 256), 0])),
      () => frame(0x20 + pick(chance, 100), pick(chance, 256), choose(chance, [0, id]), Buffer.alloc(pick(chance, 20))),
      () => {
        this.#end(this.#open.find((each) => each.id === id)!);
        return frame(types.RST_STREAM, 0, id, number(8));
      },
    ])();
  }

  /** Where it may not be, or with something in it that may not. */
  #makeWrong(): Buffer {
    const chance = this.#chance;
    const id = choose(chance, [0, 1, 2, this.#next, this.#next - 2, ...this.#done, ...this.#open.map((each) => each.id)]);
    const payload = Buffer.from(Array.from({ length: choose(chance, [0, 1, 4, 5, 6, 8, 9]) }, () => choose(chance, [0, 0, 1, 255])));
    return frame(pick(chance, 11), choose(chance, [0, 1, 4, 5, 8, 9, 0x20, 0x25]), id, payload);
  }
}

export function makeFrames(chance: Chance): Input {
  const grammar = new Grammar(chance);
  const made = Array.from({ length: 2 + pick(chance, 25) }, () => grammar.make());
  const text = Buffer.concat(made).toString('latin1');
  return chance() < 0.1 ? injure(chance, text, FRAGMENTS) : text;
}
