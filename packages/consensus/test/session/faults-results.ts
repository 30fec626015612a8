import { Lanes } from '../../src/session/lanes.ts';
import { Settled } from '../../src/session/settled.ts';
import { Sources } from '../../src/strategies/added-claims.ts';
import { champion } from '../../src/strategies/champion.ts';
import { first_win } from '../../src/strategies/first-win.ts';
import { judge } from '../../src/strategies/judge.ts';
import { majority } from '../../src/strategies/majority.ts';
import { self_consistency } from '../../src/strategies/self-consistency.ts';
import type { Reconciled, Strategy, View } from '../../src/strategy.ts';
import { broken, type Fault, together } from './fault.ts';

/** Strategies that are the same for all sessions. */
const FIXED: readonly Strategy[] = [champion, first_win, judge, majority, self_consistency];

/** What these see, changed. */
function views(of: readonly Strategy[], change: (view: View) => View): () => void {
  return together(
    ...of.map((strategy) =>
      broken(
        strategy,
        'decide',
        (right) =>
          function (view) {
            return right.call(this, change(view));
          },
      ),
    ),
  );
}

function results(of: readonly Strategy[], change: (result: Reconciled, view: View) => Reconciled): () => void {
  return together(
    ...of.map((strategy) =>
      broken(
        strategy,
        'decide',
        (right) =>
          function (view) {
            const verdict = right.call(this, view);
            return verdict.kind === 'done' ? { ...verdict, result: change(verdict.result, view) } : verdict;
          },
      ),
    ),
  );
}

const unchallenged = (view: View): View => ({
  ...view,
  plan: { ...view.plan, members: view.plan.members.map((member) => ({ ...member, is_challenger: false })) },
});

/** In what the result is. */
export const RESULT_FAULTS: readonly Fault[] = [
  {
    name: 'a challenger may be the result',
    found_by: 'and is a challenger',
    make: () =>
      together(
        broken(
          Lanes.prototype,
          'answers',
          (right) =>
            function () {
              return right.call(this, () => true);
            },
        ),
        views(FIXED, unchallenged),
      ),
  },
  {
    name: 'a challenger takes the place of a champion that has failed',
    found_by: 'and is a challenger',
    make: () => views([champion], unchallenged),
  },
  {
    name: 'the arbiter may say what nobody has said',
    found_by: 'the arbiter adds',
    make: () => broken(Sources.prototype, 'support', () => () => true),
  },
  {
    name: 'votes are counted for the first answer only',
    found_by: 'in one order',
    make: () =>
      views([majority], (view) => {
        const first = view.answers.filter(({ lane }) => lane === view.arrival[0]);
        return first.length === 0 ? view : { ...view, answers: first };
      }),
  },
  {
    name: 'an equal number of votes goes to whoever was first',
    found_by: 'in one order',
    make: () =>
      results([majority, self_consistency], (result, { answers, arrival }) => {
        const first = answers.find(({ lane }) => lane === arrival[0]);
        return result.agreement > 0.5 || first === undefined
          ? result
          : { ...result, text: first.text, lane: first.lane, findings: first.findings };
      }),
  },
  {
    name: 'the judge is asked in the order of arrival',
    found_by: 'in one order',
    make: () =>
      views([judge], (view) => ({
        ...view,
        answers: view.arrival.flatMap((lane, place) =>
          view.answers.filter((one) => one.lane === lane).map((one) => ({ ...one, lane: place })),
        ),
      })),
  },
  {
    name: 'whoever leads is taken for safe',
    found_by: 'in one order',
    make: () =>
      broken(
        majority,
        'decide',
        (right) =>
          function (view) {
            const now = right.call(this, { ...view, is_last: true });
            return now.kind === 'done' ? { ...now, is_safe: true } : right.call(this, view);
          },
      ),
  },
  {
    name: 'a lane that is heard once has two shares',
    found_by: 'a lane has two shares',
    make: () => results(FIXED, (result) => ({ ...result, shares: result.shares.flatMap((one) => [one, one]) })),
  },
  {
    name: 'the words of a lane are changed',
    found_by: 'the result is not what its lane has said',
    make: () => results([first_win], (result) => ({ ...result, text: result.text.toUpperCase() })),
  },
  {
    name: 'what was told is told again',
    found_by: 'the result takes back what was told',
    make: () =>
      broken(
        Settled.prototype,
        'grow',
        (right) =>
          function (strategy, lanes) {
            const told = right.call(this, strategy, lanes);
            return told === '' ? '' : this.text;
          },
      ),
  },
  {
    name: 'an answer is left out where others are heard',
    found_by: 'there is no result, though somebody has answered',
    make: () =>
      broken(
        first_win,
        'decide',
        (right) =>
          function (view) {
            const verdict = right.call(this, view);
            return view.is_last && view.answers.length === 1 ? { kind: 'none', why: 'only one has answered' } : verdict;
          },
      ),
  },
];
