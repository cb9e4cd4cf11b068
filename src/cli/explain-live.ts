// `sluice explain` of a running instance: the same question and the same words as for a config file, with what is ready now.

import { readField } from '../routing/question.ts';
import { ask, showJson, type AdminCall } from './admin-call.ts';
import { readResponse } from './read-response.ts';
import { formatExplanation } from './view-explanation.ts';
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
  else call.terminal.out(formatExplanation(readResponse('Explanation', body)));
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
