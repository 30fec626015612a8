import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFlow } from '../../src/top/flow.ts';
import { runTop } from '../../src/top/run-top.ts';
import { fakeTerminal } from '../support/terminal.ts';
import { Workplace } from '../support/workplace.ts';
import { FakeClock, FakeTty } from './fake-tty.ts';

// `atp top` against a real router in this process.

const at = new Workplace(`listen: { port: 0 }
providers:
  - { id: up, type: sim, max_concurrency: 7, sim: { latency_ms: { p50: 0, p95: 0 }, chunk_ms: 0 } }
models:
  - { id: small, provider: up, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
tenants: [{ id: acme, budget: { usd_per_day: 5 } }, { id: beta }]
`);

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme', '--id', 'ci'))['key']);
});
afterAll(() => at.close());

test('where no terminal is, and with --once, it prints one frame', async () => {
  await at.fine('ask', 'hello', '--model', 'small');
  const out = await at.fine('top', '--once', '--interval', '200');
  expect(out).toMatch(/^atp top {2}\S+ {2}http:\/\/127\.0\.0\.1:\d+ {2}up \d+s {2}\d\d:\d\d:\d\dZ {2}every 200ms\n/);
  expect(out).toMatch(/\ngold +0 .*\nsilver +0 .*\nbronze +0 .*\n/);
  expect(out).toMatch(/\nprovider:up +·+ +0\/7 /);
  expect(out).toMatch(/\nacme .*\nbeta .*\n$/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys begins with them
  expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  expect(await at.fine('top', '--interval', '200', '--tenant', 'beta', '--ascii')).toMatch(
    /^[\x20-\x7e\n]*\nbeta .*\n$/,
  );
});

test('--json is the answer of the router', async () => {
  const answer = await at.data('top');
  expect(answer).toMatchObject({ tenants_total: 2, tiers: [{ qos: 'gold' }, { qos: 'silver' }, { qos: 'bronze' }] });
  const { node_id, uptime_s } = await at.data('status');
  expect(answer['node_id']).toBe(node_id);
  expect(answer['uptime_s']).toBeLessThanOrEqual(Number(uptime_s));
  const granted = readFlow(answer)?.tiers.reduce((sum, { totals }) => sum + totals.granted, 0);
  expect(granted).toBeGreaterThan(0);
});

test.each([
  [['--interval', '199'], 2, 'an integer from 200 to 60000'],
  [['--sort', 'colour'], 2, 'waiting, calls, tokens, burn, name'],
  [['--tenant', 'nobody'], 1, 'no tenant has the id "nobody"'],
  [['--admin-key', 'wrong'], 4, 'key'],
  [['--url', 'http://127.0.0.1:9', '--admin-key', 'k'], 3, 'Start one with "atp serve"'],
])('%j is refused', async (args, code, says) => {
  const outcome = await at.run(['top', ...args]);
  expect(outcome.code).toBe(code);
  expect(outcome.err).toContain(says);
});

test('on a terminal it goes on until somebody quits, and counts what happens', async () => {
  const tty = new FakeTty(100, 30);
  const clock = new FakeClock();
  const { terminal } = fakeTerminal({ screen: tty.screen, cwd: at.cwd });
  const options = { url: at.url, interval: 1_000, sort: 'waiting' } as const;
  const over = runTop({ terminal, exit: () => undefined }, options, clock);
  await tty.sees(/acme/);
  await at.fine('ask', 'hello', '--model', 'small');
  clock.pass(1_000);
  await tty.sees(/grants [1-9]/);
  tty.press('q');
  await over;
  expect({ raw: tty.is_raw, alternate: tty.is_alternate, listeners: tty.listeners() }).toEqual({
    ...{ raw: false, alternate: false, listeners: 0 },
  });
});
