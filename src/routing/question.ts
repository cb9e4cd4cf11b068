// A request as people write it down to ask where it would go.

import type { RoutableRequest } from './request.ts';

/** The question as it was written. */
export interface AskedRequest {
  readonly method: string;
  /** `http://shop.example.com/cart?x=1`, or a path alone; of CONNECT `db.internal:5432`. */
  readonly url: string;
  /** Each as `name: value`. */
  readonly headers: readonly string[];
}

export interface Question {
  readonly request: RoutableRequest;
  readonly scheme: 'http' | 'https';
}

const URL_FORM = /^(https?):\/\/([^/?#\s]+)([^\s#]*)$/i;
const AUTHORITY_FORM = /^[^\s/?#@]+:[0-9]{1,5}$/;
const PATH_FORM = /^(?:\/[^\s#]*|\*)$/;
const FIELD_FORM = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\uffff]*)$/;

/** A field as people write it: `name: value`; undefined when the text is none. */
export function readField(text: string): { readonly name: string; readonly value: string } | undefined {
  const [, name, value = ''] = FIELD_FORM.exec(text) ?? [];
  return name === undefined ? undefined : { name, value };
}

/** The request that was asked about, or what is wrong with the question. */
export function readQuestion(options: AskedRequest): Question | string {
  const method = options.method.toUpperCase();
  const url = URL_FORM.exec(options.url);
  if (method === 'CONNECT' && !AUTHORITY_FORM.test(options.url)) {
    return `CONNECT names a host with its port, such as db.internal:5432, got ${JSON.stringify(options.url)}`;
  }
  if (url === null && method !== 'CONNECT' && !PATH_FORM.test(options.url)) {
    return `${JSON.stringify(options.url)} is neither a URL such as http://shop.example.com/cart?x=1 nor a path such as /cart`;
  }
  let authority = url?.[2] ?? '';
  let block = '';
  for (const header of options.headers) {
    const field = readField(header);
    if (field === undefined) return `${JSON.stringify(header)} is no header; write it as 'name: value'`;
    const { name, value } = field;
    if (name.toLowerCase() === 'host') authority = value.trim();
    else block += `${name}: ${Buffer.from(value, 'utf8').toString('latin1')}\r\n`;
  }
  if (method === 'CONNECT') return { request: { method, path: '', query: '', authority: options.url, block }, scheme: 'http' };
  const rest = url === null ? options.url : (url[3] ?? '');
  const target = rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return { request: { method, path, query, authority, block }, scheme: url?.[1]?.toLowerCase() === 'https' ? 'https' : 'http' };
}
