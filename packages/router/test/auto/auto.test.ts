import { describe, expect, test, vi } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { call, type Reply, stream } from '../admin/http.ts';
import { TENANT_KEY } from '../admin/harness.ts';
import { consensusOf } from '../fanout/scripted.ts';
import { type Crew, crew, OTHER_KEY, type Says } from './crew.ts';

const SUMS = 'add the numbers sum total integer fraction equation digits';
const knows: Says = () => 'The answer is A.';

function said({ json }: Reply): string | undefined {
  return (json as { choices: { message: { content: string } }[] }).choices[0]?.message.content;
}

function modelOf({ headers }: Reply): unknown {
  return headers['x-atp-model'];
}

function idOf({ headers }: Reply): string {
  return String(headers['x-atp-request-id']);
}

describe('auto', () => {
  test('learns from feedback who is right, and knows it after a restart', async () => {
    // Prices say nothing: one of the two cheap ones is right, and nobody else.
    const one = await crew((model) => `The answer is ${model === 'like' ? 'A' : 'B'}.`, { plans: 'single' });
    const ask = async (of: Crew, n: number): Promise<Reply> => {
      const reply = await of.ask(`${SUMS} ${n}`);
      await of.give({ request_id: idOf(reply), score: said(reply)?.includes('A.') === true ? 1 : 0 });
      return reply;
    };
    const rightOf = async (of: Crew, from: number): Promise<number> => {
      let right = 0;
      for (let n = from; n < from + 20; n += 1) right += modelOf(await ask(of, n)) === 'like' ? 1 : 0;
      return right;
    };
    for (let n = 0; n < 60; n += 1) await ask(one, n);
    expect(await rightOf(one, 100)).toBeGreaterThanOrEqual(18);
    const again = await one.again();
    expect(await rightOf(again, 200)).toBeGreaterThanOrEqual(18);
  });

  test('has a cheap one answer first, and somebody better where two differ; the answer is of the one that gave it', async () => {
    const one = await crew((model) => `The answer is ${model === 'cheap' ? 'B' : 'A'}.`, { plans: 'cascade' });
    let reply = await one.ask('A or B?');
    for (let n = 0; n < 20 && one.asked.length < 2; n += 1) {
      one.asked.length = 0;
      reply = await one.ask('A or B?');
    }
    expect(one.asked.length).toBeGreaterThan(1);
    const { lanes, strategy, policy } = consensusOf(reply.json) as {
      lanes: { source: string }[];
      strategy: string;
      policy: string;
    };
    expect([strategy, policy]).toEqual(['cascade', 'auto']);
    expect(lanes.map(({ source }) => source)).toEqual(one.asked);
    expect((reply.json as { model: string }).model).toBe(modelOf(reply));
    const decided = one.decided(idOf(reply));
    expect(decided).toMatchObject({ plan: 'cascade', first: one.asked[0], outcome: 'ok' });
    expect(decided.lesson.taken).toBe(modelOf(reply));
    expect(decided.lesson.answers.map(({ model, out_tokens }) => [model, out_tokens])).toEqual(
      one.asked.map((model) => [model, 20]),
    );
    // All attempts are of one call, and cost what they cost.
    expect(reply.headers['x-atp-attempts']).toBe(String(one.asked.length));
    expect(decided.cost_usd_nanos).toBe(Number(reply.headers['x-atp-cost-usd-micros']) * 1_000);
  });

  test('does without whoever fails, and says what is wrong when everybody does', async () => {
    const one = await crew((model) => (model === 'like' ? 'The answer is A.' : undefined), { plans: 'cascade' });
    const reply = await one.ask('A or B?');
    expect([reply.status, modelOf(reply)]).toEqual([200, 'like']);
    expect(one.asked.filter((model) => model === 'like')).toEqual(['like']);
    const none = await crew(() => undefined, { plans: 'cascade' });
    const failed = await none.ask('A or B?');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect([...new Set(none.asked)].sort()).toEqual(['cheap', 'dear', 'like']);
    expect(none.events.filter(({ type }) => type === 'route.decided')).toMatchObject([
      { outcome: 'error', lesson: { answers: [] } },
    ]);
  });

  test('tries nothing on gold calls, nor where the risk is high, unless the operator has it so', async () => {
    const decidedOf = async (
      routing: object,
      headers: Readonly<Record<string, string>>,
    ): Promise<readonly [boolean, number][]> => {
      const one = await crew(knows, { plans: 'single', ...routing });
      const ids: string[] = [];
      for (let n = 0; n < 8; n += 1) ids.push(idOf(await one.ask(`${SUMS} ${n}`, {}, headers)));
      return ids.map((id) => [one.decided(id).explores, one.decided(id).propensity] as const);
    };
    const sure = Array.from({ length: 8 }, () => [false, 1]);
    expect(await decidedOf({}, { 'x-atp-qos': 'gold' })).toEqual(sure);
    expect(await decidedOf({}, { 'x-atp-facts': 'risk=high' })).toEqual(sure);
    expect(await decidedOf({ explore: { usd_per_day: 0 } }, {})).toEqual(sure);
    for (const tried of [
      await decidedOf({}, {}),
      await decidedOf({ explore: { gold: true } }, { 'x-atp-qos': 'gold' }),
      await decidedOf({ explore: { high_risk: true } }, { 'x-atp-facts': 'risk=high' }),
    ]) {
      expect(tried.every(([explores]) => explores)).toBe(true);
      expect(tried.some(([, propensity]) => propensity < 1)).toBe(true);
    }
  });

  test('pays for quality what the request says that it is worth', async () => {
    const one = await crew(knows, { plans: 'single', explore: { usd_per_day: 0 } });
    const asks = async (quality: string): Promise<unknown> =>
      modelOf(await one.ask(SUMS, {}, { 'x-atp-quality': quality }));
    expect(await asks('100')).toBe('dear');
    expect(await asks('0.001')).not.toBe('dear');
    // Before anything is known the dearest is right with a chance of little over 0.6: a hard target needs it, an easy one does not.
    expect(await asks('target=0.62')).toBe('dear');
    expect(await asks('target=0.3')).not.toBe('dear');
    for (const quality of ['best', '0', '-1', '1e3', '1001', 'target=1', 'target=0', 'target=.9', 'target=0.12345']) {
      const reply = await one.ask(SUMS, {}, { 'x-atp-quality': quality });
      expect([reply.status, errorOf(reply).param]).toEqual([400, 'x-atp-quality']);
    }
  });

  test('sends a stream on as it comes, and tells the plan first where it is asked for', async () => {
    const one = await crew(knows, { plans: 'cascade' });
    const body = JSON.stringify({ model: 'auto', prompt: SUMS, stream: true, quality: 'high' });
    const headers = { authorization: `Bearer ${TENANT_KEY}` };
    const answer = await stream(`${one.running.url}/v1/ask`, { method: 'POST', headers, body });
    const [first, ...rest] = await answer.rest();
    expect(first?.event).toBe('plan');
    const plan = JSON.parse(first?.data ?? '{}') as { primary: { model: string }; why: string[] };
    expect(one.asked).toEqual([plan.primary.model]);
    expect(plan.why.join(' ')).toContain('is asked, and its answer taken');
    expect(rest.map(({ data }) => data).join(' ')).toContain('The answer is A.');
    const wrong = await call(`${one.running.url}/v1/ask`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'auto', prompt: 'x', quality: 'best' }),
    });
    expect([wrong.status, JSON.stringify(wrong.json)]).toEqual([400, expect.stringContaining('quality')]);
  });

  test('chooses among the agents of a policy, each under its own name', async () => {
    const more = {
      personas: [{ id: 'checker', role: 'checker', model: 'cheap', system_prompt: 'Check.' }],
      policies: [
        { id: 'careful', fanout: { agents: ['persona:checker', 'like', 'dear'] }, consensus: { strategy: 'cascade' } },
      ],
    };
    const one = await crew((model) => `The answer is ${model === 'dear' ? 'A' : 'B'}.`, {}, more);
    const reply = await one.ask('A or B?', { model: 'policy:careful' });
    expect(reply.status).toBe(200);
    const decided = one.decided(idOf(reply));
    expect(decided.policy).toBe('careful');
    expect(decided.candidates.map(({ model }) => model).sort()).toEqual(['dear', 'like', 'persona:checker']);
    expect(decided.lesson.answers.length).toBe(one.asked.length);
  });

  test('by the static score learns nothing and writes nothing', async () => {
    const one = await crew(knows, { mode: 'static' });
    const reply = await one.ask(SUMS);
    expect(reply.status).toBe(200);
    expect(one.events.some(({ type }) => type === 'route.decided')).toBe(false);
  });
});

describe('feedback on a request that said auto', () => {
  test('is a score, given once by each key, and of the tenant alone', async () => {
    const one = await crew(knows, { plans: 'single' });
    const request_id = idOf(await one.ask(SUMS));
    expect(errorOf(await one.give({ request_id, label: 'A' }))).toMatchObject({
      code: 'invalid_request',
      param: 'label',
    });
    expect(errorOf(await one.give({ request_id, score: 1 }, OTHER_KEY)).code).toBe('not_found');
    const given = await one.give({ request_id, score: 1 });
    expect([given.status, given.json]).toEqual([
      200,
      { object: 'feedback', request_id, repeated: false, score: 1, lanes: 0 },
    ]);
    expect(one.events.filter(({ type }) => type === 'route.feedback')).toMatchObject([
      { call_id: request_id, right: 1 },
    ]);
    await vi.waitFor(
      async () => expect((await one.give({ request_id, score: 1 })).json).toMatchObject({ repeated: true }),
      { timeout: 20_000, interval: 50 },
    );
    expect(errorOf(await one.give({ request_id, score: 0 })).code).toBe('conflict');
  });

  test('is of all who answered, where several did: a label says who was right', async () => {
    const one = await crew((model) => `The answer is ${model === 'dear' ? 'A' : 'B'}.`, { plans: 'cascade' });
    const reply = await one.ask('A or B?');
    const request_id = idOf(reply);
    const given = await one.give({ request_id, label: 'The answer is B.' });
    const right = said(reply)?.includes('B.') === true ? 1 : 0;
    expect(given.json).toMatchObject({ score: right, lanes: one.asked.length });
    expect(one.events.filter(({ type }) => type === 'route.feedback')).toMatchObject([{ right }]);
  });
});

test('what another policy would have come to is told from what is on record', async () => {
  const one = await crew(knows, { plans: 'single', quality_usd: 0.004 });
  for (let n = 0; n < 12; n += 1) {
    const reply = await one.ask(`${SUMS} ${n}`);
    await one.give({ request_id: idOf(reply), score: 1 });
  }
  await vi.waitFor(
    async () => {
      const { json } = await one.running.admin('GET', '/routing/whatif?policy=always:cheap');
      expect(json).toMatchObject({ policy: 'always:cheap', calls: 12, told: 12, was: { right: { mean: 1 } } });
    },
    { timeout: 20_000, interval: 50 },
  );
  const nobody = await one.running.admin('GET', '/routing/whatif?policy=always:nobody');
  expect(nobody.json).toMatchObject({
    calls: 0,
    ips: { right: null },
    doubts: expect.arrayContaining([expect.any(String)]),
  });
  for (const policy of ['', '?policy=random', '?policy=quality:0']) {
    expect(errorOf(await one.running.admin('GET', `/routing/whatif${policy}`)).param).toBe('policy');
  }
});

test('what was chosen can be looked into afterwards', async () => {
  const one = await crew(knows, { plans: 'single' });
  const id = idOf(await one.ask(SUMS));
  await vi.waitFor(
    async () => {
      const { status, json } = await one.running.admin('GET', `/routing/explain?request_id=${id}`);
      expect([status, json]).toEqual([
        200,
        expect.objectContaining({ call_id: id, plan: 'single', outcome: 'ok', taken: one.asked[0] }),
      ]);
    },
    { timeout: 20_000, interval: 50 },
  );
  expect((await one.running.admin('GET', '/routing/explain?request_id=call_nobody')).status).toBe(404);
  expect((await one.running.admin('GET', '/routing/explain')).status).toBe(400);
});
