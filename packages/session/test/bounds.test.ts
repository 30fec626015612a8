import { type Acknowledgement, type Frame, hasFlag, splitFrame } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { acksOf, alone, log, takes, told } from './support/alone.ts';
import { digests, lane, Pair, SESSION_ID } from './support/pair.ts';

describe('a peer that gives up what it never sent', () => {
  const withdrawals = (stream_id: string, from: number): Acknowledgement[] =>
    Array.from({ length: 255 }, (_, i) => ({ stream_id, persona_id: `p${from + i}`, withdrawn: [255] }));

  function flooded(): Pair {
    const pair = alone();
    for (let n = 0; n < 20; n += 1) {
      const stream_id = String(2 * n + 1);
      takes(pair, 'server', { stream_id, flags: ['SYN'], payload: log('opens') });
      for (let from = 0; from < 1_020; from += 255)
        takes(pair, 'server', told(withdrawals(stream_id, from), 10 + from));
    }
    return pair;
  }

  it('gets a bounded number of lanes and of gaps, and all of them are counted', () => {
    const pair = flooded();
    const held = pair.ends.server.held();
    expect(held.lanes).toBeGreaterThan(1_000);
    expect(held.lanes).toBeLessThanOrEqual(8_192 + 20);
    expect(held.gaps).toBeGreaterThan(1_000);
    expect(held.gaps).toBeLessThanOrEqual(16_384);
    expect(pair.ends.server.counts.dropped).toBeGreaterThan(0);
  });

  it('is named what is missing in turns, each of which is small', () => {
    const pair = flooded();
    let named = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      pair.now_ms = Math.max(pair.now_ms, pair.ends.server.deadline_ms ?? pair.now_ms);
      const effects = pair.input('server', { type: 'timeout' });
      const frames = effects.flatMap((effect) => (effect.type === 'send' ? [effect.frame] : []));
      const numbers = frames.flatMap(acksOf).flatMap(({ missing_messages = [] }) => missing_messages);
      expect(effects.length).toBeLessThanOrEqual(32);
      expect(numbers.length).toBeLessThanOrEqual(2_048);
      named += numbers.length;
    }
    expect(named).toBeGreaterThan(10_000);
    pair.now_ms += 1;
    takes(pair, 'server', { stream_id: '3', msg_seq: 1, payload: log('honest') });
    expect(pair.delivered('server', lane('3'))).toEqual(['opens', 'honest']);
  });

  it('that sends messages far ahead instead gets no further', () => {
    const pair = alone();
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    for (let n = 0; n < 1_000; n += 1)
      takes(pair, 'server', { stream_id: '1', msg_seq: 255, payload: log('far', { persona_id: `p${n}` }) });
    expect(pair.ends.server.held().gaps).toBeLessThanOrEqual(16_384);
    expect(pair.ends.server.counts.dropped).toBeGreaterThan(900);
    expect(pair.sent('server').some((frame) => hasFlag(frame, 'ECN'))).toBe(true);
    takes(pair, 'server', { stream_id: '1', msg_seq: 1, payload: log('honest') });
    expect(pair.delivered('server')).toEqual(['opens', 'honest']);
  });

  it('is given up on in turns', () => {
    const pair = alone({ server: { limits: { resend_lifetime_ms: 2_000, interval_ms: 60_000 } } });
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    for (let n = 0; n < 60; n += 1)
      takes(pair, 'server', { stream_id: '1', msg_seq: 255, payload: log('far', { persona_id: `p${n}` }) });
    for (let turn = 0; turn < 500 && pair.ends.server.held().gaps > 0; turn += 1) {
      pair.now_ms = Math.max(pair.now_ms, pair.ends.server.deadline_ms ?? pair.now_ms);
      expect(pair.input('server', { type: 'timeout' }).length).toBeLessThanOrEqual(1_200);
    }
    expect(pair.of('server', 'failed')).toHaveLength(60 * 255);
    expect(pair.ends.server.held()).toMatchObject({ gaps: 0, messages: 0, bytes: 0 });
  });

  it('has a stream refused that needs a lane for which there is no room in all its time', () => {
    const pair = alone({ server: { limits: { session_lanes: 1 } } });
    for (const stream_id of ['1', '3']) takes(pair, 'server', { stream_id, flags: ['SYN'], payload: log('opens') });
    takes(pair, 'server', { stream_id: '1', payload: log('beside', { persona_id: 'p' }) });
    takes(pair, 'server', { stream_id: '3', payload: log('beside', { persona_id: 'p' }) });
    expect(pair.ends.server.counts.dropped).toBe(1);
    takes(pair, 'server', told([{ stream_id: '3', persona_id: 'p', withdrawn: [0] }]));
    expect(pair.of('server', 'stream_closed')).toMatchObject([
      { stream_id: '3', error: { content: { code: 'EWINDOW' } } },
    ]);
    expect(pair.of('server', 'closed')).toEqual([]);
  });

  it('is told of what it gives up next, however much is missing', () => {
    const pair = alone({ server: { limits: { gaps: 10 } } });
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    takes(pair, 'server', { stream_id: '1', msg_seq: 10, payload: log('far', { persona_id: 'p' }) });
    takes(pair, 'server', told([{ stream_id: '1', withdrawn: [1, 2] }]));
    expect(pair.of('server', 'failed').map(({ id }) => id.msg_seq)).toEqual([1, 2]);
  });

  it('leaves nothing behind with the streams that are closed', () => {
    const pair = flooded();
    for (let n = 0; n < 20; n += 1)
      takes(pair, 'server', { stream_id: String(2 * n + 1), msg_seq: 100, flags: ['RST', 'CTRL'] });
    expect(pair.ends.server.held()).toMatchObject({ lanes: 0, gaps: 0, messages: 0, bytes: 0 });
  });

  it('does not have lanes kept by a stream that lingers', () => {
    const pair = alone();
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    takes(pair, 'server', told([{ stream_id: '1', withdrawn: [1] }]));
    for (let n = 0; n < 100; n += 1)
      takes(pair, 'server', { stream_id: '1', payload: log('beside', { persona_id: `p${n}` }) });
    pair.send('server', lane('1'), 'answer', true);
    takes(pair, 'server', told([{ stream_id: '1', ack_msg_up_to: 0 }], 11));
    takes(pair, 'server', { stream_id: '1', msg_seq: 2, flags: ['FIN'] });
    expect(pair.of('server', 'stream_closed')).toHaveLength(1);
    expect(pair.ends.server.held()).toMatchObject({ lanes: 0, lingering: 1 });
  });
});

describe('what was there already', () => {
  it('may break the protocol when a gap is given up: its stream is aborted, and nothing is thrown', () => {
    const pair = alone({ server: { limits: { resend_lifetime_ms: 2_000, interval_ms: 60_000 } } });
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    takes(pair, 'server', { stream_id: '3', flags: ['SYN'], payload: log('beside') });
    takes(pair, 'server', { stream_id: '1', msg_seq: 2, flags: ['FIN'], payload: log('last') });
    takes(pair, 'server', { stream_id: '1', msg_seq: 3, payload: log('behind it') });
    pair.run(5_000);
    expect(pair.of('server', 'stream_closed').map(({ stream_id }) => stream_id)).toEqual(['1']);
    // Told in a control frame of the session, it is no fault of the session either.
    takes(pair, 'server', { stream_id: '3', msg_seq: 2, flags: ['FIN'], payload: log('last') });
    takes(pair, 'server', { stream_id: '3', msg_seq: 3, payload: log('behind it') });
    takes(pair, 'server', told([{ stream_id: '3', withdrawn: [1] }]));
    expect(pair.of('server', 'stream_closed').map(({ stream_id }) => stream_id)).toEqual(['1', '3']);
    expect(pair.of('server', 'closed')).toEqual([]);
  });

  it('is not kept in pieces when the message comes as a whole', () => {
    const sizes = { text_bytes: 10, binary_bytes: 10 };
    const pair = alone({ consume_ms: 1 });
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    for (let msg_seq = 1; msg_seq <= 100; msg_seq += 1) {
      const whole: Frame = {
        v: 1,
        session_id: SESSION_ID,
        stream_id: '1',
        msg_seq,
        payload: log('long enough for two'),
      };
      const [piece] = splitFrame(whole, digests, { gold: sizes, silver: sizes, bronze: sizes });
      if (piece !== undefined) takes(pair, 'server', piece);
      takes(pair, 'server', whole);
    }
    expect(pair.delivered('server')).toHaveLength(101);
    expect(pair.ends.server.held()).toMatchObject({ messages: 0, bytes: 0 });
  });
});

describe('what a peer names as missing', () => {
  const sentSince = (pair: Pair, from: number): Frame[] =>
    pair
      .sent('server')
      .slice(from)
      .filter((frame) => !hasFlag(frame, 'CTRL'));

  /** An answer of four fragments, of which the peer has nothing. */
  function answered(): Pair {
    const pair = alone();
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    pair.send('server', lane('1'), 'x'.repeat(120_000));
    expect(sentSince(pair, 0)).toHaveLength(4);
    // So near that its round trip is no bound.
    pair.now_ms += 600;
    return pair;
  }

  it('is sent again once for each fragment that there is, however often it is named', () => {
    const pair = answered();
    const before = pair.sent('server').length;
    const missing = Array.from({ length: 4_096 }, (_, i) => (i % 3 === 0 ? 0 : i));
    takes(pair, 'server', told([{ stream_id: '1', msg_seq: 0, missing }]));
    expect(sentSince(pair, before).map(({ frag_seq = 0 }) => frag_seq)).toEqual([0, 1, 2]);
  });

  it('is not sent again sooner because the peer answers fast', () => {
    const pair = alone();
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    for (let msg_seq = 0; msg_seq < 40; msg_seq += 1) {
      pair.send('server', lane('1'), 'quick');
      takes(pair, 'server', told([{ stream_id: '1', ack_msg_up_to: msg_seq, credit: 400 }], 10 + msg_seq));
    }
    expect(pair.ends.server.view().rtt_ms).toBeLessThan(1);
    pair.send('server', lane('1'), 'x'.repeat(120_000));
    const before = pair.sent('server').length;
    for (let ms = 0; ms < 1_000; ms += 1) {
      pair.now_ms += 1;
      takes(pair, 'server', told([{ stream_id: '1', msg_seq: 40, missing: [0, 0, 1] }], 100 + ms));
    }
    expect(sentSince(pair, before).length).toBeGreaterThan(8);
    expect(sentSince(pair, before).length).toBeLessThanOrEqual(20);
  });

  it('is sent again in turns, and all of it', () => {
    const fragments = { text_bytes: 100, binary_bytes: 100 };
    const pair = new Pair({ server: { fragments: { gold: fragments, silver: fragments, bronze: fragments } } });
    pair.connect().run(100);
    pair.way = (frame, from) => (from === 'server' && !hasFlag(frame, 'CTRL') ? [] : [5]);
    pair.send('client', lane('1'), 'opens');
    pair.run(100);
    pair.send('server', lane('1'), 'x'.repeat(50_000));
    pair.run(700);
    const before = pair.sent('server').length;
    pair.way = () => [5];
    const missing = Array.from({ length: 499 }, (_, i) => i);
    const content = { acks: [{ stream_id: '1', msg_seq: 0, missing }] };
    takes(pair, 'server', { msg_seq: 90, flags: ['ACK', 'CTRL'], payload: { type: 'control.ack', content } });
    expect(sentSince(pair, before)).toHaveLength(64);
    pair.run(3_000);
    expect(pair.delivered('client')).toHaveLength(1);
  });

  it('is bounded over all messages of a turn', () => {
    const pair = alone();
    takes(pair, 'server', { stream_id: '1', flags: ['SYN'], payload: log('opens') });
    for (let n = 0; n < 256; n += 1) pair.send('server', lane('1'), 'x'.repeat(1_000));
    pair.now_ms += 600;
    const before = pair.sent('server').length;
    const missing_messages = Array.from({ length: 4_096 }, (_, i) => i % 256);
    takes(pair, 'server', told([{ stream_id: '1', missing_messages }]));
    expect(sentSince(pair, before)).toHaveLength(64);
  });
});
