import type { Reconciled, Strategy, View } from '../strategy.ts';
import { mergeStream, placeAfter, StreamPlaces } from './merge-stream.ts';
import { type Plurality, pluralityOf } from './plurality.ts';
import { noted, nothing, resultOf, verdictOf } from './result.ts';
import { standingOf, voicesOf } from './voices.ts';

/**
 * Tells what lanes agree on while they still speak (`mergeStream`). The result goes on from there: with the answer that has
 * the most votes among those that begin with what was told. What was told depends on who spoke first, as to its wording
 * and its length.
 */
export function streamingMergeOf(): Strategy {
  const places = new StreamPlaces();
  return {
    kind: 'streaming_merge',
    is_order_free: false,
    decide(view) {
      const found = pluralityOf(view);
      if (found === undefined) return view.settled === '' || !view.is_last ? nothing(view) : done(view, onlyTold(view));
      if (view.settled === '') return verdictOf(view, found.result, found.is_safe);
      const voices = voicesOf(view);
      const heard = voices.heard.filter(({ answer }) => placeAfter(whole(answer.text), view.settled) !== undefined);
      const going_on = pluralityOf(view, { voices: { ...voices, heard } });
      if (going_on === undefined) return done(view, onlyTold(view, found));
      return verdictOf(view, continued(view, going_on, found), going_on.is_safe);
    },
    stream({ plan, standing, settled, texts }) {
      const is_equal = plan.strategy.weights === 'equal';
      const weightOf = (source: string): number => (is_equal ? 1 : standingOf({ standing }, source));
      const is_known = texts.some(({ source }) => weightOf(source) > 0);
      const parts = texts.map(({ lane, source, text, is_complete }) => ({
        ...{ lane, text, is_complete },
        weight: is_known ? weightOf(source) : 1,
      }));
      return mergeStream(parts, settled, places);
    },
  };
}

const whole = (text: string): { readonly text: string; readonly is_complete: true } => ({ text, is_complete: true });
const done = (view: View, result: Reconciled): ReturnType<Strategy['decide']> => verdictOf(view, result, false);

/** What was told, and then what the best of those says that begin with it. */
function continued(view: View, { result }: Plurality, all: Plurality): Reconciled {
  const at = placeAfter(whole(result.text), view.settled)?.at ?? result.text.length;
  const text = view.settled + result.text.slice(at);
  const best = all.result;
  const is_other = best.lane !== result.lane && best.text !== result.text;
  return noted(
    { ...result, text, lane: text === result.text ? result.lane : undefined },
    [`${view.settled.length} characters were told before the end; the result goes on from there`],
    is_other ? [`lane ${best.lane} has more votes, but does not begin with what was told`] : [],
  );
}

/** Nobody who said what was told has an answer. */
function onlyTold(view: View, found?: Plurality): Reconciled {
  return resultOf(view, {
    text: view.settled,
    agreement: found?.result.agreement ?? 0,
    confidence: 0,
    why: ['what was told before the end is all there is'],
    uncertainties: ['no answer begins with what was told'],
    carriers: [],
  });
}
