import type { RouteDecided, RouteFeedback } from '@atp-router/ledger';

/** What is said of an answer in place of a person: by whom, how right it is (0 to 1), and how much that counts. */
export interface WordOf {
  readonly by: string;
  readonly right: number;
  readonly weight: number;
}

/** It has no key, so it takes nobody's turn to give feedback. */
export function wordOn(
  { call_id, tenant, lesson, at_ms: decided_ms }: RouteDecided,
  word: WordOf,
  at_ms: number,
): RouteFeedback {
  return {
    type: 'route.feedback',
    ...{ call_id, tenant, key_id: '', body_hash: '' },
    ...word,
    lesson,
    decided_ms,
    at_ms,
  };
}
