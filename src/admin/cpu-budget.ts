// How much of the control thread's time each caller may use. It is counted after the work, so that one that costs too much waits before the
// next.

interface Account {
  leftMs: number;
  atMs: number;
}

export interface CpuShare {
  /** Of the thread's time, 0 to 1. */
  readonly share: number;
  /** What may be used at once after a pause. */
  readonly burstMs: number;
  /** Most that is paid back: one call may cost more than its caller can know. */
  readonly debtMs: number;
}

/** Names of tokens: a config has few, but tokens come and go. */
const MAX_KEYS = 1024;

export class CpuBudget {
  readonly #nowMs: () => number;
  /** In the order of last use, oldest first. */
  readonly #accounts = new Map<string, Account>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Whole seconds until it may use more; 0 = it may now. */
  waitSeconds(key: string, share: CpuShare): number {
    const { leftMs } = this.#account(key, share);
    return leftMs > 0 ? 0 : Math.max(1, Math.ceil(-leftMs / share.share / 1000));
  }

  charge(key: string, share: CpuShare, ms: number): void {
    const account = this.#account(key, share);
    account.leftMs = Math.max(-share.debtMs, account.leftMs - ms);
  }

  #account(key: string, { share, burstMs }: CpuShare): Account {
    const now = this.#nowMs();
    const account = this.#accounts.get(key) ?? { leftMs: burstMs, atMs: now };
    account.leftMs = Math.min(burstMs, account.leftMs + (now - account.atMs) * share);
    account.atMs = now;
    this.#accounts.delete(key);
    this.#accounts.set(key, account);
    if (this.#accounts.size > MAX_KEYS) this.#accounts.delete(this.#accounts.keys().next().value ?? '');
    return account;
  }
}
