import type { CascadeAnswer, LaneView } from '@atp-router/consensus';
import { checkScore } from '@atp-router/routing';
import type { AutoChoice } from '../auto/auto-choice.ts';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import type { LaneRun } from '../fanout/lane-run.ts';
import { outTokensOf } from '../fanout/report.ts';
import type { Guide } from '../fanout/session-parts.ts';
import type { Fanout } from '../fanout/types.ts';
import { checksOf, schemaOf } from './checks-of.ts';

/** What came of a lane of a cascade that runs: its call, and what it said. */
type SeenLane = (lane: number) => readonly [run: Pick<LaneRun, 'records'> | undefined, view: LaneView | undefined];

/** What follows in a cascade that `auto` leads; an answer that is out of form is unusable, and nobody's is compared with it. */
export function cascadeGuide(
  call: AdmittedCall,
  { choice, facet }: Fanout,
  { ambient: { clock } }: Pick<EngineEnv, 'ambient'>,
  seen: SeenLane,
): Guide | undefined {
  if (choice === undefined) return undefined;
  const outTokens = (lane: number): number => outTokensOf(seen(lane)[0]);
  const checks = checksOf(choice.validators, call.head).filter(({ kind }) => kind === 'format' || kind === 'schema');
  if (checks.length === 0) return guideOf(choice, outTokens, (one) => one);
  const schema = schemaOf(checks, facet, call);
  const isOutOfForm = (answer: string): boolean =>
    checks.some((check) => {
      const began_ms = clock.mono_ms();
      const score = checkScore(check, { prompt: '', answer, is_cut: false, schema });
      return score === 0 && clock.mono_ms() - began_ms <= check.limit_ms;
    });
  // What was found once stays: an answer that is complete does not change.
  const found = new Map<number, boolean>();
  const looked = (one: CascadeAnswer): CascadeAnswer => {
    if (one.kind !== 'answer') return one;
    const is_out = found.get(one.lane) ?? isOutOfForm(seen(one.lane)[1]?.answer?.text ?? '');
    found.set(one.lane, is_out);
    return is_out ? { ...one, kind: 'unusable', choice: undefined } : one;
  };
  return guideOf(choice, outTokens, looked);
}

function guideOf(
  choice: AutoChoice,
  outTokens: (lane: number) => number,
  looked: (one: CascadeAnswer) => CascadeAnswer,
): Guide {
  return {
    next: (came) => choice.next(came.map(looked), outTokens),
    ahead: (came) => choice.ahead(came.map(looked), outTokens),
  };
}
