import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChildName, SupervisorEffect, TimerName } from '../../src/serve/supervisor/types.ts';
import { infoOf, Stepped } from './steps.ts';

/** What happens next; numbers choose among what there is. */
const happening = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('ready' as const), of: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('exit' as const),
      of: fc.nat(),
      code: fc.constantFrom(0, 70, 78, 1, undefined),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('timer' as const), of: fc.nat() }) },
  // A message, or an end, of a process that was there once.
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('late ready' as const, 'late exit' as const), of: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'hangup' as const, of: 0 }) },
);

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

interface Process {
  readonly child: ChildName;
  readonly incarnation: number;
}

/** Processes and timers around a supervisor, in which anything may happen at any time. */
class World {
  readonly at: Stepped;
  readonly alive: Process[] = [];
  readonly dead: Process[] = [];
  readonly timers: TimerName[] = [];
  welcomes = 0;
  exits = 0;
  readonly #given: number[];

  constructor(workers: number, last: number) {
    this.#given = [last];
    this.at = new Stepped({ workers, last });
    this.#do(this.at.effects);
  }

  happen(event: Happening): void {
    switch (event.kind) {
      case 'ready':
        this.ready(pick(this.alive, event.of));
        break;
      case 'exit':
        this.exit(pick(this.alive, event.of), event.code);
        break;
      case 'timer':
        this.fire(event.of);
        break;
      case 'late ready':
        this.ready(pick(this.dead, event.of));
        break;
      case 'late exit':
        this.#ended(pick(this.dead, event.of), 0);
        break;
      case 'hangup':
        this.#do(this.at.take({ kind: 'hangup' }));
        break;
    }
  }

  ready(process: Process | undefined): void {
    if (process !== undefined) this.#do(this.at.take({ kind: 'ready', ...process, info: infoOf(process.child) }));
  }

  /** The owner first; that brings the workers. */
  readyAll(): void {
    for (const process of this.alive) this.ready(process);
  }

  exit(process: Process | undefined, code: number | undefined): void {
    if (process === undefined) return;
    this.alive.splice(this.alive.indexOf(process), 1);
    this.dead.push(process);
    this.#ended(process, code);
  }

  fire(of: number): void {
    const timer = pick(this.timers, of);
    if (timer === undefined) return;
    this.timers.splice(this.timers.indexOf(timer), 1);
    this.#do(this.at.take({ kind: 'timer', timer }));
  }

  stop(is_now: boolean): void {
    this.#do(this.at.take(is_now ? { kind: 'stop now' } : { kind: 'stop', signal: 'SIGTERM' }));
  }

  #ended(process: Process | undefined, code: number | undefined): void {
    if (process !== undefined) this.#do(this.at.take({ kind: 'exited', ...process, code, reason: undefined }));
  }

  #do(effects: readonly SupervisorEffect[]): void {
    for (const effect of effects) {
      expect(this.exits, 'nothing is done after the exit').toBe(0);
      if (effect.kind === 'spawn') this.#spawn(effect);
      else if (effect.kind === 'arm') this.timers.push(effect.timer);
      else if (effect.kind === 'welcome') this.welcomes += 1;
      else if (effect.kind === 'exit') this.exits += 1;
      else if (effect.kind === 'send' || effect.kind === 'kill')
        expect(this.alive.map(({ child }) => child)).toContain(effect.child);
    }
  }

  #spawn({ child, incarnation, workers }: Extract<SupervisorEffect, { readonly kind: 'spawn' }>): void {
    expect(this.at.state.phase.kind).not.toBe('stopping');
    expect(
      this.alive.filter((one) => one.child === child),
      'two processes of one child',
    ).toEqual([]);
    expect(incarnation).toBeGreaterThan(this.#given.at(-1) ?? 0);
    this.#given.push(incarnation);
    const others = this.alive.filter((one) => one.child !== 'owner');
    expect(workers.map((one) => ({ child: `worker:${one.n}`, incarnation: one.incarnation }))).toEqual(
      others.toSorted((a, b) => a.child.localeCompare(b.child, 'en', { numeric: true })),
    );
    this.alive.push({ child, incarnation });
  }
}

function pick<T>(from: readonly T[], of: number): T | undefined {
  return from[of % from.length];
}

const setup = fc.record({
  workers: fc.integer({ min: 1, max: 12 }),
  last: fc.nat({ max: 1_000_000 }),
  is_running: fc.boolean(),
  before: fc.array(happening, { maxLength: 60 }),
  requests: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  during: fc.array(happening, { maxLength: 30 }),
});

test('never two processes of one child, rising incarnations, one welcome, and an end of what was asked to end', () => {
  fc.assert(
    fc.property(setup, ({ workers, last, is_running, before, requests, during }) => {
      const world = new World(workers, last);
      if (is_running) world.readyAll();
      for (const event of before) world.happen(event);
      for (const is_now of requests) {
        world.stop(is_now);
        for (const event of during) world.happen(event);
      }
      // Whatever is deaf, and whatever cannot be killed: timers alone bring the end.
      while (world.timers.length > 0) world.fire(0);
      expect(world.at.state.phase.kind).toBe('ended');
      expect(world.exits).toBe(1);
      expect(world.welcomes).toBeLessThanOrEqual(1);
    }),
  );
});

test('with processes that keep to what they are told it ends without a timer, and with 0', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (workers, choices) => {
      const world = new World(workers, 0);
      world.readyAll();
      expect(world.welcomes).toBe(1);
      world.stop(false);
      while (world.alive.length > 0) {
        const left = world.alive.filter(({ child }) => child !== 'owner' || world.alive.length === 1);
        world.exit(pick(left, choices.next().value ?? 0), 0);
      }
      expect(world.at.state.phase).toEqual({ kind: 'ended', code: 0 });
    }),
  );
});

test('whatever dies, once processes live all are ready again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(happening, { maxLength: 60 }), (workers, events) => {
      const world = new World(workers, 0);
      world.readyAll();
      for (const event of events) world.happen(event);
      while (world.timers.length > 0) world.fire(0);
      world.readyAll();
      expect([...world.at.state.children.values()].map(({ state }) => state)).toEqual(
        Array.from({ length: workers + 1 }, () => 'ready'),
      );
    }),
  );
});
