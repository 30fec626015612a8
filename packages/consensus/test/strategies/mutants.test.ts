import { describe, expect, test } from 'vitest';
import type { Reconciled, Strategy, Verdict, View } from '../../src/index.ts';
import { hold, PROPERTIES } from './suite.ts';
import { made } from './tools.ts';

const majority = made('majority');

const changed = (change: (verdict: Verdict, view: View) => Verdict, before = (view: View): View => view): Strategy => ({
  ...majority,
  decide: (view) => change(majority.decide(before(view)), view),
});
const withResult = (change: (result: Reconciled, view: View) => Reconciled): Strategy =>
  changed((verdict, view) =>
    verdict.kind === 'done' ? { ...verdict, result: change(verdict.result, view) } : verdict,
  );

/** Strategies that are wrong on purpose, and what of the suite finds them. */
const MUTANTS: readonly { readonly name: string; readonly strategy: Strategy; readonly found_by: string }[] = [
  {
    name: 'the answer that came last is heard first',
    strategy: changed(
      (verdict) => verdict,
      (view) => {
        const last = view.arrival.at(-1);
        const answers = view.answers.filter(({ lane }) => lane === last);
        return answers.length > 0 ? { ...view, answers } : view;
      },
    ),
    found_by: 'order of arrival does not change the result',
  },
  {
    name: 'the number of answers is counted as they are listed',
    strategy: withResult((result, { answers }) => ({ ...result, confidence: result.confidence / answers.length })),
    found_by: 'an answer that is there twice counts once, wherever it stands',
  },
  {
    name: 'all members are waited for',
    strategy: changed((verdict, { plan, answers }) =>
      answers.length < plan.members.length && verdict.kind === 'done' ? { kind: 'wait' } : verdict,
    ),
    found_by: 'a dead lane, and a follow-up that nobody answers, block nothing',
  },
  {
    name: 'whoever leads is safe',
    strategy: changed((verdict, view) => {
      const now = majority.decide({ ...view, is_last: true });
      return now.kind === 'done' ? { ...now, is_safe: true } : verdict;
    }),
    found_by: 'what is safe stays, whatever open lanes say',
  },
  {
    name: 'ties go to the first name',
    strategy: changed(
      (verdict) => verdict,
      (view) => {
        const [first] = [...view.answers].sort((a, b) => (a.source < b.source ? -1 : 1));
        return first === undefined ? view : { ...view, answers: [first] };
      },
    ),
    found_by: 'names of sources change nothing',
  },
  {
    name: 'confidence is the sum of weights',
    strategy: withResult((result, { answers }) => ({ ...result, confidence: answers.length })),
    found_by: 'results are within bounds, are of those who are heard, and the view is left as it is',
  },
];

describe('the suite of strategies finds what is broken', () => {
  test.each(MUTANTS)('$name', ({ strategy, found_by }) => {
    const property = PROPERTIES.find(({ name }) => name === found_by);
    if (property === undefined) throw new Error(`no property "${found_by}"`);
    expect(() => hold(property, strategy, 1_000)).toThrow(/Property failed/);
  });
});
