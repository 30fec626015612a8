import { AtpError, seededRng } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttemptFailure, type CallEffect, CallMachine, type CallPlan } from '../src/index.ts';

const PLAN: CallPlan = {
  targets: 2,
  max_attempts: 4,
  max_attempts_per_target: 2,
  max_turns: 3,
  retry: { base_ms: 100, cap_ms: 1_000 },
  max_retry_wait_ms: 10_000,
};

const transient: AttemptFailure = { scope: 'transient', error: new AtpError('upstream_error', 'reset') };
const target: AttemptFailure = { scope: 'target', error: new AtpError('upstream_error', 'no such model') };
const request: AttemptFailure = { scope: 'request', error: new AtpError('upstream_rejected', 'bad') };

const machine = (plan: Partial<CallPlan> = {}): CallMachine => new CallMachine({ ...PLAN, ...plan }, seededRng(1));
const types = (effects: readonly CallEffect[]): string[] => effects.map((e) => e.type);

describe('CallMachine', () => {
  it('dispatches, commits at the first byte, and succeeds once', () => {
    const m = machine();
    expect(m.handle({ type: 'start' })).toEqual([{ type: 'dispatch', n: 1, turn: 1, kind: 'primary', target: 0 }]);
    expect(types(m.handle({ type: 'first_byte', n: 1 }))).toEqual(['commit']);
    expect(types(m.handle({ type: 'first_byte', n: 1 }))).toEqual([]);
    expect(types(m.handle({ type: 'completed', n: 1 }))).toEqual(['turn_done']);
    expect(m.handle({ type: 'finish' })).toEqual([{ type: 'succeed', n: 1 }]);
    expect(m.handle({ type: 'failed', n: 1, failure: transient })).toEqual([]);
  });

  it('retries a transient failure with a delay, then falls back, then gives up with the last error', () => {
    const m = machine({ max_attempts: 3 });
    m.handle({ type: 'start' });
    const [wait] = m.handle({ type: 'failed', n: 1, failure: transient });
    expect(wait?.type).toBe('set_timer');
    expect(m.handle({ type: 'retry_due' })).toMatchObject([{ type: 'dispatch', n: 2, kind: 'retry', target: 0 }]);
    expect(m.handle({ type: 'failed', n: 2, failure: transient })).toMatchObject([
      { type: 'dispatch', n: 3, kind: 'fallback', target: 1 },
    ]);
    expect(m.handle({ type: 'failed', n: 3, failure: transient })).toMatchObject([{ type: 'fail', outcome: 'error' }]);
  });

  it('tells what an upstream did, where nobody is left for a further attempt', () => {
    const fault = new AtpError('upstream_error', 'broken', { origin: 'remote' });
    const nobody: AttemptFailure = { scope: 'target', error: new AtpError('no_models_available', 'nobody is there') };
    const m = machine();
    m.handle({ type: 'start' });
    m.handle({ type: 'failed', n: 1, failure: { scope: 'transient', error: fault } });
    m.handle({ type: 'retry_due' });
    m.handle({ type: 'failed', n: 2, failure: nobody });
    expect(m.handle({ type: 'failed', n: 3, failure: nobody })).toMatchObject([{ type: 'fail', error: fault }]);
    const alone = machine({ targets: 1 });
    alone.handle({ type: 'start' });
    expect(alone.handle({ type: 'failed', n: 1, failure: nobody })).toMatchObject([
      { type: 'fail', error: nobody.error },
    ]);
  });

  it('honours retry-after as a lower bound, and prefers the next target over a long pause', () => {
    const short = machine();
    short.handle({ type: 'start' });
    const [wait] = short.handle({ type: 'failed', n: 1, failure: { ...transient, retry_after_ms: 700 } });
    expect(wait).toMatchObject({ type: 'set_timer' });
    expect(wait?.type === 'set_timer' && wait.delay_ms).toBeGreaterThanOrEqual(700);
    const long = machine();
    long.handle({ type: 'start' });
    expect(long.handle({ type: 'failed', n: 1, failure: { ...transient, retry_after_ms: 30_000 } })).toMatchObject([
      { type: 'dispatch', kind: 'fallback', target: 1 },
    ]);
    const alone = machine({ targets: 1 });
    alone.handle({ type: 'start' });
    expect(types(alone.handle({ type: 'failed', n: 1, failure: { ...transient, retry_after_ms: 30_000 } }))).toEqual([
      'fail',
    ]);
  });

  it('never retries what the client already saw, nor what would fail anywhere', () => {
    const relaying = machine();
    relaying.handle({ type: 'start' });
    relaying.handle({ type: 'first_byte', n: 1 });
    expect(types(relaying.handle({ type: 'failed', n: 1, failure: transient }))).toEqual(['fail']);
    const bad = machine();
    bad.handle({ type: 'start' });
    expect(types(bad.handle({ type: 'failed', n: 1, failure: request }))).toEqual(['fail']);
  });

  it('leaves a target at once when the fault is its own', () => {
    const m = machine();
    m.handle({ type: 'start' });
    expect(m.handle({ type: 'failed', n: 1, failure: target })).toMatchObject([{ kind: 'fallback', target: 1 }]);
  });

  it('hedges a silent attempt and cancels the loser', () => {
    const m = machine({ hedge_after_ms: 50 });
    expect(types(m.handle({ type: 'start' }))).toEqual(['dispatch', 'set_timer']);
    expect(m.handle({ type: 'hedge_due' })).toMatchObject([{ type: 'dispatch', n: 2, kind: 'hedge', target: 1 }]);
    expect(m.handle({ type: 'failed', n: 1, failure: transient })).toEqual([]);
    expect(types(m.handle({ type: 'first_byte', n: 2 }))).toEqual(['clear_timer', 'commit']);
    const race = machine({ hedge_after_ms: 50 });
    race.handle({ type: 'start' });
    race.handle({ type: 'hedge_due' });
    expect(race.handle({ type: 'completed', n: 1 })).toMatchObject([
      { type: 'cancel', n: 2, reason: 'lost_race' },
      { type: 'clear_timer' },
      { type: 'turn_done', n: 1 },
    ]);
  });

  it('leaves alone what failed by its own fault, also after a retry elsewhere', () => {
    const m = machine({ targets: 3, hedge_after_ms: 50 });
    m.handle({ type: 'start' });
    m.handle({ type: 'hedge_due' });
    m.handle({ type: 'failed', n: 2, failure: target });
    m.handle({ type: 'failed', n: 1, failure: transient });
    expect(m.handle({ type: 'retry_due' })).toMatchObject([{ n: 3, kind: 'retry', target: 0 }]);
    expect(m.handle({ type: 'failed', n: 3, failure: transient })).toMatchObject([
      { type: 'clear_timer' },
      { n: 4, kind: 'fallback', target: 2 },
    ]);
  });

  it('goes on at the target that answered, not at the hedge that lost', () => {
    const m = machine({ hedge_after_ms: 50 });
    m.handle({ type: 'start' });
    m.handle({ type: 'hedge_due' });
    m.handle({ type: 'failed', n: 2, failure: target });
    m.handle({ type: 'completed', n: 1 });
    expect(m.handle({ type: 'next_turn' })).toMatchObject([
      { type: 'dispatch', n: 3, turn: 2, kind: 'primary', target: 0 },
      { type: 'set_timer' },
    ]);
  });

  it.each([
    [1, 2],
    [2, 1],
  ])('goes on after a race by the failure that leaves most to try (%i fails first)', (first, second) => {
    const failures = [transient, request];
    const m = machine({ hedge_after_ms: 50 });
    m.handle({ type: 'start' });
    m.handle({ type: 'hedge_due' });
    expect(m.handle({ type: 'failed', n: first, failure: failures[first - 1] ?? transient })).toEqual([]);
    const effects = m.handle({ type: 'failed', n: second, failure: failures[second - 1] ?? transient });
    expect(types(effects)).toEqual(['clear_timer', 'set_timer']);
    expect(m.handle({ type: 'retry_due' })).toMatchObject([{ n: 3, kind: 'retry', target: 0 }]);
  });

  it('runs several upstream turns in one call, bounded by the plan', () => {
    const m = machine({ max_turns: 2 });
    m.handle({ type: 'start' });
    m.handle({ type: 'completed', n: 1 });
    expect(m.handle({ type: 'next_turn' })).toMatchObject([{ type: 'dispatch', n: 2, turn: 2, kind: 'primary' }]);
    m.handle({ type: 'completed', n: 2 });
    expect(m.handle({ type: 'next_turn' })).toMatchObject([{ type: 'fail' }]);
  });

  it('cancels everything when the client leaves', () => {
    const m = machine({ hedge_after_ms: 50 });
    m.handle({ type: 'start' });
    m.handle({ type: 'hedge_due' });
    const gone = new AtpError('request_cancelled', 'gone');
    expect(types(m.handle({ type: 'abort', error: gone, outcome: 'cancelled' }))).toEqual([
      'cancel',
      'cancel',
      'clear_timer',
      'fail',
    ]);
  });
});

type Op = { kind: 'first_byte' | 'completed' | 'failed'; pick: number; scope: AttemptFailure['scope']; after: number };

const opArb: fc.Arbitrary<Op | 'retry_due' | 'hedge_due' | 'abort' | 'next_turn' | 'finish'> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('first_byte' as const, 'completed' as const, 'failed' as const),
    pick: fc.nat(9),
    scope: fc.constantFrom('request' as const, 'target' as const, 'transient' as const),
    after: fc.nat(20_000),
  }),
  fc.constantFrom(
    'retry_due' as const,
    'hedge_due' as const,
    'abort' as const,
    'next_turn' as const,
    'finish' as const,
  ),
);

describe('CallMachine under any history', () => {
  it('ends once, commits once a turn, respects the attempt limit and leaves nothing running', () => {
    const planArb = fc.record({
      targets: fc.integer({ min: 1, max: 4 }),
      max_attempts: fc.integer({ min: 1, max: 6 }),
      max_attempts_per_target: fc.integer({ min: 1, max: 3 }),
      hedge: fc.boolean(),
    });
    fc.assert(
      fc.property(planArb, fc.array(opArb, { maxLength: 60 }), fc.integer(), (p, ops, seed) => {
        const { hedge, ...rest } = p;
        const plan: CallPlan = { ...PLAN, ...rest, ...(hedge ? { hedge_after_ms: 10 } : {}) };
        const m = new CallMachine(plan, seededRng(seed));
        const all: CallEffect[] = [];
        const running = new Set<number>();
        const dead = new Set<number>();
        const apply = (effects: readonly CallEffect[]): void => {
          for (const e of effects) {
            if (e.type === 'dispatch') {
              expect(dead.has(e.target)).toBe(false);
              running.add(e.n);
            }
            if (e.type === 'cancel') expect(running.delete(e.n)).toBe(true);
            all.push(e);
          }
        };
        apply(m.handle({ type: 'start' }));
        for (const op of ops) {
          if (op === 'abort') {
            apply(m.handle({ type: 'abort', error: new AtpError('request_cancelled', 'x'), outcome: 'cancelled' }));
          } else if (op === 'next_turn' || op === 'finish') {
            if (m.phase.kind === 'turn_done') apply(m.handle({ type: op }));
          } else if (typeof op === 'string') {
            apply(m.handle({ type: op }));
          } else {
            const n = [...running][op.pick % Math.max(1, running.size)];
            if (n === undefined) continue;
            if (op.kind !== 'first_byte') running.delete(n);
            const failure: AttemptFailure = { scope: op.scope, error: transient.error, retry_after_ms: op.after };
            const target = m.attempts[n - 1]?.target ?? -1;
            if (op.kind === 'failed' && op.scope === 'target') dead.add(target);
            if (op.kind === 'completed') dead.delete(target);
            apply(m.handle(op.kind === 'failed' ? { type: 'failed', n, failure } : { type: op.kind, n }));
          }
        }
        const ends = all.filter((e) => e.type === 'succeed' || e.type === 'fail');
        expect(ends.length).toBe(m.phase.kind === 'ended' ? 1 : 0);
        if (ends.length === 1) {
          expect(all[all.length - 1]).toBe(ends[0]);
          expect(running.size).toBe(0);
        }
        const dispatches = all.flatMap((e) => (e.type === 'dispatch' ? [e] : []));
        for (let turn = 1; turn <= m.turn; turn += 1) {
          const of_turn = dispatches.filter((d) => d.turn === turn);
          expect(of_turn.length).toBeLessThanOrEqual(plan.max_attempts);
          const ns = new Set(of_turn.map((d) => d.n));
          expect(all.filter((e) => e.type === 'commit' && ns.has(e.n)).length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
