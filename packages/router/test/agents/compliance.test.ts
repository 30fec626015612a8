import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Compliance, judged, NEW, reasonOf, STRIKE_TTL_MS, STRIKES_MAX } from '../../src/atp/agents/compliance.ts';
import { AGENT_FAULTS, type AgentFault } from '../../src/atp/agents/faults.ts';

const FAULTS = Object.keys(AGENT_FAULTS) as AgentFault[];
const HARD = FAULTS.filter((fault) => AGENT_FAULTS[fault].hard);
const SOFT = FAULTS.filter((fault) => !AGENT_FAULTS[fault].hard);

const after = (faults: readonly (readonly [AgentFault, at_ms: number])[]): Compliance =>
  faults.reduce<Compliance>((state, [fault, at_ms]) => judged(state, { type: 'fault', fault }, at_ms), NEW);

describe('compliance', () => {
  test.each(HARD)('%s is enough by itself', (fault) => {
    expect(after([[fault, 1]])).toMatchObject({ kind: 'non_compliant', since_ms: 1 });
    expect(reasonOf(after([[fault, 1]]))).toContain(AGENT_FAULTS[fault].words);
  });

  test('takes so many lapses within their time, and no more', () => {
    const fault = 'no_estimate';
    const few = Array.from({ length: STRIKES_MAX - 1 }, (_, i) => [fault, i] as const);
    expect(after(few).kind).toBe('compliant');
    expect(after([...few, [fault, STRIKE_TTL_MS - 1]]).kind).toBe('non_compliant');
    // The first one has lapsed.
    expect(after([...few, [fault, STRIKE_TTL_MS]]).kind).toBe('compliant');
  });

  test('is as a window over the lapses says, keeps few of them, and ends with a check only', () => {
    const step = fc.tuple(fc.constantFrom(...SOFT), fc.integer({ min: 0, max: STRIKE_TTL_MS }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let now_ms = 0;
        let state: Compliance = NEW;
        const times: number[] = [];
        let has_failed = false;
        for (const [fault, passed_ms] of steps) {
          now_ms += passed_ms;
          times.push(now_ms);
          state = judged(state, { type: 'fault', fault }, now_ms);
          has_failed ||= times.filter((at_ms) => now_ms - at_ms < STRIKE_TTL_MS).length >= STRIKES_MAX;
          expect(state.kind).toBe(has_failed ? 'non_compliant' : 'compliant');
          expect(state.strikes.length).toBeLessThanOrEqual(STRIKES_MAX);
        }
        expect(judged(state, { type: 'checked' }, now_ms)).toEqual(NEW);
      }),
    );
  });
});
