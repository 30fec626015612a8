import { describe, expect, test } from 'vitest';
import { ASCII } from '../../src/top/glyphs.ts';
import { textWidth } from '../../src/top/text.ts';
import { failed, pressed, type TopState } from '../../src/top/state.ts';
import { accountJson, busy, flowJson, flowOf, shownAs, stateOf, tenantJson, todayJson } from './flows.ts';

const state = stateOf(...Array.from({ length: 31 }, (_, step) => busy(step)));
const NOW_MS = 30_000;
const REACH = { scroll_max: 100, page: 10 };
const after = (from: TopState, ...keys: readonly string[]): TopState =>
  keys.reduce((one, key) => pressed(one, key, REACH), from);

describe('the frame, exactly', () => {
  test.each([
    ['large', 160, 40],
    ['usual', 80, 24],
    ['narrow', 48, 18],
    ['tiny', 30, 8],
  ])('%s: %i x %i', async (name, columns, rows) => {
    await expect(shownAs(state, { columns, rows }, NOW_MS)).toMatchFileSnapshot(`fixtures/${name}.txt`);
  });

  test.each([
    ['printed', state, Infinity],
    ['accounts', after(state, '2', 's'), 16],
    ['tenants', after(state, '3', 's', 's', 's'), 16],
    ['help', after(state, '?'), 24],
    ['paused', after(state, 'p'), 12],
  ])('%s', async (name, seen, rows) => {
    await expect(shownAs(seen, { columns: 100, rows }, NOW_MS)).toMatchFileSnapshot(`fixtures/${name}.txt`);
  });

  test('in ASCII', async () => {
    const text = shownAs(state, { columns: 120, rows: 24 }, NOW_MS, ASCII);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    await expect(text).toMatchFileSnapshot('fixtures/ascii.txt');
  });

  test('when the router is gone', async () => {
    const message =
      'no router answers at http://127.0.0.1:7443 (ECONNREFUSED). Start one with "atp serve", or say where it is with --url or ATP_URL.';
    const gone = failed(failed(state, message, 31_000), message, 33_000);
    await expect(shownAs(gone, { columns: 80, rows: 24 }, 36_200)).toMatchFileSnapshot('fixtures/gone.txt');
  });
});

describe('names', () => {
  const hostile = 'a\x1b[2J\r\n\x9b31m\u202e\u200b\ud800\u{e0041}z';
  const flow = flowOf(
    flowJson({ node_id: hostile, accounts: [accountJson(`model:${hostile}`)], tenants: [tenantJson(hostile)] }),
  );

  test('that a terminal would obey are escaped everywhere', () => {
    const text = shownAs(stateOf(flow), { columns: 400, rows: Infinity }, 0);
    expect(text).not.toMatch(/[^\P{C}\n]/u);
    expect(text).toContain('a\\u{1b}[2J\\u{d}\\u{a}\\u{9b}31m\\u{202e}\\u{200b}\\u{d800}\\u{e0041}z');
    expect(text.split('a\\u{1b}[2J\\u{d}')).toHaveLength(4);
  });

  test('of two columns a character are cut between characters', () => {
    const wide = '模型'.repeat(30);
    const text = shownAs(
      stateOf(flowOf(flowJson({ accounts: [accountJson(wide)] }))),
      { columns: 41, rows: Infinity },
      0,
    );
    expect(text).toMatch(/\n(?:模型)+… {2}/);
    expect(text.split('\n').filter((line) => textWidth(line) > 41)).toEqual([]);
  });
});

describe('the budget of the day', () => {
  const tenants = [
    tenantJson('money', { today: todayJson({ usd_micros: { used: 1_940_000, limit: 2_000_000 } }) }),
    tenantJson('tokens', { today: todayJson({ tokens: { used: 3_900_000, limit: 4_000_000 } }) }),
    tenantJson('counted', {
      today: todayJson({ calls: { used: 970, limit: 1_000 }, usd_micros: { used: 1, limit: 2_000_000 } }),
    }),
    tenantJson('none', { today: todayJson({ usd_micros: { used: 20_000, limit: null } }) }),
    tenantJson('unknown', { today: todayJson({ usd_micros: { used: null, limit: 2_000_000 } }) }),
    tenantJson('older', { today: undefined }),
  ];

  test.each([80, 120])('is seen at %i columns', (columns) => {
    const text = shownAs(stateOf(flowOf(flowJson({ tenants }))), { columns, rows: Infinity }, 0);
    const head = text.split('\n').find((line) => line.startsWith('TENANT')) ?? '';
    const until = head.indexOf('TODAY') + 'TODAY'.length;
    const today = (name: string): string | undefined =>
      /\S+$/.exec(
        text
          .split('\n')
          .find((line) => line.startsWith(name))
          ?.slice(0, until) ?? '',
      )?.[0];
    expect(head).toMatch(/ TODAY +BURN\/min +SPENT IN$/);
    expect(['money', 'tokens', 'counted', 'none', 'unknown', 'older'].map(today)).toEqual([
      ...['$1.94/$2.00', '3.90Mt/4.00Mt', '970c/1000c', '$0.02', '-', '-'],
    ]);
    expect(text.split('\n').filter((line) => textWidth(line) > columns)).toEqual([]);
  });
});

test('a list that the router has cut says so', () => {
  const tenants = Array.from({ length: 1_000 }, (_, n) => tenantJson(`t${n}`));
  const flow = flowOf(flowJson({ tenants, tenants_total: 2_345 }));
  expect(shownAs(stateOf(flow), { columns: 120, rows: 24 }, 0)).toContain('TENANT 1-12/1000 of 2345');
});
