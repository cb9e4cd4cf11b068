// One run of autocannon as a process. Usage: autocannon-process.ts JSON-OF-LOAD-OPTIONS; prints `RESULT` and a Load.

import autocannon from 'autocannon';
import type { Load, LoadOptions } from './load.ts';
import { BROWSER_HEADERS } from './request.ts';

const { request, connections, seconds } = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const result = await autocannon({
  url: `http://127.0.0.1:${request.port}${request.path}`,
  connections,
  duration: seconds,
  headers: BROWSER_HEADERS,
  ...(request.bodyBytes > 0 ? { method: 'POST', body: 'x'.repeat(request.bodyBytes) } : { method: 'GET' }),
});
const load: Load = {
  requests: result.requests.total,
  seconds: result.duration,
  p50Micros: result.latency.p50 * 1000,
  p99Micros: result.latency.p99 * 1000,
  errors: result.errors + result.timeouts + result.non2xx,
};
console.log(`RESULT ${JSON.stringify(load)}`);
