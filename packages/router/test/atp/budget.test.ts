import { expect, test } from 'vitest';
import { configOf, good, tenant } from '../engine/support/fixed.ts';
import { budgetsOf, flowRig, TASK } from './flow-rig.ts';

const S1 = 's'.repeat(16);
const S2 = 't'.repeat(16);

/** Each task takes 23 tokens: 20 of its prompt at a micro-dollar, 3 of its answer at ten. */
const [TOKENS, USD_MICROS] = [23, 50];

const withBudget = (budget: object): Readonly<Record<string, unknown>> => ({ tenants: [tenant({ budget })] });

test('what is left is told after a task, and of many in half a second the newest', async () => {
  const more = withBudget({ usd_per_day: 1, tokens_per_day: 10_000 });
  const { pass, open } = await flowRig(() => good(3, 10), more);
  const client = await open(S1);
  await pass(1_000);
  expect(budgetsOf(client)).toEqual([]);
  client.ask(TASK);
  await pass(50);
  const once = { tokens: 10_000 - TOKENS, usd_micros: 1_000_000 - USD_MICROS, reason: 'task_ended' };
  expect(budgetsOf(client)).toEqual([once]);
  for (let i = 0; i < 6; i += 1) {
    client.ask(TASK);
    await pass(50);
  }
  expect(budgetsOf(client)).toEqual([once]);
  await pass(500);
  const all = { tokens: 10_000 - 7 * TOKENS, usd_micros: 1_000_000 - 7 * USD_MICROS, reason: 'task_ended' };
  expect(budgetsOf(client)).toEqual([once, all]);
  await pass(2_000);
  expect(budgetsOf(client)).toEqual([once, all]);
});

test.each([
  ['tokens', { tokens_per_day: 1_000 }, { tokens: 1_000 - TOKENS }],
  ['money', { usd_per_day: 1 }, { usd_micros: 1_000_000 - USD_MICROS }],
])('of a tenant with a budget of %s alone, only that is told', async (_what, budget, left) => {
  const { pass, open } = await flowRig(() => good(3, 10), withBudget(budget));
  const client = await open(S1);
  client.ask(TASK);
  await pass(100);
  expect(budgetsOf(client)).toEqual([{ ...left, reason: 'task_ended' }]);
});

test('a tenant without a budget of tokens or money is told nothing', async () => {
  const { pass, open } = await flowRig(() => good(3, 10), withBudget({ calls_per_day: 100 }));
  const client = await open(S1);
  client.ask(TASK);
  await pass(1_000);
  expect(budgetsOf(client)).toEqual([]);
});

test('a limit that changes is told to sessions that have asked for something, below zero where more was used', async () => {
  const { stage, hub, pass, open } = await flowRig(() => good(3, 10), withBudget({ tokens_per_day: 1_000 }));
  const [client, idle] = [await open(S1), await open(S2)];
  client.ask(TASK);
  await pass(1_000);
  stage.world.reload(configOf(withBudget({ tokens_per_day: 20 })));
  hub.refresh();
  await pass(100);
  expect(budgetsOf(client).at(-1)).toEqual({ tokens: 20 - TOKENS, reason: 'limit_changed' });
  expect(budgetsOf(idle)).toEqual([]);
  // Nothing has changed for it.
  hub.refresh();
  await pass(1_000);
  expect(budgetsOf(client)).toHaveLength(2);
});

test('a new day is told', async () => {
  const start_ms = Date.parse('2027-03-01T23:59:58.000Z');
  const { pass, open } = await flowRig(() => good(3, 10), withBudget({ tokens_per_day: 1_000 }), start_ms);
  const client = await open(S1);
  client.ask(TASK);
  await pass(1_000);
  expect(budgetsOf(client)).toEqual([{ tokens: 1_000 - TOKENS, reason: 'task_ended' }]);
  await pass(1_500);
  expect(budgetsOf(client).at(-1)).toEqual({ tokens: 1_000, reason: 'new_day' });
});
