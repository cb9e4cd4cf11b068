// What is wrong with an instance, and how its file stands to what is served, in lines for people.

import type { FileOverview, Overview } from '../api/overview.ts';
import { count, formatSpan } from './quantity.ts';
import type { Terminal } from './terminal.ts';

type Paint = Terminal['paint'];

/** Nothing where nothing is wrong. */
export function viewFindings({ findings, findingCount }: Overview, paint: Paint, nowMs: number): readonly string[] {
  const lines = findings.map(({ severity, message, sinceMs }) => {
    const since = sinceMs === undefined ? '' : paint('dim', ` (for ${formatSpan(nowMs - sinceMs)})`);
    return `${severity === 'error' ? paint('bad', 'error:') : paint('warn', `${severity}:`)} ${message}${since}`;
  });
  const more = findingCount - findings.length;
  return more > 0 ? [...lines, `(and ${more} more)`] : lines;
}

/** Nothing where the file says what is served. */
export function viewFile({ differences }: FileOverview, paint: Paint): readonly string[] {
  if (differences === 0) return [];
  const what = `${count(differences, 'value')} ${differences === 1 ? 'differs' : 'differ'} from the file`;
  return [paint('dim', `What is served: ${what}; sluice config diff shows ${differences === 1 ? 'it' : 'them'}.`)];
}
