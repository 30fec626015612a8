import { describe, expect, test } from 'vitest';
import { isCeilingChange, isCeilingsView, isEventBatch, isSignals } from '../../src/processes/told.ts';

const SIGNAL = {
  account: 'deployment:up/m',
  provider_account: 'provider:up',
  sign: 'ecn',
  record: { outcome: 'error', latency_ms: 1.5, usage: { in_tokens: 1, out_tokens: 0 } },
};
const CHANGE = { account: 'deployment:up/m', reason: 'agents', calls: 3 };
const EVENT = { ts_ms: 1, event: { type: 'node.started' } };

/** Each with one member that is not there, and one that is something else. */
function* spoilt(whole: object): Generator<object> {
  for (const [name, value] of Object.entries(whole)) {
    const { [name as keyof typeof whole]: _, ...without } = whole;
    yield without;
    for (const other of [null, 'x'.repeat(2_000), -1, Number.NaN, [], {}]) yield { ...whole, [name]: other };
    if (typeof value === 'object') for (const inner of spoilt(value as object)) yield { ...whole, [name]: inner };
  }
}

describe('what another process tells', () => {
  test('of what came back is taken whole, and left out where anything of it is not what it is to be', () => {
    expect(isSignals([SIGNAL, { ...SIGNAL, later: 1 }])).toBe(true);
    const all = [...spoilt(SIGNAL)];
    expect(all.length).toBeGreaterThan(40);
    for (const one of all) expect([one, isSignals([SIGNAL, one])]).toEqual([one, false]);
    expect(isSignals(Array.from({ length: 501 }, () => SIGNAL))).toBe(false);
  });

  test('of ceilings likewise; without a number it says that there is none', () => {
    const { calls: _, ...none } = CHANGE;
    for (const one of [CHANGE, none]) expect(isCeilingChange(one)).toBe(true);
    for (const one of [
      ...spoilt(none),
      { ...none, calls: 'x' },
      { ...none, calls: 0.5 },
      { ...none, reason: '__proto__' },
    ])
      expect([one, isCeilingChange(one)]).toEqual([one, false]);
    expect(isCeilingsView({ is_all: true, changes: [CHANGE] })).toBe(true);
    for (const changes of [[null], {}, Array.from({ length: 1_001 }, () => CHANGE)])
      expect(isCeilingsView({ is_all: true, changes })).toBe(false);
  });

  test('of events likewise', () => {
    expect(isEventBatch({ events: [EVENT], dropped: 0 })).toBe(true);
    for (const one of spoilt(EVENT)) expect([one, isEventBatch({ events: [one], dropped: 0 })]).toEqual([one, false]);
    expect(isEventBatch({ events: [EVENT], dropped: -1 })).toBe(false);
  });
});
