// `sluice explain` of a running instance: the same question and the same words as for a config file, with what is ready now.

import type { Explanation } from '../routing/explain.ts';
import { readField } from '../routing/question.ts';
import { ask, showJson, type AdminCall } from './admin-call.ts';
import { isFields, optionalText, type Fields } from './responses.ts';
import { formatExplanation } from './explain.ts';
import { EXIT, Failure } from './failure.ts';

export interface ExplainQuestion {
  readonly method: string;
  readonly url: string;
  /** Each as `name: value`. */
  readonly headers: readonly string[];
  readonly listener: string | undefined;
  readonly client: string | undefined;
}

export async function runExplainLive(call: AdminCall, question: ExplainQuestion): Promise<void> {
  const { method, url, headers, listener, client } = question;
  const body = await ask(call, {
    method: 'POST',
    path: '/v1/explain',
    body: { method: method.toUpperCase(), url, headers: readFields(headers), listener, client },
  });
  if (call.options.json === true) showJson(call, body);
  else call.terminal.out(formatExplanation(readExplanation(isFields(body) ? body : {})));
}

/** Fields of the same name become one, as RFC 9110, section 5.3 has it; cookies with `; `. */
function readFields(headers: readonly string[]): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  for (const header of headers) {
    const field = readField(header);
    if (field === undefined) throw new Failure(EXIT.usage, `${JSON.stringify(header)} is no header; write it as 'name: value'`);
    const key = field.name.toLowerCase();
    const before = fields.get(key);
    const value = field.value.trim();
    fields.set(key, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`);
  }
  return Object.fromEntries(fields);
}

function readExplanation(fields: Fields): Explanation {
  const word = (name: string): string | undefined => optionalText(fields, name) || undefined;
  const number = (from: Fields, name: string): number => (typeof from[name] === 'number' ? from[name] : 0);
  return {
    listener: optionalText(fields, 'listener'),
    method: optionalText(fields, 'method'),
    authority: optionalText(fields, 'authority'),
    path: optionalText(fields, 'path'),
    outcome: optionalText(fields, 'outcome'),
    status: typeof fields['status'] === 'number' ? fields['status'] : undefined,
    route: word('route'),
    match: word('match'),
    pool: word('pool'),
    version: word('version'),
    reason: word('reason'),
    override: word('override'),
    location: word('location'),
    target: word('target'),
    shares: listOf(fields, 'shares').map((each) => ({
      version: optionalText(each, 'version'),
      weight: number(each, 'weight'),
      share: number(each, 'share'),
      ready: each['ready'] === true,
    })),
    mirrors: listOf(fields, 'mirrors').map(readMirror),
    considered: listOf(fields, 'considered').map((each) => ({
      route: optionalText(each, 'route'),
      match: optionalText(each, 'match'),
      reason: optionalText(each, 'reason'),
    })),
    omitted: number(fields, 'omitted'),
    steps: textsOf(fields, 'steps'),
  };
}

function readMirror(fields: Fields): Explanation['mirrors'][number] {
  const to = isFields(fields['to']) ? fields['to'] : {};
  const copied = fields['copied'];
  return {
    name: optionalText(fields, 'name'),
    to: { pool: optionalText(to, 'pool'), version: optionalText(to, 'version') || undefined },
    copied: copied === 'yes' || copied === 'share' ? copied : 'no',
    share: typeof fields['share'] === 'number' ? fields['share'] : undefined,
    why: optionalText(fields, 'why'),
  };
}

function listOf(fields: Fields, name: string): readonly Fields[] {
  const list = fields[name];
  return Array.isArray(list) ? (list as readonly unknown[]).filter(isFields) : [];
}

function textsOf(fields: Fields, name: string): readonly string[] {
  const list = fields[name];
  return Array.isArray(list) ? (list as readonly unknown[]).map((each) => optionalText({ each }, 'each')) : [];
}
