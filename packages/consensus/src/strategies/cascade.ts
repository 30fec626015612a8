import type { LaneAnswer } from '../answer.ts';
import type { CascadeAnswer, CascadeStep, CascadeView, Strategy, Verdict, View } from '../strategy.ts';
import { foldText } from '../text/fold.ts';
import { answerResult, counted, isAnyOpen, nothing } from './result.ts';
import { answersOf, isChallenger } from './voices.ts';

/** Words that are not equal may still say the same, unless they are as few as fit in so many characters. */
const WORDS_CHARS = 40;

/**
 * One after another: once an answer is there, what is known of who gave it says whether it is taken, or somebody of the
 * reserve asked behind it. Where nobody knows, the first answer is taken, and the next of the reserve asked where one fails.
 */
export const cascade: Strategy = {
  kind: 'cascade',
  is_order_free: true,
  decide(view) {
    const lanes = view.cascade ?? {
      begun: view.plan.members.map(({ source }, lane) => ({ lane, source })),
      reserve: [],
    };
    if (isAnyOpen(view) && !view.is_last) return { kind: 'wait' };
    const answers = answersOf(view).filter(({ lane }) => !isChallenger(view, lane));
    const came = cameOf(view, lanes, answers);
    const step = came.length === 0 ? undefined : (view.standing.next?.(came) ?? plainly(came, lanes));
    if (step?.kind === 'ask' && lanes.reserve.includes(step.source)) return { kind: 'begin', source: step.source };
    const taken = step?.kind === 'take' ? answers.find(({ source }) => source === step.source) : undefined;
    const answer = taken ?? answers.findLast(({ is_partial }) => !is_partial) ?? answers.at(-1);
    return answer === undefined ? none(view, lanes) : take(view, answer, came);
  },
};

function none(view: View, { reserve }: CascadeView): Verdict {
  const [source] = reserve;
  return source === undefined ? nothing(view) : { kind: 'begin', source };
}

function take(view: View, answer: LaneAnswer, came: readonly CascadeAnswer[]): Verdict {
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
  return { kind: 'done', result, is_safe: !isAnyOpen(view) };
}

/** Lanes that are over, in the order in which they began. */
function cameOf(view: View, { begun }: CascadeView, answers: readonly LaneAnswer[]): readonly CascadeAnswer[] {
  const { open, answers: all } = view;
  const choices = choicesOf(answers);
  return begun.flatMap(({ lane, source }): CascadeAnswer[] => {
    if (open.some((one) => one.lane === lane) || isChallenger(view, lane)) return [];
    const place = answers.findIndex((one) => one.lane === lane);
    if (answers[place] !== undefined) return [{ lane, source, kind: 'answer', choice: choices[place] }];
    const has_ended = all.some((one) => one.lane === lane);
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

/** What follows where nobody knows better. */
function plainly(came: readonly CascadeAnswer[], { reserve }: CascadeView): CascadeStep {
  const answered = came.find(({ kind }) => kind === 'answer');
  if (answered !== undefined) return { kind: 'take', source: answered.source };
  const [source] = reserve;
  return source === undefined ? { kind: 'none' } : { kind: 'ask', source };
}
