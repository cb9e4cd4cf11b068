// The report of a rollout: its state with what the journal has of it.

import type { JournalLine } from '../../api/journal.ts';
import type { RolloutReport } from '../../api/rollout-report.ts';
import type { RolloutView } from '../../api/rollouts.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import type { Journal } from '../journal.ts';
import { describeBound } from './describe-bound.ts';
import type { Met } from './met.ts';

export interface MakeReportDeps {
  readonly rollout: RolloutView;
  readonly met: Met;
  readonly journal: Pick<Journal, 'lines'>;
}

/** Lines of the journal that are read at once, and how often: what is asked for must not hold up the thread that steers. */
const PAGE = 500;
const MAX_PAGES = 20;
/** Of the lines that a report lists. */
const MAX_LINES = 500;
/** What is written about a rollout after its end. */
const AFTER_MS = 60_000;

export async function makeReport(states: readonly RolloutState[], { rollout, met, journal }: MakeReportDeps): Promise<RolloutReport> {
  const [state] = states as [RolloutState];
  const id = idOf(state);
  const told = await linesOf(journal, state, 'rollout', ({ detail }) => detail['rollout'] === id);
  const made = await linesOf(journal, state, 'revision', ({ detail: { cause, reason } }) => {
    return cause === 'rollout' && typeof reason === 'string' && reason.startsWith(`rollout ${id}: `);
  });
  const { exposed, examples } = met;
  return {
    rollout,
    bounds: states.flatMap((each) =>
      each.template.checks.map((check) => ({
        check: states.length === 1 ? check.name : `${each.pool}: ${check.name}`,
        text: describeBound(check, each),
      })),
    ),
    exposed: { requests: exposed.requests, users: exposed.users },
    journal: told.lines,
    journalCut: told.isCut,
    changes: changesOf(made.lines),
    examples,
  };
}

interface Found {
  readonly lines: readonly JournalLine[];
  readonly isCut: boolean;
}

async function linesOf(
  journal: Pick<Journal, 'lines'>,
  { startedWallMs, endedWallMs = Infinity }: RolloutState,
  kind: string,
  isIts: (line: JournalLine) => boolean,
): Promise<Found> {
  const lines: JournalLine[] = [];
  let after = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await journal.lines({ after, limit: PAGE, kind, sinceMs: startedWallMs - 1 });
    for (const line of found) if (isIts(line)) lines.push(line);
    const last = found.at(-1);
    if (found.length < PAGE || last === undefined || last.atMs > endedWallMs + AFTER_MS)
      return { lines: lines.slice(0, MAX_LINES), isCut: lines.length > MAX_LINES };
    after = last.seq;
  }
  return { lines: lines.slice(0, MAX_LINES), isCut: true };
}

function changesOf(made: readonly JournalLine[]): RolloutReport['changes'] {
  const first = made[0];
  const revisions = made.map(({ revision, atMs, author, detail }) => {
    const changes = Array.isArray(detail['changes']) ? detail['changes'].map(String) : [];
    return { revision, atMs, author, reason: String(detail['reason'] ?? ''), changes, changeCount: Number(detail['changeCount'] ?? 0) };
  });
  return { ...(first !== undefined && { from: first.revision - 1, to: made.at(-1)!.revision }), revisions };
}
