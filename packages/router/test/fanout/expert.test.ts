import { expect, test } from 'vitest';
import { balanced } from './books.ts';
import { consensusOf, idOf, panel } from './scripted.ts';

const POLICY = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: ['a', 'b', 'c'] },
  consensus: { strategy: 'majority', answer: 'choice' },
  escalation: [{ when: 'low_conf', threshold: 0.9, to: 'd' }],
};

test('where an expert has the last word, its strategy is taught neither success nor failure', async () => {
  const learned: { readonly type: string; readonly strategy?: string }[] = [];
  const running = await panel([POLICY], {}, { onEvent: (event) => learned.push(event as never) });
  const reply = running.chat({ model: 'policy:panel', messages: [{ role: 'user', content: 'A, B, C or D?' }] });
  await running.answerAll({ a: 'The answer is A.', b: 'The answer is A.', c: 'The answer is B.' });
  await running.answerAll({ d: 'The answer is D.' });
  const { json } = await reply;
  const said = consensusOf(json);
  expect((json as { choices: { message: { content: string } }[] }).choices[0]?.message.content).toBe(
    'The answer is D.',
  );
  // Of one of whom nothing is known, and whom nobody follows.
  expect(said['agreement']).toBeLessThan(0.5);
  expect(said).toMatchObject({ confidence: 0.5 });
  await balanced(running, [idOf(json)]);
  expect(learned.filter(({ type }) => type === 'consensus.learned')).toMatchObject([{ strategy: 'expert' }]);
});
