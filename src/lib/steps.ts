// Work in steps of less than a millisecond each: who has other things to do does them in between (`lib/pace`), all others do them at once.

export type Steps<T> = Generator<void, T, void>;

/** How many small things make a step. */
export const STEP_COUNT = 128;

/** All of it, now. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done === true) return next.value;
  }
}
