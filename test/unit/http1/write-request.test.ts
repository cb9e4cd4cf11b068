import { expect, test } from 'vitest';
import { compileHeaderChanges } from '../../../src/http/header-changes.ts';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { writeCopyHead, writeRequestHead } from '../../../src/http1/write-request.ts';

const MARK = 'x-sluice-shadow: dark\r\n';

function requestWith(fields: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return Object.assign(
    new OutgoingRequest(),
    { method: 'PUT', target: '/a?b', authority: 'a.example', block: 'x: y\r\nvia: z\r\n' },
    fields,
  );
}

test('writes a request with Host first and what frames it last', () => {
  expect(writeRequestHead(requestWith(), 'a.example')).toBe('PUT /a?b HTTP/1.1\r\nhost: a.example\r\nx: y\r\nvia: z\r\n\r\n');
  expect(writeRequestHead(requestWith({ unsized: true, acceptsTrailers: true, authority: '', block: '' }), '10.0.0.1:80')).toBe(
    'PUT /a?b HTTP/1.1\r\nhost: 10.0.0.1:80\r\ntransfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n',
  );
});

test('a copy has its mark after Host, and its changes after everything', () => {
  const request = requestWith({ unsized: true });
  expect(writeCopyHead(request, 'b', MARK, undefined)).toBe(
    `PUT /a?b HTTP/1.1\r\nhost: b\r\n${MARK}x: y\r\nvia: z\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  const changes = compileHeaderChanges({ set: [['X', 'dark']], add: [['a', 'b']], remove: ['Via'] });
  expect(writeCopyHead(request, 'b', MARK, changes)).toBe(
    `PUT /a?b HTTP/1.1\r\nhost: b\r\n${MARK}transfer-encoding: chunked\r\nX: dark\r\na: b\r\n\r\n`,
  );
});

test('a reset request holds on to nothing', () => {
  const request = requestWith({ unsized: true, acceptsTrailers: true });
  request.reset();
  expect(request).toEqual(new OutgoingRequest());
});
