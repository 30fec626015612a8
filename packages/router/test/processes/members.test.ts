import { expect, onTestFinished, test } from 'vitest';
import { configOf, errorOf, hashOf, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { answer, held } from '../admin/held.ts';
import { call, type Reply } from '../admin/http.ts';
import { settled, until } from '../shared/support/time.ts';
import { type Processes, startProcesses } from './support/processes.ts';

const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };

/** One model at an upstream that answers when it is told to. */
async function withUpstream(tenant: object): Promise<Processes & { readonly up: Awaited<ReturnType<typeof held>> }> {
  const up = await held();
  const running = await startProcesses(2, {
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
    models: [{ id: 'm', provider: 'up', context: 128_000, price: PRICE }],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], ...tenant }],
  });
  return { ...running, up };
}

function ask({ url }: Running, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const body = JSON.stringify({ model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] });
  const sent = { method: 'POST', headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers }, body };
  return call(`${url}/v1/chat/completions`, sent);
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new Error(`nothing at ${index}`);
  return value;
}

test('a window is one for all workers, and so are the headers that tell of it', async () => {
  const running = await withUpstream({ window: { max_parallel: 2 } });
  const { up, workers } = running;
  const calls = [ask(at(workers, 0)), ask(at(workers, 1))];
  await up.arrived(2);
  const refused = await ask(at(workers, 0));
  expect([refused.status, errorOf(refused).code]).toEqual([429, 'rate_limited']);
  expect(refused.headers).toMatchObject({ 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '0' });
  for (const res of up.open) answer(res);
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
  const third = ask(at(workers, 0));
  await up.arrived(3);
  answer(at(up.open, 2));
  expect((await third).status).toBe(200);
});

test('calls of a day are counted over all workers, over a restart of a worker, and over one of the owner', async () => {
  const running = await withUpstream({ budget: { calls_per_day: 6 } });
  const { up, owner, workers } = running;
  let answered = 0;
  const paid = async (worker: Running): Promise<number> => {
    const reply = ask(worker);
    const refused = reply.then(({ status }) => status !== 200);
    while (up.open.length <= answered) {
      if (await Promise.race([refused, settled().then(() => false)])) break;
    }
    if (up.open.length > answered) {
      answer(at(up.open, answered));
      answered += 1;
    }
    return (await reply).status;
  };
  expect([await paid(at(workers, 0)), await paid(at(workers, 1))]).toEqual([200, 200]);

  await at(workers, 0).stop();
  const again = await running.startWorker(1);
  expect([await paid(again), await paid(at(workers, 1))]).toEqual([200, 200]);

  await owner.stop();
  const successor = await running.startOwner();
  await until(() => successor.router.ledger.start !== undefined);
  expect([await paid(again), await paid(at(workers, 1))]).toEqual([200, 200]);
  const over = await ask(again);
  expect([over.status, errorOf(over).code]).toEqual([429, 'budget_exhausted']);
  expect((await ask(at(workers, 1))).status).toBe(429);
});

test('a key of a request holds at every worker: its outcome is told again, and while its call runs the other one waits', async () => {
  const running = await withUpstream({});
  const { up, workers } = running;
  const key = { 'idempotency-key': 'one' };
  const first = ask(at(workers, 0), key);
  await up.arrived(1);
  const second = ask(at(workers, 1), key);
  answer(at(up.open, 0));
  const [one, two] = await Promise.all([first, second]);
  expect([one.status, two.status]).toEqual([200, 200]);
  expect(two.text).toBe(one.text);
  expect(up.open).toHaveLength(1);
  const other = await call(`${at(workers, 1).url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, ...key },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'something else' }] }),
  });
  expect([other.status, errorOf(other).code]).toEqual([422, 'idempotency_mismatch']);
});

test('one process that follows several knows what they used, and their keys', async () => {
  const running = await withUpstream({ budget: { calls_per_day: 3 } });
  const { up, owner, workers, config } = running;
  const replies = [ask(at(workers, 0), { 'idempotency-key': 'kept' }), ask(at(workers, 1))];
  await up.arrived(2);
  for (const res of up.open) answer(res);
  const [first] = await Promise.all(replies);
  for (const { stop } of [...workers, owner]) await stop();

  const alone = await start({ config });
  onTestFinished(() => alone.stop());
  const again = await ask(alone, { 'idempotency-key': 'kept' });
  expect([again.status, again.text, up.open.length]).toEqual([200, first?.text, 2]);
  const third = ask(alone);
  await up.arrived(3);
  answer(at(up.open, 2));
  expect((await third).status).toBe(200);
  expect(errorOf(await ask(alone)).code).toBe('budget_exhausted');
});

test('a switch and a file that the owner brings into force hold at every worker', async () => {
  const running = await withUpstream({});
  const { up, owner, workers, config } = running;
  const runs = ask(at(workers, 1));
  await up.arrived(1);
  owner.router.engine.parts.kills.set('model', 'm', true);
  const reason = 'a test';
  owner.router.bus.append({
    ...{ type: 'kill.set', scope: 'model', id: 'm', on: true, reason, by: 'root', stopped_calls: 0, since_ms: 1 },
  });
  const stopped = await runs;
  expect([stopped.status, errorOf(stopped).code]).toEqual([403, 'policy_denied']);
  expect((await ask(at(workers, 0))).status).not.toBe(200);
  owner.router.bus.append({
    ...{ type: 'kill.set', scope: 'model', id: 'm', on: false, reason, by: 'root', stopped_calls: 0, since_ms: null },
  });
  await until(() => workers.every(({ router }) => !router.engine.parts.kills.model('m')));

  const applied = owner.router.manager.replaceBase(
    configOf(config.data_dir, {
      providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k' }],
      models: [{ id: 'other', provider: 'up', context: 128_000, price: PRICE }],
      tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    }),
  );
  expect(applied.ok).toBe(true);
  await until(() => workers.every(({ router }) => router.manager.config.models[0]?.id === 'other'));
  expect((await ask(at(workers, 0))).status).toBe(404);
});

test('a key made at the owner lets its holder in at every worker', async () => {
  const running = await startProcesses(2, {}, { bootstrap: false });
  const { owner, workers } = running;
  const hash = hashOf('made-later');
  const value = { id: 'k9', tenant: 'acme', hash, display: 'made', state: 'active' } as const;
  const entity = { kind: 'key', id: 'acme/k9', value } as const;
  const result = await owner.router.manager.change([{ op: 'put', entity }], async () => undefined);
  expect(result.ok).toBe(true);
  for (const worker of workers) {
    await until(() => worker.router.manager.overlay.length === 1);
    expect((await worker.chat({}, 'made-later')).status).toBe(200);
  }
});
