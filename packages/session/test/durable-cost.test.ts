import { serialize } from 'node:v8';
import { errorPayload } from '@atp-router/wire';
import { describe, expect, it } from 'vitest';
import type { StoredChange } from '../src/index.ts';
import { lane, Pair, SESSION_ID, type Side } from './support/pair.ts';

const STREAMS = 1_000;

interface Cost {
  readonly changes: number;
  readonly bytes: number;
}

/** What was asked to be saved since the last time, and its bytes as a store encodes them. */
class Saves {
  readonly #pair: Pair;
  #from = 0;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  take(side: Side): Cost {
    const all = this.#pair.of(side, 'save');
    const changes = all.slice(this.#from).flatMap((save): readonly StoredChange[] => save.changes);
    this.#from = all.length;
    return { changes: changes.length, bytes: changes.reduce((sum, change) => sum + serialize(change).length, 0) };
  }
}

interface Costs {
  readonly pair: Pair;
  readonly each: readonly Cost[];
  readonly first: Cost;
  readonly bytes: number;
}

/** Something with a stream. */
type Act = (pair: Pair, stream_id: string) => void;

/** Does the same with each of the streams, and says what the first one and what all together cost to save. */
function costs(act: Act, before: Act = () => undefined): Costs {
  const pair = new Pair({ server: { durable: true }, consume_ms: 1 }).connect().run(1_000);
  const ids = Array.from({ length: STREAMS }, (_, i) => String(i * 2 + 1));
  for (const id of ids) {
    before(pair, id);
    pair.run(30);
  }
  const saves = new Saves(pair);
  saves.take('server');
  const each = ids.map((id) => {
    act(pair, id);
    pair.run(30);
    return saves.take('server');
  });
  const bytes = each.reduce((sum, one) => sum + one.bytes, 0);
  return { pair, each, first: each[0] ?? { changes: 0, bytes: 0 }, bytes };
}

const open: Act = (pair, id) => {
  pair.send('client', lane(id), 'a');
};
const end: Act = (pair, id) => {
  pair.send('client', lane(id), 'z', true);
  pair.send('server', lane(id), 'y', true);
};
const error = errorPayload('EPOLICY', { reason: 'A test.' });

describe('what a durable session saves', () => {
  it.each([
    ['opens', open, undefined],
    ['ends', end, open],
    ['is told the abort of', resetBy('client'), open],
    ['aborts', resetBy('server'), open],
  ] satisfies [string, Act, Act | undefined][])(
    'when it %s a stream does not grow with how many there are',
    (_name, act, before) => {
      const { each, first, bytes } = costs(act, before);
      expect(first.changes).toBeGreaterThan(0);
      expect(Math.max(...each.map(({ changes }) => changes))).toBeLessThanOrEqual(first.changes * 2);
      expect(bytes).toBeLessThan(2 * STREAMS * first.bytes);
    },
  );

  it('of aborts that nobody confirms does not grow with how many there are', () => {
    const abort = resetBy('server');
    const { pair, first, bytes } = costs((one, id) => {
      one.way = (_frame, from) => (from === 'server' ? [] : [5]);
      abort(one, id);
    }, open);
    expect(pair.ends.server.snapshot().resets.length).toBe(STREAMS);
    expect(bytes).toBeLessThan(2 * STREAMS * first.bytes);
  });

  it('of streams that come late is as much for each', () => {
    const pair = new Pair({ server: { durable: true } }).connect().run(1_000);
    const saves = new Saves(pair);
    saves.take('server');
    // Backwards, every second one first: as many ranges as there can be.
    const ids = Array.from({ length: STREAMS / 2 }, (_, i) => i * 2 + 1).reverse();
    const order = [...ids.filter((id) => id % 4 === 3), ...ids.filter((id) => id % 4 === 1)];
    const each = order.map((id) => {
      const payload = { type: 'agent.log', content: 'a' } as const;
      const frame = { v: 1 as const, session_id: SESSION_ID, stream_id: String(id), msg_seq: 0, payload };
      const wall_ms = 1_700_000_000_000 + pair.now_ms;
      pair.input('server', { type: 'frame', frame: { ...frame, flags: ['SYN'] }, bytes: 100, wall_ms });
      return saves.take('server');
    });
    expect(pair.ends.server.snapshot()).toMatchObject({ unseen: [], numbers: { peer_next_stream: STREAMS + 1 } });
    const [first = { changes: 0, bytes: 0 }] = each;
    expect(Math.max(...each.map(({ changes }) => changes))).toBeLessThanOrEqual(first.changes);
    expect(each.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(2 * order.length * first.bytes);
  });
});

function resetBy(side: Side): Act {
  return (pair, stream_id) => {
    pair.input(side, { type: 'reset', stream_id, error });
  };
}
