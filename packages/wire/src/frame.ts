import type { Qos } from '@atp-router/kernel';
import type { Payload } from './payloads.ts';
import type { Window } from './window.ts';

/** The protocol major that this room speaks. */
export const PROTOCOL_MAJOR = 1;

/** Hop limit of a frame that names none. */
export const DEFAULT_TTL = 8;

/** Service tier of a frame that names none. */
export const DEFAULT_QOS: Qos = 'silver';

/** Flags that are sent. A reader also takes `FRAG` and `LAST` of older drafts, and ignores flags that it does not know. */
export type Flag = 'SYN' | 'ACK' | 'FIN' | 'RST' | 'MORE' | 'HB' | 'CTRL' | 'ECN';

export const FLAGS: readonly Flag[] = ['SYN', 'ACK', 'FIN', 'RST', 'MORE', 'HB', 'CTRL', 'ECN'];

/**
 * One frame of ATP, major 1, the same in both encodings. A member that is absent has its default; it is never `null`.
 * Members that are not listed here are kept where they are and ignored: later editions of the same major may add some.
 * Absent members stay absent, because signature and checksum cover the frame as it was sent.
 */
export interface Frame {
  readonly v: typeof PROTOCOL_MAJOR;
  readonly session_id: string;
  readonly stream_id: string;
  /** Rises by exactly one per message in a lane, from 0. */
  readonly msg_seq: number;
  /** Index of a fragment in its message; default 0. */
  readonly frag_seq?: number;
  /** `Flag`s, and whatever else a peer sent; default none. */
  readonly flags?: readonly string[];
  /** Default `DEFAULT_QOS`. */
  readonly qos?: Qos;
  /** Hops that are left, 0 to 255; default `DEFAULT_TTL`. */
  readonly ttl?: number;
  readonly window?: Window;
  readonly meta?: Meta;
  readonly payload?: Payload;
  /** With `sig`: never used twice with one key within the replay window. */
  readonly nonce?: string;
  /** Milliseconds since the Unix epoch at the sender. */
  readonly ts?: number;
  /** Which key signed. */
  readonly kid?: string;
  /** HMAC-SHA256 over the canonical frame without `sig` and `checksum`: 43 characters of base64url. */
  readonly sig?: string;
  /** `sha256:<hex>` of the same bytes. */
  readonly checksum?: string;
}

export interface Meta {
  readonly task_type?: string;
  readonly languages?: readonly string[];
  readonly risk?: string;
  readonly data_scope?: readonly string[];
  /** W3C `traceparent`. */
  readonly trace?: string;
  readonly tool_permissions?: readonly string[];
  readonly environment_id?: string;
  readonly security_groups?: readonly string[];
  /** Milliseconds that are left when the frame is sent; a duration, so that clocks need not agree. */
  readonly deadline_ms?: number;
  readonly idempotency_key?: string;
  readonly vector_clock?: Readonly<Record<string, number>>;
  /** The node that sent the frame. */
  readonly node_id?: string;
  /** Nodes that the message has passed, first to last: a node that finds itself here has found a loop. */
  readonly via?: readonly string[];
}

/** The frame without what signs and checks it: for one that is about to be another frame. */
export function unsealed(frame: Frame): Frame {
  const { nonce: _nonce, ts: _ts, kid: _kid, sig: _sig, checksum: _checksum, ...bare } = frame;
  return bare;
}

export function hasFlag(frame: Frame, flag: Flag): boolean {
  return frame.flags?.includes(flag) ?? false;
}

/** Whether more fragments of the message follow: `MORE`, or the drafts' `FRAG` without `LAST`. */
export function hasMore(frame: Pick<Frame, 'flags'>): boolean {
  const { flags } = frame;
  if (flags === undefined || flags.length === 0) return false;
  return flags.includes('MORE') || (flags.includes('FRAG') && !flags.includes('LAST'));
}

/** Whether the frame carries a part of a message and not all of it. */
export function isFragment(frame: Pick<Frame, 'flags' | 'frag_seq'>): boolean {
  return (frame.frag_seq !== undefined && frame.frag_seq > 0) || hasMore(frame);
}

/** One sequence of messages within a session: a stream, and a persona and clone of it. Lanes never wait for each other. */
export interface Lane {
  readonly stream_id: string;
  /** Empty for a frame without one. */
  readonly persona_id: string;
  readonly clone_id: string;
}

export function laneOf({ stream_id, payload }: Pick<Frame, 'stream_id' | 'payload'>): Lane {
  return { stream_id, persona_id: payload?.persona_id ?? '', clone_id: payload?.clone_id ?? '' };
}

/** A text that is equal for equal lanes only, whatever characters the three names hold. For keys of maps. */
export function laneKey({ stream_id, persona_id, clone_id }: Lane): string {
  return `${stream_id.length}:${persona_id.length}:${stream_id}${persona_id}${clone_id}`;
}
