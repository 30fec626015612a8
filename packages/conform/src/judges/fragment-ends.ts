import type { Frame } from '@atp-router/wire';
import { assert } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { failing, last, PIECES, streamed } from './fragments.ts';
import { each } from './support.ts';

/** The end of a message is a fragment with `frag` and without `MORE`, and nothing else. */
const w66 = each(
  async (probe) => {
    const peer = await streamed(probe);
    const pieces = probe.fragments(peer, 1, PIECES);
    for (const piece of pieces.slice(0, 3)) peer.send(piece);
    const { frag: _frag, ...payload } = last(pieces).payload as NonNullable<Frame['payload']>;
    peer.send({ ...last(pieces), payload });
    const { missing } = await peer.ack('fragment 3 named as missing', (ack) => (ack.missing?.length ?? 0) > 0);
    assert(missing?.join() === '3', 'fragment 3 named, and no other', () => String(missing));
    peer.send(last(pieces));
    await peer.acked(1);
  },
  async (probe) => {
    const peer = await streamed(probe);
    const frag = { root: `sha256:${'0'.repeat(64)}`, bytes: 1 };
    const pieces = probe.fragments(peer, 1, PIECES, (frame, i) =>
      i === 1 ? { ...frame, payload: { ...(frame.payload as NonNullable<Frame['payload']>), frag } } : frame,
    );
    for (const piece of pieces) peer.send(piece);
    const { failed = [] } = await peer.ack('message 1 acknowledged', ({ ack_msg_up_to = -1 }) => ack_msg_up_to >= 1);
    assert(!failed.includes(1), 'a message taken that has frag beside MORE', 'it has failed');
  },
);

/** Pieces of a JSON text that is the content. */
function jsonPieces(probe: Probe, peer: Peer, pieces: readonly string[]): readonly Frame[] {
  return probe.fragments(peer, 1, pieces, (frame) => {
    const { frag } = frame.payload ?? {};
    return frag === undefined
      ? frame
      : ({ ...frame, payload: { ...frame.payload, frag: { ...frag, form: 'json' } } } as Frame);
  });
}

/** With spaces, escapes and members in any order; bytes are those of W28. */
const w67 = each(
  async (probe) => {
    const peer = await streamed(probe);
    for (const piece of jsonPieces(probe, peer, ['{ "z": 1.0,\n"a" : ', '["\\u0041", {"$by', 'tes":"AQI"} ] } ']))
      peer.send(piece);
    const { failed = [] } = await peer.ack('message 1 acknowledged', ({ ack_msg_up_to = -1 }) => ack_msg_up_to >= 1);
    assert(!failed.includes(1), 'a message taken whose JSON is not canonical', 'it has failed');
  },
  async (probe) => {
    const peer = await streamed(probe);
    for (const piece of jsonPieces(probe, peer, ['{"a":{"$by', 'tes":"A"}}'])) peer.send(piece);
    await failing(peer);
  },
);

export const FRAGMENT_ENDS: readonly Sentence[] = [
  {
    id: 'W66',
    level: 'L1',
    title: 'A last fragment without frag is not used; frag beside MORE means nothing',
    judge: w66,
  },
  { id: 'W67', level: 'L1', title: 'The JSON text that is cut may be any that means the content', judge: w67 },
];
