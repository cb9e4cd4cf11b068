import { expect, test } from 'vitest';
import { BODY_CHUNKED } from '../../../src/http/body-kind.ts';
import { OutgoingRequest } from '../../../src/http/request.ts';
import { writeRequestHead } from '../../../src/http1/write-request.ts';

function requestWith(fields: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return Object.assign(
    new OutgoingRequest(),
    { method: 'PUT', target: '/a?b', authority: 'a.example', block: 'x: y\r\nvia: z\r\n' },
    fields,
  );
}

test('writes a request with Host first and what frames it last', () => {
  expect(writeRequestHead(requestWith(), 'a.example')).toBe('PUT /a?b HTTP/1.1\r\nhost: a.example\r\nx: y\r\nvia: z\r\n\r\n');
  expect(writeRequestHead(requestWith({ body: BODY_CHUNKED, acceptsTrailers: true, authority: '', block: '' }), '10.0.0.1:80')).toBe(
    'PUT /a?b HTTP/1.1\r\nhost: 10.0.0.1:80\r\ntransfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n',
  );
});

test('a reset request holds on to nothing', () => {
  const request = requestWith({ body: BODY_CHUNKED, acceptsTrailers: true });
  request.reset();
  expect(request).toEqual(new OutgoingRequest());
});
