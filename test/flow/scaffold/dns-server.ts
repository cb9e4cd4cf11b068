// A DNS server on loopback, UDP and TCP on one port, that returns what the test says.
//
//   const dns = await startDns();
//   dns.address                                          '127.0.0.1:PORT', for `dns.servers`
//   dns.set('app.test', { a: ['127.0.0.2'], ttl: 1 })    A; also aaaa: [...], srv: [{ priority, weight, port, target }]
//   dns.fail('app.test', 'nxdomain')                     or servfail, empty, silence; for a family alone: fail(name, how, 'AAAA')
//   dns.asked('A app.test'), dns.sinceFirst('A app.test')     how often, and how long ago for the first time, in milliseconds
//   dns.overTcp                                          questions that came by TCP
//
// A name that was not set is NXDOMAIN. Answers that do not fit into a datagram are truncated, so that the client asks again by TCP.

import { createSocket } from 'node:dgram';
import type { Socket as Datagrams } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import type { Server } from 'node:net';
import { open } from './open.ts';

export interface Records {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly srv?: readonly { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }[];
  /** Seconds; default 1. */
  readonly ttl?: number;
}

export type Failure = 'nxdomain' | 'servfail' | 'empty' | 'silence';

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const RCODE = { nxdomain: 3, servfail: 2, empty: 0 };
const MAX_DATAGRAM = 1232;
const HEADER_BYTES = 12;

interface Question {
  readonly text: string;
  readonly name: string;
  readonly type: string;
  readonly typeNumber: number;
  /** Header and question as they came. */
  readonly bytes: Buffer;
}

export class DnsServer {
  readonly address: string;
  overTcp = 0;
  readonly #questions = new Map<string, number>();
  readonly #firstMs = new Map<string, number>();
  readonly #records = new Map<string, Records>();
  readonly #failures = new Map<string, Failure>();
  readonly #udp: Datagrams;
  readonly #tcp: Server;

  constructor(udp: Datagrams, tcp: Server) {
    this.address = `127.0.0.1:${udp.address().port}`;
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, from) => {
      const response = this.#responseTo(message);
      if (response === undefined) return;
      const fits = response.length <= MAX_DATAGRAM;
      udp.send(fits ? response : truncated(response, message), from.port, from.address);
    });
    tcp.on('connection', (socket) => {
      let pending = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        pending = Buffer.concat([pending, bytes]);
        while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
          const end = 2 + pending.readUInt16BE(0);
          this.overTcp++;
          const response = this.#responseTo(pending.subarray(2, end));
          pending = pending.subarray(end);
          if (response !== undefined) socket.write(Buffer.concat([number16(response.length), response]));
        }
      });
    });
  }

  set(name: string, records: Records): void {
    for (const key of [name, `A ${name}`, `AAAA ${name}`]) this.#failures.delete(key);
    this.#records.set(name, records);
  }

  fail(name: string, how: Failure, family?: 'A' | 'AAAA'): void {
    this.#failures.set(family === undefined ? name : `${family} ${name}`, how);
  }

  /** How often a question such as `A app.test` came. */
  asked(question: string): number {
    return this.#questions.get(question) ?? 0;
  }

  sinceFirst(question: string): number {
    return performance.now() - (this.#firstMs.get(question) ?? Number.NaN);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
    this.#tcp.close();
  }

  #responseTo(message: Buffer): Buffer | undefined {
    const question = readQuestion(message);
    this.#questions.set(question.text, this.asked(question.text) + 1);
    if (!this.#firstMs.has(question.text)) this.#firstMs.set(question.text, performance.now());
    const failure = this.#failures.get(question.text) ?? this.#failures.get(question.name);
    if (failure === 'silence') return undefined;
    const records = failure === undefined ? this.#records.get(question.name) : undefined;
    const rcode = failure === undefined ? (records === undefined ? RCODE.nxdomain : 0) : RCODE[failure];
    const responses = records === undefined ? [] : contents(records, question.type);
    return encode(
      question,
      rcode,
      responses.map((content) => record(question.typeNumber, records?.ttl ?? 1, content)),
    );
  }
}

export async function startDns(): Promise<DnsServer> {
  for (;;) {
    const tcp = createServer();
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(0, '127.0.0.1', resolve));
    const udp = createSocket('udp4');
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind((tcp.address() as { port: number }).port, '127.0.0.1', () => resolve(true));
    });
    if (bound) return open(new DnsServer(udp, tcp));
    tcp.close();
  }
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const typeNumber = message.readUInt16BE(at + 1);
  const name = labels.join('.').toLowerCase();
  const type = TYPES[typeNumber] ?? String(typeNumber);
  return { text: `${type} ${name}`, name, type, typeNumber, bytes: message.subarray(0, at + 5) };
}

function encode(question: Question, rcode: number, responses: readonly Buffer[]): Buffer {
  const head = Buffer.from(question.bytes);
  // An answer, authoritative, recursion wanted and there.
  head.writeUInt16BE(0x8580 | rcode, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(responses.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...responses]);
}

function truncated(response: Buffer, message: Buffer): Buffer {
  const head = Buffer.from(response.subarray(0, readQuestion(message).bytes.length));
  head.writeUInt16BE(head.readUInt16BE(2) | 0x0200, 2);
  head.writeUInt16BE(0, 6);
  return head;
}

function contents(records: Records, type: string): readonly Buffer[] {
  if (type === 'A') return (records.a ?? []).map((address) => Buffer.from(address.split('.').map(Number)));
  if (type === 'AAAA') return (records.aaaa ?? []).map(bytesOfIPv6);
  if (type !== 'SRV') return [];
  return (records.srv ?? []).map(({ priority, weight, port, target }) =>
    Buffer.concat([number16(priority), number16(weight), number16(port), bytesOfName(target)]),
  );
}

/** The name is that of the question. */
function record(type: number, ttl: number, content: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(content.length, 10);
  return Buffer.concat([head, content]);
}

function bytesOfName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')), Buffer.alloc(1)]);
}

function bytesOfIPv6(address: string): Buffer {
  if (!isIPv6(address)) throw new Error(`not an IPv6 address: ${address}`);
  const [before = '', after = ''] = address.split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const middle = Array<string>(8 - groups(before).length - groups(after).length).fill('0');
  return Buffer.concat([...groups(before), ...middle, ...groups(after)].map((group) => number16(parseInt(group, 16))));
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}
