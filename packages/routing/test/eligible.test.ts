import { expect, test } from 'vitest';
import { eligibleByCost, Registry } from '../src/index.ts';
import { facts, live, price, spec } from './fixtures.ts';

test('the cheapest first, unpriced last, ties by id; only active models that pass every filter', () => {
  const registry = new Registry({
    providers: [{ id: 'up', any_model: false }],
    models: [
      spec('unpriced', { price: undefined }),
      spec('dear', { price: price(9, 9) }),
      spec('twin-b', { price: price(2, 2) }),
      spec('twin-a', { price: price(2, 2) }),
      spec('old', { price: price(0, 0), status: 'deprecated' }),
      spec('spare', { price: price(0, 0), status: 'fallback' }),
      spec('ghost', { price: price(0, 0), status: 'shadow' }),
      spec('blind', { price: price(0, 0), capabilities: new Set() }),
      spec('secret', { price: price(0, 0), data_scopes: new Set(['internal']) }),
      spec('off', { price: price(0, 0) }),
      spec('broken', { price: price(0, 0) }),
    ],
  });
  const request = facts({ tenant: { id: 'acme', data_scopes: new Set(['public']) } });
  const models = eligibleByCost(registry, request, live({ killed: ['off'], open: { broken: 9 } }), 0);
  expect(models.map((model) => model.id)).toEqual(['twin-a', 'twin-b', 'dear', 'unpriced']);
});
