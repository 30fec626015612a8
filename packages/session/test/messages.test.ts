import { type Acknowledgement, type Frame, hasFlag } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { lane, Pair, type Way } from './support/pair.ts';

const main = lane('1');
const up = (pair: Pair): Pair => pair.connect().run(100);
const isMessage = (frame: Frame): boolean => !hasFlag(frame, 'CTRL');
const acksOf = (frame: Frame): readonly Acknowledgement[] =>
  ((frame.payload?.content ?? {}) as { acks?: readonly Acknowledgement[] }).acks ?? [];
const sentOf = (pair: Pair, msg_seq: number): Frame[] =>
  pair.sent('client').filter((frame) => isMessage(frame) && frame.msg_seq === msg_seq);
/** Everything comes but the messages of these numbers, of the client. */
const without =
  (...numbers: readonly number[]): Way =>
  (frame, from) =>
    from === 'client' && isMessage(frame) && numbers.includes(frame.msg_seq) ? [] : [5];

describe('a sender', () => {
  it('keeps to the credit, refuses beyond it, and says when there is room', () => {
    const pair = up(new Pair({ server: { limits: { pending_messages: 3 } } }));
    const effects = ['a', 'b', 'c', 'd'].flatMap((content) => pair.send('client', main, content));
    expect(effects.filter(({ type }) => type === 'refused')).toEqual([{ type: 'refused', lane: main, why: 'full' }]);
    pair.run(5_000);
    expect(pair.delivered('server')).toEqual(['a', 'b', 'c']);
    expect(pair.of('client', 'writable')).toEqual([]);
    pair.input('server', { type: 'consumed', id: { lane: main, msg_seq: 1 } });
    pair.run(1_000);
    expect(pair.of('client', 'writable')).toEqual([]);
    pair.input('server', { type: 'consumed', id: { lane: main, msg_seq: 0 } });
    pair.run(1_000);
    expect(pair.of('client', 'writable')).toEqual([{ type: 'writable', lane: main }]);
    expect(pair.ends.client.refusal(main, pair.now_ms)).toBeUndefined();
  });

  it('sends the other lanes of a stream when what opens it is acknowledged by a word of an earlier connection', () => {
    const pair = up(new Pair({ server: { limits: { flight_bytes: 1 } }, client: { durable: true }, save_ms: 400 }));
    pair.run(1_000);
    const [opens, beside, other] = [lane('2'), lane('2', 'p', 'c'), lane('0')];
    pair.send('server', opens, 'opens');
    pair.run(50);
    pair.send('server', beside, 'beside');
    pair.send('server', other, 'goes first');
    pair.drop();
    pair.way = (frame) => (isMessage(frame) && frame.stream_id === '0' ? [2_000] : [5]);
    pair.connect().run(10_000);
    expect(pair.delivered('client')).toEqual(['opens', 'goes first', 'beside']);
  });

  it('is bounded in messages and in bytes', () => {
    const pair = up(
      new Pair({ way: (frame) => (isMessage(frame) ? [] : [5]), client: { limits: { outbox_bytes: 1_000 } } }),
    );
    pair.send('client', main, 'x'.repeat(2_000));
    expect(pair.send('client', main, 'y')).toContainEqual({ type: 'refused', lane: main, why: 'full' });
    const few = up(
      new Pair({ client: { limits: { unsettled_messages: 2 } }, way: (frame) => (isMessage(frame) ? [] : [5]) }),
    );
    few.send('client', main, '1');
    few.send('client', main, '2');
    expect(few.ends.client.refusal(main, few.now_ms)).toBe('full');
    expect(few.ends.client.held().messages).toBe(2);
  });

  it('sends again with back-off what nobody acknowledges, and at last withdraws it', () => {
    const pair = up(new Pair({ way: without(0) }));
    pair.send('client', main, 'a');
    pair.run(29_000);
    const first = pair.of('client', 'failed');
    expect(first).toEqual([]);
    const sends = sentOf(pair, 0).length;
    expect(sends).toBeGreaterThanOrEqual(4);
    expect(sends).toBeLessThanOrEqual(8);
    pair.run(5_000);
    const id = { lane: main, msg_seq: 0 };
    expect(pair.of('client', 'failed')).toEqual([{ type: 'failed', way: 'out', id, reason: 'expired' }]);
    expect(pair.of('server', 'failed')).toEqual([{ type: 'failed', way: 'in', id, reason: 'expired' }]);
    expect(pair.of('server', 'stream_opened')).toHaveLength(1);
    expect(pair.sent('client').flatMap(acksOf)).toContainEqual({ stream_id: '1', withdrawn: [0] });
  });

  it('reports a withdrawn message as delivered, when the receiver has it', () => {
    let cut = true;
    // The message comes, its acknowledgements do not until it was withdrawn.
    const pair = up(
      new Pair({
        way: (frame, from) => (cut && from === 'server' && acksOf(frame).length > 0 ? [] : [5]),
        server: { limits: { interval_ms: 60_000 } },
      }),
    );
    pair.send('client', main, 'a');
    pair.run(31_500);
    cut = false;
    pair.run(12_000);
    expect(pair.sent('client').flatMap(acksOf)).toContainEqual({ stream_id: '1', withdrawn: [0] });
    expect(pair.delivered('server')).toEqual(['a']);
    expect(pair.of('client', 'failed')).toEqual([]);
    expect(pair.of('client', 'acknowledged')).toHaveLength(1);
  });

  it('lets its lifetimes stand still without a connection', () => {
    const pair = up(new Pair({ way: without(0), client: { limits: { resend_lifetime_ms: 3_000 } } }));
    pair.send('client', main, 'a');
    pair.run(500);
    pair.drop().run(50_000);
    pair.way = () => [5];
    pair.connect().run(200);
    expect(pair.delivered('server')).toEqual(['a']);
  });

  it('halves what is on its way when it is told that it crowds', () => {
    const pair = up(new Pair({ consume_ms: 1 }));
    pair.input('server', { type: 'crowded', crowded: true });
    for (let i = 0; i < 32; i += 1) pair.send('client', main, i);
    pair.run(200);
    const ecn = pair.sent('server').filter((frame) => hasFlag(frame, 'ECN'));
    expect(ecn.length).toBeGreaterThan(0);
    const before = pair.sent('client').length;
    for (let i = 0; i < 64; i += 1) pair.send('client', main, i);
    expect(pair.sent('client').length - before).toBeLessThan(64);
    pair.input('server', { type: 'crowded', crowded: false });
    pair.run(20_000);
    expect(pair.delivered('server')).toHaveLength(96);
  });

  it('sends what opens a stream before its other lanes, however small its window', () => {
    let lost = true;
    const pair = up(new Pair({ way: (frame) => (lost && isMessage(frame) ? [] : [5]) }));
    pair.send('client', main, 'a');
    // Every time that passes halves the window, down to one message.
    pair.run(8_000);
    pair.send('client', lane('1', 'p', 'c'), 'beside');
    pair.drop().run(100);
    lost = false;
    pair.connect().run(3_000);
    expect(pair.delivered('server')).toEqual(['a', 'beside']);
  });

  it('takes nothing that cannot be carried', () => {
    const pair = up(new Pair());
    expect(() => pair.send('client', main, '\ud800'.repeat(40_000))).toThrow();
    expect(pair.ends.client.next_stream_id).toBe('1');
    pair.send('client', main, 'a');
    pair.run(100);
    expect(pair.delivered('server')).toEqual(['a']);
  });
});

describe('a receiver', () => {
  it('hands on in order, lets no lane wait for another, and ignores what it has', () => {
    let held = true;
    const hold: Way = (frame, from, count) =>
      from === 'client' && isMessage(frame) && frame.msg_seq === 1 && frame.payload?.persona_id === undefined && held
        ? []
        : [5 + (count % 3) * 20, 90];
    const pair = up(new Pair({ way: hold, client: { limits: { gap_ms: 50_000 } } }));
    for (const content of ['a', 'b', 'c']) pair.send('client', main, content);
    for (const content of ['x', 'y']) pair.send('client', lane('1', 'p', 'c'), content);
    pair.run(300);
    expect(pair.delivered('server', main)).toEqual(['a']);
    expect(pair.delivered('server', lane('1', 'p', 'c'))).toEqual(['x', 'y']);
    held = false;
    pair.run(5_000);
    expect(pair.delivered('server', main)).toEqual(['a', 'b', 'c']);
    expect(pair.ends.server.counts.duplicates).toBeGreaterThan(0);
  });

  it('acknowledges within 25 ms, or at once after 16 messages', () => {
    const pair = up(new Pair());
    pair.send('client', main, 'a');
    pair.run(29);
    expect(pair.sent('server').flatMap(acksOf)).toEqual([]);
    pair.run(2);
    expect(pair.sent('server').flatMap(acksOf)).toEqual([{ stream_id: '1', ack_msg_up_to: 0, credit: 255 }]);
    for (let i = 0; i < 16; i += 1) pair.send('client', main, i);
    pair.run(6);
    expect(pair.sent('server').flatMap(acksOf).at(-1)).toMatchObject({ ack_msg_up_to: 16 });
  });

  it('names a gap that is old enough, again with back-off, and never before', () => {
    // Without retransmission by time: only what is asked for is sent again.
    const pair = up(new Pair({ way: without(1), client: { limits: { rto_min_ms: 60_000, rto_max_ms: 60_000 } } }));
    for (const content of ['a', 'b', 'c']) pair.send('client', main, content);
    pair.run(480);
    const asked = (): readonly Acknowledgement[] =>
      pair
        .sent('server')
        .flatMap(acksOf)
        .filter(({ missing_messages }) => missing_messages !== undefined);
    expect(asked()).toEqual([]);
    pair.run(200);
    expect(asked().map(({ missing_messages }) => missing_messages)).toEqual([[1]]);
    pair.run(1_400);
    expect(asked().length).toBeGreaterThanOrEqual(2);
    pair.way = () => [5];
    pair.run(5_000);
    expect(pair.delivered('server')).toEqual(['a', 'b', 'c']);
  });

  it('lets the gap time stand still without a connection', () => {
    const pair = up(new Pair({ way: without(0) }));
    pair.send('client', main, 'a');
    pair.send('client', main, 'b');
    pair.run(300);
    pair.drop().run(30_000);
    pair.way = () => [5];
    const before = pair.sent('server').length;
    pair.connect().run(100);
    expect(
      pair
        .sent('server')
        .slice(before)
        .flatMap(acksOf)
        .some(({ missing_messages }) => missing_messages),
    ).toBe(false);
    expect(pair.delivered('server')).toEqual(['a', 'b']);
  });

  it('gives a gap up at the end of its lifetime, says so, and goes on', () => {
    const pair = up(new Pair({ way: without(1) }));
    for (const content of ['a', 'b', 'c']) pair.send('client', main, content);
    pair.run(45_000);
    expect(pair.delivered('server')).toEqual(['a', 'c']);
    expect(pair.of('server', 'failed').map(({ id }) => id.msg_seq)).toEqual([1]);
    expect(pair.of('client', 'failed').map(({ id }) => id.msg_seq)).toEqual([1]);
    expect(pair.of('client', 'acknowledged').map(({ id }) => id.msg_seq)).toEqual([0, 2]);
    const late = sentOf(pair, 1)[0] as Frame;
    pair.input('server', { type: 'frame', frame: late, bytes: 99, wall_ms: 0 });
    expect(pair.ends.server.counts.late).toBe(1);
    expect(pair.delivered('server')).toEqual(['a', 'c']);
  });

  it('asks for single fragments, and only once it knows the last one', () => {
    let dropped = 0;
    const lossy: Way = (frame, from) => {
      if (from !== 'client' || frame.frag_seq !== 2 || dropped > 0) return [5];
      dropped += 1;
      return [];
    };
    const pair = up(new Pair({ way: lossy, client: { limits: { rto_min_ms: 60_000, rto_max_ms: 60_000 } } }));
    const text = 'snow '.repeat(40_000);
    pair.send('client', main, text);
    pair.run(2_000);
    expect(pair.delivered('server')).toEqual([text]);
    const fragments = pair
      .sent('client')
      .filter(isMessage)
      .map(({ frag_seq = 0 }) => frag_seq);
    expect(fragments).toEqual([0, 1, 2, 3, 4, 5, 6, 2]);
  });

  it('fails a message whose fragments contradict each other, at both ends', () => {
    const pair = up(new Pair({ way: (frame) => (frame.frag_seq === 1 ? [] : [5]) }));
    pair.send('client', main, 'snow '.repeat(20_000));
    pair.run(50);
    const second = pair.sent('client').find(({ frag_seq }) => frag_seq === 1) as Frame;
    const frame: Frame = { ...second, payload: { ...second.payload, type: 'agent.question' } };
    pair.input('server', { type: 'frame', frame, bytes: 99, wall_ms: 0 });
    pair.run(1_000);
    expect(pair.of('server', 'failed').map(({ reason }) => reason)).toEqual(['corrupt']);
    expect(pair.of('client', 'failed').map(({ id }) => id.msg_seq)).toEqual([0]);
  });

  it('drops what it has no room for, and tells so with ECN', () => {
    const pair = up(new Pair({ way: without(0), server: { limits: { waiting_bytes: 500 } } }));
    for (const content of ['a', 'b'.repeat(300), 'c'.repeat(300)]) pair.send('client', main, content);
    pair.run(100);
    expect(pair.ends.server.counts.dropped).toBeGreaterThan(0);
    expect(
      pair.sent('server').some((frame) => hasFlag(frame, 'ECN') && frame.payload?.type === 'control.window_update'),
    ).toBe(true);
    expect(pair.ends.server.held().bytes).toBeLessThanOrEqual(500);
    pair.way = () => [5];
    pair.run(5_000);
    expect(pair.delivered('server')).toHaveLength(3);
  });
});
