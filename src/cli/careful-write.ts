// Writes that can move many users at once, or take the last version that responds: tried first, and where much would happen a person is asked.
// With --yes nobody is asked, and nothing is tried.

import type { ChangeResponse } from '../api/change.ts';
import { isMap } from '../lib/plain.ts';
import { bodyOf, questionOf, write, type AdminCall, type Named, type WriteOptions, type WriteQuestion } from './admin-call.ts';
import type { AdminQuestion, AdminResponse } from './admin-client.ts';
import { EXIT, Failure } from './failure.ts';
import { optionalText } from './fields.ts';
import { formatShare } from './quantity.ts';
import { readResponse } from './read-response.ts';

/** Of the users of a pool. */
const MANY = 0.5;

/** The decoded body of the write; any refusal ends the command. */
export async function carefulWrite(call: AdminCall<WriteOptions>, question: WriteQuestion, named: Named = {}): Promise<unknown> {
  if (call.options.dryRun === true || call.options.yes === true) return write(call, question, named);
  return writeOver(call, await tryOut(call, question), question, named);
}

/** The same for what the API wants to be told with `force`. */
export async function forcefulWrite(call: AdminCall<WriteOptions>, question: WriteQuestion, named: Named): Promise<unknown> {
  const forced = forcing(question);
  if (call.options.dryRun === true || call.options.yes === true) return write(call, forced, named);
  const preview = await tryOut(call, question);
  if (preview.status !== 409) return writeOver(call, preview, question, named);
  await confirmForce(call, preview);
  return write(call, forced, named);
}

/** The same, with the word that it is meant. What has no body says it in its path. */
export function forcing<Q extends { readonly path: string; readonly body?: unknown }>(question: Q): Q {
  if (isMap(question.body)) return { ...question, body: { ...question.body, force: true } };
  return { ...question, path: `${question.path}${question.path.includes('?') ? '&' : '?'}force=true` };
}

/** Asks whether what was refused with 409 is meant. */
export async function confirmForce(call: AdminCall, { body }: AdminResponse): Promise<void> {
  await confirm(call, isMap(body) ? optionalText(body, 'detail').replace(/ Send (?:"force"|force=).*$/, '') : 'it is dangerous.');
}

function tryOut(call: AdminCall<WriteOptions>, question: WriteQuestion): Promise<AdminResponse> {
  return call.client.ask(questionOf(withOptions(call, { dryRun: true }), question));
}

async function writeOver(call: AdminCall<WriteOptions>, preview: AdminResponse, question: WriteQuestion, named: Named): Promise<unknown> {
  const { revision } = await confirmMove(call, preview, named);
  return write(withOptions(call, { ifRevision: call.options.ifRevision ?? revision }), question, named);
}

/** Ends the command unless what a dry run shows is little, or meant. The revision is that of the dry run where somebody was asked. */
export async function confirmMove(
  call: AdminCall,
  response: AdminResponse,
  named: Named,
): Promise<{ readonly revision: number | undefined }> {
  const preview = readResponse('ChangeResponse', await bodyOf(call, response, named));
  const moves = describeMoves(preview);
  if (moves === '') return { revision: undefined };
  await confirm(call, `${moves} would get another version at once.`);
  return { revision: preview.revision };
}

/** A dry run of a question that has no such option. */
export function tried(question: AdminQuestion): AdminQuestion {
  return { ...question, path: `${question.path}${question.path.includes('?') ? '&' : '?'}dryRun=true` };
}

function describeMoves({ impact }: ChangeResponse): string {
  const many = impact?.pools.filter(({ users }) => users > MANY) ?? [];
  return many.map(({ pool, users }) => `${formatShare(users)} of the users of ${pool}`).join(', ');
}

/** @param what a sentence */
async function confirm({ terminal }: AdminCall, what: string): Promise<void> {
  if (!terminal.isAttended)
    throw new Failure(
      EXIT.usage,
      `${what.slice(0, 1).toLowerCase()}${what.slice(1).replace(/\.$/, '')}; nobody is there to confirm it: this is no terminal`,
      ['Add --yes if that is meant, or --dry-run to see what would change.'],
    );
  const response = await terminal.ask(`${what} Go on? [y/N] `);
  if (!/^y(?:es)?$/i.test(response)) throw new Failure(EXIT.refused, 'not confirmed: nothing was changed');
}

function withOptions(call: AdminCall<WriteOptions>, more: WriteOptions): AdminCall<WriteOptions> {
  return { ...call, options: { ...call.options, ...more } };
}
