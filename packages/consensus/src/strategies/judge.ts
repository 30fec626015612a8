import { randomInt, seededRng } from '@atp-router/kernel';
import type { FollowUp, Reconciled, Strategy, Verdict, View } from '../strategy.ts';
import { hash32 } from '../text/hash.ts';
import { confidenceWith, shareOf } from './ballot.ts';
import { foremost, type Plurality, pluralityOf } from './plurality.ts';
import { pickPrompt, verifyPrompt } from './prompts.ts';
import { askOf, askOpen, choiceIn, mayAsk, replyTo, scoreIn } from './replies.ts';
import { answerResult, isAnyOpen, noted, nothing, rounded, verdictOf } from './result.ts';
import { standingOf, type Voice } from './voices.ts';

/** Different answers that are judged, those with the most votes; letters A to P. */
const CANDIDATES_MAX = 16;

/** One of the different answers, in the words of one lane. */
interface Candidate {
  readonly letter: string;
  readonly voice: Voice;
}

/**
 * Another agent judges. `pick`: it compares all different answers at once, without their authors, in an order that follows
 * from their texts alone (judges prefer places: Zheng et al. 2023, arXiv:2306.05685). `verify`: it scores each by itself, and
 * the best wins. Where it says nothing that can be read the majority stands; where all agree nobody is asked.
 */
export const judge: Strategy = {
  kind: 'judge',
  is_order_free: true,
  decide(view) {
    const found = pluralityOf(view);
    if (found === undefined) return nothing(view);
    if (isAnyOpen(view))
      return verdictOf(view, noted(found.result, ['the judge is asked once all have answered']), false);
    const candidates = candidatesOf(found);
    if (candidates.length < 2) return verdictOf(view, found.result, true);
    return view.plan.strategy.judge_mode === 'pick' ? pick(view, found, candidates) : verify(view, found, candidates);
  },
};

/** The different answers, best supported first, then brought into an order that says nothing about them. */
function candidatesOf({ voices: { heard }, ballot }: Plurality): readonly Candidate[] {
  const blank = heard.filter(({ answer }) => answer.key === '');
  const groups = [
    ...ballot.tallies.map(({ key }) => heard.filter(({ answer }) => answer.key === key)),
    ...blank.map((voice) => [voice]),
  ];
  const chosen = groups.slice(0, CANDIDATES_MAX).flatMap((group) => foremost(group) ?? []);
  const rng = seededRng(hash32(chosen.map(({ answer }) => answer.text).join('\n')));
  for (let last = chosen.length - 1; last > 0; last -= 1) {
    const other = randomInt(rng, 0, last);
    [chosen[last], chosen[other]] = [chosen[other] as Voice, chosen[last] as Voice];
  }
  return chosen.map((voice, i) => ({ letter: String.fromCharCode(65 + i), voice }));
}

function pick(view: View, found: Plurality, candidates: readonly Candidate[]): Verdict {
  const prompt = pickPrompt(candidates.map(({ letter, voice }) => ({ letter, text: voice.answer.text })));
  const ask = askOf('judge', view.plan.strategy.judge, prompt);
  const reply = replyTo(view, ask);
  if (reply === undefined)
    return mayAsk(view) ? { kind: 'ask', asks: [ask] } : withoutJudge(view, found, 'was not asked');
  const letter = choiceIn(
    reply,
    candidates.map((one) => one.letter),
  );
  if (letter === 'none') return withoutJudge(view, found, 'found all answers wrong');
  const candidate = candidates.find((one) => one.letter === letter);
  if (candidate === undefined) return withoutJudge(view, found, 'gave no choice that can be read');
  const why = `the judge chose ${candidate.letter} of ${candidates.length} different answers: lane ${candidate.voice.answer.lane}`;
  return verdictOf(view, chosen(view, found, candidate, standingOfJudge(view, ask), [why]), true);
}

function verify(view: View, found: Plurality, candidates: readonly Candidate[]): Verdict {
  const { judge: source } = view.plan.strategy;
  const prompts = candidates.map(({ voice }) => verifyPrompt(voice.answer.text));
  // By its prompt: where a candidate stands changes with each answer that comes, and what was judged stays judged.
  const asks = prompts.map((prompt, i) =>
    askOf('verifier', source, prompt, prompts.slice(0, i).filter((one) => one === prompt).length),
  );
  const open = mayAsk(view) ? askOpen(view, asks) : undefined;
  if (open !== undefined) return open;
  const scores = asks.map((ask) => scoreIn(replyTo(view, ask) ?? ''));
  const best = bestOf(found, candidates, scores);
  if (best === undefined) return withoutJudge(view, found, 'gave no score that can be read');
  const missing = scores.filter((score) => score === undefined).length;
  const why = `the verifier gave the answer of lane ${best.candidate.voice.answer.lane} ${rounded(best.score * 10)} of 10, the most of ${candidates.length}`;
  const result = chosen(view, found, best.candidate, 0, [why]);
  const doubts = missing > 0 ? [`${missing} of ${candidates.length} answers have no score`] : [];
  return verdictOf(view, noted({ ...result, confidence: best.score }, [], doubts), true);
}

/** The highest score; a tie goes to the answer with more votes, then to that of the first lane. */
function bestOf(
  { ballot }: Plurality,
  candidates: readonly Candidate[],
  scores: readonly (number | undefined)[],
): { readonly candidate: Candidate; readonly score: number } | undefined {
  const rankOf = ({ voice }: Candidate): number => {
    const rank = ballot.tallies.findIndex(({ key }) => key === voice.answer.key);
    return rank < 0 ? ballot.tallies.length + voice.answer.lane : rank;
  };
  const scored = candidates.flatMap((candidate, i) => {
    const score = scores[i];
    return score === undefined ? [] : [{ candidate, score }];
  });
  return scored.sort((a, b) => b.score - a.score || rankOf(a.candidate) - rankOf(b.candidate))[0];
}

/** What the judge says counts for its choice as one more vote does. */
function chosen(view: View, found: Plurality, { voice }: Candidate, vote: number, why: readonly string[]): Reconciled {
  const { ballot, voices } = found;
  const { answer } = voice;
  const tally = ballot.tallies.find(({ key }) => key === answer.key && key !== '');
  return answerResult(view, answer, {
    agreement: tally === undefined ? 0 : shareOf(ballot, tally),
    confidence: confidenceWith(ballot, answer.key, vote, view.plan.strategy.weights),
    why,
    carriers: voices.heard.flatMap((one) =>
      one === voice || (answer.key !== '' && one.answer.key === answer.key) ? [[one.answer.lane, one.weight]] : [],
    ),
  });
}

function standingOfJudge(view: View, { id }: FollowUp): number {
  const source = view.follow_ups.find((one) => one.id === id)?.source;
  return source === undefined ? 1 : standingOf(view, source);
}

function withoutJudge(view: View, { result }: Plurality, what: string): Verdict {
  return verdictOf(view, noted(result, [], [`the judge ${what}: the majority stands`]), true);
}
