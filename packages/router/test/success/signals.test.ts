import { createHash } from 'node:crypto';
import type { RouteFeedback } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { type Crew, crew, OTHER_KEY } from '../auto/crew.ts';

const KEYS = { acme: TENANT_KEY, other: OTHER_KEY };

async function opened(is_on: boolean): Promise<Crew> {
  const tenants = Object.entries(KEYS).map(([id, key]) => ({
    ...{ id, implicit_signals: is_on, keys: [{ id: createHash('md5').update(id).digest('hex'), hash: hashOf(key) }] },
  }));
  return crew(() => 'It is Paris.', { plans: 'single' }, { tenants });
}

const FIRST = [{ role: 'user', content: 'What is the capital?' }];
const then = (words: string): Readonly<Record<string, unknown>> => ({
  messages: [...FIRST, { role: 'assistant', content: 'It is Paris.' }, { role: 'user', content: words }],
});

async function talk(one: Crew): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const body of [
    { messages: FIRST },
    { messages: FIRST },
    then('No, of Italy.'),
    { messages: FIRST },
    then('And its river?'),
  ])
    ids.push(String((await one.ask('', body)).headers['x-atp-request-id']));
  return ids;
}

const words = (one: Crew): readonly RouteFeedback[] =>
  one.events.flatMap((event) => (event.type === 'route.feedback' ? [event] : []));

test('what a client asks next says how right the answer before it was', async () => {
  const one = await opened(true);
  const ids = await talk(one);
  expect(words(one).map(({ call_id, by, right, weight }) => [ids.indexOf(call_id), by, right, weight])).toEqual([
    [0, 'signal:retry', 0, 0.1],
    [1, 'signal:corrected', 0, 0.1],
    [3, 'signal:followed', 1, 0.1],
  ]);
});

test('nothing is taken from it where it is off', async () => {
  const one = await opened(false);
  const ids = await talk(one);
  expect(words(one)).toEqual([]);
  for (const id of ids) expect(one.decided(id).outcome).toBe('ok');
});
