import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Breaker, type BreakerOptions, type BreakerTransition, type Outcome, type Permit } from '../src/index.ts';

const OPTIONS: BreakerOptions = {
  window_ms: 1_000,
  min_calls: 6,
  failure_ratio: 0.5,
  consecutive_failures: 4,
  open_ms: 200,
  open_max_ms: 1_000,
  probes: 2,
  probe_timeout_ms: 700,
};

type Op =
  | { readonly op: 'allow' }
  | { readonly op: 'record'; readonly pick: number; readonly outcome: Outcome }
  | { readonly op: 'advance'; readonly by_ms: number };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ op: 'allow' } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('record' as const),
      pick: fc.nat({ max: 99 }),
      outcome: fc.constantFrom<Outcome>('success', 'failure', 'failure', 'failure', 'ignored'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('advance' as const), by_ms: fc.integer({ min: 1, max: 400 }) }) },
);

interface Out {
  readonly permit: Permit;
  readonly round: number;
}

/** Keeps the whole history as lists and derives each decision from it. */
class Oracle {
  now_ms = 10_000;
  kind: 'closed' | 'open' | 'half_open' = 'closed';
  /** Rises whenever permits given before stop counting. */
  round = 0;
  history: { readonly ok: boolean; readonly at_ms: number }[] = [];
  closed_since_ms = 10_000;
  openings = 0;
  until_ms = 0;
  probes_out = 0;
  last_probe_ms = 0;
  readonly out: Out[] = [];
  readonly seen: string[] = [];
  readonly expected: string[] = [];
  readonly breaker = new Breaker(OPTIONS, 10_000, (t: BreakerTransition) => this.seen.push(`${t.from}>${t.to}`));

  change(to: Oracle['kind']): void {
    this.expected.push(`${this.kind}>${to}`);
    this.kind = to;
  }

  allow(): void {
    const lost = this.now_ms >= this.last_probe_ms + OPTIONS.probe_timeout_ms;
    let expected: Permit['kind'] = 'call';
    if (this.kind === 'open') expected = this.now_ms >= this.until_ms ? 'probe' : 'denied';
    if (this.kind === 'half_open') expected = this.probes_out < OPTIONS.probes || lost ? 'probe' : 'denied';
    expect(this.breaker.admits(this.now_ms)).toBe(expected !== 'denied');
    const permit = this.breaker.allow(this.now_ms);
    expect(permit.kind).toBe(expected);
    if (permit.kind === 'denied') {
      expect(permit.retry_after_ms).toBeGreaterThan(0);
      return;
    }
    if (permit.kind === 'probe') {
      if (this.kind === 'open' || this.probes_out >= OPTIONS.probes) {
        if (this.kind === 'open') this.change('half_open');
        this.round += 1;
        this.probes_out = 0;
      }
      this.probes_out += 1;
      this.last_probe_ms = this.now_ms;
    }
    this.out.push({ permit, round: this.round });
  }

  record(pick: number, outcome: Outcome): void {
    const [one] = this.out.splice(pick % Math.max(1, this.out.length), 1);
    if (one === undefined) return;
    this.breaker.record(one.permit, outcome, this.now_ms);
    if (this.kind === 'closed') this.count(outcome);
    else if (this.kind === 'half_open' && one.permit.kind === 'probe' && one.round === this.round) this.probed(outcome);
  }

  probed(outcome: Outcome): void {
    if (outcome === 'ignored') this.probes_out -= 1;
    else if (outcome === 'failure') this.open();
    else {
      this.history = [];
      this.closed_since_ms = this.now_ms;
      this.change('closed');
    }
  }

  count(outcome: Outcome): void {
    if (outcome === 'ignored') return;
    this.history.push({ ok: outcome === 'success', at_ms: this.now_ms });
    if (outcome === 'success') return;
    const newest = Math.floor(this.now_ms / 100);
    const window = this.history.filter((h) => Math.floor(h.at_ms / 100) > newest - 10);
    const failed = window.filter((h) => !h.ok).length;
    const streak = this.history.slice(-OPTIONS.consecutive_failures);
    const in_a_row = streak.length === OPTIONS.consecutive_failures && streak.every((h) => !h.ok);
    const ratio = window.length >= OPTIONS.min_calls && failed / window.length >= OPTIONS.failure_ratio;
    if (!in_a_row && !ratio) return;
    if (this.now_ms - this.closed_since_ms >= OPTIONS.window_ms) this.openings = 0;
    this.open();
  }

  open(): void {
    this.until_ms = this.now_ms + Math.min(1_000, 200 * 2 ** this.openings);
    this.openings += 1;
    this.change('open');
  }

  check(): void {
    expect(this.breaker.state.kind).toBe(this.kind);
    expect(this.seen).toEqual(this.expected);
    if (this.kind === 'open') expect(this.breaker.retryAfter_ms(this.now_ms)).toBe(this.until_ms - this.now_ms);
  }
}

describe('Breaker', () => {
  test('decides as the oracle does, whatever the order of calls, results and time', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(fc.array(op, { minLength: 20, maxLength: 150 }), (ops) => {
        const oracle = new Oracle();
        for (const step of ops) {
          if (step.op === 'advance') oracle.now_ms += step.by_ms;
          else if (step.op === 'allow') oracle.allow();
          else oracle.record(step.pick, step.outcome);
          oracle.check();
        }
        for (const transition of oracle.seen) reached.add(transition);
      }),
      { seed: 1_234, numRuns: 500 },
    );
    expect([...reached].sort()).toEqual(['closed>open', 'half_open>closed', 'half_open>open', 'open>half_open']);
  });

  test('says why, opens for longer each time, and forgets that after a quiet window', () => {
    const seen: BreakerTransition[] = [];
    const breaker = new Breaker(OPTIONS, 0, (transition) => seen.push(transition));
    const fail = (times: number, now_ms: number): void => {
      for (let i = 0; i < times; i += 1) breaker.record(breaker.allow(now_ms), 'failure', now_ms);
    };
    fail(4, 0);
    expect(breaker.retryAfter_ms(0)).toBe(200);
    fail(1, 200);
    expect(breaker.retryAfter_ms(200)).toBe(400);
    breaker.record(breaker.allow(600), 'success', 600);
    fail(4, 700);
    expect(breaker.retryAfter_ms(700)).toBe(800);
    breaker.record(breaker.allow(1_500), 'success', 1_500);
    fail(4, 2_500);
    expect(breaker.retryAfter_ms(2_500)).toBe(200);
    expect(seen.map((one) => one.reason)).toEqual([
      '4 failures in a row',
      'the open time has passed',
      'a probe failed',
      'the open time has passed',
      'a probe succeeded',
      '4 failures in a row',
      'the open time has passed',
      'a probe succeeded',
      '4 failures in a row',
    ]);
  });

  test('opens on the share of failures; a result of a denied attempt is a bug', () => {
    const seen: string[] = [];
    const breaker = new Breaker(OPTIONS, 0, (transition) => seen.push(transition.reason));
    for (const outcome of ['failure', 'success', 'failure', 'success', 'success', 'failure'] as const) {
      breaker.record(breaker.allow(0), outcome, 0);
    }
    expect(seen).toEqual(['50 % of 6 calls failed']);
    const denied = breaker.allow(1);
    expect(denied).toEqual({ kind: 'denied', retry_after_ms: 199 });
    expect(() => breaker.record(denied, 'success', 1)).toThrow('denied');
  });
});
