import { randomBytes } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { OPCODE, type Peer, Probe, Transcript, wsFrame } from '@atp-router/conform/probe';
import { AtpClient } from '@atp-router/sdk';
import { encodeJson, type Frame } from '@atp-router/wire';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

const SECRET = randomBytes(32);
const OTHER_SECRET = randomBytes(32);
/**
 * What these peers together may make the router keep: 256 MiB on the way to the store of sessions at most, and what their
 * sessions hold. It starts with about 200 MiB; without the bounds it grew by 1,300.
 */
const GROWTH_MIB_MAX = 450;

let rig: Rig;
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
  before_mib = rig.router.rss_mib();
});
afterAll(() => rig.close());
afterEach(async () => {
  for (const probe of probes) probe.end();
  probes = [];
  await expectHealthy();
  expect(rig.router.rss_mib() - before_mib).toBeLessThan(GROWTH_MIB_MAX);
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

/** A session is still served: a message behind what was refused is acknowledged. */
async function expectOpen(peer: Peer, stream_id: string): Promise<void> {
  await peer.stream(stream_id);
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
  const { session_id } = peer;
  const head = `{"v":1,"session_id":"${session_id}","stream_id":"1","msg_seq":0,"flags":["SYN"],"payload":{"type":"agent.log","content":`;
  peer.text(`${head}${'['.repeat(200_000)}${']'.repeat(200_000)}}}`);
  const { code, reason } = await peer.reset('0');
  expect(code).toBe('EPROTO');
  expect(reason).toMatch(/deep|nest|level/i);
});

test('names that collide with what objects have change nothing', async () => {
  const peer = await probe().open();
  const { session_id } = peer;
  const keys = Array.from({ length: 5_000 }, (_, i) => `"k${i}":${i}`).join(',');
  const content = `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},${keys}}`;
  peer.text(
    `{"v":1,"session_id":"${session_id}","stream_id":"1","msg_seq":0,"flags":["SYN"],"payload":{"type":"agent.log","content":${content}}}`,
  );
  const answered = await peer.verdict('1', 0, '3');
  expect(answered.type).not.toBe('nothing');
  await expectOpen(await probe().open(), '1');
});

test('a flood of fragments of messages that never end is bounded, and the session says so', async () => {
  const peer = await probe().open();
  await peer.stream('1');
  for (let msg_seq = 1; msg_seq <= 200; msg_seq += 1) {
    for (let frag_seq = 0; frag_seq < 16; frag_seq += 1) {
      const payload = { type: 'agent.log', content: 'x'.repeat(20_000), checksum: `sha256:${'0'.repeat(64)}` };
      peer.message({ msg_seq, flags: ['MORE'], payload, more: frag_seq > 0 ? { frag_seq } : {} });
    }
  }
  const said = await peer.expect('a refusal of fragments', ({ flags, payload }) => {
    return payload?.type === 'control.ack' || flags?.includes('ECN') === true || flags?.includes('RST') === true;
  });
  expect(said.frame.session_id).toBe(peer.session_id);
});

test('a storm of NACKs makes the router send no more than a bounded number of frames again', async () => {
  const peer = await probe().open();
  const { mark } = await rig.upstream.script({ answer: textAnswer('y'.repeat(400_000)) });
  const content = { session_id: peer.session_id, targets: [], budget: {}, task: { prompt: mark, model: 'm-chat' } };
  peer.message({ msg_seq: 0, payload: { type: 'agent.dispatch', content } });
  await peer.expect('a piece of the answer', ({ stream_id, payload }) => stream_id === '1' && payload !== undefined);
  const acks = [{ stream_id: '1', missing_messages: Array.from({ length: 64 }, (_, i) => i) }];
  for (let i = 0; i < 2_000; i += 1) peer.control(['ACK'], { type: 'control.ack', content: { acks } });
  const resent = await metric('atp_session_anomalies_total');
  expect(resent).toBeLessThan(20_000);
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
