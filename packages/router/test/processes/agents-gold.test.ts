import { expect, test } from 'vitest';
import { type Running, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { agentAt, agentsOf, ECHO, gate, SIM, tenantOf } from '../agents/rig.ts';
import { until } from '../shared/support/time.ts';
import { contentOf, type Trio, trio, untilKnown } from './support/agent-processes.ts';

const SHARED = { shared: true, keys: ['acme/k1'] };
const DEPLOYMENT = 'deployment:agents/echo';
const SUGGESTED = 'suggested:agents/echo';

const ask = ({ url }: Running, qos: 'gold' | 'silver' = 'silver'): Promise<Reply> =>
  call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'x-atp-qos': qos },
    body: JSON.stringify({ model: 'agents/echo', messages: [{ role: 'user', content: 'hello' }] }),
  });

const most = ({ router }: Running, account: string): number =>
  router.engine.parts.accounts.windows(account)?.max_parallel ?? Infinity;

function trioOf(agent: object): Promise<Trio> {
  return trio({
    providers: [SIM, agentsOf({ ...agent })],
    tenants: [tenantOf('acme', TENANT_KEY, { qos_max: 'gold' })],
  });
}

test('a burst beyond what an agent is given in a second waits, at whichever worker, and all are answered', async () => {
  const { owner, one, two } = await trioOf({ ...SHARED, burst_per_s: 20 });
  await agentAt(one, { run: ECHO, concurrency: 500 }).start();
  await untilKnown(two, 'agents/echo');
  await until(() => [owner, one, two].every((running) => most(running, DEPLOYMENT) === 20));
  const replies = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i % 2 === 0 ? one : two)));
  expect(replies.map(contentOf)).toEqual(Array(60).fill('You said: hello'));
  await until(() => one.router.engine.in_flight + two.router.engine.in_flight === 0);
});

test('gold goes beyond what an agent suggests, also from another process than its own, and others wait', async () => {
  const { owner, one, two } = await trioOf({ ...SHARED, gold_overrides: true });
  const hold = gate();
  let begun = 0;
  const agent = agentAt(one, {
    concurrency: 3,
    run: async () => {
      begun += 1;
      await hold.opened;
      return 'Done.';
    },
  });
  await agent.start();
  agent.status('READY', { max_parallel: 1 });
  await untilKnown(two, 'agents/echo');
  const bear = (account: string, calls: number): Promise<void> =>
    until(() => [owner, one, two].every((running) => most(running, account) === calls));
  await bear(SUGGESTED, 1);
  // As many as may begin at once.
  await bear(DEPLOYMENT, 100);
  const silver = [ask(two, 'silver')];
  await until(() => begun === 1);
  silver.push(ask(one, 'silver'), ask(two, 'silver'));
  await until(() => owner.router.engine.gate.load(SUGGESTED).waiting === 2);
  const gold = [ask(two, 'gold'), ask(one, 'gold')];
  await until(() => begun === 3);
  hold.open();
  expect((await Promise.all([...silver, ...gold])).map(contentOf)).toEqual(Array(5).fill('Done.'));
  await until(() => one.router.engine.in_flight + two.router.engine.in_flight === 0);
});

test('operators see at the owner how far trouble has narrowed an agent of a worker', async () => {
  const { one, two } = await trioOf({ ...SHARED, estimate_timeout_ms: 20 });
  const hold = gate();
  const agent = agentAt(one, {
    concurrency: 4,
    estimate: async () => {
      await hold.opened;
      return { in_tokens: 1, out_tokens: 1 };
    },
    run: ECHO,
  });
  await agent.start();
  const asked = ask(one);
  const windows = async (): Promise<unknown[]> => {
    const { json } = await two.admin('GET', '/connected-agents');
    return (json['data'] as { window: unknown }[]).map(({ window }) => window);
  };
  await until(async () => JSON.stringify(await windows()) === '[2]');
  hold.open();
  await asked;
});
