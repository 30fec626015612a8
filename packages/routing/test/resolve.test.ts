import { describe, expect, test } from 'vitest';
import {
  compileMatch,
  expectationOf,
  type PolicyEntry,
  Registry,
  type RequestFacts,
  type Resolution,
  resolve,
  unroutableError,
} from '../src/index.ts';
import { facts, live, type LiveSpec, NOTHING_OBSERVED, price, spec } from './fixtures.ts';

const policy = (id: string, fallback: string[], more: Partial<PolicyEntry> = {}): PolicyEntry => ({
  id,
  fallback,
  on_budget_exhausted: 'error',
  ...more,
});

const registry = new Registry({
  providers: [
    { id: 'up', any_model: false },
    { id: 'local', any_model: true, data_scopes: new Set(['internal']) },
    { id: 'open', any_model: true },
  ],
  models: [
    spec('small', { price: price(0.25, 2), expected_latency_ms: 800 }),
    spec('big', { context: 400_000, price: price(2.5, 15), safety_grade: 'B', expected_latency_ms: 3_000 }),
    spec('eyes', { capabilities: new Set(['chat', 'vision']), context: 8_000 }),
    spec('spare', { status: 'fallback', provider_id: 'local' }),
    spec('old', { status: 'deprecated' }),
    spec('ghost', { status: 'shadow' }),
    spec('public', { data_scopes: new Set(['public']), provider_id: 'open', upstream_model: 'known' }),
    spec('secret', { data_scopes: new Set(['public', 'internal']) }),
  ],
  agents: [
    { id: 'reviewer.fast', model: 'small', system_prompt: 'Review.', qos: 'silver' },
    { id: 'chained', model: 'policy:named' },
    { id: 'free', model: 'auto' },
  ],
  policies: [
    policy('named', ['spare', 'old', 'ghost', 'small']),
    policy('review', ['small', 'big'], {
      match: compileMatch({ task_type: ['code_review'] }),
      budget: { usd_nanos: 5 },
    }),
    policy('safe', ['big', 'small'], { match: compileMatch({ task_type: ['legal'] }), min_safety_grade: 'A' }),
    policy('scoped', ['public', 'secret'], { match: compileMatch({ data_scope: ['internal'], tenant: ['acme'] }) }),
    policy('gold', ['big'], { match: compileMatch({ qos: ['gold'], model: ['small'] }) }),
    policy('capped', [], { match: compileMatch({ task_type: ['cheap'] }), budget: { tokens: 9 } }),
  ],
});

const run = (name: string, more: Partial<RequestFacts> = {}, state: LiveSpec = {}): Resolution =>
  resolve(registry, name, facts(more), live(state), 0);
const ids = (result: Resolution): string[] | string =>
  result.ok ? result.plan.targets.map((model) => model.id) : `${result.code}: ${result.message}`;

describe('names', () => {
  test('a model id is that model', () => {
    expect(ids(run('small'))).toEqual(['small']);
    expect(run('small')).toMatchObject({ plan: { agent: undefined, policy: undefined } });
  });

  test('a model id gets the chain, budget and limits of the first policy that matches', () => {
    const result = run('big', { task_type: 'code_review' });
    expect(ids(result)).toEqual(['big', 'small']);
    expect(result).toMatchObject({ plan: { policy: { id: 'review', budget: { usd_nanos: 5 } } } });
    expect(ids(run('small', { qos: 'gold' }))).toEqual(['small', 'big']);
    expect(ids(run('eyes', { qos: 'gold' }))).toEqual(['eyes']);
  });

  test('an agent is its model, policy or auto', () => {
    const result = run('reviewer.fast', { task_type: 'code_review' });
    expect(ids(result)).toEqual(['small', 'big']);
    expect(result).toMatchObject({ plan: { agent: { system_prompt: 'Review.' }, policy: { id: 'review' } } });
    expect(ids(run('chained'))).toEqual(['spare', 'old', 'small']);
    expect(run('free')).toMatchObject({ ok: true, plan: { agent: { id: 'free' } } });
  });

  test('a policy that matches a model matches the name that the caller used, and what an agent stands for', () => {
    const named = (model: string): Registry =>
      new Registry({
        providers: [{ id: 'up', any_model: true }],
        models: [spec('small'), spec('big'), spec('other')],
        agents: [{ id: 'agent', model: 'small' }],
        policies: [policy('p', ['big'], { match: compileMatch({ model: [model] }) })],
      });
    const applies = (model: string, name: string): boolean => {
      const result = resolve(named(model), name, facts(), live(), 0);
      return result.ok && result.plan.policy?.id === 'p';
    };
    expect(applies('auto', 'auto')).toBe(true);
    expect(applies('auto', 'small')).toBe(false);
    expect(applies('small', 'auto')).toBe(false);
    expect(applies('agent', 'agent')).toBe(true);
    expect(applies('agent', 'small')).toBe(false);
    expect(applies('small', 'agent')).toBe(true);
    expect(applies('small', 'up/x-small')).toBe(true);
    expect(applies('up/x-small', 'up/x-small')).toBe(true);
    expect(applies('up/any', 'up/any')).toBe(true);
    expect(applies('up/any', 'other')).toBe(false);
  });

  test('steps of a chain are models, agents of a model, and names at a provider, each model once', () => {
    const steps = new Registry({
      providers: [{ id: 'up', any_model: true }],
      models: [spec('small'), spec('big'), spec('other')],
      agents: [
        { id: 'agent', model: 'big', system_prompt: 'Be kind.' },
        { id: 'pinned', model: 'policy:p' },
      ],
      policies: [
        policy('p', ['small', 'agent', 'up/x-small', 'big', 'up/any', 'up/x-other'], { match: compileMatch({}) }),
      ],
    });
    const result = resolve(steps, 'policy:p', facts(), live(), 0);
    expect(ids(result)).toEqual(['small', 'big', 'up/any', 'other']);
    const agents = (one: Resolution): unknown =>
      one.ok && [...one.plan.step_agents].map(([id, agent]) => [id, agent.id]);
    expect(agents(result)).toEqual([['big', 'agent']]);
    // Who asks for the model itself gets it without the prompt of an agent.
    const plain = resolve(steps, 'big', facts(), live(), 0);
    expect(ids(plain)).toEqual(['big', 'small', 'up/any', 'other']);
    expect(agents(plain)).toEqual([]);
  });

  test('policy:<id> is its chain, whatever its match; without a chain it ranks as auto', () => {
    expect(ids(run('policy:review'))).toEqual(['small', 'big']);
    expect(run('policy:capped')).toMatchObject({ ok: true, plan: { policy: { id: 'capped' } } });
    expect(ids(run('policy:capped'))).toEqual(ids(run('auto')));
  });

  test('auto takes the chain of a matching policy in its order, else the best three active models', () => {
    expect(ids(run('auto', { task_type: 'code_review' }))).toEqual(['small', 'big']);
    const result = run('auto');
    expect(ids(result)).toHaveLength(3);
    expect(ids(result)).not.toContain('old');
    expect(ids(result)).not.toContain('spare');
    expect(result.ok && result.plan.why.some((line) => /scores 0\.\d{3}/.test(line))).toBe(true);
    expect(run('auto', { task_type: 'cheap' })).toMatchObject({ plan: { policy: { budget: { tokens: 9 } } } });
  });

  test('<provider>/<model>: the declared one if there is one, else any at a provider that allows it', () => {
    expect(ids(run('up/x-small'))).toEqual(['small']);
    expect(ids(run('open/known', { data_scopes: ['public'] }))).toEqual(['public']);
    const result = run('open/org/model:7b', { needs: ['vision'], in_tokens: 9e9 });
    expect(result).toMatchObject({ plan: { targets: [{ dynamic: true, upstream_model: 'org/model:7b' }] } });
    for (const name of ['up/unknown', 'nobody/x', '/x', 'open/', 'policy:none', `open/${'x'.repeat(600)}`, '']) {
      expect(run(name)).toMatchObject({ ok: false, code: 'model_not_found' });
    }
  });
});

describe('filters', () => {
  test.each([
    [
      'tenant_models',
      'small',
      { tenant: { id: 'acme', models: new Set(['big']) } },
      {},
      'policy_denied',
      'tenant acme may not',
    ],
    [
      'safety',
      'policy:safe',
      { tenant: { id: 'a', models: new Set(['big']) } },
      {},
      'policy_denied',
      'safety grade is B',
    ],
    ['tenant grade', 'big', { tenant: { id: 'a', min_safety_grade: 'A' as const } }, {}, 'policy_denied', 'grade is B'],
    ['ungraded', 'open/x', { tenant: { id: 'a', min_safety_grade: 'D' as const } }, {}, 'policy_denied', 'not known'],
    ['shadow status', 'ghost', {}, {}, 'policy_denied', 'status is shadow'],
    ['capability', 'small', { needs: ['chat', 'vision'] }, {}, 'invalid_request', 'lacks vision'],
    ['context', 'eyes', { in_tokens: 8_000 }, {}, 'prompt_too_large', 'context of 8000'],
    ['killed model', 'small', {}, { killed: ['small'] }, 'no_models_available', 'switched off'],
    ['killed provider', 'small', {}, { killed_providers: ['up'] }, 'no_models_available', 'switched off'],
    ['circuit', 'small', {}, { open: { small: 700 } }, 'no_models_available', 'circuit is open'],
  ])('%s', (_name, model, more, state, code, text) => {
    const result = run(model, more, state);
    expect(result).toMatchObject({ ok: false, code });
    expect(ids(result)).toContain(text);
  });

  test('deprecated and fallback models are served by name', () => {
    expect(ids(run('old'))).toEqual(['old']);
    expect(ids(run('spare'))).toEqual(['spare']);
  });

  test('the furthest candidate decides the code, and the earliest circuit the retry time', () => {
    const state = { open: { small: 700, big: 300 } };
    const result = run('policy:review', {}, state);
    expect(result).toMatchObject({ code: 'no_models_available', retry_after_ms: 300 });
    expect(run('policy:review', { needs: ['vision'] }, state)).toMatchObject({ code: 'invalid_request' });
    expect(run('policy:review', { in_tokens: 200_000 }, state)).toMatchObject({ code: 'no_models_available' });
    const one = { id: 'acme', models: new Set(['small']) };
    expect(run('policy:review', { tenant: one }, state)).toMatchObject({
      code: 'no_models_available',
      retry_after_ms: 700,
    });
    if (result.ok) throw new Error('resolved');
    const error = unroutableError(result);
    expect([error.status, error.param, error.retry_after_ms]).toEqual([503, 'model', 300]);
  });

  test('what was removed is told beside what is left', () => {
    const result = run('policy:review', {}, { killed: ['small'] });
    expect(result.ok && result.plan.why).toEqual([
      'policy review was asked for',
      'without small: it is switched off by an operator',
    ]);
  });

  test('what is not ready goes last but stays', () => {
    expect(ids(run('policy:review', {}, { slow: ['small'] }))).toEqual(['big', 'small']);
    expect(ids(run('policy:review', {}, { slow: ['small', 'big'] }))).toEqual(['small', 'big']);
    expect(ids(run('small', {}, { slow: ['small'] }))).toEqual(['small']);
  });

  test('a registry without models says so', () => {
    const empty = new Registry({ providers: [], models: [] });
    const result = resolve(empty, 'auto', facts(), live(), 0);
    expect(result).toMatchObject({ code: 'no_models_available', message: expect.stringContaining('no active model') });
  });
});

describe('data scopes', () => {
  const tenant = (...scopes: string[]) => ({ tenant: { id: 'acme', data_scopes: new Set(scopes) } });

  test('a label decides, also on fallback', () => {
    expect(ids(run('public', { data_scopes: ['public'], ...tenant('public', 'internal') }))).toEqual(['public']);
    expect(ids(run('auto', { data_scopes: ['internal'], ...tenant('internal') }))).toEqual(['secret']);
    expect(ids(run('public', { data_scopes: ['internal'], ...tenant('internal') }))).toEqual(['secret']);
    expect(run('policy:scoped', { data_scopes: ['public', 'internal'] })).toMatchObject({ ok: true });
  });

  test('without a label a request may carry anything that its tenant may send', () => {
    expect(ids(run('public', tenant('public')))).toEqual(['public']);
    expect(ids(run('public', tenant('public', 'internal')))).toContain('a request without x-atp-data-scope may carry');
    expect(ids(run('secret', tenant('public', 'internal')))).toEqual(['secret']);
    expect(ids(run('secret', tenant()))).toContain('policy_denied');
    expect(ids(run('small', tenant('public', 'internal')))).toEqual(['small']);
    expect(ids(run('public'))).toContain('a request without x-atp-data-scope may carry anything');
  });

  test('a label that the tenant may not send is refused', () => {
    const result = run('small', { data_scopes: ['internal'], ...tenant('public') });
    expect(ids(result)).toContain('may not send data of scope "internal" (x-atp-data-scope); its data_scopes: public.');
    expect(result.ok ? undefined : unroutableError(result).param).toBe('x-atp-data-scope');
    expect(ids(run('small', { data_scopes: ['internal'], ...tenant() }))).toContain('its data_scopes: none');
    // Nothing was said of what this tenant may send.
    expect(ids(run('secret', { data_scopes: ['internal'] }))).toEqual(['secret']);
    expect(ids(run('small', { data_scopes: ['anything'] }))).toEqual(['small']);
  });

  test('models made for a name have the clearance of their provider', () => {
    expect(ids(run('local/x', tenant('public')))).toContain('policy_denied');
    expect(ids(run('local/x', tenant('internal')))).toEqual(['local/x']);
  });
});

test('the expectation spans the cheapest usual and the dearest longest target', () => {
  const result = run('policy:review');
  if (!result.ok) throw new Error(result.message);
  expect(expectationOf(result.plan, facts({ max_out_tokens: 2_000 }), NOTHING_OBSERVED, 0)).toEqual({
    usd_nanos_low: 1_000 * 250 + 500 * 2_000,
    usd_nanos_high: 1_000 * 2_500 + 2_000 * 15_000,
    p95_ms: 800,
  });
});

test('a registry refuses names that are taken twice or refer to nothing', () => {
  const providers = [{ id: 'up', any_model: false }];
  const models = [spec('m')];
  const build = (more: object) => () => new Registry({ providers, models, ...more });
  expect(build({ models: [spec('m'), spec('m')] })).toThrow('taken twice');
  expect(build({ models: [spec('auto')] })).toThrow('taken twice');
  expect(build({ providers: [] })).toThrow('provider up');
  expect(build({ agents: [{ id: 'm', model: 'm' }] })).toThrow('taken twice');
  expect(build({ agents: [{ id: 'a', model: 'x' }] })).toThrow('Agent a');
  expect(
    build({
      agents: [
        { id: 'a', model: 'm' },
        { id: 'b', model: 'a' },
      ],
    }),
  ).toThrow('Agent b');
  expect(build({ policies: [policy('p', ['nope'])] })).toThrow('falls back to nope');
});
