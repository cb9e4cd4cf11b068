// A probe by the health protocol of gRPC (grpc.health.v1.Health/Check): a call, judged by its status and by what it says of the service.

import { connect } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import type { EndpointConfig } from '../../config/model.ts';
import { dial } from './dial.ts';
import type { Probe, ProbeEnd, Probing } from './probe.ts';

const PATH = '/grpc.health.v1.Health/Check';
/** Of a response; what more there is, is not read. */
const MAX_BYTES = 1024;
/** Before a message: whether it is compressed, and its length. */
const MESSAGE_HEAD = 5;
/** Field 1 of a request: a string. Of a response: a number. */
const SERVICE_TAG = 0x0a;
const STATUS_TAG = 0x08;
const SERVING = 1;
const STATUSES: readonly string[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Asks for the service that `health.grpc` names. The endpoint must have a TCP or Unix address. */
export const probeGrpc: Probe = (endpoint, health, onEnd, manner) => {
  const dialed = dial(endpoint, { ...manner, protocol: 'http2' });
  let over = false;
  let call: Probing | undefined;
  const end: ProbeEnd = (result, detail) => {
    if (over) return;
    over = true;
    dialed.cancel();
    onEnd(result, detail);
  };
  dialed.connect({}, (error, socket) => {
    if (error !== null) return end('connect', error.message);
    if (!over) call = check(endpoint, health.grpc ?? '', socket, end);
  });
  return {
    cancel: () => {
      over = true;
      call?.cancel();
      dialed.cancel();
    },
  };
};

function check({ address, key }: EndpointConfig, service: string, socket: Socket, onEnd: ProbeEnd): Probing {
  const session = connect(`http://${address.kind === 'unix' ? 'localhost' : key}`, { createConnection: () => socket });
  const end: ProbeEnd = (result, detail) => {
    session.destroy();
    onEnd(result, detail);
  };
  const fail = (error?: Error): void => end('broken', error?.message ?? 'the connection was closed');
  session.on('error', fail).on('close', fail);
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    ':scheme': socket instanceof TLSSocket ? 'https' : 'http',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'sluice-probe',
  });
  let status = '';
  let received = Buffer.alloc(0);
  const take = (fields: Readonly<Record<string, unknown>>): void => void (status = String(fields['grpc-status'] ?? status));
  stream
    .on('response', take)
    .on('trailers', take)
    .on('data', (piece: Buffer) => (received = Buffer.concat([received, piece]).subarray(0, MAX_BYTES)))
    .on('end', () => judge(status, received, end))
    .on('error', fail);
  stream.end(requestFor(service));
  return { cancel: () => session.destroy() };
}

/** A message with the name of the service, which is at most 127 bytes long. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_TAG, name.length]), name]);
  const head = Buffer.alloc(MESSAGE_HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function judge(status: string, received: Buffer, end: ProbeEnd): void {
  if (status !== '0') return end('status', status === '' ? 'no grpc-status' : `grpc-status ${status}`);
  const said = received[MESSAGE_HEAD] === STATUS_TAG ? (received[MESSAGE_HEAD + 1] ?? 0) : 0;
  if (said === SERVING) end('ok', '');
  else end('body', `the service is ${STATUSES[said] ?? said}`);
}
