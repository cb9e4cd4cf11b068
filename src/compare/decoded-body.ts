// A response that is about to be compared: its body is decompressed and parsed at most once, and only if its bytes do not settle the matter.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { RecordedResponse } from './mirrored-exchange.ts';
import { bodyKindOf, codingsOf } from './body-kind.ts';
import type { Refusal } from './decompress.ts';
import { decompress } from './decompress.ts';
import { parseJson } from './parse-json.ts';

/** What is compared. `unread` cannot be, for the reason given. */
export type Content =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'unread'; readonly reason: Refusal | 'digest' | 'cut' };

export class DecodedBody {
  readonly response: RecordedResponse;
  readonly #mostBytes: number;
  #content: Content | undefined = undefined;
  #digest: string | undefined = undefined;

  /** `mostBytes` bounds a body after decompression. */
  constructor(response: RecordedResponse, mostBytes: number) {
    this.response = response;
    this.#mostBytes = mostBytes;
  }

  get content(): Content {
    return (this.#content ??= open(this.response, this.#mostBytes));
  }

  /** SHA-256 of the body as it was on the wire, lower-case hex; undefined of one that was not read to its end. */
  get digest(): string | undefined {
    const { body } = this.response;
    if (body.kind === 'cut') return undefined;
    return (this.#digest ??= body.kind === 'digest' ? body.digest : digestOf(body.bytes));
  }

  /** Of the body as it was on the wire; of one that was not read to its end, the bytes that it is longer than. */
  get length(): number {
    const { body } = this.response;
    if (body.kind === 'cut') return body.atLeast;
    return body.kind === 'digest' ? body.length : body.bytes.length;
  }

  get isCut(): boolean {
    return this.response.body.kind === 'cut';
  }

  get isCoded(): boolean {
    return codingsOf(this.response.fields).length > 0;
  }
}

/** The digest of a body that is in memory, in the form that a recorded body has it. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function open(response: RecordedResponse, mostBytes: number): Content {
  if (response.body.kind !== 'whole') return { kind: 'unread', reason: response.body.kind };
  const plain =
    response.body.bytes.length === 0
      ? { bytes: response.body.bytes }
      : decompress(response.body.bytes, codingsOf(response.fields), mostBytes);
  if ('refused' in plain) return { kind: 'unread', reason: plain.refused };
  const kind = bodyKindOf(response.fields);
  // What is not UTF-8 would be compared by its replacement characters, and differences would vanish.
  if (kind === 'bytes' || !isUtf8(plain.bytes)) return { kind: 'bytes', bytes: plain.bytes };
  const text = Buffer.from(plain.bytes.buffer, plain.bytes.byteOffset, plain.bytes.byteLength).toString('utf8');
  const parsed = kind === 'json' ? parseJson(text) : undefined;
  return parsed === undefined ? { kind: 'text', text } : { kind: 'json', value: parsed.value };
}
