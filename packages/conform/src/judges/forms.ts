import { encodeJson } from '@atp-router/wire';
import { dispatch, has, helloOf, idleDispatch, isMessage } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { each, payloadOf, type Plain, refuses, refusing, saying, taking } from './support.ts';

const FRAME_BYTES = 1_048_576;
const DEPTH = 64;
const ITEMS = 65_536;

/** Everything that a server says in a session can be read. */
async function w1(probe: Probe): Promise<void> {
  const peer = await probe.open();
  peer.message({ msg_seq: 0, payload: dispatch(peer.session_id, probe.task()) });
  await peer.acked(0);
  await peer.expect('a message of the server', (one) => isMessage(one));
  peer.control(['HB'], { type: 'control.window_update' });
  await peer.stream('3');
  assert(peer.unreadable.length === 0, 'frames as of the table', () => peer.unreadable.join('; '));
}

const w2 = each(
  ...['v', 'session_id', 'stream_id', 'msg_seq'].map((name) =>
    refusing(`a frame without ${name}`, (frame) => ({ ...frame, [name]: undefined })),
  ),
  refusing('a payload without type', (frame) => ({ ...frame, payload: { content: 'x' } })),
);

const w3 = each(
  refusing('a qos of another value', (frame) => ({ ...frame, qos: 'urgent' })),
  refusing('a ttl of 256', (frame) => ({ ...frame, ttl: 256 })),
  refusing('flags that are a text', (frame) => ({ ...frame, flags: 'SYN' })),
  refusing('a meta that is null', (frame) => ({ ...frame, meta: null })),
  refusing('an empty stream_id', (frame) => ({ ...frame, stream_id: '' })),
  refusing('a confidence of 2', (frame) => payloadOf(frame, { confidence: 2 })),
  refusing('17 data scopes', (frame) => ({ ...frame, meta: { data_scope: Array.from({ length: 17 }, String) } })),
);

const w4 = each(
  taking('a frame with its defaults written out', (frame) => ({ ...frame, frag_seq: 0, qos: 'silver', ttl: 8 })),
  taking('a frame without them', (frame) => frame),
);

async function w5(probe: Probe): Promise<void> {
  const spoil = (frame: Plain): object => ({ ...frame, v: 2, qos: 7, payload: null });
  const { details } = await refuses(probe, 'a frame of another major', spoil);
  assert(details?.['fault'] === 'version', 'the fault version', () => String(details?.['fault']));
}

const X = { x_unknown: { of: ['a', 'later', 'edition'] } };
const w6 = each(
  taking('an unknown member of the frame', (frame) => ({ ...frame, ...X })),
  taking('unknown members of meta and window', (frame) => ({ ...frame, meta: X, window: X })),
  taking('an unknown member of the payload', (frame) => payloadOf(frame, X)),
  taking('an unknown member of a content', (frame) =>
    payloadOf(frame, { content: { ...(frame.payload['content'] as object), ...X } }),
  ),
);

const SIG = 'A'.repeat(43);
const w8 = each(
  refusing('a frame with sig alone', (frame) => ({ ...frame, sig: SIG })),
  refusing('a frame with sig and no nonce', (frame) => ({ ...frame, sig: SIG, ts: 1, kid: 'k' })),
  taking('a frame with nonce, ts and kid and no sig', (frame) => ({ ...frame, nonce: 'n', ts: 1, kid: 'k' })),
);

/** The text of a frame whose content is this text of JSON. */
const raw = (frame: Plain, content: string): string =>
  JSON.stringify(saying(frame, 'agent.log', 'CONTENT')).replace('"CONTENT"', content);

const w9 = each(
  refusing('2^53', (frame) => raw(frame, '9007199254740992')),
  refusing('-2^53', (frame) => raw(frame, '[-9007199254740992]')),
  refusing('1e300', (frame) => raw(frame, '{"x":1e300}')),
  taking('2^53 - 1', (frame) => raw(frame, '9007199254740991')),
);

const w10 = each(
  refusing('half a surrogate pair', (frame) => raw(frame, '"\\ud800"')),
  refusing('half a surrogate pair in a name', (frame) => raw(frame, '{"\\udc00":1}')),
  taking('a whole surrogate pair', (frame) => raw(frame, '"\\ud83d\\ude00"')),
);

const FLAGS: readonly string[] = ['SYN', 'FLAG-OF-LATER'];
const w12 = each(
  taking('a flag that nobody knows', (frame) => ({ ...frame, flags: FLAGS })),
  async (probe) => {
    const peer = await probe.open();
    await peer.stream();
    const pieces = probe.fragments(peer, 1, ['one', 'two'], (frame, i) => ({
      ...frame,
      flags: [i === 0 ? 'FRAG' : 'LAST'],
    }));
    for (const piece of pieces) peer.send(piece);
    await peer.acked(1);
    const sent = peer.history.find(({ frame }) => has(frame, 'FRAG') || has(frame, 'LAST'));
    assert(sent === undefined, 'no FRAG or LAST from the server', () => JSON.stringify(sent?.frame.flags));
  },
);

/** An absent limit of a window is none: asking for tokens only asks for any number of streams. */
async function w14(probe: Probe): Promise<void> {
  const peer = await probe.open({ window: { max_tokens: 1_000_000 } });
  assert(peer.answer?.window?.max_parallel !== 0, 'streams that may be opened', 'a window of none');
  await peer.stream();
}

const w15 = each(
  refusing('a cost of half a micro-dollar', (frame) => payloadOf(frame, { cost_est: { usd_micros: 0.5 } })),
  refusing('a deadline below zero', (frame) => ({ ...frame, meta: { deadline_ms: -1 } })),
  refusing('an expiry below zero', (frame) => payloadOf(frame, { expiry_ms: -1 })),
);

const w16 = each(
  refusing('a dispatch without targets', (frame) => saying(frame, 'agent.dispatch', { session_id: 's' })),
  refusing('a dispatch without content', (frame) => saying(frame, 'agent.dispatch')),
  refusing('a status that is none', (frame) => saying(frame, 'control.status', { status: 'ASLEEP' })),
  refusing('a tool request whose name is a number', (frame) => saying(frame, 'tool.request', { id: 'i', name: 7 })),
  refusing('a log as a content of agent.end', (frame) => saying(frame, 'agent.end', 'done')),
);

const w17 = each(
  taking('a payload type that nobody knows', (frame) => saying(frame, 'x.type-of-later', { any: [1, null, 'thing'] })),
  taking('one without content', (frame) => saying(frame, 'x.type-of-later')),
  taking('a log that is a list', (frame) => saying(frame, 'agent.log', [true, null, 1.5])),
);

const w18 = each(
  refusing('a provisional result without expiry_ms', (frame) => saying(frame, 'agent.result.provisional', 'x')),
  taking('one with it', (frame) => ({
    ...frame,
    payload: { type: 'agent.result.provisional', content: 'x', expiry_ms: 5 },
  })),
);

const w19 = each(
  taking('names that are special elsewhere', (frame) =>
    raw(frame, '{"__proto__":{"a":1},"constructor":null,"":true,"toString":[],"hasOwnProperty":0}'),
  ),
  taking('bytes', (frame) => raw(frame, '{"$bytes":"AAEC"}')),
);

/** A text of this many bytes: the frame and as much content as it takes. */
function sized(frame: Plain, bytes: number): string {
  const length = JSON.stringify(saying(frame, 'agent.log', '')).length;
  return JSON.stringify(saying(frame, 'agent.log', 'x'.repeat(bytes - length)));
}

/** Objects within each other: frame, payload, and the lists of the content. */
const deep = (depth: number): string => `${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}`;

const w20 = each(
  taking(`a frame of ${FRAME_BYTES} bytes`, (frame) => sized(frame, FRAME_BYTES)),
  taking(`a frame of depth ${DEPTH}`, (frame) => raw(frame, deep(DEPTH))),
  // Members of frame and payload, and flags, are items as well.
  taking(`a frame of about ${ITEMS} items`, (frame) => raw(frame, `[${'0,'.repeat(ITEMS - 40)}0]`)),
);

const w25 = each(
  refusing('a byte order mark', (frame) => `\ufeff${JSON.stringify(frame)}`),
  refusing('a list', (frame) => JSON.stringify([frame])),
  refusing('two objects', (frame) => `${JSON.stringify(frame)}${JSON.stringify(frame)}`),
  refusing('a comma behind the last member', (frame) => JSON.stringify(frame).replace(/\}$/, ',}')),
  taking('white space around and within', (frame) => ` \r\n\t${JSON.stringify(frame, null, 2)}\n `),
);

/** Of two members of one name the last counts, or the frame is refused. */
async function w26(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const frame = encodeJson(peer.frame({ msg_seq: 0, payload: idleDispatch(peer.session_id) }));
  peer.text(frame.replace('"stream_id":"1"', '"stream_id":"5","stream_id":"1"'));
  const answered = await peer.verdict('1', 0, '3');
  const is_right = answered.type === 'taken' || answered.type === 'refused';
  assert(
    is_right,
    'the last of two members, or RST',
    'neither RST nor an acknowledgement on the stream that was named last',
  );
}

const w27 = each(
  taking('7.0 and the like for integers', (frame) =>
    JSON.stringify({ ...frame, ttl: 'TTL', frag_seq: 'FRAG' })
      .replace('"TTL"', '80e-1')
      .replace('"FRAG"', '-0'),
  ),
  taking('0.0 for a number of a message', (frame) => JSON.stringify(frame).replace('"msg_seq":0', '"msg_seq":0.0')),
  refusing('7.5 for an integer', (frame) => ({ ...frame, ttl: 7.5 })),
);

const w28 = each(
  refusing('a $bytes that is a number', (frame) => raw(frame, '{"$bytes":5}')),
  refusing('a $bytes beside another member', (frame) => raw(frame, '{"$bytes":"AAEC","x":1}')),
  refusing('a $bytes written with an escape', (frame) => raw(frame, '{"\\u0024bytes":5}')),
);

const w29 = each(
  refusing('padding', (frame) => raw(frame, '{"$bytes":"AA=="}')),
  refusing('another alphabet', (frame) => raw(frame, '{"$bytes":"+/8A"}')),
  refusing('white space', (frame) => raw(frame, '{"$bytes":"AA EC"}')),
  refusing('a length of 4n + 1', (frame) => raw(frame, '{"$bytes":"AAECA"}')),
  refusing('bits behind the last byte', (frame) => raw(frame, '{"$bytes":"AB"}')),
);

/** The same task in both encodings has the same answer. */
async function w22(probe: Probe): Promise<void> {
  const [json, cbor] = await Promise.all([probe.open(), probe.openCbor()]);
  const answers = [json, cbor].map(async (peer) => {
    peer.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload: dispatch(peer.session_id, probe.task('ü\u0000😀')) });
    const last = await peer.expect('the last message of the answer', (one) => isMessage(one) && has(one, 'FIN'));
    return JSON.stringify([
      last.frame.payload?.type,
      Object.keys((last.frame.payload?.content ?? {}) as object).toSorted(),
    ]);
  });
  const [one, other] = await Promise.all(answers);
  assert(one === other, `the same answer in CBOR as in JSON, ${one}`, String(other));
}

async function w23(probe: Probe): Promise<void> {
  for (const peer of [await probe.open(), await probe.openCbor()]) {
    await peer.stream();
    const later = peer.history.filter(({ frame }) => !has(frame, 'SYN'));
    const wrong = later.find(({ kind }) => kind !== (peer.encoding === 'cbor' ? 'binary' : 'text'));
    assert(wrong === undefined, `${peer.encoding} in messages of its kind`, () => `a ${wrong?.kind} message`);
  }
  const chosen = helloOf((await probe.openCbor()).answer ?? { v: 1, session_id: '', stream_id: '', msg_seq: 0 });
  skipUnless(chosen.encoding === 'cbor', 'The server does not choose CBOR where it is offered.');
}

export const FORMS: readonly Sentence[] = [
  { id: 'W1', level: 'L1', title: 'A frame is an object with the members of the table', judge: w1 },
  { id: 'W2', level: 'L1', title: 'A frame without a member that is always there is refused', judge: w2 },
  { id: 'W3', level: 'L1', title: 'A member of another type or value is refused', judge: w3 },
  { id: 'W4', level: 'L1', title: 'An absent member is its default', judge: w4 },
  { id: 'W5', level: 'L1', title: 'Another major is refused with the fault version', judge: w5 },
  { id: 'W6', level: 'L1', title: 'Unknown members are ignored', judge: w6 },
  { id: 'W8', level: 'L2', title: 'A frame with sig has nonce, ts and kid', judge: w8 },
  { id: 'W9', level: 'L1', title: 'Numbers lie within 2^53 - 1', judge: w9 },
  { id: 'W10', level: 'L1', title: 'All text is valid Unicode', judge: w10 },
  { id: 'W12', level: 'L1', title: 'Unknown flags are ignored; FRAG without LAST is MORE', judge: w12 },
  { id: 'W14', level: 'L1', title: 'An absent member of a window is no limit', judge: w14 },
  {
    id: 'W15',
    level: 'L1',
    title: 'Money is an integer of micro-dollars; times counted down are durations',
    judge: w15,
  },
  { id: 'W16', level: 'L1', title: 'Contents are as of their table', judge: w16 },
  { id: 'W17', level: 'L1', title: 'Unknown payload types are not refused', judge: w17 },
  { id: 'W18', level: 'L1', title: 'A provisional result has expiry_ms', judge: w18 },
  { id: 'W19', level: 'L1', title: 'Any name is allowed in free values', judge: w19 },
  { id: 'W20', level: 'L1', title: 'Frames up to the limits are taken', judge: w20 },
  { id: 'W22', level: 'L3', title: 'A frame means the same in both encodings (CBOR)', judge: w22 },
  { id: 'W23', level: 'L3', title: 'JSON goes as text messages, CBOR as binary ones', judge: w23 },
  { id: 'W25', level: 'L1', title: 'A frame in JSON is one object without a byte order mark', judge: w25 },
  { id: 'W26', level: 'L1', title: 'Of two members of one name the last counts, or the frame is refused', judge: w26 },
  { id: 'W27', level: 'L1', title: 'Numbers are taken by their value', judge: w27 },
  { id: 'W28', level: 'L1', title: 'Bytes are an object with the one member $bytes', judge: w28 },
  { id: 'W29', level: 'L1', title: 'base64url is strict', judge: w29 },
];
