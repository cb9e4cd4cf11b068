// `sluice drain` and `resume`: a version or one of its endpoints takes nothing new, and takes it again. `--watch` waits until
// nothing is left.

import { parseDuration } from '../config/duration.ts';
import { ask, showWrite, write, type AdminCall, type WriteOptions } from './admin-call.ts';
import { pathOf } from './admin-client.ts';
import { carefulWrite, forcefulWrite } from './careful-write.ts';
import { readResponse } from './read-response.ts';
import { EXIT, Failure } from './failure.ts';
import { count, formatSpan } from './quantity.ts';
import { watch } from './watch.ts';

export interface DrainOptions extends WriteOptions {
  readonly watch?: boolean | undefined;
  /** Such as `30s`: what is left after it is cut. */
  readonly deadline?: string | undefined;
}

export interface DrainTarget {
  readonly pool: string;
  readonly version: string;
  /** Undefined for the whole version. */
  readonly endpoint: string | undefined;
}

interface Left {
  readonly requests: number;
  readonly connections: number;
  /** An estimate of the instance; undefined until something has ended. */
  readonly estimateMs: number | undefined;
  /** When the drain began; undefined when the instance does not say. */
  readonly atStart: number | undefined;
}

export async function runDrain(call: AdminCall<DrainOptions>, target: DrainTarget): Promise<void> {
  const { deadline, dryRun, json } = call.options;
  if (deadline !== undefined && parseDuration(deadline) === undefined)
    throw new Failure(EXIT.usage, `--deadline must be a time: ${JSON.stringify(deadline)} is none`, ['Such as 500ms, 30s, 10m, 2h or 1d.']);
  const path = `${pathOf('v1', 'pools', target.pool, 'versions', target.version)}${endpointPath(target)}/drain`;
  const body = await forcefulWrite(call, { method: 'POST', path, body: deadline === undefined ? {} : { deadline } }, target);
  showWrite(call, body);
  if (dryRun === true) return;
  if (call.options.watch === true) return watchDrain(call, target);
  if (json !== true) call.terminal.out(`${describeLeft(await countLeft(call, target))}\n`);
}

export async function runResume(call: AdminCall<WriteOptions>, target: DrainTarget): Promise<void> {
  const path = `${pathOf('v1', 'pools', target.pool, 'versions', target.version)}${endpointPath(target)}/resume`;
  const question = { method: 'POST', path } as const;
  showWrite(call, (await isAlone(call, target)) ? await write(call, question, target) : await carefulWrite(call, question, target));
}

/** Whether no other version has users that could move to what is resumed. */
async function isAlone(call: AdminCall<WriteOptions>, target: DrainTarget): Promise<boolean> {
  if (call.options.yes === true || call.options.dryRun === true) return true;
  const pool = readResponse('Pool', await ask(call, { method: 'GET', path: pathOf('v1', 'pools', target.pool) }, target));
  return !pool.versions.some(({ name, weight, ready }) => name !== target.version && weight > 0 && ready);
}

async function watchDrain(call: AdminCall<DrainOptions>, target: DrainTarget): Promise<void> {
  await watch(call, {
    look: () => countLeft(call, target),
    calm: ({ requests, connections }) => `${requests} ${connections}`,
    lines: (left) => [`${nameOf(target)}: ${describeLeft(left)}`],
    json: ({ requests, connections, estimateMs, atStart }) => ({ inFlight: requests, connections, inFlightAtStart: atStart, estimateMs }),
    isOver: ({ requests, connections }) => requests === 0 && connections === 0,
  });
}

async function countLeft(call: AdminCall, target: DrainTarget): Promise<Left> {
  const pool = readResponse('Pool', await ask(call, { method: 'GET', path: pathOf('v1', 'pools', target.pool) }, target));
  const version = pool.versions.find(({ name }) => name === target.version);
  const found = target.endpoint === undefined ? version : version?.endpoints.find(({ address }) => address === target.endpoint);
  if (found === undefined) throw new Failure(EXIT.refused, `${nameOf(target)} is no longer in the config`);
  const { drain } = found;
  return { requests: found.inFlight, connections: found.connections, estimateMs: drain?.estimateMs, atStart: drain?.inFlightAtStart };
}

function describeLeft({ requests, connections, estimateMs, atStart }: Left): string {
  if (requests === 0 && connections === 0) return 'nothing is left';
  const when = estimateMs === undefined ? '' : `, about ${formatSpan(estimateMs)} more`;
  const of = atStart === undefined || atStart <= requests ? '' : ` of ${atStart}`;
  return `${requests}${of} ${requests === 1 && of === '' ? 'request' : 'requests'} and ${count(connections, 'connection')} left${when}`;
}

function endpointPath({ endpoint }: DrainTarget): string {
  return endpoint === undefined ? '' : pathOf('endpoints', endpoint);
}

function nameOf({ pool, version, endpoint }: DrainTarget): string {
  return endpoint === undefined ? `${pool}/${version}` : `${pool}/${version}/${endpoint}`;
}
