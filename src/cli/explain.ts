// `sluice explain`: which route, pool and version a request gets, asked of a config file. Opens no socket; every version counts as ready.

import { loadConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { compileTable } from '../routing/compile.ts';
import { explain, type Explanation } from '../routing/explain.ts';
import type { ExplainedMirror } from '../routing/explain-mirrors.ts';
import { readQuestion } from '../routing/question.ts';
import { formatShare } from './quantity.ts';

export interface ExplainOptions {
  /** File or directory. */
  readonly config: string;
  readonly method: string;
  /** `http://shop.example.com/cart?x=1`, or a path alone. */
  readonly url: string;
  /** Each as `name: value`. */
  readonly headers: readonly string[];
  readonly json: boolean;
  /** Default: the first listener. */
  readonly listener?: string | undefined;
  /** Address of the client, for affinity by it. */
  readonly client?: string | undefined;
}

/** Where the text goes: `process.stdout` will do. */
export interface TextSink {
  write(text: string): unknown;
}

/** Exit status: 0 explained, 1 the config has Problems, 2 the question itself is malformed. */
export function runExplain(options: ExplainOptions, out: TextSink): number {
  const question = readQuestion(options);
  if (typeof question === 'string') {
    out.write(`${question}\n`);
    return 2;
  }
  const { config, problems } = loadConfig(options.config);
  if (config === undefined) {
    for (const problem of problems) out.write(`${formatProblem(problem)}\n`);
    return 1;
  }
  const names = config.listeners.map(({ name }) => name);
  const listener = options.listener ?? names[0] ?? '';
  if (!names.includes(listener)) {
    out.write(`there is no listener ${listener}; there are: ${names.join(', ')}\n`);
    return 2;
  }
  const { client = '' } = options;
  const explanation = explain(compileTable(config, 0), { listener, client, ...question, ready: () => true });
  out.write(options.json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  return 0;
}

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
  const outcome = { yes: 'copied', no: 'not copied', share: `${formatShare(share ?? 0)} copied` }[copied];
  return `${name} to ${target}: ${outcome}. ${why}`;
}
