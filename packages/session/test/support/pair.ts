import { createHash, createHmac } from 'node:crypto';
import { seededRng } from '@atp-router/kernel';
import { type Digests, type Frame, type Lane, type Payload, toBase64Url, type WireValue } from '@atp-router/wire';
import {
  Session,
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
  type SessionPorts,
} from '../../src/index.ts';

export type Side = 'client' | 'server';

export const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');

export const digests: Digests = {
  sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => Uint8Array.from(createHmac('sha256', key).update(bytes).digest()),
};

/** Ports whose random choices follow from a seed. */
export function ports(seed: number): SessionPorts {
  const rng = seededRng(seed);
  const secret = (): string => toBase64Url(Uint8Array.from({ length: 16 }, () => Math.floor(rng.next() * 256)));
  return { rng, digests, secret };
}

export const SESSION_ID = 'a-session-of-the-tests';
/** Wall clock minus monotone clock. */
const WALL_MS = 1_700_000_000_000;

/** What happens to a frame on its way: it comes after so many milliseconds, once for each number; never for none. */
export type Way = (frame: Frame, from: Side, count: number) => readonly number[];

export const PERFECT: Way = () => [5];

export interface PairOptions {
  readonly client?: Partial<SessionOptions>;
  readonly server?: Partial<SessionOptions>;
  readonly way?: Way;
  readonly seed?: number;
  /** Milliseconds after which an application is done with a message; never when it is undefined. */
  readonly consume_ms?: number | undefined;
  readonly save_ms?: number;
}

interface Event {
  readonly at_ms: number;
  readonly order: number;
  readonly run: () => void;
}

/** Two sessions and a connection between them, in a time of their own. */
export class Pair {
  readonly ends: Record<Side, Session>;
  /** All effects, in order. */
  readonly effects: Record<Side, SessionEffect[]> = { client: [], server: [] };
  readonly options: Record<Side, SessionOptions>;
  now_ms = 0;
  way: Way;
  connection = 0;
  readonly #pair: PairOptions;
  #events: Event[] = [];
  #order = 0;
  #frames = 0;
  #up: Record<Side, boolean> = { client: false, server: false };

  constructor(pair: PairOptions = {}) {
    const seed = pair.seed ?? 1;
    this.#pair = pair;
    this.way = pair.way ?? PERFECT;
    const both = { session_id: SESSION_ID };
    this.options = {
      client: { role: 'client', ports: ports(seed), ...both, ...pair.client },
      server: { role: 'server', ports: ports(seed + 1_000), ...both, ...pair.server },
    };
    this.ends = { client: new Session(this.options.client), server: new Session(this.options.server) };
  }

  /** A connection for both; the one before brings nothing any more. */
  connect(): this {
    this.connection += 1;
    this.#up = { client: true, server: true };
    this.input('server', { type: 'connected', wall_ms: WALL_MS + this.now_ms });
    this.input('client', { type: 'connected', wall_ms: WALL_MS + this.now_ms });
    return this;
  }

  drop(): this {
    this.connection += 1;
    for (const side of ['client', 'server'] as const) {
      this.#up[side] = false;
      this.input(side, { type: 'disconnected' });
    }
    return this;
  }

  input(side: Side, input: SessionInput): readonly SessionEffect[] {
    const effects = this.ends[side].handle(input, this.now_ms);
    for (const effect of effects) {
      this.effects[side].push(effect);
      this.#do(side, effect);
    }
    return effects;
  }

  send(side: Side, lane: Lane, content: WireValue, fin = false): readonly SessionEffect[] {
    const payload: Payload = { type: 'agent.log', content };
    return this.input(side, { type: 'send', lane, message: { payload }, fin });
  }

  after(delay_ms: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ at_ms: this.now_ms + delay_ms, order: this.#order, run });
  }

  /** Lets time pass, with everything that happens in it. */
  run(for_ms: number): this {
    const end_ms = this.now_ms + for_ms;
    for (let steps = 0; ; steps += 1) {
      if (steps > 1_000_000) throw new Error('the pair does not come to rest');
      const next = this.#next(end_ms);
      if (next === undefined) break;
      this.now_ms = Math.max(this.now_ms, next.at_ms);
      next.run();
    }
    this.now_ms = end_ms;
    return this;
  }

  /** A new session in place of one that crashed, from its snapshot. */
  restore(side: Side): void {
    const snapshot = structuredClone(this.ends[side].snapshot());
    this.ends[side] = Session.restore(this.options[side], snapshot, this.now_ms);
    this.#up[side] = false;
    for (const effect of this.ends[side].take()) {
      this.effects[side].push(effect);
      this.#do(side, effect);
    }
  }

  of<T extends SessionEffect['type']>(side: Side, type: T): Extract<SessionEffect, { type: T }>[] {
    return this.effects[side].filter((effect): effect is Extract<SessionEffect, { type: T }> => effect.type === type);
  }

  /** Contents that were delivered, in order; of one lane when it is given. */
  delivered(side: Side, lane?: Lane): unknown[] {
    return this.of(side, 'deliver')
      .filter(({ id }) => lane === undefined || JSON.stringify(id.lane) === JSON.stringify(lane))
      .map(({ frame }) => frame.payload?.content);
  }

  sent(side: Side): Frame[] {
    return this.of(side, 'send').map(({ frame }) => frame);
  }

  #next(end_ms: number): Event | undefined {
    let best: Event | undefined;
    for (const event of this.#events)
      if (best === undefined || event.at_ms < best.at_ms || (event.at_ms === best.at_ms && event.order < best.order))
        best = event;
    for (const side of ['client', 'server'] as const) {
      const at_ms = this.ends[side].deadline_ms;
      if (at_ms === undefined || (best !== undefined && best.at_ms <= at_ms)) continue;
      best = { at_ms, order: 0, run: () => void this.input(side, { type: 'timeout' }) };
    }
    if (best === undefined || best.at_ms > end_ms) return undefined;
    this.#events = this.#events.filter((event) => event !== best);
    return best;
  }

  #do(side: Side, effect: SessionEffect): void {
    if (effect.type === 'send') this.#carry(side, effect.frame);
    if (effect.type === 'deliver' && this.#pair.consume_ms !== undefined)
      this.after(this.#pair.consume_ms, () => void this.input(side, { type: 'consumed', id: effect.id }));
    if (effect.type === 'save')
      this.after(this.#pair.save_ms ?? 1, () => void this.input(side, { type: 'saved', mark: effect.mark }));
    if (effect.type === 'disconnect') {
      const { connection } = this;
      this.#up[side] = false;
      this.after(5, () => {
        if (connection === this.connection && this.#up[other(side)]) this.input(other(side), { type: 'disconnected' });
      });
    }
  }

  #carry(side: Side, frame: Frame): void {
    const { connection } = this;
    if (!this.#up[side]) throw new Error(`${side} sends without a connection: ${JSON.stringify(frame)}`);
    this.#frames += 1;
    for (const delay_ms of this.way(frame, side, this.#frames))
      this.after(delay_ms, () => {
        if (connection !== this.connection || !this.#up[other(side)]) return;
        const bytes = JSON.stringify(frame).length;
        this.input(other(side), { type: 'frame', frame, bytes, wall_ms: WALL_MS + this.now_ms });
      });
  }
}

export function lane(stream_id: string, persona_id = '', clone_id = ''): Lane {
  return { stream_id, persona_id, clone_id };
}
