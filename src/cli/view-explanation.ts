// An explanation in lines for people: the same for a config file and for a running instance.

import type { ExplainedMirror, Explanation } from '../api/explain.ts';
import { formatShare } from './quantity.ts';

/** The explanation as text for a terminal, ending in a newline. */
export function formatExplanation(explanation: Explanation): string {
  const { method, authority, path, listener, route, pool, version, shares, reason } = explanation;
  const open = shares.filter(({ share }) => share > 0).map((each) => `${each.version} ${Number((each.share * 100).toFixed(2))} %`);
  const rows = [
    ['request', `${method} ${authority}${path} on listener ${listener}`],
    ['route', route ?? 'none'],
    ['pool', pool ?? 'none'],
    ['version', version === undefined ? open.join(', ') || 'none' : version],
    ['reason', reason ?? explanation.outcome],
    ...(explanation.status === undefined ? [] : [['status', String(explanation.status)]]),
  ];
  const head = rows.map(([name = '', value = '']) => `${name.padEnd(9)}${value}\n`).join('');
  const why = explanation.steps.map((step) => `  - ${step}\n`).join('');
  const others = explanation.considered.map((each) => `  - ${each.route} (${each.match}): ${each.reason}\n`).join('');
  const more = explanation.omitted > 0 ? `  - and ${explanation.omitted} more\n` : '';
  const copies = explanation.mirrors.map((each) => `  - ${describeMirror(each, pool)}\n`).join('');
  return `${head}why\n${why}${copies === '' ? '' : `mirrors\n${copies}`}${others === '' ? '' : `other matches\n${others}${more}`}`;
}

/** `dark to v2: copied. All requests that fit are copied.` */
function describeMirror({ name, to, copied, share, why }: ExplainedMirror, pool: string | undefined): string {
  const version = to.version ?? 'as it splits';
  const target = to.pool === pool ? version : to.version === undefined ? `${to.pool} ${version}` : `${to.pool}/${version}`;
  const outcome = copied === 'yes' ? 'copied' : copied === 'share' ? `${formatShare(share ?? 0)} copied` : 'not copied';
  return `${name} to ${target}: ${outcome}. ${why}`;
}
