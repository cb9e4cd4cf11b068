// What a test has opened and must not leave open. Everything the scaffold starts registers itself here;
// each test file says `afterAll(closeAll)` or `afterEach(closeAll)`, whichever fits how long its processes live.

export interface Closable {
  close(): Promise<void>;
}

const opened: Closable[] = [];

/** Registers `thing` and hands it back. */
export function open<T extends Closable>(thing: T): T {
  opened.push(thing);
  return thing;
}

/** Closes all that is open, latest first; then throws the first fault that closing found (an unclean exit, a failed script). */
export async function closeAll(): Promise<void> {
  const faults: unknown[] = [];
  for (const thing of opened.splice(0).reverse()) await thing.close().catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
