import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model, PRICE, secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, type Asked, send } from '../src/http.ts';
import { total } from '../src/metrics.ts';
import { type Answer, textAnswer } from '../src/upstream/script.ts';

/** One answer of the default script costs 11 × 1 + 7 × 2 micro-dollars. */
const COST = 25;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    return {
      ...base,
      models: [
        ...base.models,
        model('dear', 'chat', { upstream_model: 'dear', price: { ...PRICE, per_request_usd: 0.02 } }),
        model('unpriced', 'chat', { upstream_model: 'unpriced', price: undefined }),
        model('priced', 'chat', {
          upstream_model: 'priced',
          price: { ...PRICE, cached_in_usd_per_mtok: 0.5, reasoning_usd_per_mtok: 4, per_request_usd: 0.001 },
        }),
      ],
      policies: [
        { id: 'tiny', fallback: ['m-chat'], budget: { tokens: 10 } },
        { id: 'finish', fallback: ['m-anthropic'], budget: { usd: 0.0006 }, on_budget_exhausted: 'finish' },
        ...['chat', 'responses'].map((id) => ({
          ...{ id: `finish-${id}`, fallback: [`m-${id}`], budget: { usd: 0.0006 }, on_budget_exhausted: 'finish' },
        })),
        { id: 'end', fallback: ['m-anthropic'], budget: { usd: 0.0006 }, on_budget_exhausted: 'error' },
      ],
      tenants: [
        tenant('acme'),
        tenant('poor', { budget: { usd_per_day: 0.0012 } }),
        tenant('counted', { budget: { calls_per_day: 2 } }),
        tenant('tokens', { budget: { tokens_per_day: 20 } }),
        tenant('narrow', { window: { max_parallel: 1 } }),
        tenant('patient', { window: { max_parallel: 1 }, at_limit: 'wait' }),
        tenant('frugal', { budget: { usd_per_day: 0.01 }, at_limit: 'degrade' }),
        tenant('small', { window: { max_tokens: 40 } }),
      ],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

interface Call {
  readonly tenant?: string;
  readonly model?: string;
  readonly mark?: string;
  readonly stream?: boolean;
  readonly max_tokens?: number | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

function asked({
  tenant: id = 'acme',
  model: name = 'm-chat',
  mark = 'hi',
  stream = false,
  headers = {},
  ...rest
}: Call): Asked {
  const max_tokens = 'max_tokens' in rest ? rest.max_tokens : 20;
  const body = { model: name, stream, messages: [{ role: 'user', content: mark }], ...(max_tokens && { max_tokens }) };
  return { port: rig.router.port, path: '/v1/chat/completions', key: secretOf(id), headers, body };
}

const call = (over: Call): Promise<Answered> => send(asked(over)).answer;

async function errorOf(answer: Answered): Promise<Record<string, unknown>> {
  return (await answer.json())['error'] as Record<string, unknown>;
}

async function used(id: string): Promise<number> {
  return total(await rig.router.metrics(), 'atp_tenant_day_used_usd_micros', { tenant: id });
}

describe('budgets of a day', () => {
  test('money: refused when it is used up, with the time until it renews', async () => {
    const statuses: number[] = [];
    let last: Answered | undefined;
    while (last?.status !== 429) {
      last = await call({ tenant: 'poor' });
      statuses.push(last.status);
      if (last.status === 200) await last.text();
    }
    expect(statuses.slice(0, -1).every((status) => status === 200)).toBe(true);
    expect(statuses.length).toBeGreaterThan(2);
    expect(await errorOf(last)).toMatchObject({ code: 'budget_exhausted', param: 'budget_usd' });
    expect(Number(last.header('retry-after'))).toBeGreaterThan(0);
    expect(last.header('x-should-retry')).toBe('false');
    expect(last.header('x-ratelimit-limit-usd-micros')).toBe('1200');
    expect(await used('poor')).toBe((statuses.length - 1) * COST);
  });

  test('calls', async () => {
    for (const status of [200, 200, 429]) {
      const answer = await call({ tenant: 'counted' });
      expect(answer.status).toBe(status);
      if (status === 429) expect(await errorOf(answer)).toMatchObject({ param: 'budget_calls' });
      else await answer.text();
    }
  });

  test('tokens', async () => {
    const answer = await call({ tenant: 'tokens', mark: 'a prompt that is longer than twenty tokens '.repeat(4) });
    expect(answer.status).toBe(429);
    expect(await errorOf(answer)).toMatchObject({ code: 'budget_exhausted', param: 'budget_tokens' });
  });

  test('a model without a price is not used where money is limited', async () => {
    const limited = await call({ tenant: 'frugal', model: 'unpriced' });
    expect(limited.status).toBe(429);
    expect(await limited.text()).toContain('has no price');
    const free = await call({ model: 'unpriced' });
    expect(free.status).toBe(200);
    expect(free.header('x-atp-cost-usd-micros')).toBe('0');
  });

  test('at_limit: degrade takes a cheaper model that fits', async () => {
    const answer = await call({ tenant: 'frugal', model: 'dear', max_tokens: 100 });
    expect(answer.status).toBe(200);
    expect(answer.header('x-atp-model')).not.toBe('dear');
    await answer.text();
  });
});

describe('windows', () => {
  test('at_limit: reject says when to come again', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const first = send(asked({ tenant: 'narrow', mark: script.mark }));
    const request = await rig.upstream.next(script);
    const refused = await call({ tenant: 'narrow' });
    expect(refused.status).toBe(429);
    expect(refused.header('retry-after')).toBe('1');
    expect(refused.header('x-should-retry')).toBe('true');
    expect(refused.header('x-ratelimit-remaining-requests')).toBe('0');
    expect(await errorOf(refused)).toMatchObject({ code: 'rate_limited', param: 'window_calls' });
    request.step();
    expect((await first.answer).status).toBe(200);
    expect((await call({ tenant: 'narrow' })).status).toBe(200);
  });

  test('at_limit: wait lets calls through one after the other', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const pending = [1, 2, 3].map(() => send(asked({ tenant: 'patient', mark: script.mark })));
    for (let i = 0; i < 3; i += 1) {
      const request = await rig.upstream.next(script);
      expect(await rig.upstream.untaken(script)).toEqual([]);
      request.step();
    }
    for (const { answer } of pending) expect((await answer).status).toBe(200);
  });

  test('a wait ends with the deadline', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const first = send(asked({ tenant: 'patient', mark: script.mark }));
    const request = await rig.upstream.next(script);
    const late = await call({ tenant: 'patient', headers: { 'x-atp-deadline-ms': '50' } });
    expect([429, 504]).toContain(late.status);
    await late.text();
    request.step();
    expect((await first.answer).status).toBe(200);
  });

  test('a call that waits and whose client leaves holds nothing', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const first = send(asked({ tenant: 'patient', mark: script.mark }));
    const request = await rig.upstream.next(script);
    const waiting = send(asked({ tenant: 'patient', mark: 'never seen' }));
    // Answered after the waiting one was read.
    await (await call({})).text();
    waiting.leave();
    request.step();
    expect((await first.answer).status).toBe(200);
    expect((await call({ tenant: 'patient' })).status).toBe(200);
  });

  test('a call that alone is larger than the window is told so', async () => {
    const answer = await call({ tenant: 'small', mark: 'word '.repeat(200) });
    expect(answer.status).toBe(429);
    expect(answer.header('retry-after')).toBeUndefined();
    expect(await answer.text()).toContain('larger than the window');
  });
});

describe('limits of one call', () => {
  test('x-atp-max-usd', async () => {
    const refused = await call({ model: 'dear', headers: { 'x-atp-max-usd': '0.000001' } });
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({ code: 'budget_exhausted', param: 'x-atp-max-usd' });
    const fine = await call({ headers: { 'x-atp-max-usd': '0.01' } });
    expect(fine.status).toBe(200);
  });

  test('tokens of a policy', async () => {
    const refused = await call({ model: 'policy:tiny', mark: 'word '.repeat(50) });
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({ param: 'policy.budget.tokens' });
  });

  test('what the budget allows is told to the provider as the output limit', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('ok') });
    const answer = await call({ mark: script.mark, max_tokens: undefined, headers: { 'x-atp-max-usd': '0.0005' } });
    expect(answer.status).toBe(200);
    const request = await rig.upstream.next(script);
    const limit = request.json['max_completion_tokens'] ?? request.json['max_tokens'];
    expect(limit).toBeGreaterThan(16);
    expect(limit).toBeLessThanOrEqual(250);
  });

  const LONG: Answer = { choices: [{ text: Array.from({ length: 30 }, () => 'word '.repeat(20)), finish: 'stop' }] };

  test('a stream that outgrows its budget ends as the policy says: a normal end by length', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: ['message_delta'] });
    const answer = await call({ model: 'policy:finish', mark: script.mark, stream: true, max_tokens: undefined });
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain('"finish_reason":"length"');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });

  test.each([
    ['chat', '/v1/chat/completions', 'finish-chat', '[DONE]', '"finish_reason":"length"', 'data: [DONE]'],
    ['messages', '/v1/messages', 'finish', 'message_delta', '"stop_reason":"max_tokens"', '"type":"message_stop"}'],
    ['responses', '/v1/responses', 'finish-responses', 'response.completed', '"reason":"max_output_tokens"', '}'],
  ])('also where it is relayed as it comes (%s)', async (shape, path, policy, gate, reason, last) => {
    const script = await rig.upstream.script({
      ...{ answer: LONG, gates: [gate] },
      insert: { at: 2, raw: ': a comment of the provider\n\n' },
    });
    const prompt =
      shape === 'responses' ? { input: script.mark } : { messages: [{ role: 'user', content: script.mark }] };
    const limit = shape === 'messages' ? { max_tokens: 4_000 } : {};
    const body = { model: `policy:${policy}`, stream: true, ...prompt, ...limit };
    const answer = await send({ port: rig.router.port, path, key: secretOf('acme'), body }).answer;
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain(': a comment of the provider');
    expect(text).toContain(reason);
    expect(text.trimEnd().endsWith(last)).toBe(true);
    expect(await request.closed).toMatchObject({ by: 'peer' });
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended?.attempts.map((a) => [a.outcome, a.usage_source])).toEqual([['ok', 'counted']]);
    // Chat Completions tells usage to those that asked for it.
    if (shape !== 'chat') expect(text).toMatch(new RegExp(`"output_tokens":${ended?.usage.out_tokens}\\D`));
  });

  test('a plain call passes as it came whatever the policy says', async () => {
    const message = { role: 'assistant', content: 'Hi', annotations: [{ later: 1 }] };
    const usage = { prompt_tokens: 3, completion_tokens: 1 };
    const reply = JSON.stringify({ id: 'x', choices: [{ index: 0, message, finish_reason: 'stop' }], usage, later: 2 });
    const script = await rig.upstream.script({ body: reply });
    const messages = [{ role: 'user', content: script.mark, later: 3 }];
    const body = { model: 'policy:finish-chat', messages };
    const answer = await send({ ...asked({}), body }).answer;
    expect(await answer.text()).toBe(reply);
    expect((await rig.upstream.next(script)).json['messages']).toEqual(messages);
  });

  test('or the budget error', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: ['message_delta'] });
    const answer = await call({ model: 'policy:end', mark: script.mark, stream: true, max_tokens: undefined });
    const request = await rig.upstream.next(script);
    const text = await answer.text();
    expect(text).toContain('budget_exhausted');
    expect(text).not.toContain('[DONE]');
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });
});

test('prices: cached and reasoning tokens and the fee of a request', async () => {
  const usage = { in_tokens: 1_000, out_tokens: 500, cached_in_tokens: 400, reasoning_tokens: 200 };
  const script = await rig.upstream.script({ answer: { ...textAnswer('ok'), usage } });
  const answer = await call({ model: 'priced', mark: script.mark });
  // 600 × 1 + 400 × 0.5 + 300 × 2 + 200 × 4 + 1000
  expect(answer.header('x-atp-cost-usd-micros')).toBe('3200');
  await answer.text();
});

test('every attempt that was billed is in the record', async () => {
  const cut = { answer: textAnswer('One'), cut: { after: 0, bytes: 30, how: 'reset' } } as const;
  const script = await rig.upstream.script(cut, { answer: textAnswer('fine') });
  const answer = await call({ mark: script.mark });
  expect(answer.status).toBe(200);
  await answer.text();
  const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
  expect(ended?.attempts.map((a) => [a.outcome, a.usage_source])).toEqual([
    ['error', 'counted'],
    ['ok', 'reported'],
  ]);
  expect(Number(answer.header('x-atp-cost-usd-micros'))).toBeGreaterThan(COST);
});
