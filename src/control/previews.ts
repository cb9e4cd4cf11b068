// Takes previews away when their time is over, also when it ended while Sluice did not run. By the wall clock.

import type { Config } from '../config/model.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Controller } from './controller.ts';
import type { Current } from './in-force/current.ts';

export interface PreviewsDeps {
  readonly clock: Pick<Clock, 'wallMs' | 'after'>;
  readonly current: Pick<Current, 'config'>;
  readonly controller: Pick<Controller, 'submit'>;
  readonly log: Log;
}

/** A clock that was set is noticed within this time. */
const LOOK_MS = 60_000;
/** What could not be taken away is tried again. */
const AGAIN_MS = 5_000;

export class Previews {
  readonly #deps: PreviewsDeps;
  #timer: Timer | undefined = undefined;
  #isBusy = false;

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
    if (first === undefined || this.#isBusy) return;
    const waitMs = Math.min(Math.max(first.untilMs - clock.wallMs(), 0), LOOK_MS);
    this.#timer = clock.after(waitMs, () => void this.#look(), { unref: true });
  }

  close(): void {
    this.#timer?.stop();
    this.#isBusy = true;
  }

  async #look(): Promise<void> {
    const { clock, current, controller, log } = this.#deps;
    this.#isBusy = true;
    let isDone = true;
    for (const { pool, name, untilMs } of previewsOf(current.config)) {
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
      if (outcome.result === 'applied' || outcome.result === 'unknown') continue;
      isDone = false;
      log.warn({ pool, preview: name, result: outcome.result }, 'a preview whose time is over could not be taken away; it is tried again');
    }
    this.#isBusy = false;
    if (isDone) this.wake();
    else this.#timer = clock.after(AGAIN_MS, () => void this.#look(), { unref: true });
  }
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
