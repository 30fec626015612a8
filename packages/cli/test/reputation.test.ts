import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONFIG, Workplace } from './support/workplace.ts';

// Against a real router in this process, whose policy asks one simulated model three times.

const at = new Workplace(`${CONFIG}policies:
  - { id: thrice, fanout: { mode: clone, agents: [small], clones: 3 }, consensus: { strategy: union } }
`);

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme'))['key']);
});
afterAll(() => at.close());

test('says in a sentence that nothing is known, and else of how many lanes', async () => {
  expect(await at.fine('reputation')).toBe(
    'nothing is known of anybody yet: each call of a policy with a "fanout" teaches, and so does feedback on it\n',
  );
  expect(await at.fine('reputation', '--source', 'tiny')).toBe('nothing is known of tiny: no fan-out has asked it\n');
  await at.fine('ask', 'Say what you think.', '--model', 'policy:thrice');
  const { data } = (await at.data('reputation')) as { data: { source: string; samples: number }[] };
  // One session, three lanes.
  expect(data.map(({ source, samples }) => [source, Math.round(samples)])).toEqual([['small', 3]]);
  const out = await at.fine('reputation');
  expect(out).toMatch(/^SOURCE +KNOWN +LANES +ACCURACY .*\nsmall +(?:no|false) +(?:3|2\.9\d*) /);
  expect(out).not.toContain('SESSIONS');
  expect(out).not.toMatch(/\npolicy thrice\n(?:\n|$)/);
});
