import { describe, expect, test } from 'vitest';
import { plan } from '../../src/top/plan.ts';
import { accountRows, tenantRows } from '../../src/top/rows.ts';
import { SORTS } from '../../src/top/sorts.ts';
import { answered, failed, pressed, type TopState } from '../../src/top/state.ts';
import { keyName } from '../../src/tty-screen.ts';
import { busy, flowJson, flowOf, shownAs, stateOf, tenantJson } from './flows.ts';

const SIZE = { columns: 80, rows: 24 };
const after = (from: TopState, ...keys: readonly string[]): TopState =>
  keys.reduce((state, key) => pressed(state, key, plan(state, SIZE, false)), from);

describe('order', () => {
  const names = (state: TopState): string[] => tenantRows(busy(0), state).map(({ tenant }) => tenant);

  test.each([
    ['waiting', ['acme', 'gamma', 'beta', 'idle']],
    ['calls', ['acme', 'beta', 'gamma', 'idle']],
    ['tokens', ['acme', 'beta', 'gamma', 'idle']],
    ['burn', ['beta', 'gamma', 'acme', 'idle']],
    ['name', ['acme', 'beta', 'gamma', 'idle']],
  ] as const)('by %s', (sort, expected) => {
    expect(names({ ...stateOf(busy(0)), sort })).toEqual(expected);
  });

  test('s goes through all of them, S goes back', () => {
    const start = stateOf(busy(0));
    const seen = SORTS.map((_, n) => after(start, ...Array<string>(n).fill('s')).sort);
    expect(seen).toEqual(SORTS);
    expect(after(start, ...Array<string>(SORTS.length).fill('s')).sort).toBe('waiting');
    expect(after(start, 'S').sort).toBe('name');
  });

  test('of accounts is by kind where they are equal; those of tenants and, in the view of all, of clients are left out', () => {
    const start = stateOf(busy(0));
    const accounts = (state: TopState): string[] => accountRows(busy(0), state).map(({ level }) => level);
    expect(accounts(start)).toEqual(['provider', 'router', 'deployment', 'model']);
    expect(accounts(after(start, '2', 'S'))).toEqual(['router', 'provider', 'deployment', 'model', 'key']);
    const of = (tenant: string): TopState => ({ ...after(start, '2'), target: { ...start.target, tenant } });
    expect(accounts(of('acme'))).toContain('key');
    expect(accounts(of('acm'))).not.toContain('key');
    expect(tenantRows(busy(0), of('beta'))).toHaveLength(1);
  });
});

describe('scrolling', () => {
  const many = flowOf(flowJson({ tenants: Array.from({ length: 50 }, (_, n) => tenantJson(`t${100 + n}`)) }));
  const start = after(stateOf(many), '3', 'S');
  const first = (state: TopState): string | undefined => /^t\d+/m.exec(shownAs(state, SIZE, 0))?.[0];
  const last = (state: TopState): string | undefined => shownAs(state, SIZE, 0).match(/^t\d+/gm)?.at(-1);

  test('stops at both ends', () => {
    expect(first(start)).toBe('t100');
    expect(first(after(start, 'up', 'k', 'pageup'))).toBe('t100');
    expect(first(after(start, 'down', 'j'))).toBe('t102');
    const end = after(start, 'end');
    expect(last(end)).toBe('t149');
    expect(last(after(end, 'down', 'pagedown', 'j'))).toBe('t149');
    expect(first(after(end, 'down', 'home'))).toBe('t100');
    expect(last(after(start, ...Array<string>(100).fill('pagedown')))).toBe('t149');
  });

  test('a page shows what comes next', () => {
    const bottom = Number(last(start)?.slice(1));
    expect(first(after(start, 'pagedown'))).toBe(`t${bottom + 1}`);
  });

  test('a list that has become shorter is seen, and left by one step', () => {
    const short = flowOf(flowJson({ tenants: Array.from({ length: 20 }, (_, n) => tenantJson(`t${100 + n}`)) }));
    const shrunk = answered(after(start, 'end'), short, 1_000);
    expect(last(shrunk)).toBe('t119');
    expect(last(after(shrunk, 'up'))).toBe('t118');
  });

  test('begins anew in another view or order', () => {
    expect(after(start, 'end', 'tab').scroll).toBe(0);
    expect(after(start, 'end', 's').scroll).toBe(0);
  });
});

describe('keys', () => {
  test('choose views', () => {
    const start = stateOf(busy(0));
    expect(['1', '2', '3'].map((key) => after(start, key).view)).toEqual(['all', 'accounts', 'tenants']);
    expect(after(start, 'tab', 'tab', 'tab').view).toBe('all');
    expect(after(start, 'shift-tab').view).toBe('tenants');
  });

  test('pause what is shown, while the rest goes on', () => {
    const paused = after(stateOf(busy(0)), 'space');
    const later = answered(paused, busy(9), 1_000);
    expect(shownAs(later, SIZE, 1_000)).toContain('waiting 30/200');
    expect(shownAs(later, SIZE, 1_000)).toContain('PAUSED');
    expect(shownAs(after(later, 'p'), SIZE, 1_000)).toContain('waiting 39/200');
  });

  test('help comes and goes, and what means nothing changes nothing', () => {
    const start = stateOf(busy(0));
    expect(after(start, '?').is_help).toBe(true);
    expect(after(start, '?', 'escape').is_help).toBe(false);
    expect(after(start, 'x', 'ctrl-q', '', 'f5')).toEqual(start);
    expect(after(start, 'q').is_over).toBe(true);
    expect(after(start, 'ctrl-c').is_over).toBe(true);
  });

  test.each([
    ['q', { name: 'q' }, 'q'],
    ['S', { name: 's', shift: true }, 'S'],
    [' ', { name: 'space' }, 'space'],
    ['?', {}, '?'],
    [undefined, { name: 'up' }, 'up'],
    [undefined, { name: 'tab', shift: true }, 'shift-tab'],
    ['\x03', { name: 'c', ctrl: true }, 'ctrl-c'],
    [undefined, {}, ''],
  ])('%j %j is %s', (text, key, name) => {
    expect(keyName(text, key)).toBe(name);
  });
});

describe('a router that is gone', () => {
  test('is asked later each time, and at least every half minute', () => {
    let state = stateOf(busy(0));
    const pauses: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      state = failed(state, 'gone', 0);
      if (state.link.kind === 'down') pauses.push(state.link.again_at_ms);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    const back = failed(answered(state, busy(1), 1_000), 'gone', 2_000);
    expect(back.link).toMatchObject({ faults: 1, again_at_ms: 3_000 });
  });

  test('is never asked more often than one that answers', () => {
    const slow = { ...stateOf(busy(0)), target: { ...stateOf().target, interval_ms: 60_000 } };
    expect(failed(failed(slow, 'gone', 0), 'gone', 0).link).toMatchObject({ again_at_ms: 60_000 });
  });
});
