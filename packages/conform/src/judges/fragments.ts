import { digestBytes, digestText, type Frame, hasMore, isFragment, leafDigest, merkleRoot } from '@atp-router/wire';
import { dispatch, isMessage } from '../probe/frames.ts';
import { assert, Skipped } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { each, refusing, saying } from './support.ts';

export const PIECES: readonly string[] = ['eins ', 'zwei ', 'drei ', 'vier'];
/** Longer than the longest fragment of the router, in every tier. */
const LONG_CHARS = 200_000;
/** Longer than the gap time of 500 ms by more than any delay of an acknowledgement. */
const GAP_MS = 800;

export async function streamed(probe: Probe): Promise<Peer> {
  const peer = await probe.open();
  await peer.stream();
  return peer;
}

/** The fragments of a message of the server: of the answer to a long prompt, where it echoes. */
async function serverFragments(probe: Probe): Promise<readonly Frame[]> {
  const peer = await probe.open();
  peer.message({
    msg_seq: 0,
    flags: ['SYN', 'FIN'],
    payload: dispatch(peer.session_id, probe.task('x'.repeat(LONG_CHARS))),
  });
  for (;;) {
    const found = await peer.maybe((frame) => isMessage(frame) && !hasMore(frame), probe.patience_ms);
    if (found === undefined) throw new Skipped('The server sent no message of its own that was cut into fragments.');
    const { frame } = found;
    peer.acknowledge({ stream_id: frame.stream_id, persona_id: '', clone_id: '' }, frame.msg_seq);
    if (isFragment(frame)) {
      return peer.messages(frame.stream_id).filter(({ msg_seq }) => msg_seq === frame.msg_seq);
    }
    if (frame.flags?.includes('FIN')) throw new Skipped('The server sent no message that was cut into fragments.');
  }
}

export const last = (frames: readonly Frame[]): Frame => frames.at(-1) as Frame;
const text = (frame: Frame): string => String(frame.payload?.content);

/** A piece that is not what its digest says is not used; the right one is. */
async function w49(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const [first, second] = probe.fragments(peer, 1, PIECES.slice(0, 2)) as [Frame, Frame];
  const wrong = { ...second, payload: { ...second.payload, content: 'ZWEI ' } } as Frame;
  peer.send(first);
  peer.send(wrong);
  await peer.stream('3');
  const up_to = peer.ackedUpTo({ stream_id: '1', persona_id: '', clone_id: '' });
  assert(up_to === 0, 'a message not taken of which a piece does not fit its digest', `acknowledged up to ${up_to}`);
  peer.send(second);
  await peer.acked(1);
}

async function w50(probe: Probe): Promise<void> {
  const pieces = await serverFragments(probe);
  const empty = pieces.find(({ payload }) => payload?.content === '');
  assert(empty === undefined, 'no empty pieces', 'one');
  const whole = pieces.map(text).join('');
  assert(whole.isWellFormed(), 'a text cut between characters', 'half a character');
  if (last(pieces).payload?.frag?.form !== 'json') return;
  assert(parses(whole), 'pieces that are the JSON of the content', whole.slice(0, 100));
}

function parses(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

const w51 = each(
  refusing('a fragment without the digest of its piece', (frame) => ({
    ...saying(frame, 'agent.log', 'piece'),
    flags: ['SYN', 'MORE'],
  })),
  async (probe) => {
    const pieces = await serverFragments(probe);
    for (const [i, { frag_seq = 0, payload, msg_seq }] of pieces.entries()) {
      assert(frag_seq === i, `fragment ${i}`, String(frag_seq));
      const is_same = payload?.type === pieces[0]?.payload?.type && msg_seq === pieces[0]?.msg_seq;
      assert(is_same, 'the same type and number in all fragments', JSON.stringify(payload).slice(0, 200));
      const digest = digestText(leafDigest(Buffer.from(String(payload?.content)), probe.digests));
      assert(payload?.checksum === digest, `the digest of the piece, ${digest}`, String(payload?.checksum));
    }
  },
);

async function w52(probe: Probe): Promise<void> {
  const pieces = await serverFragments(probe);
  const seals = pieces.filter(({ payload }) => payload?.frag !== undefined);
  assert(
    seals.length === 1 && seals[0] === last(pieces),
    'frag on the last fragment, and no other',
    String(seals.length),
  );
  const leaves = pieces.map(({ payload }) => digestBytes(payload?.checksum ?? ''));
  const root = digestText(merkleRoot(leaves, probe.digests));
  const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(text(piece)), 0);
  const { frag } = last(pieces).payload ?? {};
  assert(frag?.root === root && frag.bytes === bytes, JSON.stringify({ root, bytes }), JSON.stringify(frag));
}

const LATER: readonly string[] = [
  'v',
  'session_id',
  'stream_id',
  'msg_seq',
  'frag_seq',
  'flags',
  'qos',
  'ttl',
  'payload',
];
const SEALED: readonly string[] = ['nonce', 'ts', 'kid', 'sig', 'checksum'];
const LATER_PAYLOAD: readonly string[] = ['type', 'content', 'checksum', 'persona_id', 'clone_id', 'frag'];

async function w53(probe: Probe): Promise<void> {
  for (const { payload, ...frame } of (await serverFragments(probe)).slice(1)) {
    const more = Object.keys(frame).filter((name) => !LATER.includes(name) && !SEALED.includes(name));
    const within = Object.keys(payload ?? {}).filter((name) => !LATER_PAYLOAD.includes(name));
    const others = (frame.flags ?? []).filter((flag) => flag !== 'MORE');
    const extra = [...more, ...within, ...others];
    assert(extra.length === 0, 'all other members on the first fragment only', extra.join());
  }
}

/** A sender may cut at any size. */
async function w54(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  for (const piece of probe.fragments(peer, 1, ['a', 'b'.repeat(300_000), 'cd', 'e'])) peer.send(piece);
  await peer.acked(1);
}

/** A `frag_seq` above 0 makes a fragment, also without `MORE`. */
async function w55(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const [first, second] = probe.fragments(peer, 1, PIECES.slice(0, 2)) as [Frame, Frame];
  peer.send(second);
  await peer.stream('3');
  const up_to = peer.ackedUpTo({ stream_id: '1', persona_id: '', clone_id: '' });
  assert(up_to === 0, 'a fragment alone not taken for a message', `acknowledged up to ${up_to}`);
  peer.send(first);
  await peer.acked(1);
}

async function w56(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const pieces = probe.fragments(peer, 1, PIECES);
  for (const i of [3, 1, 1, 0, 3, 2]) peer.send(pieces[i] as Frame);
  await peer.acked(1);
}

const missingOf = (peer: Peer): readonly number[] =>
  peer.history.flatMap(({ text }) =>
    (/"missing":\[([\d,]+)\]/.exec(text)?.[1] ?? '').split(',').filter(Boolean).map(Number),
  );

/** Nothing is missing before the last one is known; then every index is. */
async function w57(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const pieces = probe.fragments(peer, 1, [...PIECES, 'five', 'six']);
  for (const i of [0, 2]) peer.send(pieces[i] as Frame);
  await peer.maybe(() => missingOf(peer).length > 0, GAP_MS);
  assert(missingOf(peer).length === 0, 'nothing called missing before the last fragment', () => missingOf(peer).join());
  peer.send(pieces[5] as Frame);
  const { missing } = await peer.ack('fragments 1, 3 and 4 named as missing', (ack) => (ack.missing?.length ?? 0) > 0);
  assert(missing?.join() === '1,3,4', 'fragments 1, 3 and 4 named as missing', () => String(missing));
}

async function w58(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const pieces = probe.fragments(peer, 1, PIECES, (frame, i) =>
    i === 1 ? ({ ...frame, payload: { ...frame.payload, content: 'spoilt' } } as Frame) : frame,
  );
  for (const piece of pieces) peer.send(piece);
  const { missing } = await peer.ack('fragment 1 named to be sent again', (ack) => (ack.missing?.length ?? 0) > 0);
  assert(missing?.join() === '1', 'fragment 1 named, and no other', () => String(missing));
}

export const failing = (peer: Peer): Promise<unknown> =>
  peer.ack('message 1 told as failed', ({ failed = [] }) => failed.includes(1));

async function w59(probe: Probe): Promise<void> {
  const differing = await streamed(probe);
  const [one] = probe.fragments(differing, 1, PIECES) as [Frame];
  const [other] = probe.fragments(differing, 1, ['anders', ...PIECES.slice(1)]) as [Frame];
  differing.send(one);
  differing.send(other);
  await failing(differing);
  const unsealed = await streamed(probe);
  const frag = { root: `sha256:${'0'.repeat(64)}`, bytes: 9 };
  const pieces = probe.fragments(unsealed, 1, PIECES, (frame) =>
    frame.payload?.frag === undefined ? frame : { ...frame, payload: { ...frame.payload, frag } },
  );
  for (const piece of pieces) unsealed.send(piece);
  await failing(unsealed);
}

/** Failed stays failed, whatever still comes of it. */
async function w60(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const pieces = probe.fragments(peer, 1, PIECES);
  peer.send(pieces[0] as Frame);
  peer.send(probe.fragments(peer, 1, ['anders', ...PIECES.slice(1)])[0] as Frame);
  await failing(peer);
  for (const piece of pieces) peer.send(piece);
  peer.message({ msg_seq: 2 });
  const ack = await peer.ack('message 2 acknowledged', ({ ack_msg_up_to = -1 }) => ack_msg_up_to >= 2);
  assert(ack.failed?.includes(1) ?? false, 'message 1 still told as failed', () => JSON.stringify(ack));
}

/** A message of more fragments than a receiver takes has failed. */
async function w61(probe: Probe): Promise<void> {
  const peer = await streamed(probe);
  const [piece] = probe.fragments(peer, 1, PIECES) as [Frame];
  peer.send({ ...piece, frag_seq: 4_096 });
  await failing(peer);
}

export const FRAGMENTS: readonly Sentence[] = [
  { id: 'W49', level: 'L1', title: 'A piece that does not fit its digest is not used', judge: w49 },
  { id: 'W50', level: 'L1', title: 'A message that is too large is cut into pieces, none of them empty', judge: w50 },
  { id: 'W51', level: 'L1', title: 'Fragments have their piece, its digest, and what names their message', judge: w51 },
  { id: 'W52', level: 'L1', title: 'The last fragment has the root and the sum of bytes', judge: w52 },
  { id: 'W53', level: 'L1', title: 'All other members are on the first fragment only', judge: w53 },
  { id: 'W54', level: 'L1', title: 'A sender may cut at any size', judge: w54 },
  { id: 'W55', level: 'L1', title: 'MORE, or a frag_seq above 0, makes a fragment', judge: w55 },
  { id: 'W56', level: 'L1', title: 'Fragments are put together in whatever order they come', judge: w56 },
  {
    id: 'W57',
    level: 'L1',
    title: 'No fragment is missing before the last one has come; then each is named',
    judge: w57,
  },
  { id: 'W58', level: 'L1', title: 'A piece that does not fit its digest is asked for again', judge: w58 },
  { id: 'W59', level: 'L1', title: 'A message fails whose fragments contradict each other or their root', judge: w59 },
  { id: 'W60', level: 'L1', title: 'A message that has failed stays failed', judge: w60 },
  { id: 'W61', level: 'L1', title: 'What is kept of incomplete messages is bounded', judge: w61 },
];
