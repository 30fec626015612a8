import { createHash } from 'node:crypto';
import { digestsFrom, digestText, type Frame, leafDigest, Sealer } from '@atp-router/wire';
import type { Alteration } from '../reference/between.ts';
import { SECRETS } from '../reference/server.ts';
import { contentOf, eachAck, is, mutant, type Mutant, omit, refuse, without, withContent } from './mutant.ts';

/** Mends CBOR as it comes: the server takes what it must refuse. */
const mending = (from: string, to: string): Alteration => ({
  rawIn: ({ kind, data }) => {
    const hex = data.toString('hex');
    return kind === 'binary' && hex.includes(from) ? Buffer.from(hex.replace(from, to), 'hex') : undefined;
  },
  in: (frame) => frame,
});

const LOG_CONTENT = '6961 67656e74 2e6c6f67 01'.replaceAll(' ', '');
const content = (from: string): Alteration => mending(`${LOG_CONTENT}${from}`, `${LOG_CONTENT}6178`);

export const CBOR: readonly Mutant[] = [
  mutant('W30', 'refuses binary messages', {
    rawIn: ({ kind }, link) => {
      if (kind === 'text') return undefined;
      refuse({ v: 1, session_id: 'unknown-session-id', stream_id: '1', msg_seq: 0 }, link);
      return '';
    },
    in: (frame) => frame,
  }),
  mutant('W31', 'takes lengths in more bytes than they need', content('780141')),
  mutant('W32', 'takes lists without a length', content('9f01ff')),
  mutant('W33', 'takes names in any order', content('a2626161016162 02'.replaceAll(' ', ''))),
  mutant('W34', 'takes names of members that have a key', mending('63716f7364676f6c64', '63786f7364676f6c64')),
  mutant('W35', 'takes numbers as keys of contents', content('a10102')),
  mutant('W36', 'takes floats that are integers', content('f93c00')),
  mutant('W37', 'takes tags', content('c000')),
  mutant('W38', 'takes bytes behind the map', {
    rawIn: ({ kind, data }) =>
      kind === 'binary' && data.at(-1) === 0 && data.at(-2) === 0x78 ? data.subarray(0, -1) : undefined,
    in: (frame) => frame,
  }),
];

const digests = digestsFrom((bytes) => createHash('sha256').update(bytes).digest());
const sealer = new Sealer(digests);

/** Signs anew what came, with a nonce of its own: the server cannot see what was wrong. */
function resigned(frame: Frame, nonce: string): Frame {
  const key = { ...(SECRETS[0] as (typeof SECRETS)[number]), not_before_ms: 0, not_after_ms: Number.MAX_SAFE_INTEGER };
  const bare = without(frame, 'nonce', 'ts', 'kid', 'sig', 'checksum');
  return sealer.sign(bare, key, { nonce, ts: Date.now() });
}

const hasGoodChecksum = (frame: Frame): boolean => sealer.checkChecksum(frame) === 'good';

export const SEALS: readonly Mutant[] = [
  mutant('W40', 'takes the JSON for what is covered', {
    rawIn: ({ kind, data }) => {
      if (kind === 'binary' || !data.includes('"checksum": "sha256')) return undefined;
      return '';
    },
    in: (frame) => frame,
  }),
  mutant('W41', 'leaves unknown members uncovered', {
    in: (frame) => ('x_unknown' in frame && frame.checksum !== undefined ? without(frame, 'checksum') : frame),
  }),
  mutant('W42', 'wants no checksum beside a signature', {
    in: (frame) => (frame.sig !== undefined && frame.checksum !== undefined ? undefined : frame),
  }),
  mutant('W43', 'does not look at checksums', { in: (frame) => without(frame, 'checksum') }),
  mutant('S55', 'grants checksums, and makes none', { out: (frame) => without(frame, 'checksum') }),
  mutant('W44', 'signs other bytes', {
    out: (frame) => (frame.sig === undefined ? frame : { ...frame, sig: `${'A'.repeat(42)}E` }),
  }),
  mutant('W45', 'says when a key is unknown', {
    in: (frame, link) => {
      link.memory.set('kid', frame.kid);
      return frame;
    },
    out: (frame, link) =>
      is(frame, 'RST') && link.memory.get('kid') === 'kid-that-nobody-has'
        ? withContent(frame, { ...contentOf(frame), reason: 'The key is not known.' })
        : frame,
  }),
  mutant('W46', 'takes one key only', { in: (frame) => (frame.kid === 'two' ? undefined : frame) }),
  mutant('S36', 'does not look at nonces', {
    in: (frame, link) => {
      const had = link.memory.get('nonce') === frame.nonce && frame.nonce !== undefined;
      link.memory.set('nonce', frame.nonce);
      return had ? resigned(frame, `again-${frame.msg_seq}-${Math.random()}`) : frame;
    },
  }),
  mutant('S49', 'signs with the key of its client', {
    in: (frame, { memory }) => {
      memory.set('kid', frame.kid);
      return frame;
    },
    out: (frame, { memory }) =>
      frame.sig === undefined ? frame : { ...frame, kid: String(memory.get('kid')), sig: `${'A'.repeat(42)}E` },
  }),
  mutant('S37', 'resets the stream for a wrong checksum', {
    in: (frame, link) => (frame.checksum === undefined || hasGoodChecksum(frame) ? frame : refuse(frame, link)),
  }),
];

const isPiece = (frame: Frame): boolean => is(frame, 'MORE') || (frame.frag_seq ?? 0) > 0;

/** The fragment with the digest of the piece that it has. */
function mended(frame: Frame): Frame {
  const content = frame.payload?.content;
  if (typeof content !== 'string') return frame;
  const piece = Buffer.from(content);
  const checksum = digestText(leafDigest(piece, digests));
  return isPiece(frame) ? ({ ...frame, payload: { ...frame.payload, checksum } } as Frame) : frame;
}

const sealOf = (change: (frag: Record<string, unknown>) => Record<string, unknown>): Alteration => ({
  out: (frame) =>
    frame.payload?.frag === undefined
      ? frame
      : ({ ...frame, payload: { ...frame.payload, frag: change({ ...frame.payload.frag }) } } as Frame),
});

export const FRAGMENTS: readonly Mutant[] = [
  mutant('W49', 'does not look at digests of pieces', {
    in: (frame) => {
      const { payload } = frame;
      if (payload?.content !== 'ZWEI ') return frame;
      const is_right = { ...frame, payload: { ...payload, content: 'zwei ' } } as Frame;
      return is_right;
    },
  }),
  mutant('W50', 'cuts JSON somewhere else', {
    out: (frame) =>
      isPiece(frame) && frame.frag_seq === 1
        ? mended({ ...frame, payload: { ...frame.payload, content: '"' } } as Frame)
        : frame,
  }),
  mutant('W51', 'takes fragments without the digest of their piece', {
    in: mended,
    rawIn: ({ kind, data }) => {
      const text = data.toString();
      if (kind === 'binary' || !text.includes('"MORE"') || text.includes('"checksum"')) return undefined;
      return JSON.stringify({ ...(JSON.parse(text) as object), flags: ['SYN'] });
    },
  }),
  mutant(
    'W52',
    'announces another sum of bytes',
    sealOf((frag) => ({ ...frag, bytes: 1 })),
  ),
  mutant('W53', 'repeats members of the first fragment', {
    out: (frame) => (isPiece(frame) && (frame.frag_seq ?? 0) > 0 ? { ...frame, meta: { node_id: 'n' } } : frame),
  }),
  mutant('W54', 'refuses pieces that it finds small', {
    in: (frame, link) =>
      isPiece(frame) && String(frame.payload?.content ?? '').length < 4 ? refuse(frame, link) : frame,
  }),
  mutant('W55', 'knows fragments by MORE only', {
    in: (frame) =>
      isPiece(frame) && !is(frame, 'MORE')
        ? ({ ...without(frame, 'frag_seq'), payload: { type: 'agent.log', content: 'part' } } as Frame)
        : frame,
  }),
  mutant('W56', 'takes fragments in their order only', {
    in: (frame, link) => {
      if (!isPiece(frame)) return frame;
      const due = Number(link.memory.get('due') ?? 0);
      if ((frame.frag_seq ?? 0) !== due) return undefined;
      link.memory.set('due', due + 1);
      return frame;
    },
  }),
  mutant('W57', 'calls fragments missing before it knows the last one', {
    in: (frame, link) => {
      if (frame.frag_seq !== 2 || !is(frame, 'MORE')) return frame;
      const acks = [{ stream_id: '1', msg_seq: 1, missing: [1] }];
      const payload = { type: 'control.ack', content: { acks } };
      link.toClient({
        v: 1,
        session_id: frame.session_id,
        stream_id: '0',
        msg_seq: 9_000,
        flags: ['ACK', 'CTRL'],
        payload,
      });
      return frame;
    },
  }),
  mutant('W58', 'does not ask for a piece that was spoilt', {
    out: (frame) => eachAck(frame, (ack) => omit(ack, 'missing')),
  }),
  mutant('W59', 'keeps the first of two pieces', {
    in: (frame, link) => {
      const key = `${frame.msg_seq} ${frame.frag_seq ?? 0}`;
      if (!isPiece(frame)) return frame;
      const had = link.memory.has(key);
      link.memory.set(key, true);
      return had ? undefined : frame;
    },
  }),
  mutant('W60', 'tells a failure once', {
    out: (frame, link) =>
      eachAck(frame, (ack) => {
        if (!('failed' in ack)) return ack;
        const told = link.memory.get('told') === true;
        link.memory.set('told', true);
        return told ? omit(ack, 'failed') : ack;
      }),
  }),
  mutant('W61', 'ignores fragments beyond its limit', {
    in: (frame) => ((frame.frag_seq ?? 0) >= 4_096 ? undefined : frame),
  }),
  mutant('W66', 'takes frag on whatever fragment for that of the message', {
    in: (frame) =>
      frame.payload?.frag !== undefined && is(frame, 'MORE') ? ({ ...frame, flags: [] } as Frame) : frame,
  }),
  mutant('W67', 'takes canonical JSON only', {
    in: (frame, link) => {
      const { frag, content } = frame.payload ?? {};
      return frag?.form === 'json' && String(content).includes(' ') ? refuse(frame, link) : frame;
    },
  }),
];
