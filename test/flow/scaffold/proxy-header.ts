// PROXY headers as proxies before Sluice write them, well-formed or not.
//
//   proxyHeader({ client: '203.0.113.7' })                          version 2, TCP over IPv4
//   proxyHeader({ kind: 0x21, addresses: bytes, tlvs: [[0x03, bytes]] })

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

export interface HeaderParts {
  /** 0x20 LOCAL, 0x21 PROXY. */
  readonly command?: number;
  /** Family and transport. */
  readonly kind?: number;
  /** IPv4; other addresses come as bytes. */
  readonly client?: string;
  readonly addresses?: Buffer;
  readonly tlvs?: readonly (readonly [number, Buffer])[];
  /** In place of the right one. */
  readonly length?: number;
}

export function proxyHeader({ command = 0x21, kind = 0x11, client = '203.0.113.7', ...parts }: HeaderParts): Buffer {
  const addresses = parts.addresses ?? Buffer.from([...client.split('.').map(Number), 192, 0, 2, 1, 0x30, 0x39, 0x01, 0xbb]);
  const tlvs = (parts.tlvs ?? []).flatMap(([type, value]) => [Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
  const rest = Buffer.concat([addresses, ...tlvs]);
  const length = parts.length ?? rest.length;
  return Buffer.concat([SIGNATURE, Buffer.from([command, kind, length >> 8, length & 0xff]), rest]);
}
