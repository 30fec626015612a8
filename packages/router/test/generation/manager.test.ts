import { checkConfig, type Config } from '@atp-router/adapters';
import { AccountLedger } from '@atp-router/flow';
import type { RouterEvent } from '@atp-router/ledger';
import { describe, expect, test } from 'vitest';
import { GenerationManager } from '../../src/generation/manager.ts';
import { hashOf, NO_SOURCES } from '../admin/harness.ts';

type Section = Readonly<Record<string, unknown>>;

function configOf(more: Section): Config {
  const base = { data_dir: '/nowhere', providers: [{ id: 'sim', type: 'sim' }] };
  const models = [{ id: 'm', provider: 'sim', context: 1_000 }];
  const checked = checkConfig(JSON.stringify({ ...base, models, ...more }), NO_SOURCES);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.config;
}

function managerOf(config: Config, accounts: AccountLedger = new AccountLedger()) {
  const events: RouterEvent[] = [];
  const log = {
    failure: undefined,
    append: (event: RouterEvent) => void events.push(event),
    barrier: (done: () => void) => done(),
  };
  const transport = { send: () => ({}) as never, close: () => Promise.resolve() };
  const manager = new GenerationManager(config, [], {
    ...{ log, accounts, sources: NO_SOURCES, transportOf: () => transport },
  });
  return { manager, accounts, events };
}

const tenant = (id: string, budget?: Section): Section => ({
  id,
  keys: [{ id: 'k', hash: hashOf(`key of ${id}`) }],
  ...(budget && { budget }),
});

describe('accounts of tenants', () => {
  const NOW_MS = 1_790_000_000_000;
  const all = configOf({ tenants: [tenant('a', { calls_per_day: 1 }), tenant('b', { calls_per_day: 2 })] });
  const only_b = configOf({ tenants: [tenant('b', { calls_per_day: 2 })] });

  test('one that is gone has no limits any more, which is announced, and is forgotten when others need the room', () => {
    const { manager, accounts, events } = managerOf(all, new AccountLedger(2));
    expect(manager.replaceBase(only_b).ok).toBe(true);
    const changes = events.filter((event) => event.type === 'limits.changed');
    expect(changes).toMatchObject([
      { tenant: 'a', before: { calls_per_day: 1 }, after: { calls_per_day: null, max_parallel: null } },
    ]);
    expect(accounts.snapshot('tenant:a', NOW_MS)?.limits.calls_per_day ?? null).toBeNull();
    const next = configOf({ tenants: [tenant('b', { calls_per_day: 2 }), tenant('c', { calls_per_day: 3 })] });
    expect(manager.replaceBase(next).ok).toBe(true);
    expect([...accounts.ids()]).toEqual(['tenant:b', 'tenant:c']);
  });

  test('more than there is room for are refused before anything is changed or journaled', async () => {
    const { manager, events } = managerOf(only_b, new AccountLedger(2));
    const three = configOf({ tenants: ['a', 'b', 'c'].map((id) => tenant(id, { calls_per_day: 1 })) });
    expect(manager.replaceBase(three)).toMatchObject({ ok: false, problems: [{ path: 'tenants' }] });
    const puts = ['x', 'y'].map((id) => ({
      op: 'put' as const,
      entity: { kind: 'tenant' as const, id, value: { id, budget: { calls_per_day: 1 } } },
    }));
    const journal = (): Promise<void> => Promise.reject(new Error('not to be asked'));
    expect(await manager.change(puts, journal)).toMatchObject({ ok: false });
    expect(events).toEqual([]);
    expect(() => managerOf(three, new AccountLedger(2))).toThrow('3 tenants are more than');
  });
});

describe('the hash of a configuration', () => {
  const hash = (more: Section): string => managerOf(configOf(more)).manager.generation.hash;
  const store = (password: string, key: string): Section => ({
    store: { type: 'postgres', url: `postgresql://u:${password}@127.0.0.1/d`, seal_key: key.repeat(64) },
  });
  const keys = (secret: string): Section => ({
    tenants: [{ id: 'a', keys: [{ id: 'k', hash: hashOf(secret) }] }],
    admin: { keys: [{ id: 'k', hash: hashOf(`admin ${secret}`) }] },
  });
  const upstream = (secret: string): Section => ({
    providers: [{ id: 'sim', type: 'openai', api_key: secret, headers: { 'x-key': secret } }],
    telemetry: { otlp: { endpoint: 'http://127.0.0.1:4318/v1/traces', headers: { 'x-key': secret } } },
  });

  test.each([
    ['the store', store('one', '1'), store('two', '2')],
    ['keys', keys('one'), keys('two')],
    ['providers and telemetry', upstream('one'), upstream('two')],
  ])('says nothing about the secrets of %s', (_name, one, two) => {
    expect(hash(one)).toBe(hash(two));
    expect(hash(one)).not.toBe(hash({}));
  });

  test('changes with what is no secret', () => {
    expect(hash({ limits: { calls_in_flight: 7 } })).not.toBe(hash({ limits: { calls_in_flight: 8 } }));
  });
});
