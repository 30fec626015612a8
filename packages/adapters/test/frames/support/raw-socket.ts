import { randomBytes } from 'node:crypto';
import { RawClient } from '../../http/support/raw-client.ts';

/** One masked WebSocket frame, as a client has to send it. */
export function masked(opcode: number, payload: Buffer | string, fin: boolean = true): Buffer {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const length =
    bytes.length < 126 ? Buffer.from([bytes.length]) : Buffer.from([126, bytes.length >> 8, bytes.length & 255]);
  const head = Buffer.concat([
    Buffer.from([(fin ? 0x80 : 0) | opcode, (length[0] ?? 0) | 0x80]),
    length.subarray(1),
    mask,
  ]);
  return Buffer.concat([head, bytes.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]);
}

export const NONCE = 'dGhlIHNhbXBsZSBub25jZQ==';
/** The handshake of a client without a key. */
export const HANDSHAKE: string = [
  ...['GET /ws HTTP/1.1', 'host: test', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'],
  ...[`sec-websocket-key: ${NONCE}`, 'sec-websocket-protocol: atp.v1', '', ''],
].join('\r\n');

/** A WebSocket of which a test says every byte. */
export async function openRaw(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(HANDSHAKE);
  await client.until((text) => text.includes('\r\n\r\n'));
  return client;
}
