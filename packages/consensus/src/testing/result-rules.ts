import type { FanoutPlan } from '../plan.ts';
import type { Reconciled } from '../strategy.ts';
import type { Broken, HeardLane } from './lane-book.ts';

/** Sums of shares may be off by that. */
const ROUNDING = 1e-6;
/** Shorter words say nothing by themselves, unless they are numbers or turn a sentence round. */
const TELLING_FROM = 4;
const TURNING: ReadonlySet<string> = new Set(['no', 'not']);

/** What holds of each result, whoever made it. */
export function judgeResult(
  result: Reconciled,
  heard: readonly HeardLane[],
  { members }: Pick<FanoutPlan, 'members'>,
  broken: Broken,
): void {
  const { shares, lane, text } = result;
  for (const share of [result.agreement, result.confidence, ...shares.map((one) => one.share)]) {
    if (!(share >= 0 && share <= 1)) broken(`a share of ${share}`);
  }
  if (new Set(shares.map((one) => one.lane)).size < shares.length) broken('a lane has two shares of the result');
  if (shares.reduce((sum, { share }) => sum + share, 0) > 1 + ROUNDING) broken('shares are more than all');
  for (const carrier of new Set([...shares.map((one) => one.lane), ...(lane === undefined ? [] : [lane])])) {
    const own = heard.find((one) => one.lane === carrier);
    if (own === undefined) broken(`lane ${carrier} carries a result, and has said nothing`);
    if (members[carrier]?.is_challenger === true) broken(`lane ${carrier} carries a result, and is a challenger`);
    if (carrier === lane && own !== undefined && own.text !== text) broken('the result is not what its lane has said');
  }
}

/** What an arbiter wrote says nothing that no lane has said: the first sentence, or claim, that does. */
export function addedClaim({ text, findings }: Reconciled, heard: readonly HeardLane[]): string | undefined {
  const answers = heard.map((one) => wordsOf(one.text));
  const known = new Set(answers.flatMap((words) => [...words]));
  const parts = findings?.map(({ claim }) => claim) ?? text.split(/(?<=[.!?]) |\n/);
  return parts.find((part) => {
    const telling = [...wordsOf(part)].filter((word) => isExact(word) || word.length >= TELLING_FROM);
    if (!telling.every((word) => known.has(word))) return true;
    const exact = telling.filter(isExact);
    const has = (words: ReadonlySet<string>): boolean =>
      exact.every((word) => words.has(word)) && 2 * telling.filter((word) => words.has(word)).length >= telling.length;
    return !answers.some(has);
  });
}

const isExact = (word: string): boolean => /\p{N}/u.test(word) || TURNING.has(word);

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
