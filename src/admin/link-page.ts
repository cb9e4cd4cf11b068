// The page of a link: what a rollout is, what the link would do, and a button that does it. It has no script and loads nothing. Its texts come from
// strangers in part (reasons, names of checks): each stands apart, so that it turns no other one round.

import { createHash } from 'node:crypto';
import type { RolloutView } from '../api/rollouts.ts';
import type { LinkView } from '../control/rollouts/rollouts-api.ts';
import { reasonPhrase } from '../http/status.ts';
import { Html, markup } from './html.ts';

export const HTML_TYPE = 'text/html';
export const MAX_LINK_REASON_LENGTH = 200;
const MAX_POOLS = 16;
const MAX_CHECKS = 32;

const STYLE =
  ':root{color-scheme:light dark}' +
  'body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:44rem;padding:0 1rem;overflow-wrap:anywhere}' +
  'h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}dt{font-weight:600}dd{margin:0 0 .5rem}' +
  'table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}' +
  'input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem}button{font:inherit;padding:.5rem 1.5rem;margin:1rem 0}';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/**
 * Beside those of every response. A form may be sent to where the page is from, so its origin must come along: with `no-referrer` browsers
 * would say that it is `null`. Nobody else hears of the address.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-robots-tag': 'noindex, nofollow',
};

export function linkPage(view: LinkView): string {
  const { is, action, text, rollout } = view;
  const [asks, did] = TITLES[action];
  const of = rollout === undefined ? '' : ` rollout ${rollout.id}`;
  const title = is === 'open' ? `${asks}${of}?` : is === 'done' ? `${did}${of}` : 'This link does nothing any more';
  const what = markup`<p><bdi>${text}</bdi></p>\n`;
  const about = rollout === undefined ? NOTHING : aboutOf(rollout);
  return pageOf(title, is === 'open' ? markup`${about}<h2>What happens then</h2>\n${what}${formOf(view)}` : markup`${what}${about}`);
}

/** In place of problem details, for people. */
export function problemPage(status: number, detail: string): string {
  return pageOf(reasonPhrase(status), markup`<p><bdi>${detail}</bdi></p>\n`);
}

const TITLES = { approve: ['Approve', 'Approved:'], resume: ['Resume', 'Resumed:'], abort: ['Abort', 'Aborted:'] } as const;
const NOTHING = markup``;

function pageOf(title: string, body: Html): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title} - Sluice</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}</main>
</body>
</html>
`.text;
}

/** Without an action it goes to where the page is from, also behind a proxy that has another path for it. */
function formOf({ action, untilMs }: LinkView): Html {
  return markup`<form method="post">
<p><label>Your name or a reason, for the journal
<input name="reason" maxlength="${MAX_LINK_REASON_LENGTH}" autocomplete="off"></label></p>
<button>${TITLES[action][0]}</button>
</form>
<p>Nothing has happened yet. The link works once, until ${timeOf(untilMs)}, for anybody who has it.</p>
`;
}

function aboutOf(rollout: RolloutView): Html {
  const { state, why, step, steps, template, strategy, author, reason, startedMs, exposed } = rollout;
  const at = steps[step];
  const place =
    at === undefined ? markup`all ${steps.length} steps are done` : markup`${step + 1} of ${steps.length}: <bdi>${at.text}</bdi>`;
  return markup`<dl>
${poolsOf(rollout)}<dt>State</dt><dd>${state}: <bdi>${why}</bdi></dd>
<dt>Step</dt><dd>${place}</dd>
<dt>Requests that met it so far</dt><dd>${exposed.requests}</dd>
<dt>Template</dt><dd>${template} (${strategy})</dd>
<dt>Started</dt><dd>${timeOf(startedMs)}, by <bdi>${author}</bdi>${reason === '' ? NOTHING : markup`: <bdi>${reason}</bdi>`}</dd>
</dl>
${checksOf(rollout)}`;
}

function poolsOf({ pools, ...only }: RolloutView): readonly Html[] {
  return (pools ?? [only])
    .slice(0, MAX_POOLS)
    .map(
      (each) => markup`<dt>Pool ${each.pool}</dt><dd>${each.baseline} → ${each.canary}, which has ${percentOf(each.share.desired)}</dd>\n`,
    );
}

function checksOf({ checks }: RolloutView): Html {
  const rows = checks.slice(0, MAX_CHECKS).map(({ pool, name, verdict, sentence }) => {
    const of = pool === undefined ? name : `${pool}: ${name}`;
    return markup`<tr><td>${of}</td><td>${verdict}</td><td><bdi>${sentence}</bdi></td></tr>\n`;
  });
  const more = checks.length > MAX_CHECKS ? markup`<p>And ${checks.length - MAX_CHECKS} more.</p>\n` : NOTHING;
  return markup`<h2>Evidence</h2>
<table><tr><th>Check</th><th>Verdict</th><th>Why</th></tr>
${rows}</table>
${more}`;
}

function percentOf(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}

function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
