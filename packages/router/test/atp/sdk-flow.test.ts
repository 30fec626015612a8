import { AtpClient, AtpTaskError, type BudgetLeft, type ClientOptions, type SessionWindow } from '@atp-router/sdk';
import { http } from '@atp-router/sdk/http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';

const TASK = { prompt: 'Hi', model: 'small', max_output_tokens: 50, stream: false };

function clientOf({ url }: Running, key = TENANT_KEY, more: Partial<ClientOptions> = {}): AtpClient {
  const client = new AtpClient({ url, key, ...more });
  onTestFinished(() => client.close());
  return client;
}

/** A provider of so many places, which answers when it is told to, and tenants that may ask in gold. */
async function busy(places: number, more: object = {}): Promise<Running & { up: Awaited<ReturnType<typeof held>> }> {
  const up = await held();
  const running = await startForTest({
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', max_concurrency: places }],
    models: [{ id: 'small', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }],
    tenants: ['acme', 'gold'].map((id) => ({
      ...{ id, qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(id === 'acme' ? TENANT_KEY : 'key-of-gold') }] },
      budget: { usd_per_day: 50 },
      ...more,
    })),
    flow: { shares: { gold: 0.5, silver: 0, bronze: 0 } },
  });
  return { ...running, up };
}

async function errorOf(task: { result(): Promise<unknown> }): Promise<AtpTaskError> {
  const error: unknown = await task.result().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AtpTaskError) return error;
  throw new Error('The task was to fail with a word of the router.', { cause: error });
}

function answerAll(up: Awaited<ReturnType<typeof held>>, from: number): void {
  for (const res of up.open.slice(from)) if (!res.destroyed) answer(res);
}

describe('a bronze task that makes room for gold', () => {
  test('ends with EPREEMPT and when to come again, in whichever session; the sessions go on, and pay for nothing twice', async () => {
    const running = await busy(2);
    const { up, router } = running;
    const [one, other] = [clientOf(running), clientOf(running)];
    const gold = clientOf(running, 'key-of-gold');
    const first = one.task(TASK, { qos: 'bronze' });
    await up.arrived(1);
    const second = other.task(TASK, { qos: 'bronze' });
    await up.arrived(2);
    const better = gold.task(TASK, { qos: 'gold' });
    const error = await errorOf(first);
    expect(error).toMatchObject({
      code: 'EPREEMPT',
      retryable: true,
      details: { error: 'preempted', origin: 'local' },
    });
    expect(error.retry_after_ms).toBeGreaterThanOrEqual(1);
    await up.arrived(3);
    // Gold has its part: nobody else is stopped. The session goes on, and what it asks for waits its turn.
    const again = one.task(TASK, { qos: 'bronze' });
    answerAll(up, 1);
    await up.arrived(4);
    answerAll(up, 3);
    const texts = (await Promise.all([second, better, again].map((task) => task.result()))).map(({ text }) => text);
    expect(texts).toEqual(['Here.', 'Here.', 'Here.']);
    expect((await running.admin('GET', '/sessions')).json).toMatchObject({ total: 3 });
    for (const id of ['tenant:acme', 'tenant:gold', 'provider:up']) {
      expect(router.engine.parts.accounts.windows(id)).toMatchObject({ out_calls: 0, out_tokens: 0, out_usd_nanos: 0 });
    }
  });
});

describe('a task that is refused', () => {
  test('for want of room says when to come again: at first a guess, then as calls end', async () => {
    const running = await busy(10, { window: { max_parallel: 1 }, at_limit: 'reject' });
    const { up } = running;
    const [one, other] = [clientOf(running), clientOf(running)];
    const first = one.task(TASK);
    await up.arrived(1);
    const refused = await errorOf(other.task(TASK));
    expect(refused).toMatchObject({ code: 'EWINDOW', retryable: true, retry_after_ms: 1_000 });
    answerAll(up, 0);
    await first.result();
    const second = one.task(TASK);
    await up.arrived(2);
    const paced = await errorOf(other.task(TASK));
    expect(paced).toMatchObject({ code: 'EWINDOW', retryable: true });
    expect(paced.retry_after_ms).toBeGreaterThanOrEqual(1);
    answerAll(up, 1);
    await second.result();
  });

  test('for want of budget says that it renews tomorrow', async () => {
    const running = await busy(10, { budget: { calls_per_day: 1 } });
    const { up } = running;
    const client = clientOf(running);
    const first = client.task(TASK);
    await up.arrived(1);
    const refused = await errorOf(client.task(TASK));
    expect(refused).toMatchObject({ code: 'EBUDGET', retryable: false, details: { error: 'budget_exhausted' } });
    expect(refused.retry_after_ms).toBeGreaterThan(0);
    expect(refused.retry_after_ms).toBeLessThanOrEqual(86_400_000);
    answerAll(up, 0);
    await first.result();
  });
});

describe('a client is told', () => {
  test.each([
    ['a WebSocket', {}],
    ['plain HTTP', { transport: http }],
  ])('its window and what is left of its budget, over %s', async (_way, carrier) => {
    const running = await startForTest({
      tenants: [
        {
          ...{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
          ...{ budget: { usd_per_day: 50 }, session_window: { max_parallel: 7 } },
        },
      ],
    });
    const windows: SessionWindow[] = [];
    const left: BudgetLeft[] = [];
    let told: () => void = () => undefined;
    const once = new Promise<void>((resolve) => (told = resolve));
    const client = clientOf(running, TENANT_KEY, {
      ...carrier,
      onWindow: (window) => windows.push(window),
      onBudget: (budget) => {
        left.push(budget);
        told();
      },
    });
    const { cost_usd_micros } = await client.task({ prompt: 'Hi', model: 'small' }).result();
    await once;
    expect(windows).toEqual([expect.objectContaining({ max_parallel: 7 })]);
    expect(left).toEqual([{ usd_micros: 50_000_000 - (cost_usd_micros ?? 0), reason: 'task_ended' }]);
  });
});
