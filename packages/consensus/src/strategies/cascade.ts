import type { LaneAnswer } from '../answer.ts';
import type { FanoutPlan } from '../plan.ts';
import type { CascadeAnswer, CascadeStep, CascadeView, Strategy, Verdict, View } from '../strategy.ts';
import { foldText } from '../text/fold.ts';
import { answerResult, counted, nothing } from './result.ts';
import { answersOf, isChallenger } from './voices.ts';

/** Words that are not equal may still say the same, unless they are as few as fit in so many characters. */
const WORDS_CHARS = 40;

/**
 * One after another: once an answer is there, what is known of who gave it says whether it is taken, or somebody of the
 * reserve asked behind it. Where nobody knows, the first answer is taken, and the next of the reserve asked where one fails.
 * Who is likely to be asked next may begin early; what it says counts only once it would have been asked.
 */
export const cascade: Strategy = {
  kind: 'cascade',
  is_order_free: true,
  decide(view) {
    const lanes: CascadeView = view.cascade ?? {
      begun: view.plan.members.map(({ source }, lane) => ({ lane, source })),
      reserve: [],
    };
    const answers = answersOf(view).filter(({ lane }) => !isChallenger(view, lane));
    const way = wayOf(view, lanes, answers);
    const { step, awaits } = way;
    if (awaits && !view.is_last) return aheadOf(view, lanes, way);
    if (step?.kind === 'ask' && lanes.reserve.includes(step.source)) return { kind: 'begin', source: step.source };
    const taken = step?.kind === 'take' ? answers.find(({ source }) => source === step.source) : undefined;
    const answer = taken ?? answers.findLast(({ is_partial }) => !is_partial) ?? answers.at(-1);
    return answer === undefined ? none(view, lanes) : take(view, answer, way);
  },
};

/** What came, in the order in which it was asked for, what follows from it, and who began early without being asked for. */
interface Way {
  readonly came: readonly CascadeAnswer[];
  readonly step: CascadeStep | undefined;
  /** Somebody who was asked is still at work. */
  readonly awaits: boolean;
  readonly early: readonly number[];
}

function wayOf(view: View, { begun }: CascadeView, answers: readonly LaneAnswer[]): Way {
  const asked = begun.filter(({ is_early }) => is_early !== true);
  for (;;) {
    const left = begun.filter((one) => !asked.includes(one));
    const early = left.map(({ lane }) => lane);
    const awaits = asked.some(({ lane }) => view.open.some((one) => one.lane === lane));
    const came = cameOf(view, asked, answers);
    if (awaits || came.length === 0) return { came, step: undefined, awaits, early };
    const step = view.standing.next?.(came) ?? plainly(came, view.plan);
    const next = left.find(({ source }) => step.kind === 'ask' && source === step.source);
    if (next === undefined) return { came, step, awaits, early };
    asked.push(next);
  }
}

/** While somebody is at work for long, one more may begin. */
function aheadOf({ standing }: View, { reserve, is_late }: CascadeView, { came, early }: Way): Verdict {
  const source = is_late === true && early.length === 0 ? standing.ahead?.(came) : undefined;
  return source !== undefined && reserve.includes(source)
    ? { kind: 'begin', source, is_early: true }
    : { kind: 'wait' };
}

function none(view: View, { reserve }: CascadeView): Verdict {
  const [source] = reserve;
  return source === undefined ? nothing(view) : { kind: 'begin', source };
}

function take(view: View, answer: LaneAnswer, { came, early }: Way): Verdict {
  const choice = came.find(({ lane }) => lane === answer.lane)?.choice;
  const said = came.filter(({ kind }) => kind === 'answer');
  const same = choice === undefined ? 1 : said.filter((one) => one.choice === choice).length;
  const share = said.length === 0 ? 1 : same / said.length;
  const result = answerResult(view, answer, {
    agreement: share,
    confidence: share,
    why: [
      `${counted(came.length, 'lane')} asked one after another`,
      `the answer of lane ${answer.lane} is taken, which ${same} of ${said.length} gave`,
    ],
    carriers: [[answer.lane, 1]],
  });
  const is_safe = view.open.every(({ lane }) => early.includes(lane));
  return { kind: 'done', result, is_safe, ...(early.length > 0 && { spared: early }) };
}

/** Those of these lanes that are over. */
function cameOf(view: View, lanes: CascadeView['begun'], answers: readonly LaneAnswer[]): readonly CascadeAnswer[] {
  const of_lanes = answers.filter((answer) => lanes.some(({ lane }) => lane === answer.lane));
  const choices = choicesOf(of_lanes);
  return lanes.flatMap(({ lane, source }): CascadeAnswer[] => {
    if (view.open.some((one) => one.lane === lane) || isChallenger(view, lane)) return [];
    const place = of_lanes.findIndex((one) => one.lane === lane);
    if (of_lanes[place] !== undefined) return [{ lane, source, kind: 'answer', choice: choices[place] }];
    const has_ended = view.answers.some((one) => one.lane === lane);
    return [{ lane, source, kind: has_ended ? 'unusable' : 'failed', choice: undefined }];
  });
}

/** Numbers of answers, from 0 in their order. Of words that stand alone it cannot be told whether another says the same. */
function choicesOf(answers: readonly LaneAnswer[]): readonly (number | undefined)[] {
  const numbers = new Map<string, number>();
  for (const { key } of answers) if (key !== '' && !numbers.has(key)) numbers.set(key, numbers.size);
  return answers.map(({ key, text }) => {
    if (key === '') return undefined;
    const is_shared = answers.filter((one) => one.key === key).length > 1;
    const is_words = key.length > WORDS_CHARS && foldText(text).startsWith(key.slice(0, WORDS_CHARS));
    return is_shared || !is_words ? numbers.get(key) : undefined;
  });
}

/** What follows where nobody knows better: whoever is next in the plan, also where another began early. */
function plainly(came: readonly CascadeAnswer[], { reserve = [] }: FanoutPlan): CascadeStep {
  const answered = came.find(({ kind }) => kind === 'answer');
  if (answered !== undefined) return { kind: 'take', source: answered.source };
  const next = reserve.find(({ source }) => !came.some((one) => one.source === source));
  return next === undefined ? { kind: 'none' } : { kind: 'ask', source: next.source };
}
