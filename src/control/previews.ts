// Takes previews away when their time is over, also when it ended while Sluice did not run. By the wall clock.

import type { Finding } from '../api/overview.ts';
import type { Config } from '../config/model.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Controller } from './controller.ts';
import type { Current } from './in-force/current.ts';
import type { Journal } from './journal.ts';
import type { AmendOutcome } from './submission.ts';

export interface PreviewsDeps {
  readonly clock: Pick<Clock, 'wallMs' | 'after'>;
  readonly current: Pick<Current, 'config' | 'revision'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly journal: Pick<Journal, 'record'>;
  readonly log: Pick<Log, 'warn'>;
}

/** A clock that was set is noticed within this time. */
const LOOK_MS = 60_000;
/** What could not be taken away is tried again. */
const AGAIN_MS = 5_000;

export class Previews {
  readonly #deps: PreviewsDeps;
  #timer: Timer | undefined = undefined;
  #isBusy = false;
  #isClosed = false;
  /** Those that could not be taken away. */
  readonly #stuck = new Map<string, Stuck>();

  constructor(deps: PreviewsDeps) {
    this.#deps = deps;
  }

  /** Another config is in force. */
  wake(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    const { clock, current } = this.#deps;
    const ends = previewsOf(current.config);
    const [first] = ends;
    if (first === undefined || this.#isBusy || this.#isClosed) return;
    const waitMs = Math.min(Math.max(first.untilMs - clock.wallMs(), 0), LOOK_MS);
    this.#timer = clock.after(waitMs, () => void this.#look(), { unref: true });
  }

  /** What is still there although its time is over. */
  findings(): readonly Finding[] {
    return previewsOf(this.#deps.current.config).flatMap((preview): readonly Finding[] => {
      const stuck = this.#stuck.get(keyOf(preview));
      // Replaced meanwhile: its time began anew.
      if (stuck === undefined || stuck.untilMs !== preview.untilMs) return [];
      const { pool, name, untilMs: sinceMs } = preview;
      const at = { place: `pools.${pool}.versions.${name}`, pool, version: name, sinceMs };
      const message = `The time of preview ${name} of ${pool} is over, and it cannot be taken away: ${stuck.fault}. It is tried again; by hand: sluice preview remove ${pool} ${name}`;
      return [{ severity: 'error', code: 'preview-stuck', ...at, message }];
    });
  }

  /** What is under way then is told by nobody: it fails because Sluice stops. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.stop();
  }

  async #look(): Promise<void> {
    const { clock, current, controller } = this.#deps;
    this.#isBusy = true;
    let isDone = true;
    for (const preview of previewsOf(current.config)) {
      const { pool, name, untilMs } = preview;
      if (untilMs > clock.wallMs()) break;
      const change = { kind: 'remove-preview', pool, name } as const;
      const asked = {
        author: '',
        role: 'admin',
        reason: `the time of preview ${name} is over`,
        expected: undefined,
        dryRun: false,
      } as const;
      const outcome = await controller.submit({ kind: 'amend', cause: 'preview', change, ...asked });
      if (this.#isClosed) return;
      if (outcome.result === 'applied' || outcome.result === 'unknown') {
        this.#stuck.delete(keyOf(preview));
        continue;
      }
      isDone = false;
      this.#tell(preview, faultOf(outcome));
    }
    if (isDone) this.#stuck.clear();
    this.#isBusy = false;
    if (isDone) this.wake();
    else this.#timer = clock.after(AGAIN_MS, () => void this.#look(), { unref: true });
  }

  /** Once for each reason, not for each try. */
  #tell(preview: Ending, fault: string): void {
    const { current, journal, log } = this.#deps;
    const { pool, name, untilMs } = preview;
    const before = this.#stuck.get(keyOf(preview));
    this.#stuck.set(keyOf(preview), { untilMs, fault });
    if (before?.fault === fault && before.untilMs === untilMs) return;
    const detail = { pool, preview: name, fault };
    log.warn(detail, 'a preview whose time is over could not be taken away; it is tried again');
    // Where the store is what fails, findings and the log still say it.
    journal.record('preview-stuck', { author: '', revision: current.revision }, detail).catch(() => undefined);
  }
}

interface Stuck {
  /** The end that could not be put in force. */
  readonly untilMs: number;
  readonly fault: string;
}

function keyOf({ pool, name }: Pick<Ending, 'pool' | 'name'>): string {
  return `${pool}\n${name}`;
}

function faultOf(outcome: AmendOutcome): string {
  const said = 'message' in outcome ? outcome.message : 'problems' in outcome ? outcome.problems[0]?.message : undefined;
  return (said ?? outcome.result).replace(/\.$/, '');
}

interface Ending {
  readonly pool: string;
  readonly name: string;
  readonly untilMs: number;
}

/** Those that end first come first. */
function previewsOf(config: Config | undefined): readonly Ending[] {
  const found = (config?.pools ?? []).flatMap(({ name: pool, versions }) =>
    versions.flatMap(({ name, previewUntilMs: untilMs }) => (untilMs === undefined ? [] : [{ pool, name, untilMs }])),
  );
  return found.sort((a, b) => a.untilMs - b.untilMs);
}
