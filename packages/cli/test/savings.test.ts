import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONFIG, Workplace } from './support/workplace.ts';

// Against a real router in this process that chooses between two simulated models.

const MORE = CONFIG.replace(
  'models:\n',
  `models:
  - { id: dear, provider: up, context: 100000, price: { in_usd_per_mtok: 10, out_usd_per_mtok: 20 } }
  - { id: poor, provider: up, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
`,
);
const at = new Workplace(`${MORE}routing: { gain_share: { share: 0.2 } }\n`);

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme'))['key']);
  await at.fine('ask', 'Say what you think.', '--model', 'auto');
});
afterAll(() => at.close());

test('says what auto saved, by what is asked for, and that nobody has said how right it was', async () => {
  const out = await at.fine('route', 'savings', '--by', 'tenant,day');
  expect(out).toMatch(
    /^DAY +TENANT +CALLS +FAILED +SPENT +BASELINE +SAVED +SAVED % +TRIED +REGRET .*\n\d{4}-\d\d-\d\d +acme +1 +0 +\$/,
  );
  expect(out).toContain('\nall ');
  expect(out).toContain('in hindsight nothing can be said of any one model\ndoubt: nobody has said');
  const json = await at.data('route', 'savings', '--tenant', 'acme');
  expect(json).toMatchObject({ by: ['tenant'], data: [{ tenant: 'acme', calls: 1, failed: 0 }], total: { calls: 1 } });
  expect(await at.fine('route', 'savings', '--gain-share')).toMatch(
    /^MONTH +TENANT .*\n\d{4}-\d\d +acme +\$.* unproven +- +0 +0 +\$0\.000000\n/,
  );
  expect(await at.fine('route', 'savings', '--to', '2020-01-01')).toMatch(/^none\n/);
});
