// Encodes heads and trailers (HPACK, RFC 7541) for one direction of a connection, from the neutral form into a given buffer. It decides nothing
// about a message but what the format asks: names in lower case, values without outer blanks, no field of an HTTP/1 connection.

import { fieldLine } from '../../http/header-changes.ts';
import type { OutgoingRequest } from '../../http/request.ts';
import { latin1 } from '../../lib/latin1.ts';
import { EncodingTable } from './encoding-table.ts';
import { FieldLine } from './field-line.ts';
import { SEND_NEVER, SEND_ONCE, SEND_SECRETLY } from './name-rules.ts';
import type { NameRule } from './name-rules.ts';
import { Step, startStep } from './step.ts';

/** The most that our table takes, whatever the peer allows. */
const MAX_TABLE_SIZE = 4096;
/** What a peer allows that has not said anything. */
const DEFAULT_TABLE_SIZE = 4096;
const OVERHEAD = 32;
/** A field enters the table when it is sent again before so many others: what never comes again would only push others out. */
const REMEMBERED = 32;
/** A field that takes more of the table than this share of it is sent in full. */
const MAX_SHARE = 0.5;
/** Above this many characters Node copies a string faster than we do. */
const LONG_STRING = 36;

const METHOD = 2;
const PATH = 4;
const SCHEME = 6;
const STATUS = 8;
const STATUS_INDICES: readonly number[] = [200, 204, 206, 304, 400, 404, 500];
const AUTHORITY_RULE: NameRule = { name: ':authority', hash: 0, index: 1, inRequests: SEND_ONCE, inResponses: SEND_ONCE };
const ACCEPTS_TRAILERS = fieldLine('te', 'trailers');

const NOTHING = Buffer.alloc(0);

// Encoding is synchronous, so that one of each serves all connections of a thread.
const line = new FieldLine();
let scratch: Buffer = Buffer.allocUnsafeSlow(4096);

/** The most octets that a head of this many characters may take: method, target, authority, protocol and field lines, also those that are added. */
export function maxEncodedBytes(characters: number): number {
  return characters + (characters >> 4) + 64;
}

export class HeaderEncoder {
  readonly #table = new EncodingTable(DEFAULT_TABLE_SIZE);
  /** Hashes of the last fields that were sent in full and may enter the table, as a ring. */
  readonly #remembered = new Uint16Array(REMEMBERED);
  #rememberedAt = 0;
  readonly #forRequests: boolean;
  /** The smallest size of the table since the last block (RFC 7541, section 4.2), and whether the peer has yet to hear of a change. */
  #smallest = DEFAULT_TABLE_SIZE;
  #resized = false;
  /** Stands before the first field of a block. */
  readonly #start = startStep(AUTHORITY_RULE);
  readonly #trailersStart = startStep(AUTHORITY_RULE);
  #last = this.#start;
  #into: Buffer = NOTHING;
  #at = 0;
  #authority: Step | undefined = undefined;

  /** @param forRequests whether it sends requests; else responses */
  constructor(forRequests: boolean) {
    this.#forRequests = forRequests;
  }

  /** @param allowed SETTINGS_HEADER_TABLE_SIZE of the peer */
  resize(allowed: number): void {
    const size = Math.min(allowed, MAX_TABLE_SIZE);
    if (size === this.#table.maxSize) return;
    this.#table.resize(size);
    this.#smallest = Math.min(this.#smallest, size);
    this.#resized = true;
  }

  /** Writes the head of a request from `at` on, where `maxEncodedBytes` have room; returns the offset behind it. */
  encodeRequest(request: OutgoingRequest, scheme: 'http' | 'https', authority: string, into: Buffer, at: number): number {
    this.#begin(into, at);
    const { method, target, block, upgrade } = request;
    if (method === 'CONNECT' || upgrade !== '') this.#writeConnect(upgrade);
    else if (method === 'GET') into[this.#at++] = 0x80 | METHOD;
    else if (method === 'POST') into[this.#at++] = 0x80 | (METHOD + 1);
    else this.#writePseudo(METHOD, method);
    if (method !== 'CONNECT') {
      into[this.#at++] = 0x80 | (scheme === 'http' ? SCHEME : SCHEME + 1);
      if (target === '/') into[this.#at++] = 0x80 | PATH;
      else this.#writePseudo(PATH, target);
    }
    this.#writeAuthority(authority);
    const end = this.#writeLines(block);
    return request.acceptsTrailers ? this.#writeLines(ACCEPTS_TRAILERS) : end;
  }

  /** The same for a response. @param block the first of its fields; `encodeMore` adds others */
  encodeResponse(status: number, block: string, into: Buffer, at: number): number {
    this.#begin(into, at);
    const index = STATUS_INDICES.indexOf(status);
    if (index >= 0) into[this.#at++] = 0x80 | (STATUS + index);
    else this.#writePseudo(STATUS, String(status));
    return this.#writeLines(block);
  }

  encodeTrailers(block: string, into: Buffer, at: number): number {
    this.#begin(into, at);
    this.#last = this.#trailersStart;
    return this.#writeLines(block);
  }

  /** Adds more field lines to the block that was written last, which ends at `at`. */
  encodeMore(block: string, into: Buffer, at: number): number {
    this.#into = into;
    this.#at = at;
    return this.#writeLines(block);
  }

  #begin(into: Buffer, at: number): void {
    this.#into = into;
    this.#at = at;
    this.#last = this.#start;
    if (!this.#resized) return;
    const { maxSize } = this.#table;
    if (this.#smallest < maxSize) this.#writeInteger(this.#smallest, 0x1f, 0x20);
    this.#writeInteger(maxSize, 0x1f, 0x20);
    this.#smallest = maxSize;
    this.#resized = false;
  }

  // RFC 8441: what HTTP/1 asks for by GET and Upgrade.
  #writeConnect(protocol: string): void {
    this.#writePseudo(METHOD, 'CONNECT');
    if (protocol === '') return;
    this.#into[this.#at++] = 0x00;
    this.#writeString(':protocol', 0, ':protocol'.length);
    this.#writeString(protocol, 0, protocol.length);
  }

  #writeAuthority(authority: string): void {
    const known = this.#authority;
    if (known !== undefined && authority === known.text && this.#table.has(known)) return this.#writeIndex(known);
    line.set(AUTHORITY_RULE, authority);
    this.#authority = this.#sendOnce();
  }

  // What was sent in this place the last time is mostly sent again.
  #writeLines(block: string): number {
    for (let from = 0; from < block.length;) {
      const likely = this.#last.next;
      if (likely !== undefined) {
        const behind = from + likely.text.length;
        // Measured for a line of 70 characters: 25 ns so, 45 with `startsWith`.
        const end = block.slice(from, behind) === likely.text ? this.#repeat(likely, block, behind) : 0;
        if (end > 0) {
          this.#last = likely;
          from = end;
          continue;
        }
      }
      if (line.read(block, from)) this.#writeLine();
      from = line.to;
    }
    return this.#at;
  }

  /** Writes the line whose text is that of `step`, up to `from`, as it was written before; returns where it ends, or 0 when it cannot. */
  #repeat(step: Step, block: string, from: number): number {
    if (step.use === SEND_ONCE) {
      if (!this.#table.has(step)) return 0;
      this.#writeIndex(step);
      return from;
    }
    if (!line.readValue(block, from)) return 0;
    if (step.use !== SEND_NEVER) {
      line.rule = step.rule;
      this.#writeLiteral(0x0f, step.use === SEND_SECRETLY ? 0x10 : 0x00);
    }
    return line.to;
  }

  #writeLine(): void {
    const { rule } = line;
    const use = this.#forRequests ? rule.inRequests : rule.inResponses;
    let step: Step | undefined;
    if (use === SEND_ONCE) step = this.#sendOnce();
    else {
      if (use !== SEND_NEVER) this.#writeLiteral(0x0f, use === SEND_SECRETLY ? 0x10 : 0x00);
      step = line.isPlain ? new Step(flat(line.from, line.valueFrom), rule, use, 0, 0) : undefined;
    }
    if (step === undefined) return;
    this.#last.next = step;
    this.#last = step;
  }

  /** Sends `line` by its entry where there is one; else makes one, when it has been sent lately. Returns the entry, or undefined. */
  #sendOnce(): Step | undefined {
    const hash = line.hash();
    const known = this.#table.find(line, hash);
    if (known !== undefined) {
      this.#writeIndex(known);
      return known;
    }
    const size = line.rule.name.length + line.valueTo - line.valueFrom + OVERHEAD;
    if (size > this.#table.maxSize * MAX_SHARE || !this.#remembered.includes(hash >>> 16)) {
      this.#remembered[this.#rememberedAt++ & (REMEMBERED - 1)] = hash >>> 16;
      this.#writeLiteral(0x0f, 0x00);
      return undefined;
    }
    this.#writeLiteral(0x3f, 0x40);
    const entry = new Step(flat(line.from, line.to), line.rule, SEND_ONCE, hash, size);
    this.#table.insert(entry);
    return entry;
  }

  #writeIndex(entry: Step): void {
    this.#writeInteger(this.#table.indexOf(entry), 0x7f, 0x80);
  }

  /** Writes `line` in full. @param prefix the bits of the first octet that belong to the index of its name @param bits the others */
  #writeLiteral(prefix: number, bits: number): void {
    const { rule, block, valueFrom, valueTo } = line;
    this.#writeInteger(rule.index, prefix, bits);
    if (rule.index === 0) this.#writeString(rule.name, 0, rule.name.length);
    this.#writeString(block, valueFrom, valueTo);
  }

  /** Writes a pseudo-field in full. */
  #writePseudo(index: number, value: string): void {
    this.#writeInteger(index, 0x0f, 0x00);
    this.#writeString(value, 0, value.length);
  }

  // Without the Huffman code: it would save a quarter of the octets for more than all the rest costs.
  #writeString(text: string, from: number, to: number): void {
    this.#writeInteger(to - from, 0x7f, 0x00);
    const into = this.#into;
    let at = this.#at;
    if (to - from > LONG_STRING) at += into.write(text.slice(from, to), at, 'latin1');
    else for (let next = from; next < to; next++) into[at++] = text.charCodeAt(next);
    this.#at = at;
  }

  /** RFC 7541, section 5.1. */
  #writeInteger(value: number, prefix: number, bits: number): void {
    const into = this.#into;
    if (value < prefix) {
      into[this.#at++] = bits | value;
      return;
    }
    into[this.#at++] = bits | prefix;
    let rest = value - prefix;
    for (; rest >= 0x80; rest >>= 7) into[this.#at++] = 0x80 | (rest & 0x7f);
    into[this.#at++] = rest;
  }
}

/** A part of the text of `line` as a string of its own: else it would keep the whole block. */
function flat(from: number, to: number): string {
  if (to - from > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * (to - from));
  return latin1(scratch, 0, scratch.write(line.block.slice(from, to), 'latin1'));
}
