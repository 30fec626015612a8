import { setTimeout as after } from 'node:timers/promises';
import { decodeJson, encodeCbor, encodeJson, encodeRecord, type Frame, type HelloContent } from '@atp-router/wire';
import type { EventReader, ServerEvent } from '../net/http.ts';
import type { HttpReply } from '../net/raw-connection.ts';
import { errorOf, has, helloOf, idleDispatch } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';

export const JSON_TYPE = 'application/json';
const LINES = 'application/x-ndjson';
const RECORDS = 'application/vnd.atp.frames';
const ABSENT_MS = 30_000;
const COMMENT_MS = 25_000;
const FRAMES_MAX = 1_024;

/** A connection of plain HTTP, and the session on it. */
export interface Opened {
  readonly path: string;
  readonly session_id: string;
  readonly reply: HttpReply;
}

const sessionId = (): string => `probe-${crypto.randomUUID()}`;

function hello(session_id: string, content: HelloContent = {}): Frame {
  const payload = { type: 'control.hello', content: { encodings: ['json'], ...content } };
  return { v: 1, session_id, stream_id: '0', msg_seq: 0, flags: ['SYN', 'CTRL'], payload };
}

async function begin(probe: Probe, body: string, type: string = JSON_TYPE): Promise<HttpReply> {
  const reply = await probe.http(probe.streams_path, { method: 'POST', headers: { 'content-type': type }, body });
  skipUnless(![404, 405, 501].includes(reply.status), `The server has no ${probe.streams_path}.`);
  return reply;
}

export async function opened(probe: Probe, content: HelloContent = {}): Promise<Opened> {
  const session_id = sessionId();
  return openWith(probe, session_id, hello(session_id, content));
}

/** `first`: a hello, or a resumption of the session. */
export async function openWith(probe: Probe, session_id: string, first: Frame): Promise<Opened> {
  const reply = await begin(probe, encodeJson(first));
  assert(reply.status === 201, 'a first frame answered with 201', `${reply.status} ${reply.body}`);
  const { location = '' } = reply.headers;
  return { path: new URL(location, 'http://any.invalid').pathname, session_id, reply };
}

function message(session_id: string, stream_id: string, msg_seq: number = 0): Frame {
  return { v: 1, session_id, stream_id, msg_seq, flags: ['SYN'], payload: idleDispatch(session_id) };
}

export const post = (probe: Probe, { path }: Opened, type: string, body: string | Uint8Array): Promise<HttpReply> =>
  probe.http(`${path}/frames`, { method: 'POST', headers: { 'content-type': type }, body });

export async function frames(
  probe: Probe,
  events: EventReader,
  count: number,
): Promise<Extract<ServerEvent, { type: 'event' }>[]> {
  const all: Extract<ServerEvent, { type: 'event' }>[] = [];
  while (all.length < count) {
    const event = await events.events.take((one) => one.type === 'event' && one.name === '', probe.patience_ms);
    assert(event?.type === 'event', `${count} events with frames`, `${all.length}`);
    all.push(event);
  }
  return all;
}

async function t16(probe: Probe): Promise<void> {
  const { key } = probe.target;
  skipUnless(key !== undefined, 'There is no key (--key).');
  await begin(probe, encodeJson(hello(sessionId())));
  const headers = { 'content-type': JSON_TYPE, authorization: 'Bearer key-that-nobody-has' };
  const body = encodeJson(hello(sessionId()));
  const wrong = await probe.http(probe.streams_path, { method: 'POST', headers, body });
  assert(wrong.status === 401, 'a key that is not accepted answered with 401', String(wrong.status));
  const nowhere = { path: `${probe.streams_path}/id-of-nobody-at-all`, session_id: '', reply: wrong };
  const { status } = await post(probe, nowhere, JSON_TYPE, body);
  assert(status === 404, 'a connection that is not there answered with 404', String(status));
}

async function t17(probe: Probe): Promise<void> {
  const { path, reply } = await opened(probe);
  assert(path.startsWith(`${probe.streams_path}/`), `a location below ${probe.streams_path}`, path);
  assert(has(decodeJson(reply.body), 'SYN', 'ACK'), 'SYN|ACK in the answer', reply.body);
  const other = await begin(probe, encodeJson(hello(sessionId())), 'text/plain');
  assert(other.status === 415, 'another type answered with 415', String(other.status));
}

async function t18(probe: Probe): Promise<void> {
  const { status, body } = await begin(probe, encodeJson(hello(sessionId(), { encodings: ['nobody-has-this'] })));
  assert([400, 403].includes(status), 'a hello that is refused answered with 400 or 403', String(status));
  const frame = decodeJson(body);
  assert(has(frame, 'RST') && errorOf(frame)?.code === 'EPROTO', 'the frame that refuses it in the answer', body);
}

async function t19(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const next = (id: number): Frame => message(connection.session_id, String(id));
  const bodies: readonly (readonly [type: string, body: string | Uint8Array, accepted: number])[] = [
    [JSON_TYPE, encodeJson(next(1)), 1],
    ['application/cbor', encodeCbor(next(3)), 1],
    [LINES, `${encodeJson(next(5))}\n\n${encodeJson(next(7))}\n`, 2],
    [RECORDS, Buffer.concat([next(9), next(11), next(13)].map((frame) => encodeRecord(encodeCbor(frame)))), 3],
  ];
  for (const [type, body, accepted] of bodies) {
    const reply = await post(probe, connection, type, body);
    const is_right = reply.status === 202 && (JSON.parse(reply.body) as { accepted?: number }).accepted === accepted;
    assert(is_right, `${type} answered with 202 and ${accepted} accepted`, `${reply.status} ${reply.body}`);
  }
}

async function t20(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const { session_id } = connection;
  const body = `${encodeJson(message(session_id, '1'))}\n{"v":1}\n${encodeJson(message(session_id, '3'))}\n`;
  const reply = await post(probe, connection, LINES, body);
  assert(reply.status === 400, 'a frame that cannot be read answered with 400', String(reply.status));
  assert(reply.body.includes('"frames[1]"'), 'param frames[1]', reply.body);
  const events = probe.events(`${connection.path}/events`);
  const isAck = (one: ServerEvent): boolean => one.type === 'event' && one.data.includes('"ack_msg_up_to"');
  const ack = await events.events.take(isAck, probe.patience_ms);
  assert(ack?.type === 'event', 'what came before it acknowledged', 'nothing');
  assert(!ack.data.includes('"stream_id":"3"'), 'nothing behind it acted on', ack.data);
}

async function t21(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const beat = encodeJson({
    v: 1,
    session_id: connection.session_id,
    stream_id: '0',
    msg_seq: 1,
    flags: ['HB', 'CTRL'],
  });
  const reply = await post(probe, connection, LINES, `${beat}\n`.repeat(FRAMES_MAX + 1));
  assert(reply.status === 413, `${FRAMES_MAX + 1} frames answered with 413`, String(reply.status));
}

/** A body of records is cut by their lengths, and one that announces too much is refused (W24). */
async function w24(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const record = encodeRecord(encodeCbor(message(connection.session_id, '1')));
  const good = await post(probe, connection, RECORDS, record);
  skipUnless(good.status !== 415, `The server does not take ${RECORDS}.`);
  assert(good.status === 202, 'a frame behind its length answered with 202', `${good.status} ${good.body}`);
  // A connection whose events nobody reads is closed after a while: what follows has one of its own.
  const large = Buffer.from([0x7f, 0xff, 0xff, 0xff, 0xa0]);
  const { status } = await post(probe, await opened(probe), RECORDS, large);
  assert(status === 400 || status === 413, 'a length above the limit refused', String(status));
}

/** A connection over which the server has something to say, and not so much that it would not keep it. */
async function asked(probe: Probe, content: HelloContent = {}): Promise<Opened> {
  const connection = await opened(probe, content);
  for (const stream_id of ['1', '3']) {
    const reply = await post(probe, connection, JSON_TYPE, encodeJson(message(connection.session_id, stream_id)));
    assert(reply.status === 202, 'a message answered with 202', `${reply.status} ${reply.body}`);
  }
  return connection;
}

async function t22(probe: Probe): Promise<void> {
  const { path } = await asked(probe, { encodings: ['cbor', 'json'] });
  const found = await frames(probe, probe.events(`${path}/events`), 2);
  for (const [i, { id, data }] of found.entries()) {
    assert(id === String(i + 1), `an event with the id ${i + 1}`, id);
    assert(!has(decodeJson(data), 'SYN'), 'no frame that was the answer of the first request', data);
  }
}

/** A later reader takes the events over; a connection that nobody reads is closed. */
async function t23(probe: Probe): Promise<void> {
  const connection = await asked(probe);
  const first = probe.events(`${connection.path}/events`);
  await frames(probe, first, 1);
  const second = probe.events(`${connection.path}/events`);
  assert((await second.status(probe.patience_ms)) === 200, 'a second reader answered with 200', 'not');
  assert(await first.events.ended(probe.patience_ms), 'the first reader ended', 'it goes on');
  second.cut();
  if (!probe.slow) return;
  const end_ms = performance.now() + ABSENT_MS + 5_000;
  while (performance.now() < end_ms) {
    const beat = {
      v: 1,
      session_id: connection.session_id,
      stream_id: '0',
      msg_seq: 1,
      flags: ['HB', 'CTRL'],
    } as const;
    const { status } = await post(probe, connection, JSON_TYPE, encodeJson(beat));
    if (status === 404) return;
    await after(500);
  }
  assert(false, `the connection closed when nobody reads for ${ABSENT_MS / 1_000} s`, 'it is open');
}

async function t24(probe: Probe): Promise<void> {
  const { path } = await asked(probe);
  const first = probe.events(`${path}/events`);
  await frames(probe, first, 2);
  first.cut();
  const again = probe.events(`${path}/events`, { 'last-event-id': '1' });
  const [next] = await frames(probe, again, 1);
  assert(next?.id === '2', 'the event behind the one that was named', String(next?.id));
  const never = await probe.events(`${path}/events`, { 'last-event-id': '999999' }).status(probe.patience_ms);
  assert(never === 400, 'an id that there was not answered with 400', String(never));
}

async function t25(probe: Probe): Promise<void> {
  skipUnless(probe.slow, `It takes ${COMMENT_MS / 1_000} s (--slow).`);
  const { path, reply } = await opened(probe);
  const { interval_s = 0 } = helloOf(decodeJson(reply.body));
  const { events } = probe.events(`${path}/events`);
  // The first one may come at once, with the head of the answer.
  for (let i = 0; i < 2; i += 1) {
    const nothing = await events.take((one) => one.type === 'comment' || one.data === '', COMMENT_MS + 5_000);
    const is_quiet = nothing !== undefined || interval_s * 1_000 >= COMMENT_MS;
    skipUnless(is_quiet, `The server says something itself every ${interval_s} s, so there is nothing to keep alive.`);
    const seen = nothing === undefined ? 'nothing' : 'an event';
    assert(nothing?.type === 'comment', 'comments while there is nothing to say', seen);
  }
}

async function t26(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const { events } = probe.events(`${connection.path}/events`);
  const error = { type: 'error', content: { code: 'EPREEMPT', reason: 'Not wanted any more.' } };
  const { session_id } = connection;
  const reset: Frame = { v: 1, session_id, stream_id: '0', msg_seq: 1, flags: ['RST', 'CTRL'], payload: error };
  await post(probe, connection, JSON_TYPE, encodeJson(reset));
  const last = await events.take((one) => one.type === 'event' && one.name !== '', probe.patience_ms);
  assert(last?.type === 'event' && last.name === 'close', 'an event close at the end', JSON.stringify(last));
  assert(last.id === '', 'a close without an id', last.id);
  const { code } = JSON.parse(last.data) as { readonly code?: unknown };
  assert(typeof code === 'number', 'a code in the data', last.data);
}

export const PLAIN_HTTP: readonly Sentence[] = [
  { id: 'W24', level: 'L3', title: 'On a stream of bytes each frame (CBOR) follows its length', judge: w24 },
  { id: 'T16', level: 'L2', title: 'Every request has a key, and others find nothing', judge: t16 },
  { id: 'T17', level: 'L1', title: 'A first frame opens a connection, and is answered with 201', judge: t17 },
  {
    id: 'T18',
    level: 'L1',
    title: 'A first frame that is refused is answered with the frame that says so',
    judge: t18,
  },
  { id: 'T19', level: 'L1', title: 'Frames are sent in four types of bodies, and answered with 202', judge: t19 },
  { id: 'T20', level: 'L1', title: 'A frame that cannot be read is named by its index', judge: t20 },
  { id: 'T21', level: 'L1', title: 'A request has at most 1,024 frames', judge: t21 },
  { id: 'T22', level: 'L1', title: 'Frames are read as events in JSON, with ids that rise by one', judge: t22 },
  {
    id: 'T23',
    level: 'L1',
    title: 'A later reader takes the events over; without one the connection is closed',
    judge: t23,
  },
  { id: 'T24', level: 'L1', title: 'Events go on behind the one that Last-Event-ID names', judge: t24 },
  { id: 'T25', level: 'L1', title: 'Comments keep events alive', judge: t25 },
  { id: 'T26', level: 'L1', title: 'Events end with one that says why', judge: t26 },
];
