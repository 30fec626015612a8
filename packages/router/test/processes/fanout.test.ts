import { QOS_TIERS } from '@atp-router/kernel';
import { expect, test } from 'vitest';
import { hashOf, type Running, TENANT_KEY } from '../admin/harness.ts';
import { PACE } from '../cluster/support/machine.ts';
import { consensusOf, idOf, scripted } from '../fanout/scripted.ts';
import { until } from '../shared/support/time.ts';
import { startProcesses } from './support/processes.ts';

const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const VOICES = ['a', 'b', 'c'];
const TENANT = { id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget: { usd_per_day: 50 } };

type Scripted = Awaited<ReturnType<typeof scripted>>;

/** Who waits at the owner, for all of its workers. */
function waitingAt({ router }: Running): number {
  return QOS_TIERS.reduce((sum, qos) => sum + router.engine.gate.waiting(qos), 0);
}

const booksOf = ({ router }: Running) => router.engine.parts.accounts.snapshot('tenant:acme', Date.now());

/** One call that is granted, after those that were not because the worker had not found the owner yet. */
async function granted(worker: Running, up: Scripted): Promise<string[]> {
  const arrived = up.next('plain');
  const ids: string[] = [];
  for (;;) {
    const reply = worker.chat({ model: 'plain' });
    const asked = await Promise.race([arrived, reply.then(() => undefined)]);
    asked?.whole('free');
    const { status, headers } = await reply;
    if (status === 200) ids.push(String(headers['x-atp-request-id']));
    if (asked !== undefined) return ids;
  }
}

/** What the attempts of these calls have used, as the tables of their worker say it a moment later. */
async function tokensOf(worker: Running, ids: readonly string[]): Promise<number> {
  let tokens = 0;
  for (const id of ids) {
    await until(async () => (await worker.admin('GET', `/calls/${id}`)).status === 200);
    const { json } = await worker.admin('GET', `/calls/${id}`);
    const attempts = json['attempts'] as readonly { readonly in_tokens: number; readonly out_tokens: number }[];
    for (const { in_tokens, out_tokens } of attempts) tokens += in_tokens + out_tokens;
  }
  return tokens;
}

test('lanes at a worker wait for places that another worker has, and then all of them run', async () => {
  const up = await scripted();
  const places = { max_concurrency: VOICES.length, queue_timeout_ms: 60_000 };
  const provider = { type: 'openai', base_url: up.base_url, api_key: 'k', retry: { max_attempts: 1 } };
  const { owner, workers } = await startProcesses(
    2,
    {
      providers: [{ id: 'up', ...provider, ...places }],
      models: [...VOICES, 'plain'].map((id) => ({ id, provider: 'up', context: 128_000, price: PRICE })),
      tenants: [TENANT],
      policies: [{ id: 'panel', fanout: { agents: VOICES }, consensus: { strategy: 'union', answer: 'number' } }],
    },
    { pace: PACE },
  );
  const [one, two] = workers as readonly [Running, Running];
  const [of_one, of_two] = [await granted(one, up), await granted(two, up)];
  const before = up.asked.length;

  const plain = VOICES.map(() => one.chat({ model: 'plain' }));
  const held = await Promise.all(VOICES.map(() => up.next('plain')));
  const reply = two.chat({ model: 'policy:panel' });
  await until(() => waitingAt(owner) === VOICES.length);
  expect(up.asked).toHaveLength(before + VOICES.length);
  for (const asked of held) asked.whole('free');
  for (const voice of VOICES) (await up.next(voice)).answer('7');
  const { status, json } = await reply;
  expect([status, consensusOf(json)['lanes']]).toMatchObject([200, VOICES.map(() => ({ state: 'finalized' }))]);

  const others = await Promise.all(plain);
  of_one.push(...others.map(({ headers }) => String(headers['x-atp-request-id'])));
  of_two.push(idOf(json));
  const tokens = (await tokensOf(one, of_one)) + (await tokensOf(two, of_two));
  // What workers have used is reported to the owner a moment later.
  const calls = of_one.length + of_two.length;
  await until(() => booksOf(owner)?.used.calls === calls && booksOf(owner)?.used.tokens === tokens);
});
