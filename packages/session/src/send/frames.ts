import {
  assertCarried,
  type Frame,
  type Lane,
  type Payload,
  PROTOCOL_MAJOR,
  splitFrame,
  type WireValue,
} from '@atp-router/wire';
import type { Outgoing } from '../contract.ts';
import type { SessionOptions } from '../options.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { LaneOut } from '../streams/stream.ts';

const SYN: readonly string[] = ['SYN'];
const FIN: readonly string[] = ['FIN'];
const SYN_FIN: readonly string[] = ['SYN', 'FIN'];

/** The frames of a message, unsigned. Throws `FrameError` for a content that cannot be carried. */
export function messageFrames(
  { session_id, ports, fragments }: SessionOptions,
  { lane, stream, is_main }: Pick<LaneOut, 'lane' | 'stream' | 'is_main'>,
  msg_seq: number,
  message: Outgoing,
  fin: boolean,
): readonly Frame[] {
  const { payload, meta, qos, ttl } = message;
  const syn = stream.own && lane.stream_id !== SESSION_STREAM && msg_seq === 0 && is_main;
  const flags = syn ? (fin ? SYN_FIN : SYN) : fin ? FIN : undefined;
  const frame: Mutable<Frame> = { v: PROTOCOL_MAJOR, session_id, stream_id: lane.stream_id, msg_seq };
  if (flags !== undefined) frame.flags = flags;
  if (qos !== undefined) frame.qos = qos;
  if (ttl !== undefined) frame.ttl = ttl;
  if (meta !== undefined) frame.meta = meta;
  if (payload !== undefined) frame.payload = inLane(payload, lane);
  // Before it has a number: what the encoder refuses later could neither be sent nor taken back.
  assertCarried(frame);
  return splitFrame(frame, ports.digests, fragments);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The payload names its lane, whatever it named before. */
function inLane(payload: Payload, { persona_id, clone_id }: Lane): Payload {
  if ((payload.persona_id ?? '') === persona_id && (payload.clone_id ?? '') === clone_id) return payload;
  const { persona_id: _persona, clone_id: _clone, ...rest } = payload;
  return { ...rest, ...(persona_id !== '' && { persona_id }), ...(clone_id !== '' && { clone_id }) };
}

/** Bytes that a message takes, roughly: what its texts and bytes have, and eight for everything else. */
export function messageBytes({ payload, meta }: Pick<Outgoing, 'payload' | 'meta'>): number {
  return 256 + weight(payload?.content) + (meta === undefined ? 0 : weight(meta as unknown as WireValue));
}

function weight(value: WireValue | undefined): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 16;
  if (Array.isArray(value)) for (const item of value as readonly WireValue[]) sum += weight(item);
  else for (const [name, item] of Object.entries(value)) sum += name.length + weight(item as WireValue);
  return sum;
}
