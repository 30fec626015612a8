import { Draw } from '@atp-router/kernel/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isLearnerState,
  type LearnerKind,
  learnerOf,
  type ModelDrift,
  type RouteAnswer,
  type RouteCandidate,
  type RoutingLearner,
} from '../../src/index.ts';
import { DRIFT_SETTINGS, type DriftState, UNWATCHED, watched } from '../../src/drift/drift-watch.ts';
import { HERE, KINDS, type Kind, QUALITY_USD, textOf } from '../learn/world.ts';

/** Cumulative sums as Page writes them: the last value less the least before it. */
function byHand(surprises: readonly number[], slack: number): number {
  let [at, least] = [0, 0];
  for (const one of surprises) {
    at += one - slack;
    least = Math.min(least, at);
  }
  return at - least;
}

describe('an eye on a model', () => {
  test('adds up what is beyond the slack, on both sides, from where it began', () => {
    const settings = { ...DRIFT_SETTINGS, rest: 0, limit: Number.POSITIVE_INFINITY };
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 60 }), (surprises) => {
        let state: DriftState = UNWATCHED;
        for (const one of surprises) state = watched(state, one, settings).state;
        expect(state.better.sum).toBeCloseTo(byHand(surprises, settings.slack), 9);
        expect(state.worse.sum).toBeCloseTo(
          byHand(
            surprises.map((one) => -one),
            settings.slack,
          ),
          9,
        );
      }),
    );
  });

  test('says how far results are off, and since when, and rests behind that', () => {
    let state: DriftState = UNWATCHED;
    const said: number[] = [];
    for (let n = 0; n < 200; n += 1) {
      const found = watched(state, n < 50 ? 0 : -0.4, DRIFT_SETTINGS);
      state = found.state;
      if (found.drift === undefined) continue;
      said.push(n);
      expect(found.drift).toMatchObject({ direction: 'worse' });
      expect(found.drift.shift).toBeCloseTo(0.4, 9);
    }
    // 12 / (0.4 - 0.08) are 38 results; after each alarm 30 are not looked at.
    expect(said).toEqual([87, 155]);
  });
});

interface World {
  readonly seed: number;
  readonly prompts: number;
  /** How often the cheap one is right, by when. */
  readonly cheap: (n: number) => Readonly<Record<Kind, number>>;
  readonly kind?: LearnerKind;
}

interface Met {
  readonly n: number;
  readonly drift: ModelDrift;
}

const OTHERS = [
  { id: 'middle', in_usd: 0.0002, out_usd_per_token: 1e-6, right: { sums: 0.7, verse: 0.7 } },
  { id: 'dear', in_usd: 0.004, out_usd_per_token: 2e-5, right: { sums: 0.92, verse: 0.9 } },
] as const;
const CHEAP = { id: 'cheap', in_usd: 0.0001, out_usd_per_token: 1e-6 } as const;

/** A stream of prompts, each told of. Returns what was said to have changed, and how often the cheap one was taken in the last fifth. */
function streamed({ seed, prompts, cheap, kind = 'default' }: World): {
  readonly met: readonly Met[];
  readonly late: number;
  readonly learner: RoutingLearner;
} {
  const draw = new Draw(seed);
  const learner = learnerOf(kind, seed);
  const met: Met[] = [];
  let late = 0;
  for (let n = 0; n < prompts; n += 1) {
    const topic = draw.from(KINDS);
    const models: readonly (RouteCandidate & { readonly right: Readonly<Record<Kind, number>> })[] = [
      { ...CHEAP, right: cheap(n) },
      ...OTHERS,
    ];
    const question = { candidates: models, quality_usd: QUALITY_USD / 5, plans: 'any', may_explore: true } as const;
    const task = learner.decide({ ...question, ...HERE, text: textOf(topic, draw) });
    const said = new Map(models.map(({ id, right }) => [id, draw.chance(right[topic]) ? 0 : draw.one(1, 2)]));
    const came: RouteAnswer[] = [];
    let next = task.next(came);
    while (next.kind === 'ask') {
      came.push({ kind: 'answer', model: next.model, out_tokens: 200, choice: said.get(next.model) });
      next = task.next(came);
    }
    const record = task.record(came, next.model);
    learner.observe(record, HERE);
    const drift = learner.learn(record, said.get(next.model ?? '') === 0 ? 1 : 0, HERE);
    if (drift !== undefined) met.push({ n, drift });
    if (n >= 0.8 * prompts && next.model === 'cheap') late += 1;
  }
  return { met, late, learner };
}

const GOOD = { sums: 0.9, verse: 0.8 };
const BAD = { sums: 0.4, verse: 0.3 };

describe.each(['default', 'linucb'] as const)('a learner (%s)', (kind) => {
  test('finds out that a model has become worse, and asks somebody else', () => {
    const before = streamed({ seed: 1, prompts: 1_600, cheap: () => GOOD, kind });
    const after = streamed({ seed: 1, prompts: 1_600, cheap: (n) => (n < 800 ? GOOD : BAD), kind });
    expect(before.met).toEqual([]);
    expect(after.met[0]).toMatchObject({ drift: { model: 'cheap', direction: 'worse' } });
    expect(after.met[0]?.n).toBeLessThan(1_100);
    expect(after.late).toBeLessThan(before.late / 2);
  });
});

test('what is known of a change so far outlives a restart, as JSON', () => {
  const { learner } = streamed({ seed: 2, prompts: 400, cheap: () => GOOD });
  const state: unknown = JSON.parse(JSON.stringify(learner.state()));
  expect(isLearnerState(state)).toBe(true);
  const [tenant] = learner.state().tenants;
  expect(tenant?.drifts.length).toBeGreaterThan(0);
  const other = learnerOf('default', 9);
  expect(isLearnerState(state) && other.restore(state)).toBe(true);
  expect(other.state().tenants).toEqual(learner.state().tenants);
  const broken = { ...learner.state(), tenants: [{ ...tenant, drifts: [['cheap', 1, -1, 0, 0, 0]] }] };
  expect(isLearnerState(broken)).toBe(false);
});
