import { FLAGS, PROTOCOL_MAJOR } from '../frame.ts';
import { COUNT, DIGEST, NAME, names, object, SHARE, word } from './kinds.ts';
import type { Shape } from './spec.ts';

/** Strict unpadded base64url of 32 bytes: of the last character only four bits are used. */
export const SIG_CHARS = 43;
export const SIG_TEXT: RegExp = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export const FLAG_MAX = 16;
export const FLAGS_MAX = 16;
export const RISK_MAX = 32;
export const TRACE_MAX = 512;
export const LANGUAGES_MAX = 32;
/** As many as the HTTP surface takes in `x-atp-data-scope`. */
export const SCOPES_MAX = 16;
export const PERMISSIONS_MAX = 256;
export const GROUPS_MAX = 64;
export const CLOCK_MAX = 256;
/** A frame cannot have passed more nodes than a hop limit counts. */
export const VIA_MAX = 255;

export const WINDOW: Shape = {
  id: 'window',
  doc: 'What may be outstanding; an absent member sets no limit of its kind.',
  fields: {
    max_parallel: { key: 0, spec: { kind: 'int', min: 0, max: 1_000 }, doc: 'Calls in flight.' },
    max_tokens: { key: 1, spec: { kind: 'int', min: 0, max: 1e7 }, doc: 'Tokens outstanding.' },
    max_usd_micros: { key: 2, spec: { kind: 'int', min: 0, max: 1e10 }, doc: 'Micro-dollars outstanding.' },
  },
};

export const META: Shape = {
  id: 'meta',
  doc: 'What the message is about.',
  fields: {
    task_type: { key: 0, spec: NAME, doc: 'Chooses the policy.' },
    languages: { key: 1, spec: names(LANGUAGES_MAX), doc: 'Natural languages, as BCP 47 tags.' },
    risk: { key: 2, spec: { kind: 'text', min: 1, max: RISK_MAX }, doc: 'Risk class of the task.' },
    data_scope: {
      key: 3,
      spec: names(SCOPES_MAX),
      doc: 'Scopes of the data; only who carries all of them may see it.',
    },
    trace: { key: 4, spec: { kind: 'text', min: 1, max: TRACE_MAX }, doc: 'W3C traceparent.' },
    tool_permissions: { key: 5, spec: names(PERMISSIONS_MAX), doc: 'Tools that may be used.' },
    environment_id: { key: 6, spec: NAME, doc: 'Environment in which tools run.' },
    security_groups: { key: 7, spec: names(GROUPS_MAX), doc: 'Groups whose members may see the message.' },
    deadline_ms: { key: 8, spec: COUNT, doc: 'Milliseconds that are left when the frame is sent.' },
    idempotency_key: { key: 9, spec: NAME, doc: 'Equal keys within their lifetime run the work once.' },
    vector_clock: { key: 10, spec: { kind: 'record', of: COUNT, max: CLOCK_MAX }, doc: 'Counter by node.' },
    node_id: { key: 11, spec: NAME, doc: 'The node that sent the frame.' },
    via: { key: 12, spec: names(VIA_MAX), doc: 'Nodes that the message has passed, first to last.' },
  },
};

export const COST_EST: Shape = {
  id: 'cost_est',
  doc: 'What the work is expected to cost, or has cost.',
  fields: {
    in_tokens: { key: 0, spec: COUNT, doc: 'Tokens read.' },
    out_tokens: { key: 1, spec: COUNT, doc: 'Tokens written.' },
    usd_micros: { key: 2, spec: COUNT, doc: 'Micro-dollars.' },
  },
};

export const FRAG: Shape = {
  id: 'frag',
  doc: 'On the last fragment: what the whole message has to be.',
  fields: {
    root: { key: 0, required: true, spec: DIGEST, doc: 'Merkle root over the digests of all fragments.' },
    bytes: { key: 1, required: true, spec: COUNT, doc: 'Bytes of all fragments together.' },
    form: {
      key: 2,
      spec: word('json'),
      doc: 'The joined text is JSON text of the content; absent: it is the content.',
    },
  },
};

export const PAYLOAD: Shape = {
  id: 'payload',
  doc: 'What the message says. Types that are not in this schema are allowed, with any content.',
  fields: {
    type: { key: 0, required: true, spec: NAME, doc: 'Payload type.' },
    content: { key: 1, spec: { kind: 'any' }, doc: 'By type; of a fragment a piece of text or bytes.' },
    confidence: { key: 2, spec: SHARE, doc: '0 (a guess) to 1.' },
    cost_est: { key: 3, spec: object(COST_EST), doc: 'Cost of this payload.' },
    checksum: { key: 4, spec: DIGEST, doc: 'Digest of the content.' },
    expiry_ms: { key: 5, spec: COUNT, doc: 'Milliseconds after receipt for which the payload holds.' },
    persona_id: { key: 6, spec: NAME, doc: 'Part of the lane.' },
    clone_id: { key: 7, spec: NAME, doc: 'Part of the lane.' },
    seq: { key: 8, spec: COUNT, doc: 'Position in the output of one persona and clone.' },
    frag: { key: 9, spec: object(FRAG), doc: 'Seal of a fragmented message.' },
  },
};

const flags = `${FLAGS.join(' ')}; others are ignored.`;

export const FRAME: Shape = {
  id: 'frame',
  doc: 'One frame of the Agent Transport Protocol, major 1.',
  fields: {
    v: {
      key: 0,
      required: true,
      spec: { kind: 'int', min: PROTOCOL_MAJOR, max: PROTOCOL_MAJOR },
      doc: 'Protocol major.',
    },
    session_id: { key: 1, required: true, spec: NAME, doc: 'A session holds many streams.' },
    stream_id: { key: 2, required: true, spec: NAME, doc: 'Part of the lane.' },
    msg_seq: { key: 3, required: true, spec: COUNT, doc: 'Rises by one per message in a lane, from 0.' },
    frag_seq: { key: 4, spec: COUNT, doc: 'Index of the fragment in its message; default 0.' },
    flags: { key: 5, spec: { kind: 'list', of: { kind: 'text', min: 1, max: FLAG_MAX }, max: FLAGS_MAX }, doc: flags },
    qos: { key: 6, spec: word('gold', 'silver', 'bronze'), doc: 'Service tier; default silver.' },
    ttl: { key: 7, spec: { kind: 'int', min: 0, max: 255 }, doc: 'Hops that are left; default 8.' },
    window: { key: 8, spec: object(WINDOW), doc: 'Wanted, granted or suggested window.' },
    meta: { key: 9, spec: object(META), doc: 'What the message is about.' },
    payload: { key: 10, spec: object(PAYLOAD), doc: 'What the message says.' },
    nonce: { key: 11, spec: NAME, doc: 'Used once with one key.' },
    ts: { key: 12, spec: COUNT, doc: 'Milliseconds since the Unix epoch at the sender.' },
    kid: { key: 13, spec: NAME, doc: 'Which key signed.' },
    sig: {
      key: 14,
      spec: { kind: 'text', min: SIG_CHARS, max: SIG_CHARS, pattern: SIG_TEXT },
      doc: 'HMAC-SHA256 over the canonical frame without sig and checksum, strict unpadded base64url.',
    },
    checksum: { key: 15, spec: DIGEST, doc: 'sha256:<hex> of the canonical frame without sig and checksum.' },
  },
};

/** A frame with the first of these has all others: the replay guard needs them. */
export const SIGNED_TOGETHER = ['sig', 'nonce', 'ts', 'kid'] as const;
