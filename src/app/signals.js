// Signals of a process that serves, from its first line on: none kills it unheard, and none opens a debugger. Registered by the entry,
// before anything is loaded; what comes before somebody cares for it is kept, or ends the process while nothing is served.
// Plain JavaScript, as all that comes before the compile cache.

/** TERM, INT and QUIT ask the process to end. */
const STOPS = /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGQUIT']);

/** Their default is to kill. HUP means something to the config watch alone, which listens beside this. */
const IGNORED = /** @type {const} */ ([
  'SIGHUP',
  'SIGUSR2',
  'SIGALRM',
  'SIGVTALRM',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGXCPU',
  'SIGTRAP',
  'SIGSYS',
]);

/** @type {(signal: NodeJS.Signals) => void} */
let stop = endUnserved;

/** @type {() => void} */
let reopen = ignore;

/**
 * For a process that serves; a command that asks another one keeps what the system does.
 * @returns {void}
 */
export function hearSignals() {
  for (const signal of STOPS) process.on(signal, () => stop(signal));
  for (const signal of IGNORED) process.on(signal, ignore);
  // Node opens its debugger on USR1 unless somebody listens.
  process.on('SIGUSR1', () => reopen());
  closeDebugger();
}

/**
 * From now on `listener` hears of each TERM, INT and QUIT. Before, one ends the process with 0, because it cuts nothing.
 * @param {(signal: NodeJS.Signals) => void} listener
 * @returns {void}
 */
export function onStop(listener) {
  stop = listener;
}

/**
 * From now on `listener` hears of each USR1.
 * @param {() => void} listener
 * @returns {void}
 */
export function onReopen(listener) {
  reopen = listener;
}

/** @param {NodeJS.Signals} signal */
function endUnserved(signal) {
  process.stderr.write(`sluice: ended by ${signal} before it served\n`);
  process.exit(0);
}

/** A USR1 that came before the first line has opened it, on a port that anybody on this machine may use. */
function closeDebugger() {
  if (`${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`.includes('--inspect')) return;
  const inspector = process.getBuiltinModule('node:inspector');
  if (inspector.url() !== undefined) inspector.close();
}

function ignore() {
  // Hearing it is all that is needed.
}
