import { describe, expect, it } from 'vitest';
import { compileTrust, findClient } from '../../../src/routing/trust.ts';

describe('trusts', () => {
  const trust = compileTrust(['10.0.0.0/8', '192.168.1.1', '2001:db8::/32', '::1', '::ffff:172.16.0.0/108']);

  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.0.0.1', false],
    ['192.168.1.1', true],
    ['192.168.1.2', false],
    ['2001:db8:1::1', true],
    ['2001:db9::1', false],
    ['::1', true],
    ['172.16.9.9', true],
    ['172.32.0.1', false],
    ['10.1', false],
    ['0xa000001', false],
    ['unix', false],
    ['', false],
    ['10.1.2.3 ', false],
  ])('%j is %s', (address, expected) => {
    expect(trust.trusts(address)).toBe(expected);
    expect(trust.trusts(address)).toBe(expected);
  });

  it('nobody by default', () => {
    expect(compileTrust([]).trusts('127.0.0.1')).toBe(false);
  });

  it.each(['10.0.0.0/33', 'example.com', '10.0.0.0/', ''])('refuses the range %j', (cidr) => {
    expect(() => compileTrust([cidr])).toThrow(RangeError);
  });
});

describe('findClient', () => {
  const trust = compileTrust(['10.0.0.0/8']);

  it.each([
    ['an untrusted peer is the client', '1.1.1.1', '9.9.9.9', '1.1.1.1'],
    ['a trusted peer names it', '10.0.0.1', '9.9.9.9', '9.9.9.9'],
    ['the walk goes on through trusted hops', '::ffff:10.0.0.1', '6.6.6.6, 9.9.9.9 ,10.0.0.2', '9.9.9.9'],
    ['what the client wrote itself is not believed', '10.0.0.1', '10.9.9.9, 8.8.8.8', '8.8.8.8'],
    ['ports and brackets', '10.0.0.1', '[2001:db8::1]:99', '2001:db8::1'],
    ['a port', '10.0.0.1', '9.9.9.9:1234', '9.9.9.9'],
    ['no address ends the walk', '10.0.0.1', '9.9.9.9, unknown, 10.0.0.3', '10.0.0.3'],
    ['nothing', '10.0.0.1', '', '10.0.0.1'],
    ['commas alone', '10.0.0.1', ',,,', '10.0.0.1'],
    ['all trusted', '10.0.0.1', '10.0.0.5, 10.0.0.4', '10.0.0.5'],
  ])('%s', (_, peer, forwardedFor, expected) => {
    expect(findClient(peer, forwardedFor, trust)).toBe(expected);
  });

  it('looks at 32 hops at most', () => {
    expect(findClient('10.0.0.1', `9.9.9.9${', 10.0.0.2'.repeat(5000)}`, trust)).toBe('10.0.0.2');
  });
});
