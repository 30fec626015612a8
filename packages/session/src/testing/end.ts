import type { Frame, MessageId } from '@atp-router/wire';
import type { Timer } from '@atp-router/kernel';
import type { Agreed, SessionEffect, SessionInput } from '../contract.ts';
import { SESSION_LIMITS } from '../limits.ts';
import type { App } from './app.ts';
import { decodeSealed, encodeSealed } from './codec.ts';
import type { EndTools } from './end-tools.ts';
import type { Machine } from './machine.ts';
import { otherSide, type Side, type Wire, type WireEvents } from './network.ts';
import type { EndSetting } from './plan.ts';
import { Saves } from './saves.ts';
import { SimStore } from './store.ts';
import { storeDifference } from './store-book.ts';
import type { DriftingClock } from './time.ts';

/** An end that is woken more often than this at one moment is in a loop. */
const WAKES_MAX = 50;

/** One end of the session: its process, with clocks, store, connection and application. */
export class SimEnd {
  readonly side: Side;
  readonly app: App;
  readonly setting: EndSetting;
  readonly clock: DriftingClock;
  readonly store: SimStore | undefined;
  machine: Machine | undefined;
  agreed: Agreed | undefined;
  wire: Wire | undefined;
  /** How often it has started. */
  life = 0;
  state: 'new' | 'up' | 'down' | 'closed' | 'dead' = 'new';
  /** Whether the handshake on the present connection is done. */
  established = false;
  established_ms = 0;
  readonly #tools: EndTools;
  #timer: Timer | undefined;
  #queue: SessionEffect[] = [];
  #busy = false;
  readonly #saves: Saves | undefined;
  #heard_ms = 0;
  #heard_from_ms = 0;
  #wakes = { at_ms: -1, count: 0 };

  constructor(side: Side, app: App, setting: EndSetting, clock: DriftingClock, tools: EndTools) {
    this.side = side;
    this.app = app;
    this.setting = setting;
    this.clock = clock;
    this.#tools = tools;
    this.store = setting.durable ? new SimStore() : undefined;
    this.#saves = this.store && new Saves(side, this.store, setting, tools);
  }

  /** True time for which it had a connection and heard something of late: what may count for giving a message up (S42). */
  get heard_ms(): number {
    if (this.wire === undefined) return this.#heard_ms;
    const most_ms = SESSION_LIMITS.interval_ms / this.setting.drift.rate;
    return this.#heard_ms + Math.min(this.#tools.time.now_ms - this.#heard_from_ms, most_ms);
  }

  #hears(): void {
    this.#heard_ms = this.heard_ms;
    this.#heard_from_ms = this.#tools.time.now_ms;
  }

  run(machine: Machine): void {
    this.machine = machine;
    this.agreed = this.store?.session?.agreed;
    this.state = 'up';
    this.#queue.push(...machine.take());
    this.#settle();
  }

  /** Takes a connection, in place of the one that there is. */
  connect(wire: Wire): void {
    this.#letGo()?.close();
    this.wire = wire;
    this.established = false;
    this.#heard_from_ms = this.#tools.time.now_ms;
    this.feed({ type: 'connected', wall_ms: this.clock.wall_ms() });
  }

  events(wire: Wire): WireEvents {
    return {
      bytes: (bytes) => {
        const frame = this.wire === wire ? this.decode(bytes) : undefined;
        if (frame !== undefined) this.takes(frame, bytes.length);
      },
      closed: () => this.#lost(wire),
    };
  }

  takes(frame: Frame, bytes: number): void {
    this.#hears();
    this.feed({ type: 'frame', frame, bytes, wall_ms: this.clock.wall_ms() });
  }

  feed(input: SessionInput): readonly SessionEffect[] {
    const { machine } = this;
    if (machine === undefined || this.state !== 'up') return [];
    this.#tools.watcher.input(this.side, input);
    const effects = machine.handle(input, this.clock.mono_ms());
    this.#queue.push(...effects);
    this.#tools.watcher.holds(this.side, machine.held());
    if (!this.#busy) this.#settle();
    return effects;
  }

  /** Does what the session asks for, lets the application speak, and so on until nothing is left to do. */
  #settle(): void {
    this.#busy = true;
    do {
      for (let effect = this.#queue.shift(); effect !== undefined; effect = this.#queue.shift()) this.#do(effect);
      this.#speak();
    } while (this.#queue.length > 0);
    this.#busy = false;
    this.#arm();
  }

  /** Says what the application has to say, if there is a session to say it to. */
  speak(): void {
    if (this.#busy || this.state !== 'up') return;
    this.#busy = true;
    this.#speak();
    this.#settle();
  }

  #speak(): void {
    if (this.agreed === undefined) return;
    this.app.pump(
      () => this.machine?.next_stream_id ?? '',
      (lane, message, fin) => {
        if (this.machine === undefined || this.state !== 'up') return 'closed';
        const id = { lane, msg_seq: this.machine.nextSeq(lane) };
        const effects = this.feed({ type: 'send', lane, message, ...(fin && { fin }) });
        const refused = effects.find((effect) => effect.type === 'refused');
        if (refused === undefined) this.#tools.watcher.taken(this.side, id, message, fin);
        return refused?.why;
      },
    );
  }

  #do(effect: SessionEffect): void {
    if (this.state !== 'up') {
      this.#tools.watcher.broken(`${this.side}: ${effect.type} after it was closed`);
      return;
    }
    if (effect.type === 'established') {
      this.agreed = effect.agreed;
      this.established = true;
      this.#hears();
      this.established_ms = this.#tools.time.now_ms;
    }
    this.#tools.watcher.effect(this.side, effect);
    this.app.sees(effect);
    switch (effect.type) {
      case 'send':
        this.#send(effect.frame);
        break;
      case 'deliver':
        this.#consume(effect.id, `${effect.frame.payload?.seq ?? 0}`);
        break;
      case 'failed':
        if (effect.way === 'in') this.#consume(effect.id, `failed ${effect.id.msg_seq}`);
        break;
      case 'save':
        this.#save(effect);
        break;
      case 'disconnect':
        this.#letGo()?.close();
        // With an end in order the connection goes too, and that is no loss.
        this.established &&= this.#queue.some(({ type }) => type === 'closed');
        this.#tools.redial();
        break;
      case 'closed':
        this.#close();
        break;
      default:
        break;
    }
  }

  #send(frame: Frame): void {
    if (this.wire === undefined) this.#tools.watcher.broken(`${this.side} sends without a connection`);
    else this.wire.send(this.encode(frame));
  }

  encode(frame: Frame): Uint8Array {
    return encodeSealed(frame, this.agreed?.encoding ?? 'json', this.#tools.sealer);
  }

  /** What came, if it can be read. Without a seal everything can, as nothing was changed on its way. */
  decode(bytes: Uint8Array): Frame | undefined {
    const frame = decodeSealed(bytes, this.#tools.sealer);
    if (frame === undefined && this.#tools.sealer === undefined)
      this.#tools.watcher.broken(`${otherSide(this.side)} sent what cannot be read`);
    return frame;
  }

  #consume(id: MessageId, what: string): void {
    const { life } = this;
    const delay_ms = this.#tools.takes(`${this.side} consumes ${what}`, this.setting.consume_ms);
    this.#tools.time.at(Math.max(this.#tools.time.now_ms + delay_ms, this.setting.consumes_from_ms), () => {
      if (this.life === life && this.state === 'up') this.feed({ type: 'consumed', id });
    });
  }

  #save({ mark, changes }: Extract<SessionEffect, { type: 'save' }>): void {
    if (this.#saves === undefined) {
      this.#tools.watcher.broken(`${this.side} saves and has no store`);
      return;
    }
    this.#saves.save(mark, changes, this.life, () => {
      this.feed({ type: 'saved', mark });
      this.#judgeStore();
    });
  }

  #close(): void {
    this.state = 'closed';
    this.#letGo()?.close();
    this.#timer?.cancel();
  }

  #lost(wire: Wire): void {
    if (this.wire !== wire) return;
    this.#letGo();
    this.established = false;
    this.feed({ type: 'disconnected' });
    this.#tools.redial();
  }

  #letGo(): Wire | undefined {
    const { wire } = this;
    this.#heard_ms = this.heard_ms;
    this.wire = undefined;
    return wire;
  }

  /** When nothing is on its way to the store, it has what the session has. */
  #judgeStore(): void {
    const stored = this.#saves?.waits === false ? this.store?.snapshot() : undefined;
    if (stored === undefined || this.machine === undefined || this.state !== 'up') return;
    const difference = storeDifference(stored, this.machine.snapshot());
    if (difference !== undefined) this.#tools.watcher.broken(`${this.side}: ${difference}`);
  }

  /** The process is gone, and with it every save that had not ended. */
  crash(): void {
    this.#judgeStore();
    this.#saves?.crash();
    this.#timer?.cancel();
    this.#letGo();
    this.#queue = [];
    this.machine = undefined;
    this.established = false;
    this.state = 'down';
    this.life += 1;
  }

  #arm(): void {
    this.#timer?.cancel();
    const deadline_ms = this.machine?.deadline_ms;
    if (this.state !== 'up' || deadline_ms === undefined) return;
    const { time } = this.#tools;
    if (this.#wakes.at_ms !== time.now_ms) this.#wakes = { at_ms: time.now_ms, count: 0 };
    this.#timer = time.after(this.clock.until_ms(deadline_ms), () => {
      this.#wakes.count += 1;
      if (this.#wakes.at_ms !== time.now_ms) this.#wakes = { at_ms: time.now_ms, count: 1 };
      if (this.#wakes.count > WAKES_MAX) this.#tools.watcher.broken(`${this.side} wakes itself over and over`);
      else this.feed({ type: 'timeout' });
    });
  }
}
