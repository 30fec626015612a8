import { type Frame, KeyRing, Sealer } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import { acksOf, takes, WALL_MS } from './support/alone.ts';
import { digests, lane, Pair } from './support/pair.ts';

describe('a signed session', () => {
  const key = { kid: 'k', secret: new Uint8Array(32).fill(7), not_before_ms: 0, not_after_ms: 1e15 };
  const signing = { sealer: new Sealer(digests), ring: new KeyRing([key]) };
  const signed = { features: ['sig'], signing };

  it('takes no frame of before a restart again', () => {
    const durable = { ...signed, durable: true };
    const pair = new Pair({ client: signed, server: durable, consume_ms: 1 }).connect().run(1_000);
    pair.send('client', lane('1'), 'a');
    pair.run(1_000);
    const old = pair.sent('client').filter(({ sig }) => sig !== undefined);
    pair.drop();
    pair.restore('server');
    pair.connect().run(1_000);
    expect(pair.of('server', 'established').at(-1)).toMatchObject({ resumed: true });
    const { server } = pair.ends;
    const before = server.counts.duplicates;
    for (const frame of old) pair.input('server', { type: 'frame', frame, bytes: 100, wall_ms: WALL_MS + pair.now_ms });
    expect(server.counts.duplicates).toBe(before);
    expect(server.counts.dropped).toBe(old.length);
    pair.send('client', lane('1'), 'b');
    pair.run(1_000);
    expect(pair.delivered('server')).toEqual(['a', 'b']);
  });
});

describe('a successor', () => {
  it('does not go back to an older window of the other end', () => {
    const pair = new Pair({ server: { durable: true } }).connect().run(100);
    const window = (msg_seq: number, max_parallel: number): Partial<Frame> => ({
      ...{ msg_seq, flags: ['CTRL'], window: { max_parallel } },
      payload: { type: 'control.window_update' },
    });
    takes(pair, 'server', window(50, 3));
    pair.run(100);
    pair.drop();
    pair.restore('server');
    pair.connect().run(100);
    takes(pair, 'server', window(40, 9));
    expect(pair.ends.server.view().peer_window).toEqual({ max_parallel: 3 });
    takes(pair, 'server', window(60, 5));
    expect(pair.ends.server.view().peer_window).toEqual({ max_parallel: 5 });
  });
});

describe('acknowledgements of a resumption', () => {
  it('leave no lane out, also when fragments take their place', () => {
    const fragments = { text_bytes: 10, binary_bytes: 10 };
    const policy = { gold: fragments, silver: fragments, bronze: fragments };
    const pair = new Pair({ client: { fragments: policy }, consume_ms: 1 }).connect().run(100);
    pair.send('client', lane('1'), 'opens');
    // Of 50 lanes a message is incomplete, so that each takes two places; the others have one.
    pair.way = (frame) => ((frame.frag_seq ?? 0) > 0 ? [] : [5]);
    for (let n = 0; n < 250; n += 1) {
      const at = lane('1', `p${n}`);
      pair.send('client', at, 'short');
      if (n < 50) pair.send('client', at, 'longer than a fragment');
    }
    pair.run(100);
    pair.drop();
    const before = pair.sent('server').length;
    pair.way = (_frame, from) => (from === 'client' && pair.ends.server.phase === 'open' ? [] : [5]);
    pair.connect().run(200);
    const named = new Set(
      pair
        .sent('server')
        .slice(before)
        .flatMap(acksOf)
        .map(({ persona_id }) => persona_id ?? ''),
    );
    expect(named.size).toBe(251);
  });
});
