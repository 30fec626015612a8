import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { mainLane, OPCODE, type Peer, Probe, Transcript, wsFrame } from '@atp-router/conform/probe';
import { AtpClient } from '@atp-router/sdk';
import { type Acknowledgement, encodeJson, type Frame, REASSEMBLY_LIMITS } from '@atp-router/wire';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_SECRET, secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { fence, isNoRoom, opening, sendUnfinished } from '../src/hostile-peer.ts';
import { textAnswer } from '../src/upstream/script.ts';

const SECRET = randomBytes(32);
const OTHER_SECRET = randomBytes(32);
/**
 * What the peers of one test may make the router's memory grow by, as the kernel sees it. The most is 32 MiB of pieces, which are there
 * as text, on their way to the store, and as the garbage of what they were decoded from: 80 to 150 MiB when it was measured. Four
 * sessions that read nothing take as much.
 */
const GROWTH_MIB_MAX = 200;
/** And all of them together: what was freed is used again, and not given back. 330 to 380 when it was measured. */
const GROWTH_IN_ALL_MIB_MAX = 450;

let rig: Rig;
let first_mib: number;
let before_mib: number;
let probes: Probe[] = [];

beforeAll(async () => {
  const signing_keys = [{ id: 's1', secret: SECRET.toString('hex') }];
  rig = await startRig((upstream) =>
    standardConfig(upstream, {
      tenants: [tenant('acme', { signing_keys }), tenant('other')],
      shutdown: { grace_ms: 500 },
    }),
  );
  await expectHealthy();
  first_mib = rig.router.rss_mib();
});
beforeEach(() => {
  before_mib = rig.router.rss_mib();
});
afterAll(() => rig.close());
afterEach(async () => {
  for (const probe of probes) probe.end();
  probes = [];
  await expectHealthy();
  const now_mib = rig.router.rss_mib();
  expect(now_mib - before_mib).toBeLessThan(GROWTH_MIB_MAX);
  expect(now_mib - first_mib).toBeLessThan(GROWTH_IN_ALL_MIB_MAX);
});

/** Somebody else, who does nothing wrong, is served. */
async function expectHealthy(): Promise<void> {
  const { mark } = await rig.upstream.script({ answer: textAnswer('All is well.') });
  const client = new AtpClient({ url: rig.router.url, key: secretOf('other') });
  const { text } = await client.task({ prompt: mark, model: 'm-chat' }).result();
  expect(text).toBe('All is well.');
  await client.close();
}

function probe(): Probe {
  const made = new Probe(
    {
      url: `ws://127.0.0.1:${rig.router.port}/ws`,
      key: secretOf('acme'),
      signing: [{ kid: 's1', secret: SECRET }],
      patience_ms: 20_000,
    },
    new Transcript([]),
  );
  probes.push(made);
  return made;
}

/** The code with which the router closes, or 1006 when it just cuts. */
async function closeCode({ ws }: Peer): Promise<number | undefined> {
  const event = await ws.events.take((one) => one.type === 'close', 20_000);
  return event?.type === 'close' ? event.code : undefined;
}

/** What the router keeps for one session. */
async function heldFor({ session_id }: Peer): Promise<{ readonly messages: number; readonly bytes: number }> {
  const answer = await rig.router.ask('/admin/v1/sessions', undefined, { method: 'GET', key: ADMIN_SECRET });
  const { data } = JSON.parse(await answer.text()) as {
    readonly data: readonly {
      readonly session_id: string;
      readonly held_messages: number;
      readonly held_bytes: number;
    }[];
  };
  const found = data.find((one) => one.session_id === session_id);
  return { messages: found?.held_messages ?? -1, bytes: found?.held_bytes ?? -1 };
}

async function metric(name: string): Promise<number> {
  const samples = await rig.router.metrics();
  return samples.filter((one) => one.name === name).reduce((sum, { value }) => sum + value, 0);
}

test('giant frames close the connection before they are kept', async () => {
  const peer = await probe().open();
  peer.ws.write(wsFrame(OPCODE.text, Buffer.alloc(8_000_000, 0x61), { mask: true }));
  expect(await closeCode(peer)).toBe(1009);
});

test('a frame that is deeper than any may be is refused with its reason', async () => {
  const peer = await probe().open();
  peer.text(opening(peer, 'agent.log', `${'['.repeat(200_000)}${']'.repeat(200_000)}`));
  const { code, reason } = await peer.reset('0');
  expect(code).toBe('EPROTO');
  expect(reason).toMatch(/deep|nest|level/i);
});

test('names of what objects have are names as any: nothing is read through them', async () => {
  const peer = await probe().open();
  const { mark } = await rig.upstream.script({ answer: textAnswer('Nobody asked for this.') });
  const task = JSON.stringify({ task: { prompt: mark, model: 'm-chat' } });
  const members = `"__proto__":${task},"constructor":{"prototype":${task}},"valueOf":${task}`;
  peer.text(opening(peer, 'agent.dispatch', `{"session_id":"s","targets":[],${members}}`));
  const isError = ({ stream_id, payload }: Frame): boolean => stream_id === '1' && payload?.type === 'error';
  const { frame } = await peer.expect('an error on stream 1', isError);
  expect(frame.payload?.content).toMatchObject({ code: 'EPROTO', details: { param: 'task' } });
  expect(rig.upstream.log().filter((one) => JSON.stringify(one).includes(mark))).toEqual([]);
  await peer.stream('3');
});

/**
 * Names that would cost the most where a table is keyed by them. V8 salts the hash of a text anew in each process, so that nobody
 * can write texts that collide there; what a peer can choose are indices, whose hash is their value. What they cost is not judged
 * here (`decodeJson` took at most three times as long as for others when it was measured), but that they are taken, and that
 * whoever comes next is served.
 */
test.each([
  ['indices that are equal in their lowest 16 bits', (i: number) => String(i * 65_536)],
  ['indices with a gap behind each, from the highest down', (i: number) => String(4_294_967_294 - i * 71_577)],
  ['texts of one length that differ in their end', (i: number) => `k${String(i).padStart(9, '0')}`],
])('a frame full of names that are %s is taken', async (_what, name) => {
  const peer = await probe().open();
  const members = Array.from({ length: 50_000 }, (_, i) => `"${name(i)}":0`);
  peer.text(opening(peer, 'agent.log', `{${members.join(',')}}`));
  await peer.acked(0);
  await peer.stream('3');
});

test('messages that never end are kept up to 64 at a time, and no more of them', async () => {
  const made = probe();
  const peer = await made.open();
  await fence(peer, '1');
  const pieces = Array.from({ length: 4 }, (_, i) => String(i).repeat(20_000));
  for (let msg_seq = 1; msg_seq <= REASSEMBLY_LIMITS.open_messages; msg_seq += 1) {
    sendUnfinished(made, peer, msg_seq, pieces);
  }
  // The pieces are good: they are acknowledged, up to the last one that came.
  const { open_messages } = REASSEMBLY_LIMITS;
  await peer.ack('the pieces acknowledged', (ack) => ack.msg_seq === open_messages && ack.ack_up_to === 3);
  await expect.poll(async () => (await heldFor(peer)).messages).toBe(open_messages);
  const held = await heldFor(peer);
  expect(held.bytes).toBeGreaterThan(open_messages * 4 * 20_000);
  expect(peer.history.filter(({ frame }) => isNoRoom(frame))).toEqual([]);
  for (let msg_seq = open_messages + 1; msg_seq <= 200; msg_seq += 1) sendUnfinished(made, peer, msg_seq, pieces);
  await peer.expect('ECN, for want of room', isNoRoom);
  // Behind all of them; what is held is what was held before.
  await fence(peer, '3');
  await expect.poll(() => heldFor(peer)).toEqual(held);
});

test('pieces of messages that never end are kept up to 32 MiB, and no more of them', async () => {
  const made = probe();
  const peer = await made.open();
  await fence(peer, '1');
  const { buffer_bytes, message_bytes } = REASSEMBLY_LIMITS;
  const piece = 'x'.repeat(250_000);
  // Each a little smaller than a message may be; three of them are more than all may have together.
  const pieces = Array.from({ length: Math.floor(message_bytes / piece.length) - 1 }, () => piece);
  for (let msg_seq = 1; msg_seq <= 3; msg_seq += 1) sendUnfinished(made, peer, msg_seq, pieces);
  await peer.expect('ECN, for want of room', isNoRoom);
  await fence(peer, '3');
  await expect.poll(async () => (await heldFor(peer)).messages).toBe(3);
  const { bytes } = await heldFor(peer);
  expect(bytes).toBeLessThanOrEqual(buffer_bytes);
  expect(bytes).toBeGreaterThan(buffer_bytes - 2 * piece.length);
});

/** What a router sends again because it was named as missing: so many frames in one turn, and the next turn not before. */
const RESEND_FRAMES = 64;
const RESEND_TURN_MS = 100;

test('a storm of NACKs, with numbers that come twice or that there are not, is answered by a bounded number of frames', async () => {
  const peer = await probe().open();
  const { mark } = await rig.upstream.script({ answer: textAnswer('y'.repeat(400_000)) });
  const content = { session_id: peer.session_id, targets: [], budget: {}, task: { prompt: mark, model: 'm-chat' } };
  peer.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload: { type: 'agent.dispatch', content } });
  const isOfAnswer = ({ stream_id, flags }: Frame): boolean => stream_id === '1' && flags?.includes('CTRL') !== true;
  // At once, so that the round trip seems as short as it can.
  await peer.expect('the first message of the answer', isOfAnswer);
  peer.acknowledge(mainLane('1'), 0);
  const isLast = ({ payload }: Frame): boolean => payload?.frag !== undefined;
  for (const msg_seq of [1, 2]) {
    await peer.expect(`the last piece of message ${msg_seq}`, (one) => one.msg_seq === msg_seq && isLast(one));
  }
  const storm: readonly Acknowledgement[] = [
    { stream_id: '1', missing_messages: [1, 2, 1, 2, 1, 2, 3, 99, 4_000_000, ...Array.from({ length: 60 }, () => 1)] },
    { stream_id: '1', msg_seq: 1, missing: Array.from({ length: 4_096 }, (_, i) => i % 7) },
    {
      stream_id: '1',
      msg_seq: 2,
      missing: [0, 0, 0, 1, 5_000, 4_000_000_000, ...Array.from({ length: 100 }, () => 2)],
    },
    { stream_id: '1', msg_seq: 99, missing: [0, 1, 2] },
  ];
  const before = peer.messages('1').length;
  const from_ms = performance.now();
  const came = (): readonly Frame[] => peer.messages('1').slice(before);
  // Until some of it has had an effect: what was sent just before cannot be missing yet.
  for (let round = 1; round <= 20 || came().length === 0; round += 1) {
    for (let i = 0; i < 20; i += 1) {
      for (const ack of storm) peer.control(['ACK'], { type: 'control.ack', content: { acks: [ack] } });
    }
    // What is acknowledged behind them says that they were handled.
    await peer.stream(String(2 * round + 1));
  }
  const turns = Math.ceil((performance.now() - from_ms) / RESEND_TURN_MS) + 1;
  expect(came().length).toBeLessThanOrEqual(2 * RESEND_FRAMES * turns);
  expect(came().filter(({ msg_seq }) => msg_seq !== 1 && msg_seq !== 2)).toEqual([]);
});

test('who asks for much and reads nothing is waited for, with a bound on what waits', async () => {
  const made = probe();
  const { mark } = await rig.upstream.script({
    answer: textAnswer(...Array.from({ length: 200 }, () => 'z'.repeat(20_000))),
  });
  for (let i = 0; i < 4; i += 1) {
    const peer = await made.open();
    for (let k = 0; k < 8; k += 1) {
      const content = { session_id: peer.session_id, targets: [], budget: {}, task: { prompt: mark, model: 'm-chat' } };
      peer.message({ stream_id: String(2 * k + 1), msg_seq: 0, payload: { type: 'agent.dispatch', content } });
    }
    peer.ws.pause();
  }
});

test('a signed frame that comes twice counts once; one that is signed by another, or too old, is refused', async () => {
  const made = probe();
  const peer = await made.openSigned();
  const first = peer.frame({ msg_seq: 0, payload: { type: 'agent.log', content: 'once' } });
  const sealed: Frame = peer.seal(first);
  const text = encodeJson(sealed);
  for (let i = 0; i < 100; i += 1) peer.text(text);
  await peer.acked(0);
  expect(await metric('atp_session_anomalies_total')).toBeGreaterThan(0);

  const forger = await made.openSigned();
  forger.seal = (frame) => made.sign(frame, { kid: 's1', secret: OTHER_SECRET });
  forger.message({ msg_seq: 0 });
  expect(
    (await forger.expect('RST', ({ flags }) => flags?.includes('RST') === true)).frame.payload?.content,
  ).toMatchObject({
    code: 'ESEC',
  });

  const late = await made.openSigned();
  late.seal = (frame) => made.sign(frame, { kid: 's1', secret: SECRET }, Date.now() - 600_000);
  late.message({ msg_seq: 0 });
  expect(
    (await late.expect('RST', ({ flags }) => flags?.includes('RST') === true)).frame.payload?.content,
  ).toMatchObject({
    code: 'ESEC',
  });
});

test('a bomb ends its connection before it is larger than a frame may be', async () => {
  const made = probe();
  const offer = { 'sec-websocket-extensions': 'permessage-deflate' };
  for (let i = 0; i < 20; i += 1) {
    const peer = await made.open({ headers: offer });
    const bomb = deflateRawSync(Buffer.alloc(64_000_000), { finishFlush: constants.Z_SYNC_FLUSH });
    peer.ws.write(wsFrame(OPCODE.text, bomb.subarray(0, -4), { mask: true, rsv1: true }));
    expect(await closeCode(peer)).toBe(1009);
  }
});

test('streams and handshakes without end are bounded', async () => {
  const made = probe();
  const peer = await made.open();
  for (let i = 0; i < 3_000; i += 1) peer.message({ stream_id: String(2 * i + 1), msg_seq: 0 });
  const { frame } = await peer.expect('EWINDOW', ({ payload }) => {
    return payload?.type === 'error' && (payload.content as { code?: string }).code === 'EWINDOW';
  });
  expect(frame.flags).toContain('RST');
  for (let i = 0; i < 500; i += 1) made.syn(await made.peer({ without_key: true }));
});
