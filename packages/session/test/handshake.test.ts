import { encodeJson, errorPayload, type Frame, hasFlag, KeyRing, Sealer } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { judgeFirstFrame, refusalFrame, Session } from '../src/index.ts';
import { digests, lane, Pair, ports, SESSION_ID } from './support/pair.ts';

const contentOf = (frame: Frame | undefined): Record<string, unknown> =>
  (frame?.payload?.content ?? {}) as Record<string, unknown>;
const codeOf = (frame: Frame | undefined): unknown => contentOf(frame)['code'];

describe('the handshake', () => {
  it('settles encoding, features, compression, times, windows and names', () => {
    const pair = new Pair({
      client: {
        encodings: ['cbor', 'json'],
        compression: ['deflate', 'zstd'],
        features: ['a', 'b'],
        node_id: 'agent',
        wanted_window: { max_parallel: 5, max_tokens: 100 },
      },
      server: {
        compression: ['zstd', 'deflate'],
        features: ['b', 'c'],
        node_id: 'router',
        window: { max_parallel: 50, max_tokens: 10, max_usd_micros: 7 },
      },
    }).connect();
    pair.run(100);
    const window = { max_parallel: 5, max_tokens: 10, max_usd_micros: 7 };
    const times = { interval_ms: 10_000, idle_fin_ms: 300_000, resume_ttl_ms: 60_000 };
    const agreed = { session_id: SESSION_ID, encoding: 'cbor', features: ['b'], compression: 'zstd', ...times, window };
    expect(pair.of('client', 'established')[0]?.agreed).toEqual({ ...agreed, peer_node_id: 'router' });
    expect(pair.of('server', 'established')[0]?.agreed).toEqual({ ...agreed, peer_node_id: 'agent' });
    for (const frame of [...pair.sent('client'), ...pair.sent('server')]) expect(() => encodeJson(frame)).not.toThrow();
  });

  it('sends the same SYN again until the answer comes, and gets the same answer', () => {
    let answers = 0;
    const pair = new Pair({
      way: (_frame, from) => {
        if (from === 'client') return [5, 6];
        answers += 1;
        return answers <= 3 ? [] : [5];
      },
    }).connect();
    pair.run(5_000);
    const syns = pair.sent('client').filter((frame) => hasFlag(frame, 'SYN'));
    const granted = pair.sent('server').filter((frame) => hasFlag(frame, 'SYN'));
    expect(syns.length).toBeGreaterThanOrEqual(2);
    expect(new Set(syns.map((frame) => JSON.stringify(frame))).size).toBe(1);
    expect(new Set(granted.map((frame) => JSON.stringify(frame))).size).toBe(1);
    expect(pair.of('client', 'established')).toHaveLength(1);
    expect(pair.of('server', 'established')).toHaveLength(1);
  });

  it('takes the same SYN on another connection, as long as its answer may be lost', () => {
    const pair = new Pair({ way: (_frame, from) => (from === 'client' ? [5] : []) }).connect();
    pair.run(100);
    const [syn] = pair.sent('client');
    pair.drop();
    expect(syn && pair.ends.server.admits(syn)).toBe(true);
    pair.way = () => [5];
    pair.connect().run(100);
    expect(pair.of('client', 'established')).toHaveLength(1);
    pair.send('client', lane('1'), 'a');
    pair.run(100);
    expect(pair.delivered('server')).toEqual(['a']);
    expect(syn && pair.ends.server.admits(syn)).toBe(false);
  });

  it('is given up when its time is over', () => {
    const pair = new Pair({ way: () => [] }).connect().run(20_000);
    expect(contentOf({ payload: pair.of('client', 'closed')[0]?.error } as Frame)['code']).toBe('ETIMEOUT');
    expect(pair.of('client', 'disconnect')).toHaveLength(1);
  });

  it('is refused without an encoding in common, and for a second SYN of another content', () => {
    const none = new Pair({ client: { encodings: ['cbor'] }, server: { encodings: ['json'] } }).connect().run(100);
    expect(codeOf(none.sent('server')[0])).toBe('EPROTO');
    expect(none.of('client', 'closed')).toHaveLength(1);
    const pair = new Pair().connect().run(100);
    const other = new Session({ role: 'client', session_id: SESSION_ID, ports: ports(9), features: ['x'] });
    const [effect] = other.handle({ type: 'connected' }, 0);
    if (effect?.type !== 'send') throw new Error('no SYN');
    expect(pair.ends.server.admits(effect.frame)).toBe(false);
    pair.drop();
    pair.input('server', { type: 'connected' });
    const answer = pair.ends.server.handle({ type: 'frame', frame: effect.frame, bytes: 1, wall_ms: 0 }, pair.now_ms);
    expect(answer.map((one) => (one.type === 'send' ? codeOf(one.frame) : one.type))).toEqual(['ESEC', 'disconnect']);
    // The session that is there goes on.
    pair.connect().run(100);
    expect(pair.of('server', 'established')).toHaveLength(2);
  });

  it('begins with a SYN or a resumption, of a session whose id cannot be guessed', () => {
    const pair = new Pair().connect().run(10);
    const syn = pair.sent('client')[0] as Frame;
    expect(judgeFirstFrame(syn)).toEqual({ type: 'open', session_id: SESSION_ID, token: undefined, wanted_window: {} });
    const resume = { ...syn, payload: { type: 'control.resume', content: { token: 't' } } };
    expect(judgeFirstFrame(resume)).toEqual({ type: 'resume', session_id: SESSION_ID });
    for (const wrong of [
      { ...syn, flags: ['SYN'] },
      { ...syn, session_id: 'short' },
      { ...syn, stream_id: '1' },
    ]) {
      const judged = judgeFirstFrame(wrong);
      expect(judged.type === 'refused' && codeOf(judged.answer)).toBe('EPROTO');
    }
    expect(hasFlag(refusalFrame('s', errorPayload('EWINDOW')), 'RST')).toBe(true);
  });
});

describe('resumption', () => {
  it('continues with a new token, which is good once', () => {
    const pair = new Pair({ consume_ms: 1 }).connect().run(100);
    pair.send('client', lane('1'), 'a');
    pair.drop().run(1_000);
    pair.send('client', lane('1'), 'b');
    pair.connect().run(100);
    expect(pair.delivered('server')).toEqual(['a', 'b']);
    expect(pair.of('client', 'established').map(({ resumed }) => resumed)).toEqual([false, true]);
    const resume = pair.sent('client').find((frame) => frame.payload?.type === 'control.resume') as Frame;
    expect(pair.ends.server.admits(resume)).toBe(false);
  });

  it('may use its token again when the answer was lost', () => {
    const pair = new Pair().connect().run(100);
    pair.drop();
    pair.way = (_frame, from) => (from === 'server' ? [] : [5]);
    pair.connect().run(100);
    pair.drop();
    pair.way = () => [5];
    pair.connect().run(100);
    expect(pair.of('client', 'established')).toHaveLength(2);
    expect(pair.ends.server.phase).toBe('open');
  });

  it('is refused in the same words whatever is wrong with the token, and does no harm', () => {
    const pair = new Pair().connect().run(100);
    pair.send('client', lane('1'), 'x');
    pair.drop();
    pair.input('server', { type: 'connected' });
    const payload = { type: 'control.resume', content: { token: 'guessed' } };
    const frame: Frame = {
      ...{ v: 1, session_id: SESSION_ID, stream_id: '0', msg_seq: 9 },
      flags: ['SYN', 'CTRL'],
      payload,
    };
    expect(pair.ends.server.admits(frame)).toBe(false);
    const effects = pair.ends.server.handle({ type: 'frame', frame, bytes: 1, wall_ms: 0 }, pair.now_ms);
    const reasons = effects.flatMap((effect) => (effect.type === 'send' ? [contentOf(effect.frame)] : []));
    expect(reasons).toEqual([{ code: 'ESEC', reason: 'The frame was not accepted.' }]);
    pair.connect().run(100);
    expect(pair.delivered('server')).toEqual(['x']);
  });

  it('is refused when the client has sent a newer one since, which stays good', () => {
    const pair = new Pair().connect().run(100);
    pair.drop();
    pair.way = () => [];
    pair.connect();
    const left = pair.sent('client').at(-1) as Frame;
    pair.drop();
    // Of the newer connection the server has read nothing but the resumption.
    pair.way = (_frame, from) => (from === 'client' ? [5, 9] : [50]);
    pair.connect().run(20);
    expect(pair.ends.server.admits(left)).toBe(false);
    pair.run(100);
    expect(pair.of('client', 'established')).toHaveLength(2);
    pair.drop();
    pair.connect().run(200);
    expect(pair.of('client', 'established')).toHaveLength(3);
  });

  it('hands the session over to the connection that has the token', () => {
    const pair = new Pair({ consume_ms: 1 }).connect().run(100);
    pair.send('client', lane('1'), 'on its way');
    // The server has not noticed that the old connection is gone.
    pair.input('client', { type: 'disconnected' });
    pair.connect().run(100);
    pair.send('client', lane('1'), 'b');
    pair.run(100);
    expect(pair.of('server', 'established').map(({ resumed }) => resumed)).toEqual([false, true]);
    expect(pair.delivered('server')).toEqual(['on its way', 'b']);
  });

  it('comes too late after its time: what is not settled is in doubt', () => {
    const pair = new Pair({ way: (frame) => (frame.payload?.type === 'agent.log' ? [] : [5]) }).connect().run(100);
    pair.send('client', lane('1'), 'a');
    pair.drop().run(59_000);
    expect(pair.of('client', 'closed')).toEqual([]);
    pair.run(2_000);
    expect(pair.of('client', 'failed').map(({ reason }) => reason)).toEqual(['in_doubt']);
    expect(pair.of('client', 'closed')).toHaveLength(1);
    expect(pair.of('server', 'closed')).toHaveLength(1);
  });
});

describe('signed frames', () => {
  const key = { kid: 'k', secret: new Uint8Array(32).fill(7), not_before_ms: 0, not_after_ms: 1e15 };
  const signing = { sealer: new Sealer(digests), ring: new KeyRing([key]) };
  const signed = { features: ['sig'], signing };

  it('carry a nonce of their own, and are refused otherwise', () => {
    const pair = new Pair({ client: signed, server: signed, consume_ms: 1 }).connect().run(100);
    pair.send('client', lane('1'), 'a');
    pair.drop();
    pair.connect().run(2_000);
    expect(pair.delivered('server')).toEqual(['a']);
    const frames = [...pair.sent('client').slice(1), ...pair.sent('server').slice(1)];
    for (const frame of frames) expect(frame.sig).toBeDefined();
    expect(new Set(frames.map(({ nonce }) => nonce)).size).toBe(frames.length);
    const { sig: _sig, ...unsigned } = frames.find(({ stream_id }) => stream_id === '1') as Frame;
    pair.input('server', { type: 'frame', frame: unsigned, bytes: 9, wall_ms: 1_700_000_000_000 + pair.now_ms });
    expect(codeOf(pair.sent('server').at(-1))).toBe('ESEC');
    expect(pair.ends.server.counts.unauthentic).toBe(1);
  });

  it('are taken once, and only near to their time', () => {
    const pair = new Pair({ client: signed, server: signed, way: () => [5, 40] }).connect().run(1_000);
    pair.send('client', lane('1'), 'a');
    pair.run(1_000);
    expect(pair.delivered('server')).toEqual(['a']);
    expect(pair.ends.server.counts.replayed).toBeGreaterThan(0);
    const frame = pair.sent('client').find(({ stream_id }) => stream_id === '1') as Frame;
    pair.input('server', { type: 'frame', frame, bytes: 9, wall_ms: 1_700_000_000_000 + 70_000 });
    expect(codeOf(pair.sent('server').at(-1))).toBe('ESEC');
  });

  it('change keys although the clocks of the ends differ', () => {
    const wall_ms = 1_700_000_000_000;
    const keys = [0, 1, 2, 3].map((n) => ({
      kid: `k${n}`,
      secret: new Uint8Array(32).fill(n),
      not_before_ms: wall_ms + (n - 1) * 10_000,
      not_after_ms: wall_ms + n * 10_000,
    }));
    const ring = new KeyRing(keys);
    const pair = new Pair({ client: { ...signed, signing: { ...signing, ring } }, server: signed });
    pair.connect().run(100);
    const read = (frame: Frame, ahead_ms: number): readonly unknown[] =>
      other
        .handle({ type: 'frame', frame, bytes: 1, wall_ms: (frame.ts ?? 0) + ahead_ms }, pair.now_ms)
        .flatMap((effect) => (effect.type === 'send' ? [codeOf(effect.frame)] : []));
    const other = new Session({ ...pair.options.server, signing: { ...signing, ring } });
    other.handle({ type: 'connected' }, 0);
    other.handle({ type: 'frame', frame: pair.sent('client')[0] as Frame, bytes: 1, wall_ms }, 0);
    const beat: Frame = { v: 1, session_id: SESSION_ID, stream_id: '0', msg_seq: 1, flags: ['HB', 'CTRL'] };
    const stamped = (n: number, at_ms: number): Frame =>
      signing.sealer.sign(beat, keys[n] as (typeof keys)[0], { nonce: `${n} ${at_ms}`, ts: wall_ms + at_ms });
    // Behind the sender's clock, and before it: the key is not valid yet, or no longer, by the reader's.
    expect(read(stamped(1, 10), -500)).toEqual([]);
    expect(read(stamped(1, 9_990), 500)).toEqual([]);
    expect(read(stamped(2, 10_010), -500)).toEqual([]);
    expect(read(stamped(1, 10_010), -500)).toEqual(['ESEC']);
  });

  it('are never sent unsigned: without a valid key the session ends', () => {
    const ring = new KeyRing([
      {
        kid: 'ends',
        secret: new Uint8Array(32).fill(1),
        not_before_ms: 1_700_000_000_000 - 1000,
        not_after_ms: 1_700_000_000_000 + 10_000,
      },
    ]);
    const ends = { ...signed, signing: { ...signing, ring } };
    const pair = new Pair({ client: ends, server: ends }).connect().run(100);
    // A heartbeat is due when no key is valid any more; the end whose it is closes the connection.
    pair.run(15_000);
    const closed = [...pair.of('client', 'closed'), ...pair.of('server', 'closed')];
    expect(closed).toMatchObject([{ error: { content: { code: 'ESEC' } } }]);
    for (const side of ['client', 'server'] as const)
      for (const { sig } of pair.sent(side).slice(1)) expect(sig).toBeDefined();
  });

  it('whose checksum is wrong are as if they were lost', () => {
    const pair = new Pair({ client: signed, server: signed }).connect().run(100);
    const frame = {
      v: 1,
      session_id: SESSION_ID,
      stream_id: '1',
      msg_seq: 0,
      checksum: `sha256:${'0'.repeat(64)}`,
    } as const;
    const before = pair.effects.server.length;
    pair.input('server', { type: 'frame', frame, bytes: 9, wall_ms: 1_700_000_000_000 });
    expect(pair.effects.server).toHaveLength(before);
    expect(pair.ends.server.counts.damaged).toBe(1);
  });
});
