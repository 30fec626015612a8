import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileMatch, type ModelSpec, type PolicyEntry, Registry, resolve } from '../src/index.ts';
import { facts, live, spec } from './fixtures.ts';

const SCOPES = ['public', 'internal', 'phi'];
const MODELS = ['a', 'b', 'c', 'd'];
const CAPABILITIES = ['chat', 'tools', 'vision'];
const grade = fc.constantFrom('A' as const, 'B' as const, 'C' as const, 'D' as const);
/** Each restriction is there once in three times, else hardly any request would resolve. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const setOf = (values: string[]) => fc.subarray(values).map((list) => new Set(list));
const few = (values: string[]) => fc.subarray(values, { maxLength: 1 });

const model = (id: string): fc.Arbitrary<ModelSpec> =>
  fc
    .record({
      data_scopes: sometimes(setOf(SCOPES)),
      status: fc.constantFrom(
        'active' as const,
        'active' as const,
        'shadow' as const,
        'fallback' as const,
        'deprecated' as const,
      ),
      capabilities: sometimes(setOf(CAPABILITIES)),
      context: fc.integer({ min: 500, max: 2_000 }),
      safety_grade: sometimes(grade),
    })
    .map((more) => spec(id, more));

const policies: fc.Arbitrary<PolicyEntry[]> = fc
  .array(
    fc.record({
      fallback: fc.shuffledSubarray(MODELS),
      match: sometimes(fc.record({ task_type: fc.subarray(['x', 'y'], { minLength: 1 }) }).map(compileMatch)),
      min_safety_grade: sometimes(grade),
    }),
    { minLength: 2, maxLength: 2 },
  )
  .map((list) => list.map((one, i) => ({ id: `p${i}`, on_budget_exhausted: 'error' as const, ...one })));

const request = fc.record({
  name: fc.constantFrom(...MODELS, 'auto', 'policy:p0', 'policy:p1', 'agent', 'up/x-a', 'up/other'),
  tenant: fc.record({
    id: fc.constant('t'),
    data_scopes: sometimes(setOf(SCOPES)),
    models: sometimes(setOf([...MODELS, 'up/other'])),
    min_safety_grade: sometimes(grade),
  }),
  data_scopes: few(SCOPES),
  task_type: fc.constantFrom('x', 'y', undefined),
  needs: few(CAPABILITIES),
  in_tokens: fc.integer({ min: 1, max: 2_000 }),
  open: few(MODELS),
  slow: fc.subarray(MODELS),
  killed: few(MODELS),
});

test('no target is ever outside what tenant, policy and request allow', () => {
  let resolved = 0;
  fc.assert(
    fc.property(fc.tuple(...MODELS.map(model)), policies, request, (models, list, wanted) => {
      const registry = new Registry({
        providers: [{ id: 'up', any_model: true }],
        models,
        policies: list,
        agents: [{ id: 'agent', model: 'b' }],
      });
      const { name, open, slow, killed, ...more } = wanted;
      const state = live({ open: Object.fromEntries(open.map((id) => [id, 9])), slow, killed });
      const result = resolve(registry, name, facts(more), state, 0);
      if (!result.ok) {
        expect(result.message.length).toBeGreaterThan(0);
        return;
      }
      resolved += 1;
      const { targets, policy } = result.plan;
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets).size).toBe(targets.length);
      for (const [i, target] of targets.entries()) {
        const carries = more.data_scopes.length > 0 ? more.data_scopes : [...(more.tenant.data_scopes ?? [])];
        for (const scope of more.data_scopes) expect(more.tenant.data_scopes?.has(scope) ?? true).toBe(true);
        if (target.data_scopes !== undefined) {
          for (const scope of carries) expect(target.data_scopes.has(scope)).toBe(true);
          if (more.data_scopes.length === 0) expect(more.tenant.data_scopes?.size ?? 0).toBeGreaterThan(0);
        }
        expect(more.tenant.models?.has(target.id) ?? true).toBe(true);
        for (const required of [policy?.min_safety_grade, more.tenant.min_safety_grade]) {
          if (required !== undefined) expect((target.safety_grade ?? 'Z') <= required).toBe(true);
        }
        for (const need of more.needs) expect(target.capabilities?.has(need) ?? true).toBe(true);
        expect(target.context ?? Infinity).toBeGreaterThan(more.in_tokens);
        expect(target.status).not.toBe('shadow');
        expect([...open, ...killed]).not.toContain(target.id);
        const next = targets[i + 1];
        if (next !== undefined && slow.includes(target.id)) expect(slow).toContain(next.id);
      }
    }),
    { seed: 808, numRuns: 2_000 },
  );
  expect(resolved).toBeGreaterThan(300);
});
