import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import { type Lane, laneKey, type MessageId } from '@atp-router/wire';
import type { SessionEffect } from '../../src/index.ts';
import { lane, other, Pair, type PairOptions, type Side, type Way } from './pair.ts';

const SIDES = ['client', 'server'] as const;

export interface HistoryOptions {
  readonly loss: number;
  readonly twice: number;
  /** Share of frames that are held back for up to 400 ms. */
  readonly late: number;
  readonly drops: number;
  readonly crashes: number;
  readonly steps: number;
  readonly pair?: PairOptions;
}

function weather(rng: Rng, { loss, twice, late }: HistoryOptions): Way {
  const delay = (): number => 5 + (rng.next() < late ? rng.next() * 400 : rng.next());
  return () => {
    if (rng.next() < loss) return [];
    return rng.next() < twice ? [delay(), delay()] : [delay()];
  };
}

const key = ({ lane: of, msg_seq }: MessageId): string => `${laneKey(of)}#${msg_seq}`;

/** Random work of two sessions over a bad connection, from a seed; then a good one until all is settled and closed. */
export class History {
  readonly pair: Pair;
  readonly problems: string[] = [];
  readonly sent: Record<Side, Map<string, string>> = { client: new Map(), server: new Map() };
  readonly #rng: Rng;
  readonly #options: HistoryOptions;
  #count = 0;

  constructor(seed: number, options: HistoryOptions) {
    this.#rng = seededRng(seed);
    this.#options = options;
    this.pair = new Pair({ consume_ms: 3, ...options.pair, seed, way: weather(this.#rng, options) });
  }

  run(): this {
    const { pair } = this;
    // The handshake has tests of its own: here the work is to come through.
    const { way } = pair;
    pair.way = () => [5];
    pair.connect().run(100);
    pair.way = way;
    for (let step = 0; step < this.#options.steps; step += 1) {
      this.#step();
      pair.run(this.#rng.next() < 0.9 ? randomInt(this.#rng, 0, 60) : randomInt(this.#rng, 0, 3_000));
    }
    pair.way = () => [5];
    if (!this.#isUp) pair.connect();
    pair.run(50_000);
    for (let round = 0; round < 3; round += 1) {
      for (const side of SIDES) for (const id of this.#open(side)) this.#say(side, id, true);
      pair.run(20_000);
    }
    for (const side of SIDES) pair.input(side, { type: 'finish' });
    pair.run(60_000);
    this.#judge();
    return this;
  }

  get #isUp(): boolean {
    return SIDES.every((side) => this.pair.ends[side].phase === 'open');
  }

  #step(): void {
    const { pair } = this;
    const rng = this.#rng;
    const side = SIDES[randomInt(rng, 0, 1)] as Side;
    const dice = rng.next();
    if (dice < this.#options.drops) {
      pair.drop();
      pair.run(randomInt(rng, 0, 2_000));
      pair.connect();
    } else if (dice < this.#options.drops + this.#options.crashes) {
      pair.drop();
      pair.restore('server');
      pair.run(randomInt(rng, 0, 2_000));
      pair.connect();
    } else if (dice < 0.3) this.#say(side, pair.ends[side].next_stream_id, false);
    else {
      const open = this.#open(side);
      const id = open[randomInt(rng, 0, open.length - 1)];
      if (id !== undefined) this.#say(side, id, rng.next() < 0.15);
    }
  }

  /** Streams on which the end may still say something. */
  #open(side: Side): string[] {
    const streams = this.#streams[side];
    for (const effect of this.pair.effects[side].slice(this.#read[side])) {
      if (effect.type === 'stream_opened') streams.add(effect.stream_id);
      if (effect.type === 'stream_closed') streams.delete(effect.stream_id);
    }
    this.#read[side] = this.pair.effects[side].length;
    return [...streams].filter((id) => !this.#ended[side].has(id));
  }

  readonly #read: Record<Side, number> = { client: 0, server: 0 };
  readonly #ended: Record<Side, Set<string>> = { client: new Set(), server: new Set() };
  readonly #streams: Record<Side, Set<string>> = { client: new Set(), server: new Set() };

  #say(side: Side, stream_id: string, fin: boolean): void {
    const { pair } = this;
    const rng = this.#rng;
    const is_new = stream_id === pair.ends[side].next_stream_id;
    const beside = !fin && !is_new && rng.next() < 0.4;
    const at: Lane = beside ? lane(stream_id, 'p', `c${randomInt(rng, 0, 1)}`) : lane(stream_id);
    const msg_seq = pair.ends[side].nextSeq(at);
    this.#count += 1;
    const size = rng.next() < 0.1 ? randomInt(rng, 1, 200_000) : 10;
    const content = `${this.#count} ${'x'.repeat(size)}`;
    const effects = pair.send(side, at, content, fin);
    if (effects.some(({ type }) => type === 'refused')) return;
    this.sent[side].set(key({ lane: at, msg_seq }), content);
    if (is_new) this.#streams[side].add(stream_id);
    if (fin) this.#ended[side].add(stream_id);
  }

  #judge(): void {
    for (const side of SIDES) {
      const out = outcomes(this.pair.effects[side], 'out', this.problems);
      const into = outcomes(this.pair.effects[other(side)], 'in', this.problems);
      for (const [id, content] of this.sent[side]) {
        const was = out.get(id);
        const is = into.get(id);
        if (was === undefined) this.problems.push(`${side} ${id} is not settled`);
        if (was === 'acknowledged' && is !== content)
          this.problems.push(`${side} ${id} acknowledged and ${is?.slice(0, 9)}`);
        if (was === 'expired' && is !== 'failed') this.problems.push(`${side} ${id} expired and ${is?.slice(0, 9)}`);
      }
      this.#order(side);
      const { phase } = this.pair.ends[side];
      if (phase !== 'closed') this.problems.push(`${side} is ${phase}`);
    }
  }

  #order(side: Side): void {
    const next = new Map<string, number>();
    for (const effect of this.pair.effects[side]) {
      if (effect.type !== 'deliver' && (effect.type !== 'failed' || effect.way !== 'in')) continue;
      const { lane: of, msg_seq } = effect.id;
      const due = next.get(laneKey(of)) ?? 0;
      // After a restart it may come once more, or for the first time.
      if (effect.type === 'deliver' && effect.again && msg_seq < due) continue;
      if (due !== msg_seq) this.problems.push(`${side} hands on ${key(effect.id)} in place of ${due}`);
      next.set(laneKey(of), msg_seq + 1);
    }
  }
}

/** By message: its content when it was delivered, or what became of it. */
function outcomes(effects: readonly SessionEffect[], way: 'in' | 'out', problems: string[]): Map<string, string> {
  const out = new Map<string, string>();
  const set = (id: MessageId, what: string): void => {
    const was = out.get(key(id));
    if (was !== undefined && was !== what)
      problems.push(`${way} ${key(id)} is ${what.slice(0, 9)} after ${was.slice(0, 9)}`);
    out.set(key(id), what);
  };
  for (const effect of effects) {
    if (effect.type === 'deliver' && way === 'in') set(effect.id, String(effect.frame.payload?.content));
    if (effect.type === 'acknowledged' && way === 'out') set(effect.id, 'acknowledged');
    if (effect.type === 'failed' && effect.way === way) set(effect.id, way === 'in' ? 'failed' : effect.reason);
  }
  return out;
}
