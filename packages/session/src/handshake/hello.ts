import {
  type Acknowledgement,
  canonicalCbor,
  type Frame,
  hasFlag,
  type HelloContent,
  toBase64Url,
  type Window,
  type WireValue,
} from '@atp-router/wire';
import type { Agreed } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import { SESSION_LIMITS } from '../limits.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';

type Encoding = 'json' | 'cbor';

/** A server that asks for more heartbeats than one a second gets one a second. */
const INTERVAL_MS_MIN = 1_000;
const BOTH: readonly Encoding[] = ['json', 'cbor'];

/** The first frame of a client (S5). */
export function synFrame(core: Core): Frame {
  const { encodings = BOTH, compression, features, token, wanted_window } = core.options;
  const content: HelloContent = {
    encodings,
    ...(compression && { compression }),
    ...(features && { features }),
    ...(token !== undefined && { token }),
    pending_messages: core.limits.pending_messages,
  };
  const frame = core.controlFrame(SESSION_STREAM, ['SYN', 'CTRL'], { type: 'control.hello', content }, wanted_window);
  return withNode(core, frame);
}

/** What a server makes of the wishes of a client. Throws `Violation` when there is no encoding in common. */
export function agreement(core: Core, hello: HelloContent, window: Window): Agreed {
  const { encodings = BOTH, features = [], compression = [], session_id, signing } = core.options;
  const encoding = (hello.encodings ?? ['json']).find((one): one is Encoding => encodings.includes(one as Encoding));
  if (encoding === undefined) throw new Violation('There is no encoding in common.', { whole_session: true });
  const { interval_ms, idle_fin_ms, resume_ttl_ms } = core.limits;
  const both = (mine: readonly string[], theirs: readonly string[] = []): string[] =>
    mine.filter((name) => theirs.includes(name) && (name !== 'sig' || signing !== undefined));
  const [chosen] = both(compression, hello.compression);
  return {
    session_id,
    encoding,
    features: both(features, hello.features),
    ...(chosen !== undefined && { compression: chosen }),
    ...{ interval_ms, idle_fin_ms, resume_ttl_ms, window },
  };
}

/** The answer of a server (S6). */
export function answerFrame(core: Core, agreed: Agreed, resume_token: string, acks: readonly Acknowledgement[]): Frame {
  const content: HelloContent = {
    encoding: agreed.encoding,
    ...(agreed.compression !== undefined && { compression: [agreed.compression] }),
    features: agreed.features,
    interval_s: agreed.interval_ms / 1_000,
    idle_fin_s: agreed.idle_fin_ms / 1_000,
    resume_token,
    resume_ttl_ms: agreed.resume_ttl_ms,
    pending_messages: core.limits.pending_messages,
    ...(acks.length > 0 && { acks }),
  };
  const frame = core.controlFrame(
    SESSION_STREAM,
    ['SYN', 'ACK', 'CTRL'],
    { type: 'control.hello', content },
    core.own_window,
  );
  return withNode(core, frame);
}

/** What a client has been granted. Throws `Violation` for an answer that it did not ask for. */
export function granted(core: Core, frame: Frame, hello: HelloContent): Agreed {
  const { encodings = BOTH, features = [], session_id } = core.options;
  const { encoding = 'json', interval_s, idle_fin_s, resume_ttl_ms = 0 } = hello;
  if (!encodings.includes(encoding as Encoding))
    throw new Violation('The encoding was not offered.', { whole_session: true });
  const { interval_ms, idle_fin_ms } = core.limits;
  const [compression] = hello.compression ?? [];
  const node_id = frame.meta?.node_id;
  return {
    session_id,
    encoding: encoding as Encoding,
    features: features.filter((name) => hello.features?.includes(name) ?? false),
    ...(compression !== undefined && { compression }),
    interval_ms: interval_s === undefined ? interval_ms : Math.max(INTERVAL_MS_MIN, interval_s * 1_000),
    idle_fin_ms: idle_fin_s === undefined ? idle_fin_ms : idle_fin_s * 1_000,
    resume_ttl_ms,
    ...(node_id !== undefined && { peer_node_id: node_id }),
    window: frame.window ?? {},
  };
}

/** The content of a hello. The decoder has judged its form. */
export function helloOf({ payload }: Frame): HelloContent | undefined {
  return payload?.type === 'control.hello' ? (payload.content as HelloContent) : undefined;
}

export function isSyn(frame: Frame): boolean {
  return hasFlag(frame, 'SYN') && hasFlag(frame, 'CTRL') && frame.stream_id === SESSION_STREAM;
}

/** What an end takes of a lane, by its hello (S8). */
export function pendingOf(hello: HelloContent): number {
  return hello.pending_messages ?? SESSION_LIMITS.pending_messages;
}

/** Whether two frames are the same one, whatever signed them. */
export function frameDigest(core: Core, frame: Frame): string {
  const { nonce: _nonce, ts: _ts, kid: _kid, sig: _sig, checksum: _checksum, ...rest } = frame;
  return toBase64Url(core.options.ports.digests.sha256(canonicalCbor(rest as unknown as WireValue)));
}

function withNode(core: Core, frame: Frame): Frame {
  const { node_id } = core.options;
  return node_id === undefined ? frame : { ...frame, meta: { node_id } };
}
