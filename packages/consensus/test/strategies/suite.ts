import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reconciled, Strategy, Verdict, View } from '../../src/index.ts';
import { type Outcome, type Play, playArb, replyTo, type Scene, viewOf } from './scenes.ts';

/** What every strategy keeps. `check` throws with the play that breaks it. */
export interface Property {
  readonly name: string;
  /** Left out for strategies that do not promise it. */
  applies?(strategy: Strategy): boolean;
  check(strategy: Strategy, play: Play): void;
}

type End = Exclude<Verdict, { kind: 'wait' | 'ask' | 'begin' }>;

/** Answers all that is asked until there is a result, as a session does: the same is asked once. */
export function settle(strategy: Strategy, view: View, reply: (id: string) => string | undefined): End {
  let follow_ups = view.follow_ups;
  for (let round = 0; round < 8; round += 1) {
    const verdict = strategy.decide({ ...view, follow_ups });
    if (verdict.kind === 'done' || verdict.kind === 'none') return verdict;
    if (verdict.kind === 'wait') throw new Error('waits though nobody is waited for');
    if (verdict.kind === 'begin') throw new Error('begins somebody where there is no reserve');
    const known = new Set(follow_ups.map(({ id }) => id));
    const fresh = verdict.asks.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) throw new Error('asks again for what it has an answer to');
    expect(new Set(fresh.map(({ id }) => id)).size, 'ids are unique').toBe(fresh.length);
    const said = fresh.map(({ id, role, source }) => ({ id, role, source: source ?? 'arbiter', text: reply(id) }));
    follow_ups = [...follow_ups, ...said];
  }
  throw new Error('asks without an end');
}

const final = (strategy: Strategy, scene: Scene, changes: Partial<View> = {}): End =>
  settle(strategy, viewOf(scene, scene.order.length, changes), (id) => replyTo(id, scene.seed));

/** What the result says, as far as the property of safety goes: the answer, not its wording. */
function saidBy(end: End, scene: Scene): string {
  if (end.kind === 'none') return 'none';
  const { lane, text } = end.result;
  const key = lane === undefined ? undefined : scene.outcomes[lane]?.key;
  return key === undefined || key === '' ? text : key;
}

const orderFree: Property = {
  name: 'order of arrival does not change the result',
  applies: ({ is_order_free }) => is_order_free,
  check(strategy, { scene }) {
    const other = { ...scene, order: [...scene.order].reverse() };
    expect(final(strategy, other)).toEqual(final(strategy, scene));
  },
};

const duplicates: Property = {
  name: 'an answer that is there twice counts once, wherever it stands',
  check(strategy, { scene }) {
    const { answers } = viewOf(scene, scene.order.length);
    const twice = [...answers.slice(1), ...answers, ...answers].reverse();
    expect(final(strategy, scene, { answers: twice })).toEqual(final(strategy, scene));
  },
};

const ends: Property = {
  name: 'a dead lane, and a follow-up that nobody answers, block nothing',
  check(strategy, { scene }) {
    const n = scene.order.length;
    for (let ended = 0; ended <= n; ended += 1) {
      const view = viewOf(scene, ended);
      const now = strategy.decide(view);
      if (view.open.length === 0) expect(now.kind).not.toBe('wait');
      const cut = strategy.decide({ ...view, is_last: true });
      if (view.open.length > 0) expect(['done', 'none']).toContain(cut.kind);
      const end = settle(strategy, { ...view, open: [], is_last: true }, () => undefined);
      const is_heard = view.answers.some(({ lane }) => !scene.members[lane]?.is_challenger);
      expect(end.kind, 'what somebody said leads to a result').toBe(is_heard ? 'done' : 'none');
    }
  },
};

const monotone: Property = {
  name: 'what is safe stays, whatever open lanes say',
  check(strategy, { scene, instead }) {
    // Chance is no part of this: a strategy that stops at a risk is asked for none.
    const certain = { ...scene, settings: { ...scene.settings, risk: 0 } };
    for (let ended = 0; ended < scene.order.length; ended += 1) {
      const verdict = strategy.decide(viewOf(certain, ended));
      if (verdict.kind !== 'done' || !verdict.is_safe) continue;
      const outcomes = scene.outcomes.map((own, lane) =>
        scene.order.indexOf(lane) < ended ? own : (instead[lane] as Outcome),
      );
      for (const other of [certain, { ...certain, outcomes }]) {
        expect(saidBy(final(strategy, other), other)).toBe(saidBy(verdict, other));
      }
    }
  },
};

const nameless: Property = {
  name: 'names of sources change nothing',
  check(strategy, { scene }) {
    const reply = (id: string): string | undefined => replyTo(id, scene.seed);
    const rename = (source: number): string => `${'zyxwvu'[source]}-other`;
    const back = (end: End): unknown =>
      JSON.parse(
        JSON.stringify(end).replaceAll(/"([u-z])-other"/g, (_, letter: string) => `"s${'zyxwvu'.indexOf(letter)}"`),
      );
    const plain = settle(strategy, viewOf(scene, scene.order.length), reply);
    const renamed = settle(strategy, viewOf(scene, scene.order.length, {}, rename), reply);
    expect(back(renamed)).toEqual(back(plain));
  },
};

function expectBounded({ agreement, confidence, shares, why, uncertainties }: Reconciled): void {
  for (const value of [agreement, confidence, ...shares.map(({ share }) => share)]) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1);
  }
  expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(1 + 1e-6);
  expect(new Set(shares.map(({ lane }) => lane)).size).toBe(shares.length);
  expect(why.length).toBeGreaterThan(0);
  for (const line of [...why, ...uncertainties]) expect(line.length).toBeLessThanOrEqual(400);
  expect(why.length + uncertainties.length).toBeLessThanOrEqual(48);
}

const bounded: Property = {
  name: 'results are within bounds, are of those who are heard, and the view is left as it is',
  check(strategy, { scene }) {
    for (let ended = 0; ended <= scene.order.length; ended += 1) {
      const view = deepFreeze(viewOf(scene, ended, { is_last: true }));
      const end = settle(strategy, view, (id) => replyTo(id, scene.seed));
      if (end.kind === 'none') continue;
      expectBounded(end.result);
      const { lane, text } = end.result;
      if (lane === undefined) continue;
      expect(scene.members[lane]?.is_challenger).toBe(false);
      expect(view.answers.find((answer) => answer.lane === lane)?.text, 'word for word').toBe(text);
    }
  },
};

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

export const PROPERTIES: readonly Property[] = [orderFree, duplicates, ends, monotone, nameless, bounded];

const RUNS = 100;

/** Throws with seed and counterexample where the property does not hold. */
export function hold(property: Property, strategy: Strategy, runs: number = RUNS): void {
  fc.assert(
    fc.property(playArb, (play) => property.check(strategy, play)),
    { numRuns: runs },
  );
}

/** The suite that each strategy passes, whatever it does. */
export function describeStrategy(strategy: Strategy): void {
  describe(`${strategy.kind}: what every strategy keeps`, () => {
    for (const property of PROPERTIES) {
      if (property.applies?.(strategy) === false) continue;
      test(property.name, () => hold(property, strategy));
    }
  });
}
