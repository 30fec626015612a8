import { deflateRawSync } from 'node:zlib';
import { encodeJson } from '@atp-router/wire';
import type { RawConnection, WsEvent } from '../net/raw-connection.ts';
import { OPCODE, wsFrame } from '../net/ws-frames.ts';
import { has, idleDispatch, mainLane } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';

const NO_KEY = 'There is no key (--key).';
const MASK = { mask: true } as const;
const FIRST_FRAME_MS = 30_000;
const FRAME_BYTES = 1_048_576;
const PIECES_MAX = 1_024;
/** What a close frame holds at most (RFC 6455, 5.5), its code among it. */
const CLOSE_BYTES = 125;

type Close = Extract<WsEvent, { type: 'close' }>;

async function closing(ws: RawConnection, code: number, within_ms: number): Promise<void> {
  const event = await ws.events.take((one) => one.type === 'close', within_ms);
  const close = event as Close | undefined;
  assert(close?.code === code, `the connection closed with ${code}`, () =>
    close === undefined ? 'it is open' : `closed with ${close.code}`,
  );
  assert(Buffer.byteLength(close.reason) + 2 <= CLOSE_BYTES, 'a reason of at most 123 bytes', close.reason);
}

const opening = (peer: Peer, stream_id: string = '1'): string =>
  encodeJson(peer.frame({ stream_id, msg_seq: 0, payload: idleDispatch(peer.session_id) }));

async function status(
  probe: Probe,
  expected: number,
  what: string,
  headers: Record<string, string | undefined>,
  without_key: boolean = false,
): Promise<void> {
  const { reply } = await probe.upgrade({ headers, without_key });
  assert(reply.status === expected, `${what} answered with ${expected}`, String(reply.status));
}

async function t2(probe: Probe): Promise<void> {
  const { key } = probe.target;
  skipUnless(key !== undefined, NO_KEY);
  const wrong = 'key-that-nobody-has';
  await status(probe, 101, 'a key as authorization', { authorization: `Bearer ${key}` }, true);
  await status(probe, 101, 'a key as x-api-key', { 'x-api-key': key }, true);
  await status(probe, 401, 'a key that is not accepted', { authorization: `Bearer ${wrong}` }, true);
  await status(
    probe,
    401,
    'a wrong key before a good one',
    { authorization: `Bearer ${wrong}`, 'x-api-key': key },
    true,
  );
}

/** Frames that come in one write are taken in their order. */
async function t3(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const frames = [0, 1, 2, 3, 4].map((msg_seq) => encodeJson(peer.frame({ msg_seq })));
  peer.ws.write(Buffer.concat(frames.map((text) => wsFrame(OPCODE.text, Buffer.from(text), MASK))));
  await peer.acked(4);
}

async function t6(probe: Probe): Promise<void> {
  const ws = await probe.raw();
  const ask = async (
    headers: Record<string, string | undefined>,
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>> }> => {
    const reply = await ws.request(probe.handshake({ headers }), probe.patience_ms);
    assert(reply !== undefined, 'an answer on a connection on which others were refused', 'none');
    return reply;
  };
  const plain = await ask({ upgrade: undefined, connection: 'keep-alive' });
  assert(plain.status === 426, 'a request for no WebSocket answered with 426', String(plain.status));
  assert(plain.headers['upgrade'] !== undefined, '426 with upgrade', 'none');
  const old = await ask({ 'sec-websocket-version': '12' });
  const is_told = old.status === 426 && old.headers['sec-websocket-version'] === '13';
  assert(is_told, 'another version answered with 426 and sec-websocket-version 13', String(old.status));
  const nothing = await ask({ 'sec-websocket-protocol': 'other.v1' });
  assert(nothing.status === 400, 'a request without atp.v1 answered with 400', String(nothing.status));
  const bad = await ask({ 'sec-websocket-key': 'short' });
  assert(bad.status === 400, 'a malformed header answered with 400', String(bad.status));
  const good = await ask({});
  assert(good.status === 101, 'a WebSocket on the same connection', String(good.status));
  const named = good.headers['sec-websocket-protocol'];
  assert(named === 'atp.v1', 'an answer that names atp.v1', String(named));
}

async function t7(probe: Probe): Promise<void> {
  const { key } = probe.target;
  skipUnless(key !== undefined, NO_KEY);
  const name = 'sec-websocket-protocol';
  const { reply } = await probe.upgrade({ headers: { [name]: `atp.v1, atp.key.${key}` }, without_key: true });
  assert(reply.status === 101, 'a key as subprotocol accepted', String(reply.status));
  assert(reply.headers[name] === 'atp.v1', 'an answer that names atp.v1 only', 'another subprotocol');
  await status(probe, 400, 'two keys', { [name]: `atp.v1, atp.key.${key}, atp.key.other` }, true);
  await status(probe, 101, 'no key at all', {}, true);
}

async function t8(probe: Probe): Promise<void> {
  const { host, protocol } = new URL(probe.target.url);
  await status(probe, 403, 'a page of another origin', { origin: 'https://elsewhere.invalid' });
  await status(probe, 101, 'a page of the own host', { origin: `${protocol === 'wss:' ? 'https' : 'http'}://${host}` });
}

async function t9(probe: Probe): Promise<void> {
  skipUnless(probe.slow, `It takes ${FIRST_FRAME_MS / 1_000} s (--slow).`);
  await closing(await probe.socket(), 4001, FIRST_FRAME_MS + 5_000);
}

async function t10(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const bytes = Buffer.from(opening(peer));
  peer.ws.write(wsFrame(OPCODE.text, bytes.subarray(0, 7), { mask: true, fin: false }));
  peer.ws.write(wsFrame(OPCODE.continuation, bytes.subarray(7, 9), { mask: true, fin: false }));
  peer.ws.write(wsFrame(OPCODE.continuation, bytes.subarray(9), MASK));
  await peer.acked(0);
  const pieces = Array.from({ length: PIECES_MAX }, () =>
    wsFrame(OPCODE.continuation, Buffer.from(' '), { mask: true, fin: false }),
  );
  const first = wsFrame(OPCODE.text, Buffer.from(opening(peer, '3')), { mask: true, fin: false });
  peer.ws.write(Buffer.concat([first, ...pieces, wsFrame(OPCODE.continuation, Buffer.from(' '), MASK)]));
  await closing(peer.ws, 1008, probe.patience_ms);
}

async function t11(probe: Probe): Promise<void> {
  const peer = await probe.open();
  peer.text('this is no frame');
  await peer.reset('0', 'EPROTO');
  const large = await probe.open();
  large.ws.write(wsFrame(OPCODE.text, Buffer.alloc(FRAME_BYTES + 64, ' '), MASK));
  await closing(large.ws, 1009, probe.patience_ms);
}

const DEFLATE = 'permessage-deflate';

async function t12(probe: Probe): Promise<void> {
  const { reply, ws } = await probe.upgrade({ headers: { 'sec-websocket-extensions': DEFLATE } });
  const agreed = reply.headers['sec-websocket-extensions'] ?? '';
  skipUnless(agreed.startsWith(DEFLATE), 'The server does not take permessage-deflate.');
  for (const name of ['server_no_context_takeover', 'client_no_context_takeover']) {
    assert(agreed.includes(name), `an answer with ${name}`, agreed);
  }
  const peer = probe.over(ws);
  probe.syn(peer);
  await probe.answered(peer);
  // Without the empty block at its end (RFC 7692, 7.2.1).
  const compressed = deflateRawSync(opening(peer), { finishFlush: 2 }).subarray(0, -4);
  ws.write(wsFrame(OPCODE.text, compressed, { mask: true, rsv1: true }));
  await peer.acked(0);
  ws.write(wsFrame(OPCODE.text, Buffer.from('ffffffffff', 'hex'), { mask: true, rsv1: true }));
  await closing(ws, 1007, probe.patience_ms);
}

async function t13(probe: Probe): Promise<void> {
  const { ws } = await probe.open();
  ws.write(wsFrame(OPCODE.ping, Buffer.from('anyone?'), MASK));
  const pong = await ws.events.take((one) => one.type === 'pong', probe.patience_ms);
  assert(pong?.type === 'pong' && pong.data.toString() === 'anyone?', 'a pong with what the ping had', 'none');
}

async function t14(probe: Probe): Promise<void> {
  const malformed = await probe.open();
  malformed.ws.write(wsFrame(3, Buffer.from('x'), MASK));
  await closing(malformed.ws, 1002, probe.patience_ms);
  const text = await probe.open();
  text.ws.write(wsFrame(OPCODE.text, Buffer.from('22ff22', 'hex'), MASK));
  await closing(text.ws, 1007, probe.patience_ms);
  const refused = await probe.peer();
  refused.message({ msg_seq: 0 });
  await closing(refused.ws, 1008, probe.patience_ms);
  const wishing = await probe.peer();
  probe.syn(wishing, { hello: { encodings: ['encoding-that-nobody-has'] } });
  await closing(wishing.ws, 1008, probe.patience_ms);
}

/** One connection, one session: what is of another one is ignored. */
async function t28(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const own = peer.session_id;
  peer.session_id = `${own}-of-another`;
  peer.control(['SYN'], { type: 'control.hello', content: { encodings: ['json'] } });
  peer.message({ stream_id: '3', msg_seq: 0, payload: idleDispatch(peer.session_id) });
  peer.session_id = own;
  await peer.stream('1');
  const wrong = peer.history.find(({ frame }) => frame.session_id !== own || has(frame, 'RST'));
  assert(wrong === undefined, 'frames of another session ignored', () => JSON.stringify(wrong?.frame));
  const up_to = peer.ackedUpTo(mainLane('3'));
  assert(up_to < 0, 'a message of another session not taken', 'an acknowledgement of it');
}

export const SOCKETS: readonly Sentence[] = [
  {
    id: 'T2',
    level: 'L2',
    title: 'A key comes in one of two headers, and one that is not accepted gets 401',
    judge: t2,
  },
  { id: 'T3', level: 'L1', title: 'Frames that came together are taken in their order', judge: t3 },
  { id: 'T6', level: 'L1', title: 'A WebSocket is asked for with atp.v1, and refused as any request', judge: t6 },
  { id: 'T7', level: 'L2', title: 'A key may be a subprotocol, which the answer never names', judge: t7 },
  { id: 'T8', level: 'L2', title: 'Pages of other origins may not connect', judge: t8 },
  { id: 'T9', level: 'L1', title: 'A connection without a first frame is closed with 4001', judge: t9 },
  { id: 'T10', level: 'L1', title: 'A message may come in pieces, in no more than 1,024', judge: t10 },
  {
    id: 'T11',
    level: 'L1',
    title: 'What is no frame is refused; what is too large ends the connection with 1009',
    judge: t11,
  },
  { id: 'T12', level: 'L1', title: 'permessage-deflate keeps nothing between messages', judge: t12 },
  { id: 'T13', level: 'L1', title: 'Pings are answered', judge: t13 },
  { id: 'T14', level: 'L1', title: 'A close has the code of its reason', judge: t14 },
  { id: 'T28', level: 'L1', title: 'A connection carries one session, and what is of another is ignored', judge: t28 },
];
