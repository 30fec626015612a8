import type { JsonObject } from '@atp-router/kernel';
import { STRATEGY_KINDS } from '@atp-router/consensus';
import { at, PAGE, RANGE } from './admin-paths.ts';
import { pageOf, ref, text, words } from './schema.ts';

const strategy = words('Only those that it decided.', STRATEGY_KINDS);
const { model: _, ...days } = RANGE;

export const CONSENSUS_PATHS: JsonObject = {
  ...at('/consensus', {
    get: {
      ...{ id: 'listConsensus', tag: 'observe', summary: 'Sessions in which several agents were asked, newest first.' },
      answer: pageOf(ref('ConsensusSession')),
      query: {
        ...days,
        policy: text('Only those of this policy.'),
        strategy,
        outcome: words('Only those that ended so.', ['ok', 'error', 'cancelled']),
        ...PAGE,
      },
    },
  }),
  ...at('/consensus/{id}', {
    get: {
      ...{
        id: 'getConsensus',
        tag: 'observe',
        summary: 'One session: who said what, when, and why the result came out.',
      },
      description: 'Under the id of its call. A call that a crash interrupted has no session.',
      answer: ref('ConsensusDetail'),
    },
  }),
  ...at('/consensus/{id}/replay', {
    get: {
      ...{ id: 'replayConsensus', tag: 'observe', summary: 'Reconcile the recorded answers again.' },
      description:
        'No agent is asked. 409 where what was said was not kept (`consensus.keep_answers`), or is sealed with a key that this router does not have.',
      query: { strategy: words('By this strategy. Absent: by that of the session.', STRATEGY_KINDS) },
      answer: ref('ConsensusReplay'),
    },
  }),
};
