import { describe, expect, test } from 'vitest';
import { configOf, good, model, provider, SILENCE, Stage, tenant } from './support/fixed.ts';

const one_at_a_time = { window: { max_parallel: 1 }, at_limit: 'wait' };

describe('a call that waits for its tenant (at_limit: wait)', () => {
  test('begins in the moment in which the one before it ends', async () => {
    const config = configOf({ tenants: [tenant(one_at_a_time)] });
    const stage = new Stage({ config, script: () => good(3, 1_000) });
    const first = stage.ask();
    const second = stage.ask();
    await stage.pass(990);
    expect([first.client.ending, second.client.begun]).toEqual([undefined, undefined]);
    expect(stage.promised).toHaveLength(1);
    await stage.pass(30);
    expect(first.client.ending).toBe('end');
    expect(stage.promised).toHaveLength(2);
    expect(await stage.end()).toEqual([]);
    expect(second.client.ending).toBe('end');
  });

  test('gives up at its own deadline, whatever those before it would do', async () => {
    const config = configOf({ tenants: [tenant(one_at_a_time)] });
    const stage = new Stage({ config, script: () => good(3, 20_000) });
    stage.ask();
    const patient = stage.ask();
    const hasty = stage.ask({ qos: 'bronze', deadline_ms: 500 });
    await stage.pass(510);
    expect(hasty.client.error?.code).toMatch(/^(rate_limited|deadline_exceeded)$/);
    expect(patient.client.ending).toBeUndefined();
    expect(await stage.end()).toEqual([]);
    expect(patient.client.ending).toBe('end');
  });

  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('waits as long as it may when the wall clock is set %s', async (_name, by_ms) => {
    const config = configOf({ tenants: [tenant(one_at_a_time)] });
    const start_ms = Date.parse('2027-03-01T12:00:00.000Z');
    const stage = new Stage({ config, start_ms, script: () => good(3, 60_000) });
    stage.ask();
    const waits = stage.ask();
    await stage.pass(1_000);
    stage.world.time.jump(by_ms);
    // Another one that begins to wait makes the router look again at who is due.
    stage.ask({ leaves_after_ms: 5_000 });
    await stage.pass(28_990);
    expect(waits.client.ending).toBeUndefined();
    await stage.pass(20);
    expect(waits.client.error?.code).toBe('rate_limited');
    expect(await stage.end()).toEqual([]);
  });

  test('begins when a new configuration has room for it', async () => {
    const config = configOf({ tenants: [tenant(one_at_a_time)] });
    const stage = new Stage({ config, script: () => good(3, 5_000) });
    stage.ask();
    const second = stage.ask();
    await stage.pass(100);
    expect(stage.promised).toHaveLength(1);
    stage.world.reload(configOf({ tenants: [tenant({ at_limit: 'wait' })] }));
    await stage.pass(1);
    expect(stage.promised).toHaveLength(2);
    expect(await stage.end()).toEqual([]);
    expect(second.client.ending).toBe('end');
  });

  test('begins at midnight, when the budget of the day is new', async () => {
    const config = configOf({ tenants: [tenant({ budget: { calls_per_day: 1 }, at_limit: 'wait' })] });
    const start_ms = Date.parse('2027-03-01T23:59:58.000Z');
    const stage = new Stage({ config, start_ms, script: () => good(3, 10_000) });
    stage.ask();
    stage.ask();
    await stage.pass(1_990);
    expect(stage.promised).toHaveLength(1);
    await stage.pass(20);
    expect(stage.promised).toHaveLength(2);
    expect(await stage.end()).toEqual([]);
  });

  test('waits until others are done, and those may try again before it: what runs goes before what waits', async () => {
    const refused: ReturnType<typeof good> = {
      ...{ fate: 'error status', fails_at_once: false, full_text: '', streams: true },
      steps: [
        { after_ms: 100, kind: 'head', status: 503 },
        { after_ms: 0, kind: 'end' },
      ],
    };
    const config = configOf({ tenants: [tenant(one_at_a_time)] });
    const stage = new Stage({ config, script: (_provider, nth) => (nth === 0 ? refused : good(3, 100)) });
    const all = [stage.ask(), stage.ask()];
    expect(await stage.end()).toEqual([]);
    expect(all.map(({ client }) => client.ending)).toEqual(['end', 'end']);
    expect(stage.promised).toHaveLength(3);
  });

  test('is not hedged: one reservation, one attempt', async () => {
    const config = configOf({
      models: [model('m1', 'p1'), model('m2', 'p1')],
      policies: [{ id: 'x', fallback: ['m1', 'm2'], hedge_after_ms: 100 }],
      tenants: [tenant(one_at_a_time)],
    });
    const stage = new Stage({ config, script: () => good(3, 1_000) });
    stage.ask();
    const second = stage.ask({ model: 'policy:x' });
    await stage.pass(900);
    expect(stage.world.engine.gate.load('tenant:a')).toEqual({ in_flight: 1, waiting: 1 });
    expect(await stage.end()).toEqual([]);
    expect(second.client.ending).toBe('end');
    expect(stage.promised).toEqual(['m1', 'm1']);
  });

  test('that leaves is out of the queue, and who stood behind it goes on', async () => {
    const config = configOf({ tenants: [tenant({ ...one_at_a_time, window: { max_tokens: 450 } })] });
    const stage = new Stage({ config, script: () => good(3, 5_000) });
    stage.ask({ max_tokens: 300 });
    const large = stage.ask({ max_tokens: 380, leaves_after_ms: 200 });
    stage.ask({ max_tokens: 10 });
    await stage.pass(199);
    expect(stage.promised).toHaveLength(1);
    await stage.pass(2);
    expect(large.client.error?.code).toBe('request_cancelled');
    expect(stage.promised).toHaveLength(2);
    expect(await stage.end()).toEqual([]);
  });
});

describe('an attempt that waits for a place at its model', () => {
  const config = configOf({ providers: [provider('p1', { max_concurrency: 1, queue_timeout_ms: 300 })] });

  test('gets it when it is free', async () => {
    const stage = new Stage({ config, script: () => good(3, 200) });
    const all = [stage.ask(), stage.ask()];
    expect(await stage.end()).toEqual([]);
    expect(all.map(({ client }) => client.ending)).toEqual(['end', 'end']);
  });

  test('gives up after the queue time of its provider, also while somebody waits longer for funds', async () => {
    const both = configOf({
      providers: [provider('p1', { max_concurrency: 1, queue_timeout_ms: 300 })],
      tenants: [tenant({ window: { max_parallel: 2 }, at_limit: 'wait' })],
    });
    const stage = new Stage({ config: both, script: () => good(3, 10_000) });
    stage.ask();
    const queued = stage.ask();
    stage.ask();
    await stage.pass(310);
    expect(queued.client.error?.code).toBe('backpressure');
    expect(await stage.end()).toEqual([]);
  });

  test('holds no funds meanwhile, also while another attempt of its call runs', async () => {
    const hedged = configOf({
      providers: [provider('p1', { max_concurrency: 1, queue_timeout_ms: 60_000 }), provider('p2')],
      models: [model('m1', 'p1'), model('m2', 'p2')],
      policies: [{ id: 'x', fallback: ['m1', 'm2'], hedge_after_ms: 50 }],
    });
    const stage = new Stage({ config: hedged, script: (id) => (id === 'p1' ? SILENCE : good(3, 20_000)) });
    stage.ask({ model: 'm1', leaves_after_ms: 10_000 });
    const racing = stage.ask({ model: 'policy:x', leaves_after_ms: 15_000 });
    await stage.pass(60);
    const both = stage.world.ledger.snapshot('tenant:a', 0)?.outstanding.tokens ?? 0;
    await stage.pass(10_100);
    // The hedge has begun to answer, the first attempt of its call has left the queue, the other call has left.
    expect(racing.client.begun).toBeDefined();
    const alone = stage.world.ledger.snapshot('tenant:a', 0)?.outstanding.tokens ?? 0;
    expect(alone).toBe(both / 2);
    expect(stage.world.engine.gate.load('deployment:p1/up-m1')).toEqual({ in_flight: 0, waiting: 0 });
    expect(await stage.end()).toEqual([]);
  });
});

describe('a stand-in (at_limit: degrade)', () => {
  const at_limit = { at_limit: 'degrade', budget: { usd_per_day: 0.000_5 } };
  const dear = model('dear', 'p1', { price: { in_usd_per_mtok: 90, out_usd_per_mtok: 900 }, safety_grade: 'A' });

  test('is the cheapest that fits', async () => {
    const models = [
      dear,
      model('cheap', 'p1'),
      model('cheaper', 'p1', { price: { in_usd_per_mtok: 0.1, out_usd_per_mtok: 1 } }),
    ];
    const stage = new Stage({ config: configOf({ models, tenants: [tenant(at_limit)] }) });
    const asked = stage.ask({ model: 'dear' });
    expect(await stage.end()).toEqual([]);
    expect([asked.client.ending, stage.promised]).toEqual(['end', ['cheaper']]);
  });

  test('has a price where money is limited', async () => {
    const { price: _none, ...unpriced } = model('unknown', 'p1') as { price: unknown };
    const stage = new Stage({ config: configOf({ models: [dear, unpriced], tenants: [tenant(at_limit)] }) });
    const asked = stage.ask({ model: 'dear' });
    expect(await stage.end()).toEqual([]);
    expect([asked.client.error?.code, stage.promised]).toEqual(['budget_exhausted', []]);
  });

  test('has the safety grade that the policy asks for', async () => {
    const models = [
      dear,
      model('unsafe', 'p1', { safety_grade: 'C' }),
      model('safe', 'p1', { safety_grade: 'A', price: { in_usd_per_mtok: 2, out_usd_per_mtok: 20 } }),
    ];
    const policies = [{ id: 'x', fallback: ['dear'], min_safety_grade: 'B' }];
    const stage = new Stage({ config: configOf({ models, policies, tenants: [tenant(at_limit)] }) });
    stage.ask({ model: 'policy:x' });
    expect(await stage.end()).toEqual([]);
    expect(stage.promised).toEqual(['safe']);
  });
});

describe('a stream that reaches its budget', () => {
  const finish = configOf({
    policies: [{ id: 'x', fallback: ['m1'], on_budget_exhausted: 'finish', budget: { tokens: 700 } }],
  });

  test('is ended with reason length, and pays for what was made', async () => {
    const stage = new Stage({ config: finish, script: () => good(900, 9_000) });
    const asked = stage.ask({ model: 'policy:x', max_tokens: 4_000 });
    expect(await stage.end()).toEqual([]);
    expect(asked.client.ending).toBe('end');
    expect(asked.client.text).toContain('"finish_reason":"length"');
    const [record] = stage.world.log.of('call.ended');
    expect(record?.usage.out_tokens).toBeGreaterThan(300);
    expect(record?.usage.out_tokens).toBeLessThan(800);
    expect(record?.attempts[0]?.usage_source).toBe('counted');
  });

  test('is left alone when its last chunk is also its end', async () => {
    const whole = good(900, 0);
    const bytes = whole.steps.map((step) => (step.kind === 'data' ? step.bytes : '')).join('');
    const usage = { in_tokens: 20, out_tokens: 900, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const at_once = {
      ...whole,
      steps: [
        { after_ms: 0, kind: 'head', status: 200 },
        { after_ms: 0, kind: 'data', bytes, text: whole.full_text, usage, finish: true, partial: false },
        { after_ms: 50, kind: 'end' },
      ],
    } as const;
    const stage = new Stage({ config: finish, script: () => at_once });
    const asked = stage.ask({ model: 'policy:x', max_tokens: 4_000 });
    expect(await stage.end()).toEqual([]);
    expect(asked.client.text).toContain('"finish_reason":"stop"');
    expect(stage.world.log.of('call.ended')[0]?.usage.out_tokens).toBe(900);
  });
});
