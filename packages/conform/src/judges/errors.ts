import { errorOf, has, idleDispatch } from '../probe/frames.ts';
import { assert } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { payloadOf, plain, type Plain, refuses, saying } from './support.ts';

const CANARY = 'canary-that-must-not-come-back';

/** Errors hold a code and a reason, and nothing of what they are about. */
async function w63(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const frame = plain(peer);
  peer.text(JSON.stringify({ ...payloadOf(frame, { content: { [CANARY]: CANARY } }), qos: CANARY }));
  const { code, reason } = await peer.reset('1');
  assert(code.length > 0 && code.length <= 32, 'a code of 1 to 32 characters', code);
  assert(reason.length > 0 && reason.length <= 1_024, 'a reason of at most 1,024 characters', reason);
  const leak = peer.history.find(({ text }) => text.includes(CANARY));
  assert(leak === undefined, 'nothing of the frame in the error', 'a part of it');
}

/** `RST` with an error, and nothing of the frame is acted on. */
async function w64(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const frame = plain(peer);
  peer.text(JSON.stringify({ ...frame, ttl: 'eight' }));
  const { frame: answer } = await peer.expect('RST', (one) => has(one, 'RST'));
  assert(errorOf(answer)?.code === 'EPROTO', 'RST with an error EPROTO', () => JSON.stringify(answer));
  assert(['0', '1'].includes(answer.stream_id), 'RST on the stream or on the session', answer.stream_id);
  peer.message({ stream_id: '3', msg_seq: 0, payload: idleDispatch(peer.session_id) });
  await peer.maybe((one) => has(one, 'ACK') && one.payload?.type === 'control.ack', 100);
  const acked = peer.ackedUpTo({ stream_id: '1', persona_id: '', clone_id: '' });
  assert(acked < 0, 'no acknowledgement of a frame that was refused', String(acked));
}

const raw = (frame: Plain, content: string): string =>
  JSON.stringify(saying(frame, 'agent.log', 'CONTENT')).replace('"CONTENT"', content);

const FAULTS: Readonly<Record<string, (frame: Plain) => object | string>> = {
  too_deep: (frame) => raw(frame, `${'['.repeat(70)}${']'.repeat(70)}`),
  too_many_items: (frame) => raw(frame, `[${'0,'.repeat(65_600)}0]`),
  syntax: (frame) => JSON.stringify(frame).slice(0, -1),
  utf8: (frame) => raw(frame, '"\\udfff"'),
  number: (frame) => raw(frame, '1e17'),
  bytes: (frame) => raw(frame, '{"$bytes":"A"}'),
  version: (frame) => ({ ...frame, v: 3 }),
  missing: (frame) => ({ ...frame, msg_seq: undefined }),
  type: (frame) => ({ ...frame, ttl: 'eight' }),
  value: (frame) => ({ ...frame, ttl: 300 }),
};

/** Other frames with a fault that is among them. */
const MORE_FAULTS: readonly (readonly [string, (frame: Plain) => object])[] = [
  ['bytes', (frame) => ({ ...frame, meta: { $bytes: 'AQI' } })],
];

async function w65(probe: Probe): Promise<void> {
  const judged = [...Object.entries(FAULTS), ...MORE_FAULTS].map(async ([fault, spoil]) => {
    const { details } = await refuses(probe, `a frame with the fault ${fault}`, spoil);
    const told = details?.['fault'];
    // What is not one of the two is the fault of a depth or number of items that is above the least of the protocol.
    assert(told === fault, `details.fault ${fault}`, String(told));
  });
  await Promise.all(judged);
}

export const ERRORS: readonly Sentence[] = [
  { id: 'W63', level: 'L1', title: 'An error has a code and a reason, and nothing of what it is about', judge: w63 },
  { id: 'W64', level: 'L1', title: 'A frame is refused with RST and an error, and not acted on', judge: w64 },
  { id: 'W65', level: 'L1', title: 'The error of a frame that cannot be read names the fault', judge: w65 },
];
