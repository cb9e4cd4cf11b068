// `sluice mirror report`: what comparing the responses of a mirror has shown. Its exit code is the verdict, so that a script can use it as a check.

import { bodyOf, show, showJson, type AdminCall } from './admin-call.ts';
import type { MirrorReport } from '../api/mirror-report.ts';
import { isFields, optionalText } from './fields.ts';
import { EXIT, Failure, type ExitCode } from './failure.ts';
import { mirrorPath } from './mirror.ts';
import { readResponse } from './read-response.ts';
import { viewReport } from './view-mirror-report.ts';
import { watch } from './watch.ts';

export interface MirrorReportOptions {
  /** Lines for fields that differ. */
  readonly fields?: number | undefined;
  readonly watch?: boolean | undefined;
}

interface Seen {
  readonly body: unknown;
  /** Undefined while there is no report. */
  readonly report: MirrorReport | undefined;
  /** Why there is none. */
  readonly busy: string;
}

const DEFAULT_FIELDS = 10;
/** Names of fields and paths come from upstreams, and may be as long as the response. */
const MAX_TEXT_LENGTH = 1000;

const CODES: Readonly<Record<string, ExitCode | undefined>> = {
  pass: EXIT.done,
  fail: EXIT.failed,
  inconclusive: EXIT.inconclusive,
  'no-data': EXIT.noData,
};

export async function runMirrorReport(call: AdminCall<MirrorReportOptions>, pool: string, name: string): Promise<ExitCode> {
  const seen = call.options.watch === true ? await watchReport(call, pool, name) : await look(call, pool, name);
  const { report, body, busy } = seen;
  if (report === undefined) throw new Failure(EXIT.refused, busy, ['Try again in a moment; --watch goes on by itself.']);
  if (call.options.watch === true) return codeOf(report);
  if (call.options.json === true) showJson(call, body);
  else show(call, linesOf(call, seen));
  return codeOf(report);
}

/** Looks until the verdict is pass or fail: no other verdict is final. */
async function watchReport(call: AdminCall<MirrorReportOptions>, pool: string, name: string): Promise<Seen> {
  let last: Seen | undefined;
  await watch(call, {
    look: async () => (last = await look(call, pool, name)),
    calm: ({ report, busy }) =>
      report === undefined ? busy : `${report.verdict.verdict} ${report.verdict.reason} ${report.verdict.compared}`,
    lines: (seen) => linesOf(call, seen),
    json: ({ body }) => body,
    less: '--fields 3 shows fewer fields',
    isOver: ({ report }) => report?.verdict.verdict === 'pass' || report?.verdict.verdict === 'fail',
  });
  return last!;
}

async function look(call: AdminCall, pool: string, name: string): Promise<Seen> {
  const response = await call.client.ask({ method: 'GET', path: `${mirrorPath(pool, name)}/report` });
  const detail = isFields(response.body) ? optionalText(response.body, 'detail') : '';
  if (response.status === 503) return { body: response.body, report: undefined, busy: detail || 'there is no report at the moment' };
  if (response.status === 409)
    throw new Failure(EXIT.refused, detail || `mirror ${name} compares nothing`, [
      `sluice mirror set ${pool} ${name} --compare lets it compare responses.`,
    ]);
  const body = await bodyOf(call, response, { pool, mirror: name });
  return { body, report: readResponse('MirrorReport', body, MAX_TEXT_LENGTH), busy: '' };
}

function linesOf({ terminal, options }: AdminCall<MirrorReportOptions>, { report, busy }: Seen): readonly string[] {
  if (report === undefined) return [terminal.paint('warn', busy)];
  return viewReport(report, { paint: terminal.paint, nowMs: terminal.clock.wallMs(), mostFields: options.fields ?? DEFAULT_FIELDS });
}

function codeOf({ verdict: { verdict } }: MirrorReport): ExitCode {
  const code = Object.hasOwn(CODES, verdict) ? CODES[verdict] : undefined;
  if (code === undefined)
    throw new Failure(EXIT.refused, `the verdict "${verdict}" is not known here`, ['Is Sluice there of a newer release?']);
  return code;
}
