import { expect, test } from 'vitest';
import {
  ConsensusSession,
  type FollowUp,
  type SessionEffect,
  type SessionEvent,
  type Strategy,
} from '../../src/index.ts';
import { partsOf } from '../../src/testing/parts.ts';
import { sceneOf } from '../strategies/say.ts';
import { viewOf } from '../strategies/scenes.ts';
import { made } from '../strategies/tools.ts';

test('questions beyond those that may be asked stay without an answer, and the strategy does without', () => {
  const { plan, standing } = viewOf(sceneOf(['A', 'A']), 0);
  const majority = made('majority');
  const asks = Array.from({ length: 20 }, (_, i): FollowUp => {
    return { id: `q${i}`, role: 'verifier', source: 'j', prompt: 'Is it right?' };
  });
  const strategy: Strategy = {
    ...majority,
    decide(view) {
      if (view.open.length > 0) return { kind: 'wait' };
      return view.follow_ups.length < asks.length ? { kind: 'ask', asks } : majority.decide(view);
    },
  };
  const session = new ConsensusSession({ ...partsOf(plan, standing), strategy });
  const effects: SessionEffect[] = [];
  const tell = (event: SessionEvent): void => void effects.push(...session.handle(event, effects.length));
  tell({ type: 'start' });
  for (const [lane, text] of ['The answer is A.', 'The answer is B.'].entries()) {
    tell({ type: 'admitted', lane });
    tell({ type: 'piece', lane, seq: 0, text });
    tell({ type: 'final', lane, pieces: 1, is_cut: false });
  }
  const asked = effects.flatMap((effect) => (effect.type === 'ask' ? [effect.ask.id] : []));
  // Four for each of two members, and eight.
  expect(asked).toEqual(asks.slice(0, 16).map(({ id }) => id));
  for (const id of asked) tell({ type: 'follow_up', id, source: 'j', text: 'Score: 5' });
  expect(effects.at(-1)).toMatchObject({ type: 'complete', result: { text: 'The answer is A.' } });
  expect(session.follow_ups().filter(({ text }) => text === undefined)).toHaveLength(4);
});
