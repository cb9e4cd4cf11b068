import { expect, test } from 'vitest';
import { grpcFields } from '../../../src/http/grpc.ts';
import { OUTCOMES } from '../../../src/telemetry/outcomes.ts';

test.each(OUTCOMES.filter(({ status }) => status > 0))(
  '$code has a status of gRPC other than OK, and a message that needs no escapes',
  ({ status, text }) => {
    const found = /^content-type: application\/grpc\r\ngrpc-status: (\d+)\r\ngrpc-message: ([ -$&-~]*)\r\n$/.exec(grpcFields(status, text));
    expect(Number(found?.[1])).toBeGreaterThan(0);
    expect(Number(found?.[1])).toBeLessThan(17);
    expect(found?.[2]).toBe(text);
  },
);
