// `sluice explain`: which route, pool and version a request gets, asked of a config file. Opens no socket; every version counts as ready.

import { loadConfig } from '../config/load.ts';
import { servingListeners } from '../config/passthrough.ts';
import { formatProblem } from '../config/problem.ts';
import { noSuch } from '../config/suggest.ts';
import { compileTable } from '../routing/compile.ts';
import { explain } from '../routing/explain.ts';
import { readQuestion } from '../routing/question.ts';
import { formatExplanation } from './view-explanation.ts';

export interface ExplainOptions {
  /** File or directory. */
  readonly config: string;
  readonly method: string;
  /** `http://shop.example.com/cart?x=1`, or a path alone. */
  readonly url: string;
  /** Each as `name: value`. */
  readonly headers: readonly string[];
  readonly json: boolean;
  /** Default: the first one that serves requests, else the first one. */
  readonly listener?: string | undefined;
  /** Address of the client, for affinity by it. */
  readonly client?: string | undefined;
}

/** Where the text goes: `process.stdout` will do. */
export interface TextSink {
  write(text: string): unknown;
}

/** Exit status: 0 explained, 1 the config has Problems, 2 the question itself is malformed. */
export function runExplain(options: ExplainOptions, { out, err }: { readonly out: TextSink; readonly err: TextSink }): number {
  const question = readQuestion(options);
  if (typeof question === 'string') {
    err.write(`${question}\n`);
    return 2;
  }
  const { config, problems } = loadConfig(options.config);
  if (config === undefined) {
    for (const problem of problems) err.write(`${formatProblem(problem)}\n`);
    return 1;
  }
  const names = config.listeners.map(({ name }) => name);
  const listener = options.listener ?? servingListeners(config)[0]?.name ?? names[0] ?? '';
  if (!names.includes(listener)) {
    err.write(`${noSuch('listener', listener, names)}\n`);
    return 2;
  }
  const { client = '' } = options;
  const explanation = explain(compileTable(config, 0), { listener, client, ...question, ready: () => true });
  out.write(options.json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  return 0;
}
