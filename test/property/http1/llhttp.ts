// Node's own HTTP/1 parser in its strict mode, as the second opinion of the property tests. It reads exactly one message.

import { createRequire } from 'node:module';
import { METHODS } from 'node:http';

type Call = (...args: never[]) => unknown;

interface Parser {
  initialize(kind: number, resource: object, maxHeaderBytes: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: Call;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { readonly HTTPParser: ParserClass };

export interface Message {
  /** What it refuses; empty when it takes the bytes as one whole message and nothing else. */
  fault: string;
  method: string;
  target: string;
  status: number;
  minor: number;
  /** Names and values in turn. */
  fields: string[];
  body: string;
  keepAlive: boolean;
}

export function readRequest(bytes: Buffer): Message {
  const { message, method } = read(HTTPParser.REQUEST, bytes, 0);
  message.method = METHOD_NAMES.get(method) ?? '';
  return message;
}

/** `untilClose`: the bytes are followed by the end of the connection. */
export function readResponse(bytes: Buffer, requestMethod: string, untilClose: 'more' | 'close'): Message {
  return read(HTTPParser.RESPONSE, bytes, requestMethod === 'HEAD' ? 1 : 0, untilClose).message;
}

function read(kind: number, bytes: Buffer, skipBody: number, untilClose = 'more'): { message: Message; method: number } {
  const message: Message = { fault: '', method: '', target: '', status: 0, minor: 0, fields: [], body: '', keepAlive: false };
  const parser = new HTTPParser();
  let method = -1;
  let heads = 0;
  let ends = 0;
  parser.initialize(kind, {}, 1 << 20, HTTPParser.kLenientNone);
  parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
    // After the head these are trailers.
    if (heads > 0) return;
    message.fields.push(...fields);
    message.target += target;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    ...args: [number, number, string[] | undefined, number, string | undefined, number, string, boolean, boolean]
  ) => {
    heads++;
    message.minor = args[1];
    message.fields.push(...(args[2] ?? []));
    method = args[3];
    message.target += args[4] ?? '';
    message.status = args[5];
    message.keepAlive = args[8];
    return skipBody;
  };
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    message.body += part.toString('latin1');
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    ends++;
  };
  const taken = parser.execute(bytes);
  const finished = untilClose === 'close' && ends === 0 && !(taken instanceof Error) ? parser.finish() : undefined;
  if (taken instanceof Error) message.fault = (taken as Error & { reason: string }).reason;
  else if (taken !== bytes.length) message.fault = `took ${taken} of ${bytes.length} bytes`;
  else if (finished !== undefined) message.fault = `at close: ${finished.message}`;
  else if (heads !== 1 || ends !== 1) message.fault = `found ${heads} heads and ${ends} ends`;
  return { message, method };
}

const METHOD_NAMES = new Map(
  METHODS.map((name) => [read(HTTPParser.REQUEST, Buffer.from(`${name} / HTTP/1.1\r\nHost: a\r\n\r\n`), 0).method, name]),
);
