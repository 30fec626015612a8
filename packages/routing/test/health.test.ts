import { describe, expect, test } from 'vitest';
import {
  type BreakerChange,
  DEFAULT_BREAKER,
  DEFAULT_READINESS,
  KillSwitches,
  type ModelEntry,
  Readiness,
  type ReadinessOptions,
  Registry,
  TargetHealth,
  type TargetHealthOptions,
} from '../src/index.ts';
import { RollingWindow } from '../src/rolling.ts';
import { spec } from './fixtures.ts';

const OPTIONS: ReadinessOptions = {
  window_ms: 120_000,
  min_samples: 10,
  p95_max_ms: 1_000,
  error_rate_max: 0.5,
  recover_share: 0.8,
  hold_ms: 10_000,
};

function feed(readiness: Readiness, times: number, ok: boolean, latency_ms: number, now_ms: number): void {
  for (let i = 0; i < times; i += 1) readiness.record(ok, latency_ms, now_ms);
}

describe('RollingWindow', () => {
  test('counts what lies in the window and forgets the rest', () => {
    const window = new RollingWindow(1_000, 10, true);
    expect(window.summary(0)).toEqual({ samples: 0, error_rate: 0, p95_ms: undefined });
    for (let at_ms = 0; at_ms < 5_000; at_ms += 10) window.add(at_ms % 100 !== 0, at_ms, at_ms);
    const summary = window.summary(4_999);
    expect(summary.samples).toBe(100);
    expect(summary.error_rate).toBeCloseTo(0.1);
    expect(summary.p95_ms).toBeGreaterThanOrEqual(4_950);
    expect(summary.p95_ms).toBeLessThan(4_950 * 1.19);
    expect(window.summary(5_499).samples).toBe(50);
    expect(window.summary(6_000).samples).toBe(0);
    window.add(true, 5, 1_000_000);
    expect(window.summary(1_000_000).samples).toBe(1);
    window.clear();
    expect(window.summary(1_000_000).samples).toBe(0);
  });
});

describe('Readiness', () => {
  test('too few samples say nothing', () => {
    const readiness = new Readiness(OPTIONS);
    feed(readiness, 9, false, 60_000, 0);
    expect(readiness.report(0)).toMatchObject({ ready: true, samples: 9, error_rate: 1 });
  });

  test('slow or failing is not ready; it recovers below a lower mark, and not at once', () => {
    const readiness = new Readiness(OPTIONS);
    feed(readiness, 20, true, 2_000, 0);
    expect(readiness.report(0)).toMatchObject({ ready: false, p95_ms: 2_048 });
    feed(readiness, 2_000, true, 100, 2_000);
    expect(readiness.report(2_000).ready).toBe(false);
    expect(readiness.report(12_000).ready).toBe(true);
    feed(readiness, 2_100, false, 0, 13_000);
    expect(readiness.report(13_000).ready).toBe(true);
    expect(readiness.report(23_000).ready).toBe(false);
    feed(readiness, 500, true, 100, 24_000);
    expect(readiness.report(34_000)).toMatchObject({ ready: false });
    expect(readiness.report(34_000).error_rate).toBeLessThan(0.5);
    feed(readiness, 2_000, true, 100, 35_000);
    expect(readiness.report(36_000).ready).toBe(true);
  });

  test('without traffic it gets another chance when the window has emptied', () => {
    const readiness = new Readiness(OPTIONS);
    feed(readiness, 20, true, 5_000, 0);
    expect(readiness.report(0).ready).toBe(false);
    expect(readiness.report(100_000).ready).toBe(false);
    expect(readiness.report(121_000)).toMatchObject({ ready: true, samples: 0 });
  });

  test('is judged at most once a second', () => {
    const readiness = new Readiness(OPTIONS);
    expect(readiness.report(0).samples).toBe(0);
    feed(readiness, 20, true, 5_000, 10);
    expect(readiness.report(999).samples).toBe(0);
    expect(readiness.report(1_000)).toMatchObject({ samples: 20, ready: false });
  });
});

describe('TargetHealth', () => {
  const registry = new Registry({
    providers: [{ id: 'up', any_model: true }],
    models: [spec('a'), spec('b'), spec('same', { upstream_model: 'x-a' })],
  });
  const entry = (name: string): ModelEntry => {
    const named = registry.lookup(name);
    if (named?.kind !== 'model') throw new Error(name);
    return named.model;
  };
  const breakIt = (health: TargetHealth, model: ModelEntry): void => {
    for (let i = 0; i < 5; i += 1) health.record(model, health.allow(model, 0), 'failure', 10, 0);
  };

  test('keeps targets apart by provider and upstream model, and tells changes with their names', () => {
    const changes: BreakerChange[] = [];
    const health = new TargetHealth((change) => changes.push(change));
    breakIt(health, entry('a'));
    expect(changes).toEqual([
      { from: 'closed', to: 'open', reason: '5 failures in a row', provider_id: 'up', model_id: 'a' },
    ]);
    expect(['a', 'same', 'b', 'up/new'].map((name) => health.admits(entry(name), 0))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(health.retryAfter_ms(entry('a'), 1_000)).toBe(4_000);
    expect(health.retryAfter_ms(entry('b'), 1_000)).toBeUndefined();
    expect(health.breakerState(entry('a'))).toBe('open');
    health.keepOnly([entry('b')]);
    expect(health.admits(entry('a'), 0)).toBe(true);
  });

  test('options that changed hold for targets that are known, dynamic ones included', () => {
    let options: TargetHealthOptions = { breaker: DEFAULT_BREAKER, readiness: DEFAULT_READINESS };
    const health = new TargetHealth(
      () => {},
      () => options,
    );
    const models = [entry('a'), entry('up/new')];
    const fail = (): void => {
      for (const model of models) health.record(model, health.allow(model, 0), 'failure', 10, 0);
    };
    const seen = (now_ms: number): unknown => models.map((m) => [health.breakerState(m), health.ready(m, now_ms)]);
    fail();
    health.configure();
    fail();
    expect(seen(0)).toEqual([
      ['closed', true],
      ['closed', true],
    ]);
    options = {
      breaker: { ...DEFAULT_BREAKER, consecutive_failures: 3 },
      readiness: { ...DEFAULT_READINESS, min_samples: 1, error_rate_max: 0.1 },
    };
    health.configure();
    fail();
    expect(seen(20_000)).toEqual([
      ['open', false],
      ['open', false],
    ]);
    options = { ...options, readiness: { ...options.readiness, window_ms: 60_000 } };
    health.configure();
    expect(models.map((model) => health.report(model, 40_000)?.samples)).toEqual([0, 0]);
  });

  test('what was ignored counts nowhere; successes and failures count for readiness', () => {
    const health = new TargetHealth(() => {});
    const model = entry('a');
    expect(health.report(model, 0)).toBeUndefined();
    for (let i = 0; i < 30; i += 1) health.record(model, health.allow(model, 0), 'ignored', 10, 0);
    for (let i = 0; i < 30; i += 1) health.record(model, health.allow(model, 0), 'success', 60_000, 0);
    expect(health.report(model, 0)).toMatchObject({ samples: 30, error_rate: 0, ready: false });
    expect(health.ready(model, 0)).toBe(false);
    expect(health.ready(entry('b'), 0)).toBe(true);
  });

  test('names that clients make up are bounded and never push out a declared target', () => {
    const health = new TargetHealth(() => {});
    breakIt(health, entry('a'));
    breakIt(health, entry('up/first'));
    expect(health.admits(entry('up/first'), 0)).toBe(false);
    for (let i = 0; i < 1_000; i += 1) health.allow(entry(`up/${i}`), 0);
    expect(health.admits(entry('up/first'), 0)).toBe(true);
    expect(health.admits(entry('a'), 0)).toBe(false);
  });
});

test('kill switches tell whether anything changed', () => {
  const kills = new KillSwitches();
  expect([kills.set('model', 'a', true), kills.set('model', 'a', true), kills.set('key', 'k', false)]).toEqual([
    true,
    false,
    false,
  ]);
  kills.set('tenant', 't', true);
  expect([kills.model('a'), kills.provider('a'), kills.key('a'), kills.tenant('t')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(kills.list('model')).toEqual(['a']);
  expect(kills.set('model', 'a', false)).toBe(true);
  expect(kills.model('a')).toBe(false);
});
