import { describe, expect, test } from 'vitest';
import { Registry, type RequestFacts, resolve } from '../src/index.ts';
import { facts, live, price, spec } from './fixtures.ts';

const registry = new Registry({
  providers: [
    { id: 'up', any_model: false },
    { id: 'open', any_model: true },
  ],
  models: [
    spec('small', { price: price(0.25, 2) }),
    spec('eyes', { capabilities: new Set(['chat', 'vision']), context: 8_000 }),
    spec('public', { provider_id: 'open', upstream_model: 'known' }),
  ],
  agents: [{ id: 'free', model: 'auto' }],
});

describe('what is offered beside the declared models', () => {
  const able = (...words: string[]): ReadonlySet<string> => new Set(['chat', ...words]);
  const offered = [
    { name: 'open/agent', capabilities: able('dance'), price: price(0.01, 0.01) },
    { name: 'open/known', capabilities: able('dance') },
    { name: 'up/agent', capabilities: able('dance') },
  ];
  const targets = (name: string, more: Partial<RequestFacts> = {}): readonly string[] => {
    const asked: string[] = [];
    const state = { ...live(), offered: (tenant: string) => (asked.push(tenant) > 0 ? offered : []) };
    const result = resolve(registry, name, facts(more), state, 0);
    for (const tenant of asked) expect(tenant).toBe('acme');
    return result.ok ? result.plan.targets.map(({ id }) => id) : [];
  };

  test('is for auto, by its score, and for what it says that it can do', () => {
    expect(targets('auto')).toContain('open/agent');
    expect(targets('free')).toContain('open/agent');
    expect(targets('auto', { needs: ['chat', 'tools'] })).not.toContain('open/agent');
    expect(targets('small')).toEqual(['small']);
  });

  test('is nothing that a model is declared for, or that its provider does not take', () => {
    expect(targets('auto', { needs: ['chat', 'dance'] })).toEqual(['open/agent']);
  });
});
