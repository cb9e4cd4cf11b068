// Loaded into a process that is tested, before it: measures the CPU that each turn of its first thread uses, which others on the machine
// hardly change. Reports to `TURN_WATCH`, a socket: `reset` begins, `longest` ends and tells milliseconds.

import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const path = process.env['TURN_WATCH'];
if (isMainThread && path !== undefined) {
  let isOn = false;
  let [longest, before] = [0, 0];
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const note = () => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const look = () => {
    if (!isOn) return;
    note();
    setImmediate(look);
  };
  /** @param {string} asked */
  const onAsked = (asked) => {
    if (asked === 'longest') {
      // A turn may have ended since the last look.
      note();
      isOn = false;
      return String(longest);
    }
    [longest, before] = [0, cpuMs()];
    if (!isOn) setImmediate(look);
    isOn = true;
    return 'begun';
  };
  const server = createServer((socket) => {
    socket.unref();
    socket.setEncoding('latin1').on('data', (asked) => socket.write(onAsked(String(asked))));
    socket.on('error', () => undefined);
  });
  server.listen(path).unref();
}
