import { dispatch, errorOf, has, isMessage, mainLane } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Came, Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { closed, described, each } from './support.ts';

const opens =
  (stream_id: string, expected: 'taken' | 'refused') =>
  async (probe: Probe): Promise<void> => {
    const peer = await probe.open();
    peer.message({ stream_id, msg_seq: 0 });
    const answered = await peer.verdict(stream_id, 0, '5');
    assert(answered.type === expected, `a message that opens stream ${stream_id} ${expected}`, () =>
      described(answered),
    );
    if (answered.type !== 'refused') return;
    assert(answered.error?.code === 'EPROTO', 'RST with EPROTO', () => described(answered));
  };

const s1 = each(
  ...['01', '-1', 'x', '9007199254740993'].map((id) => opens(id, 'refused')),
  opens('2', 'refused'),
  opens('9001', 'refused'),
  opens('1', 'taken'),
  opens('3', 'taken'),
);

/** Messages wait for the one that opens their stream, `SYN` stands nowhere else, and beyond the window is EWINDOW. */
const s2 = each(
  async (probe) => {
    const peer = await probe.open();
    peer.message({ msg_seq: 1 });
    await peer.stream('3');
    const up_to = peer.ackedUpTo(mainLane('1'));
    assert(up_to < 0, 'a message that waits for the one that opens its stream', `acknowledged up to ${up_to}`);
    peer.message({ msg_seq: 0 });
    await peer.acked(1);
  },
  async (probe) => {
    const peer = await probe.open();
    await peer.stream();
    peer.message({ msg_seq: 1, flags: ['SYN'] });
    const answered = await peer.verdict('1', 1, '3');
    assert(answered.type === 'refused', 'SYN on a later message refused', () => described(answered));
  },
  async (probe) => {
    const peer = await probe.open({ window: { max_parallel: 1 } });
    await peer.stream();
    peer.message({ stream_id: '3', msg_seq: 0 });
    await peer.reset('3', 'EWINDOW');
  },
  async (probe) => {
    const wrong = (await answered(probe)).messages('1').find((frame) => has(frame, 'SYN'));
    assert(wrong === undefined, 'no SYN of the end that did not open the stream', () => JSON.stringify(wrong));
  },
);

/** A task whose answer is there up to its last message. */
async function answered(probe: Probe, prompt?: string): Promise<Peer> {
  const peer = await probe.open();
  peer.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload: dispatch(peer.session_id, probe.task(prompt)) });
  // It may be longer than what goes without an acknowledgement. With the last message the stream would be closed.
  for (let up_to = -1; ; ) {
    const { frame } = await peer.expect('a message of the server with FIN', isMessage);
    if (has(frame, 'FIN')) break;
    if (frame.stream_id !== '1' || frame.msg_seq <= up_to || has(frame, 'MORE')) continue;
    up_to = frame.msg_seq;
    peer.acknowledge(mainLane('1'), up_to);
  }
  return peer;
}

async function s3(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  await peer.stream('3');
  const numbers = peer.history.filter(({ frame }) => has(frame, 'CTRL')).map(({ frame }) => frame.msg_seq);
  assert(numbers.length > 1, 'control frames of the server', String(numbers));
  const is_gapless = numbers.every((number, i) => number === (numbers[0] as number) + i);
  assert(is_gapless, 'control frames numbered one after the other', numbers.join());
  peer.message({ stream_id: '5', msg_seq: 0, flags: [] });
  const isAbort = (one: Came['frame']): boolean => has(one, 'RST') && one.stream_id === '5';
  const first = await peer.expect('RST on stream 5', isAbort);
  const again = await peer.expect('RST on stream 5 again, when it is not confirmed', isAbort);
  assert(
    again.frame.msg_seq > first.frame.msg_seq,
    'a new number of the RST that is sent again',
    `${again.frame.msg_seq}`,
  );
}

const CONTROL: ReadonlySet<string> = new Set([
  'control.hello',
  'control.ack',
  'control.window_update',
  'control.resume',
]);

async function s4(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  await peer.stream('3');
  const wrong = peer.history.find(({ frame }) => {
    const is_control = CONTROL.has(frame.payload?.type ?? '') || has(frame, 'HB') || has(frame, 'RST');
    return is_control !== has(frame, 'CTRL');
  });
  assert(wrong === undefined, 'CTRL on what is about the session, and on nothing else', () =>
    JSON.stringify(wrong?.frame),
  );
  const about = peer.history.find(
    ({ frame }) => isMessage(frame) && /^(adapter\.[ch]|control\.)/.test(frame.payload?.type ?? ''),
  );
  assert(about === undefined || about.frame.stream_id === '0', 'what is about no work on stream 0', () =>
    JSON.stringify(about?.frame),
  );
}

/** First sendings of each message on stream 1, in the order in which they came. */
function numbersOf(peer: Peer): readonly number[] {
  return [...new Set(peer.messages('1').map(({ msg_seq }) => msg_seq))];
}

async function w13(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  const numbers = numbersOf(peer).toSorted((one, other) => one - other);
  assert(
    numbers.every((number, i) => number === i),
    'messages of a lane numbered 0, 1, 2 …',
    numbers.join(),
  );
}

async function t1(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  const numbers = numbersOf(peer);
  skipUnless(numbers.length > 1, 'The server answered with one message only.');
  const is_ordered = numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number));
  assert(is_ordered, 'messages in the order in which they were sent', numbers.join());
}

async function s14(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  const messages = peer.messages('1');
  const end = messages.find((frame) => has(frame, 'FIN'))?.msg_seq ?? -1;
  const behind = messages.find(({ msg_seq }) => msg_seq > end);
  assert(behind === undefined, 'FIN on the last message of the lane', () => `message ${behind?.msg_seq} behind it`);
  peer.message({ msg_seq: 1 });
  const verdict = await peer.verdict('1', 1, '3');
  assert(verdict.type === 'refused', 'a message behind FIN refused', () => described(verdict));
}

const NAMES = ['max_parallel', 'max_tokens', 'max_usd_micros'] as const;

/** At most what was asked for is granted, and it holds. */
async function s23(probe: Probe): Promise<void> {
  const asked = { max_parallel: 2, max_tokens: 5_000, max_usd_micros: 700_000 };
  const peer = await probe.open({ window: asked });
  const { window = {} } = peer.answer ?? {};
  for (const name of NAMES) {
    const is_within = (window[name] ?? Number.POSITIVE_INFINITY) <= asked[name];
    assert(is_within, `a granted ${name} of at most ${asked[name]}`, String(window[name]));
  }
  const most = window.max_parallel ?? 0;
  for (let i = 0; i < most; i += 1) await peer.stream(String(2 * i + 1));
  peer.message({ stream_id: String(2 * most + 1), msg_seq: 0 });
  await peer.reset(String(2 * most + 1), 'EWINDOW');
}

const ABORT = { type: 'error', content: { code: 'EPREEMPT', reason: 'Not wanted any more.' } };

async function s29(probe: Probe): Promise<void> {
  const peer = await probe.open();
  await peer.stream();
  for (const stream_id of ['1', '3']) {
    peer.control(['RST'], ABORT, { stream_id });
    const confirms = (frame: { readonly stream_id: string }): boolean => frame.stream_id === stream_id;
    const { frame } = await peer.expect(
      `RST|ACK on stream ${stream_id}`,
      (one) => has(one, 'RST', 'ACK') && confirms(one),
    );
    assert(has(frame, 'CTRL') && frame.payload === undefined, 'RST|ACK|CTRL without payload', () =>
      JSON.stringify(frame),
    );
  }
  const before = peer.messages('1').length;
  await peer.stream('5');
  assert(peer.messages('1').length === before, 'nothing of a stream that was aborted', 'a message of it');
}

/** A message on a stream that was closed in order is acknowledged with its own number. */
async function s30(probe: Probe): Promise<void> {
  const peer = await answered(probe);
  const last = Math.max(...numbersOf(peer));
  peer.acknowledge(mainLane('1'), last);
  const payload = dispatch(peer.session_id, probe.task());
  await closed(peer, () => peer.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload }));
}

const LINGER_MS = 2_000;

async function s28(probe: Probe): Promise<void> {
  const peer = await probe.open();
  peer.message({ stream_id: '0', msg_seq: 0, flags: ['FIN'], more: { payload: undefined } as object });
  const { frame } = await peer.expect('FIN of the server on stream 0', (one) => isMessage(one) && has(one, 'FIN'));
  assert(frame.stream_id === '0', 'FIN on stream 0', frame.stream_id);
  await peer.acked(0, '0');
  peer.acknowledge(mainLane('0'), frame.msg_seq);
  // It waits for the client to close, up to 2 s.
  const close = await peer.ws.events.take((one) => one.type === 'close', LINGER_MS + probe.patience_ms);
  assert(close?.type === 'close' && close.code === 1000, 'the connection closed with 1000', () =>
    JSON.stringify(close),
  );
}

async function s38(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const node_id = peer.answer?.meta?.node_id;
  skipUnless(node_id !== undefined, 'The server does not say its name.');
  await peer.stream();
  peer.message({ msg_seq: 1, more: { meta: { via: ['another', node_id] } } });
  const verdict = await peer.verdict('1', 1, '3');
  const error = verdict.type === 'refused' ? verdict.error : undefined;
  const is_loop = error?.code === 'EPROTO' && error.details?.['fault'] === 'loop';
  assert(is_loop, 'RST with EPROTO and the fault loop', () => described(verdict));
  assert(verdict.type === 'refused' && errorOf(verdict.frame) !== undefined, 'RST with an error', described(verdict));
}

/** A stream whose first frame is refused is aborted: what is sent again gets the same answer. */
async function s43(probe: Probe): Promise<void> {
  const peer = await probe.open();
  peer.message({ msg_seq: 0, flags: [] });
  const { code } = await peer.reset('1');
  peer.message({ msg_seq: 0 });
  const again = await peer.verdict('1', 0, '3');
  const is_same = again.type === 'refused' && again.error?.code === code;
  const is_silent = again.type === 'nothing';
  // It is not said twice within a round trip.
  assert(is_same || is_silent, `RST with ${code} again, or nothing yet`, () => described(again));
  const other = await probe.open();
  other.message({ stream_id: '2', msg_seq: 0 });
  const { frame } = await other.expect('RST on stream 0', (one) => has(one, 'RST'));
  assert(frame.stream_id === '0', 'the session aborted for a message on a stream of the server', frame.stream_id);
}

/** The refusal of a handshake is of nobody's session. */
async function s39(probe: Probe): Promise<void> {
  const peer = await probe.open();
  await peer.stream();
  const other = await probe.peer({ session_id: peer.session_id });
  probe.syn(other, { window: { max_parallel: 3 } });
  const { frame } = await other.expect('RST', (one) => has(one, 'RST'));
  assert(frame.msg_seq === 0, 'the number 0 in the refusal of a handshake', String(frame.msg_seq));
  await peer.stream('3');
  const numbers = peer.history.filter((came) => has(came.frame, 'CTRL')).map((came) => came.frame.msg_seq);
  const is_gapless = numbers.every((number, i) => number === (numbers[0] as number) + i);
  assert(is_gapless, 'no number of the session used for it', numbers.join());
}

export const STREAMS: readonly Sentence[] = [
  { id: 'S1', level: 'L1', title: 'Streams have decimal numbers, odd ones of the client', judge: s1 },
  {
    id: 'S2',
    level: 'L1',
    title: 'The first message of a stream opens it with SYN; beyond the limit it is refused',
    judge: s2,
  },
  { id: 'S3', level: 'L1', title: 'Control frames are numbered by each end, one after the other', judge: s3 },
  { id: 'S4', level: 'L1', title: 'What is about the session has CTRL, and nothing else has', judge: s4 },
  { id: 'W13', level: 'L1', title: 'Messages of a lane are numbered 0, 1, 2 … without a gap', judge: w13 },
  { id: 'T1', level: 'L1', title: 'A connection carries frames in order', judge: t1 },
  { id: 'S14', level: 'L1', title: 'FIN is on the last message, and nothing is taken behind it', judge: s14 },
  {
    id: 'S23',
    level: 'L1',
    title: 'The server grants at most the window that was asked for, and holds to it',
    judge: s23,
  },
  {
    id: 'S28',
    level: 'L1',
    title: 'A session is closed when both have sent FIN on stream 0 and all is settled',
    judge: s28,
  },
  { id: 'S29', level: 'L1', title: 'RST aborts a stream at once, and is confirmed', judge: s29 },
  { id: 'S30', level: 'L1', title: 'What comes late on a closed stream is acknowledged', judge: s30 },
  { id: 'S38', level: 'L1', title: 'A message that has passed this node is refused', judge: s38 },
  {
    id: 'S39',
    level: 'L1',
    title: 'The refusal of a handshake has the number 0, and uses none of a session',
    judge: s39,
  },
  { id: 'S43', level: 'L1', title: 'A stream whose first frame is refused is aborted', judge: s43 },
];
