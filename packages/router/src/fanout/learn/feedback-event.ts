import type { ConsensusLearned, FeedbackGiven } from '@atp-router/ledger';
import { isExact } from './answer-form.ts';

/** What is said of a session. */
export type Said =
  /** How right the result was, 0 to 1. */
  | { readonly kind: 'score'; readonly score: number }
  /** Number of the right answer; undefined: nobody gave it. */
  | { readonly kind: 'label'; readonly choice: number | undefined }
  | { readonly kind: 'lanes'; readonly lanes: readonly { readonly lane: number; readonly right: number }[] };

export interface Given {
  readonly key_id: string;
  readonly body_hash: string;
  readonly now_ms: number;
}

const RIGHT = 0.5;

/** Feedback as it is kept: what it says of each lane, of the result, and of what other strategies would have said. */
export function feedbackEvent(
  session: ConsensusLearned,
  said: Said,
  { key_id, body_hash, now_ms }: Given,
): FeedbackGiven {
  const rightOf = rightsOf(session, said);
  const score = scoreOf(session, said, rightOf);
  const { call_id, tenant, policy, cluster, strategy, confidence, lanes, others } = session;
  return {
    type: 'feedback.given',
    ...{ call_id, tenant, key_id, body_hash, policy },
    ...(cluster !== undefined && { cluster }),
    ...{ strategy, confidence },
    ...(score !== undefined && { score }),
    lanes: lanes.map(({ lane, source, choice, share }) => {
      const right = rightOf(lane, choice, share);
      return { source, choice, ...(right !== undefined && { right }) };
    }),
    gains: said.kind === 'score' ? [] : gainsOf(others, rightOf),
    at_ms: now_ms,
  };
}

/** How right an answer was; undefined: nobody knows. `lane` is undefined for what no lane said itself. */
type RightOf = (lane: number | undefined, choice: number, share: number) => number | undefined;

function rightsOf({ result, lanes, answer }: ConsensusLearned, said: Said): RightOf {
  const spoken = new Set(lanes.flatMap(({ lane, in_time }) => (in_time === true ? [lane] : [])));
  switch (said.kind) {
    case 'label':
      // Who had none was not right either, but for those whom nobody let speak.
      return (lane, choice) => {
        if (choice >= 0) return choice === said.choice ? 1 : 0;
        return lane !== undefined && spoken.has(lane) ? 0 : undefined;
      };
    case 'score': {
      // Beside a right answer, one that cannot be right as well is wrong. Beside a wrong one any other may be right.
      const of_others = isExact(answer) && result >= 0 && said.score >= RIGHT ? 0 : undefined;
      return (_, choice, share) => {
        if (result >= 0) return choice === result ? said.score : choice >= 0 ? of_others : undefined;
        return share > 0 ? said.score : undefined;
      };
    }
    case 'lanes': {
      const marks = new Map(said.lanes.map(({ lane, right }) => [lane, right]));
      const of_choice = new Map(
        lanes.flatMap(({ lane, choice }) => (choice >= 0 && marks.has(lane) ? [[choice, marks.get(lane) ?? 0]] : [])),
      );
      return (lane, choice) => (lane === undefined ? undefined : marks.get(lane)) ?? of_choice.get(choice);
    }
  }
}

/**
 * What other strategies would have gained, if that is known of all of them: beside a right answer others are wrong, and beside a
 * wrong one nobody knows, so that to learn where something is known would be to learn who is the same as what decides now.
 */
function gainsOf(others: ConsensusLearned['others'], rightOf: RightOf): FeedbackGiven['gains'] {
  const gains: { readonly kind: string; readonly gain: number }[] = [];
  for (const { kind, choice } of others) {
    if (choice < 0) continue;
    const gain = rightOf(undefined, choice, 0);
    if (gain === undefined) return [];
    gains.push({ kind, gain });
  }
  return gains;
}

function scoreOf(session: ConsensusLearned, said: Said, rightOf: RightOf): number | undefined {
  if (said.kind === 'score') return said.score;
  // What was put together of several answers cannot be held against a label, nor against marks of lanes.
  return session.result < 0 ? undefined : rightOf(undefined, session.result, 0);
}
