import type { ConsensusLearned } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { feedbackEvent, type Said } from '../../src/fanout/learn/feedback-event.ts';

const GIVEN = { key_id: 'k1', body_hash: 'h', now_ms: 1 };

/** Three answers, of which the first is the result; two other strategies would have taken the first and the second. */
const SESSION: ConsensusLearned = {
  type: 'consensus.learned',
  ...{
    call_id: 'call_1',
    tenant: 'acme',
    policy: 'panel',
    strategy: 'majority',
    confidence: 0.7,
    answer: 'choice',
    result: 0,
  },
  lanes: [0, 1, 2].map((lane) => ({
    ...{
      lane,
      source: `s${lane}`,
      choice: lane,
      in_time: true,
      is_partial: false,
      is_late: false,
      share: lane === 0 ? 1 : 0,
    },
  })),
  is_free: true,
  others: [
    { kind: 'first_win', choice: 0 },
    { kind: 'evidence', choice: 1 },
    { kind: 'union', choice: -1 },
  ],
  ...{ at_ms: 0, sealed: '' },
};

const marks = (...right: readonly number[]): Said => ({
  kind: 'lanes',
  lanes: right.map((mark, lane) => ({ lane, right: mark })),
});

test.each<[string, Said, readonly (readonly [string, number])[]]>([
  [
    'a label tells of all of them',
    { kind: 'label', choice: 1 },
    [
      ['first_win', 0],
      ['evidence', 1],
    ],
  ],
  [
    'so does a label that nobody gave',
    { kind: 'label', choice: undefined },
    [
      ['first_win', 0],
      ['evidence', 0],
    ],
  ],
  [
    'marks of the lanes that they took do',
    marks(0, 1),
    [
      ['first_win', 0],
      ['evidence', 1],
    ],
  ],
  ['marks of some of these say nothing', marks(1), []],
  ['a good score is of the result alone', { kind: 'score', score: 1 }, []],
  ['a bad one as well', { kind: 'score', score: 0 }, []],
])('what other strategies would have gained: %s', (_, said, gains) => {
  expect(feedbackEvent(SESSION, said, GIVEN).gains.map(({ kind, gain }) => [kind, gain])).toEqual(gains);
});
