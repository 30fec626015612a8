import { encodeCbor, type Frame, KeyRing } from '@atp-router/wire';
import { dispatch, errorOf, has, idleDispatch, isMessage, mainLane } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { described } from './support.ts';

const opening = (peer: Peer, more: Partial<Frame> = {}): Frame =>
  peer.frame({ msg_seq: 0, payload: idleDispatch(peer.session_id), more });

/** Sends a frame that opens stream 1, and says whether it was taken. */
async function isTaken(peer: Peer, send: () => void, expected: boolean, what: string): Promise<void> {
  send();
  const answered = await peer.verdict('1', 0, '3');
  assert((answered.type === 'taken') === expected, what, () => described(answered));
}

const SPELT = { meta: { trace: 'ü' }, ttl: 8 };

/** The checksum is of the CBOR, whatever the JSON looks like. */
async function w40(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const { checksum, v, ...rest } = probe.sealer.withChecksum(opening(peer, SPELT));
  const text = JSON.stringify({ checksum, ...rest, v }, null, 1).replace('"ttl": 8', '"ttl": 8.0');
  await isTaken(peer, () => peer.text(text), true, 'a frame taken whose checksum is that of its canonical CBOR');
}

/** Unknown members and defaults that are written out are covered. */
async function w41(probe: Probe): Promise<void> {
  const spoils: readonly ((frame: Frame) => object)[] = [
    (frame) => ({ ...frame, x_unknown: 'other' }),
    ({ ttl: _ttl, ...frame }) => frame,
    (frame) => ({ ...frame, nonce: 'other' }),
  ];
  const judged = spoils.map(async (spoil) => {
    const peer = await probe.open();
    const whole = { ...opening(peer, { ttl: 8, nonce: 'n' }), x_unknown: 'one' } as Frame;
    const spoilt = JSON.stringify(spoil(probe.sealer.withChecksum(whole)));
    await isTaken(peer, () => peer.text(spoilt), false, 'a frame not taken of which a covered member was changed');
  });
  await Promise.all(judged);
}

/** Each of the two can be there without the other. */
async function w42(probe: Probe): Promise<void> {
  const peer = await probe.openSigned();
  const { seal } = peer;
  peer.seal = (frame) => probe.sealer.withChecksum(seal(frame));
  await peer.stream();
  peer.seal = seal;
  await peer.stream('3');
}

async function w43(probe: Probe): Promise<void> {
  const [good, bad] = [await probe.open(), await probe.open()];
  await isTaken(
    good,
    () => good.send(probe.sealer.withChecksum(opening(good))),
    true,
    'a frame with its checksum taken',
  );
  const wrong = { ...opening(bad), checksum: `sha256:${'0'.repeat(64)}` };
  await isTaken(bad, () => bad.send(wrong), false, 'a frame with a wrong checksum not taken');
  const first = await probe.peer();
  first.seal = (frame) => ({ ...frame, checksum: `sha256:${'0'.repeat(64)}` });
  probe.syn(first);
  await first.reset('0', 'EPROTO');
}

/** What the server signs can be verified. */
async function w44(probe: Probe): Promise<void> {
  const peer = await probe.openSigned();
  await peer.stream();
  const keys = (probe.target.signing ?? []).map((key) => ({
    ...key,
    not_before_ms: 0,
    not_after_ms: Number.MAX_SAFE_INTEGER,
  }));
  const ring = new KeyRing(keys);
  const signed = peer.history.map(({ frame }) => frame).filter((frame) => !has(frame, 'SYN'));
  for (const frame of signed) {
    const verdict = probe.sealer.verify(frame, ring, Date.now());
    assert(verdict.ok, 'frames whose signature is that of their CBOR', () => JSON.stringify(verdict));
    const covered = probe.sealer.covered(frame);
    assert(covered.length <= encodeCbor(frame).length, 'covered bytes within the frame', String(covered.length));
  }
}

/** Unknown and wrong signatures are refused in the same words. */
async function w45(probe: Probe): Promise<void> {
  const key = probe.secret(0);
  const other = { kid: key.kid, secret: Buffer.alloc(32, 7) };
  const spoils: readonly ((frame: Frame) => Frame)[] = [
    (frame) => probe.sign(frame, { ...key, kid: 'kid-that-nobody-has' }),
    (frame) => probe.sign(frame, other),
    (frame) => ({ ...probe.sign(frame, key), sig: 'A'.repeat(43) }),
  ];
  const errors = spoils.map(async (spoil) => {
    const peer = await probe.openSigned();
    peer.seal = spoil;
    peer.send(opening(peer));
    const { frame } = await peer.expect('RST with ESEC', (one) => has(one, 'RST'));
    const error = errorOf(frame);
    assert(error?.code === 'ESEC', 'RST with ESEC', () => JSON.stringify(error));
    return error.reason;
  });
  const reasons = new Set(await Promise.all(errors));
  assert(reasons.size === 1, 'the same reason for every signature that is not accepted', () =>
    [...reasons].join(' | '),
  );
}

async function w46(probe: Probe): Promise<void> {
  const [one, other] = [probe.secret(0), probe.secret(1)];
  const peer = await probe.openSigned();
  peer.seal = (frame) => probe.sign(frame, one);
  await peer.stream('1');
  peer.seal = (frame) => probe.sign(frame, other);
  await peer.stream('3');
  peer.seal = (frame) => probe.sign(frame, one);
  await peer.stream('5');
}

const MINUTE_MS = 60_000;

async function s36(probe: Probe): Promise<void> {
  const key = probe.secret(0);
  const unsigned = await probe.openSigned();
  unsigned.seal = (frame) => frame;
  unsigned.send(opening(unsigned));
  await unsigned.reset('1', 'ESEC');
  const stale = await probe.openSigned();
  stale.seal = (frame) => probe.sign(frame, key, Date.now() - 2 * MINUTE_MS);
  stale.send(opening(stale));
  await stale.reset('1', 'ESEC');
  await repeated(probe);
}

/** A frame with a nonce that was used is dropped, and with another one it is taken. */
async function repeated(probe: Probe): Promise<void> {
  const key = probe.secret(0);
  const peer = await probe.openSigned();
  const { seal } = peer;
  // What comes again was signed at the same time.
  const ts = Date.now();
  peer.seal = (frame) => probe.sign(frame, key, ts, 'nonce-of-the-probe');
  peer.send(opening(peer));
  await peer.acked(0);
  peer.message({ msg_seq: 1 });
  peer.seal = seal;
  peer.message({ stream_id: '3', msg_seq: 0, payload: idleDispatch(peer.session_id) });
  await peer.acked(0, '3');
  const up_to = peer.ackedUpTo(mainLane('1'));
  assert(up_to === 0, 'a frame with a nonce that was used dropped', `messages up to ${up_to} acknowledged`);
  peer.message({ msg_seq: 1 });
  await peer.acked(1);
  peer.message({ stream_id: '5', msg_seq: 0, flags: ['SYN', 'FIN'], payload: dispatch(peer.session_id, probe.task()) });
  const { frame } = await peer.expect('a message of the server', (one) => isMessage(one));
  assert(frame.sig !== undefined, 'signed messages of the server', 'one without sig');
}

/** A frame with a wrong checksum is as if it were lost: the same one may come again. */
async function s37(probe: Probe): Promise<void> {
  const peer = await probe.open();
  await peer.stream();
  peer.send({ ...peer.frame({ msg_seq: 1 }), checksum: `sha256:${'0'.repeat(64)}` });
  await peer.stream('3');
  const up_to = peer.ackedUpTo(mainLane('1'));
  assert(up_to === 0, 'a frame with a wrong checksum dropped', `messages up to ${up_to} acknowledged`);
  peer.send(probe.sealer.withChecksum(peer.frame({ msg_seq: 1 })));
  await peer.acked(1);
}

/** It signs with one key, whichever of them the client takes. */
async function s49(probe: Probe): Promise<void> {
  const keys = [probe.secret(0), probe.secret(1)];
  const peer = await probe.openSigned();
  for (const [i, stream_id] of ['1', '3', '5', '7'].entries()) {
    peer.seal = (frame) => probe.sign(frame, keys[i % 2] as (typeof keys)[number]);
    await peer.stream(stream_id);
  }
  const signed = peer.history.map(({ frame }) => frame).filter((frame) => !has(frame, 'SYN'));
  const used = [...new Set(signed.map(({ kid }) => kid))];
  assert(used.length === 1 && used[0] !== undefined, 'frames of the server signed with one key', used.join());
}

/** Where the server has the feature, all of its frames behind the answer have a checksum, and it is right. */
async function s55(probe: Probe): Promise<void> {
  const peer = await probe.open({ hello: { features: ['checksum'] } });
  skipUnless(peer.hello.features?.includes('checksum') ?? false, 'The server does not have the feature checksum.');
  peer.seal = (frame) => probe.sealer.withChecksum(frame);
  await peer.stream();
  const [, ...frames] = peer.history.map(({ frame }) => frame);
  const verdicts = [...new Set(frames.map((frame) => probe.sealer.checkChecksum(frame)))];
  assert(verdicts.join() === 'good', 'a right checksum on every frame behind the answer', verdicts.join());
}

export const SEALS: readonly Sentence[] = [
  {
    id: 'W40',
    level: 'L2',
    title: 'The canonical form of a frame is its CBOR, in whatever encoding it is sent',
    judge: w40,
  },
  { id: 'W41', level: 'L2', title: 'Checksum and signature cover the whole frame but themselves', judge: w41 },
  { id: 'W42', level: 'L2', title: 'Checksum and signature do not touch each other', judge: w42 },
  { id: 'W43', level: 'L1', title: 'A frame whose checksum is wrong is not taken', judge: w43 },
  { id: 'W44', level: 'L2', title: 'A signature is the HMAC-SHA256 of the covered bytes', judge: w44 },
  {
    id: 'W45',
    level: 'L2',
    title: 'What is not signed by a known key is refused with ESEC, in the same words',
    judge: w45,
  },
  { id: 'W46', level: 'L2', title: 'Several keys are valid at a time', judge: w46 },
  { id: 'S36', level: 'L2', title: 'With sig every frame is signed, near to its time, and once', judge: s36 },
  { id: 'S49', level: 'L2', title: 'A client signs with any of its keys, a server with the newest', judge: s49 },
  { id: 'S55', level: 'L2', title: 'With checksum every frame has one', judge: s55 },
  { id: 'S37', level: 'L1', title: 'A frame with a wrong checksum is dropped as if it were lost', judge: s37 },
];
