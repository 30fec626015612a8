import type { JsonObject } from '@atp-router/kernel';
import { flag, int, orNull, record, text, words } from './schema.ts';

const window = (description: string): JsonObject =>
  record(
    {
      max_parallel: int('Calls.'),
      max_tokens: int('Tokens.'),
      max_usd_micros: int('Micro-dollars.'),
    },
    ['max_parallel', 'max_tokens', 'max_usd_micros'],
    description,
  );

export const SESSION_SCHEMAS: JsonObject = {
  Session: record({
    tenant: text('Whose.'),
    key_id: text('With which key.'),
    session_id: text('As its client named it.'),
    connected: flag('Has a connection; else it waits for a resumption.'),
    remote_address: orNull(text('Of the connection.')),
    encoding: orNull(words('Of its frames; null during the handshake.', ['json', 'cbor'])),
    signed: flag('Its frames are signed.'),
    streams: int('Streams that are open.'),
    lanes: int('Lanes of them, of both directions.'),
    window: window('What the client may have outstanding.'),
    peer_window: window('What the router may have outstanding at the client.'),
    peer_status: orNull(words('What an agent said last.', ['READY', 'BUSY', 'PAUSE', 'DRAINING'])),
    rtt_ms: orNull(int('Smoothed round-trip time; null before the first sample.')),
    held_messages: int('Messages that are not settled or not complete.'),
    held_bytes: int('Bytes of them.'),
    counts: record(
      {
        duplicates: int('Messages and fragments that came twice.'),
        late: int('That came after they had failed.'),
        dropped: int('Frames for which there was no room.'),
        resent: int('Messages and fragments that were sent again.'),
        damaged: int('Frames whose checksum was wrong.'),
        unauthentic: int('Frames without a good signature.'),
        replayed: int('Frames whose nonce had been used.'),
      },
      [],
    ),
  }),
};
