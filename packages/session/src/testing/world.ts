import { type Digests, Sealer } from '@atp-router/wire';
import { App } from './app.ts';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import { SimEnd } from './end.ts';
import type { Machine, MakeMachine } from './machine.ts';
import { Network, opensStream, otherSide, SIDES, type Side } from './network.ts';
import type { Plan } from './plan.ts';
import { Shell } from './shell.ts';
import { DriftingClock, VirtualTime } from './time.ts';
import { Watch } from './watch.ts';

export interface WorldOptions {
  readonly make: MakeMachine;
  readonly digests: Digests;
  /** Puts a fault of a test between a session and its shell. `life` counts the starts of the end. */
  readonly wrap?: (machine: Machine, side: Side, life: number) => Machine;
  /** Told of everything, for whoever looks for the cause of a failure. */
  readonly trace?: (line: string) => void;
}

/** How long an end is away that crashes as it saves. */
const CRASH_MS = 500;

/** Both ends, what is between them, and what watches them. */
export class World {
  readonly plan: Plan;
  readonly time: VirtualTime = new VirtualTime();
  readonly network: Network;
  readonly watch: Watch;
  readonly shell: Shell;
  readonly ends: Readonly<Record<Side, SimEnd>>;
  readonly session_id: string;
  healed_ms: number | undefined;
  readonly #options: WorldOptions;
  readonly #directory: Map<string, number> = new Map();

  constructor(plan: Plan, options: WorldOptions) {
    const { setting, seed } = plan;
    this.plan = plan;
    this.#options = options;
    this.session_id = `session-${seed}-of-the-simulation`;
    const weather = { client: setting.ends.client.weather, server: setting.ends.server.weather };
    this.network = new Network(this.time, seed, weather);
    const end = (side: Side): SimEnd => this.ends[side];
    this.watch = new Watch({
      time: this.time,
      setting,
      end,
      trace: options.trace,
      goodMs: () => this.#goodMs(),
    });
    this.ends = { client: this.#end('client'), server: this.#end('server') };
    this.shell = new Shell({
      seed,
      time: this.time,
      network: this.network,
      ends: this.ends,
      start: () => this.start('server'),
      watch: this.watch,
    });
  }

  get over(): boolean {
    return SIDES.every((side) => ['closed', 'dead', 'new'].includes(this.ends[side].state));
  }

  #end(side: Side): SimEnd {
    const { setting, seed, streams } = this.plan;
    const end = setting.ends[side];
    return new SimEnd(side, new App(side, streams, this.#directory), end, new DriftingClock(this.time, end.drift), {
      time: this.time,
      sealer: setting.sealed ? new Sealer(this.#options.digests) : undefined,
      watcher: this.watch,
      takes: (what, most_ms) => (most_ms === 0 ? 0 : new Draw(seedFor(seed, what)).next() * most_ms),
      redial: () => side === 'client' && this.shell.dialSoon(),
      crash: () => this.crash(side, CRASH_MS),
    });
  }

  /** For how long both ends have had one and the same connection on which nothing goes wrong. */
  #goodMs(): number {
    const { client, server } = this.ends;
    const id = client.wire?.id;
    if (this.healed_ms === undefined || id === undefined || id !== server.wire?.id || !this.network.carries(id))
      return 0;
    if (!client.established || !server.established) return 0;
    return this.time.now_ms - Math.max(this.healed_ms, client.established_ms, server.established_ms);
  }

  /** Makes the session of an end, anew or from what its store has. */
  start(side: Side): void {
    const { make, wrap } = this.#options;
    const end = this.ends[side];
    const from = end.store?.snapshot();
    const machine = make({
      side,
      session_id: this.session_id,
      setting: this.plan.setting,
      seed: seedFor(this.plan.seed, `${side} ${end.life}`),
      ...(from && { from }),
      now_ms: end.clock.mono_ms(),
      wall_ms: end.clock.wall_ms(),
    });
    end.run(wrap?.(machine, side, end.life) ?? machine);
  }

  /** The process of an end is gone; it starts again with what its store has, if it has one. */
  crash(side: Side, for_ms: number): void {
    const end = this.ends[side];
    if (end.state !== 'up') return;
    this.watch.note(`${side} crashes`);
    this.watch.quiet.stir();
    const told = new Draw(seedFor(this.plan.seed, `${side} told ${end.life}`)).chance(0.7) ? [otherSide(side)] : [];
    end.crash();
    if (side === 'server') this.shell.listen(false);
    this.network.drop(told);
    this.time.after(for_ms, () => this.#restart(side));
  }

  #restart(side: Side): void {
    const end = this.ends[side];
    this.watch.note(`${side} starts again`);
    if (side === 'server') this.shell.listen(true);
    if (end.store?.session === undefined) {
      end.state = 'dead';
      end.app.close('0');
      this.watch.cutOff(side);
      return;
    }
    this.#recall(side);
    this.start(side);
    if (side === 'client') this.shell.dialSoon();
    if (this.healed_ms !== undefined) this.ease(side);
    end.speak();
  }

  /** An end that takes what comes, whatever it said before. */
  ease(side: Side): void {
    const end = this.ends[side];
    // One that was said is the session's to bring over, however bad the way was.
    if (!this.watch.statuses.isReady(side)) end.feed({ type: 'status', status: 'READY' });
    end.feed({ type: 'window', window: { max_parallel: 100 } });
    end.feed({ type: 'crowded', crowded: false });
  }

  /** Application and books go back to what the store has: what was not kept did not happen. */
  #recall(side: Side): void {
    const { store, app } = this.ends[side];
    if (store?.session === undefined) return;
    const { messages, frames } = this.watch;
    for (const sent of messages.allSent(side)) {
      // Of what the session says by itself nobody is told that it is settled.
      const unsettled = sent.outcome === undefined && !sent.internal && !store.hasOutgoing(sent.id);
      // Of an abort that was not kept: the number was never used, and is given again.
      const { lane, msg_seq } = sent.id;
      const none = this.#isOver(side, lane.stream_id) ? Number.POSITIVE_INFINITY : 0;
      const unused = msg_seq >= (store.lane(lane)?.next_seq ?? none);
      if (unsettled || unused) messages.lose(sent);
    }
    frames.restarted(side, (lane) => store.lane(lane)?.next_seq ?? 0);
    this.watch.restarted(side, store.session.own_window, (stream_id) => this.#isOver(side, stream_id));
    app.restarted(
      (stream_id) => {
        const stream = store.stream(stream_id);
        if (stream === undefined) return 'unknown';
        return stream.sent_fin ? 'ended' : 'open';
      },
      (stream_id) => this.#isOver(side, stream_id),
    );
  }

  /** Of a stream that is not kept: it was closed, or else its opening was not kept. */
  #isOver(side: Side, stream_id: string): boolean {
    return this.ends[side].store?.wasOpened(stream_id, opensStream(side, stream_id)) ?? false;
  }
}
