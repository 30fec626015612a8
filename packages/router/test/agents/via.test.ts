import { AtpClient, type AtpTaskError } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { type Running, TENANT_KEY } from '../admin/harness.ts';
import { agentAt, withAgents } from './rig.ts';

function clientAt({ url }: Running): AtpClient {
  const client = new AtpClient({ url, key: TENANT_KEY });
  onTestFinished(() => client.close());
  return client;
}

/** An agent that lets another router do its work, with the way that the work has come. */
async function relay(from: Running, to: Running): Promise<readonly (readonly string[])[]> {
  const seen: (readonly string[])[] = [];
  const client = clientAt(to);
  const agent = agentAt(from, {
    run: async (_task, { via }) => {
      seen.push(via);
      return (await client.task({ prompt: 'Hi', model: 'agents/echo' }, { via }).result()).text;
    },
  });
  await agent.start();
  return seen;
}

test('the way that a task has come goes on to the agent, with the name of the router behind it', async () => {
  const [first, second] = [await withAgents(), await withAgents()];
  const seen = await relay(first, second);
  const far: (readonly string[])[] = [];
  const last = agentAt(second, {
    run: async (_task, { via }) => {
      far.push(via);
      return 'Done.';
    },
  });
  await last.start();
  const task = clientAt(first).task({ prompt: 'Hi', model: 'agents/echo' }, { via: ['edge'] });
  expect((await task.result()).text).toBe('Done.');
  expect(seen).toEqual([['edge', first.router.node_id]]);
  expect(far).toEqual([['edge', first.router.node_id, second.router.node_id]]);
});

test('a task that comes back to a router that it has passed is refused, across routers', async () => {
  const [first, second] = [await withAgents(), await withAgents()];
  const seen = [await relay(first, second), await relay(second, first)];
  const error: AtpTaskError = await clientAt(first)
    .task({ prompt: 'Hi', model: 'agents/echo' })
    .result()
    .then(
      () => expect.fail('it was answered'),
      (thrown: AtpTaskError) => thrown,
    );
  expect(error.message).toContain('agent');
  for (const ways of seen) expect(ways.length).toBeGreaterThan(0);
  // Whoever is tried again passes each router once.
  for (const way of seen.flat()) expect(new Set(way).size).toBe(way.length);
});

test('a task that has passed as many nodes as a frame can name goes to no agent', async () => {
  const running = await withAgents();
  const came: unknown[] = [];
  await agentAt(running, {
    run: async (_task, { via }) => {
      came.push(via);
      return 'Done.';
    },
  }).start();
  const via = (count: number): string[] => Array.from({ length: count }, (_, i) => `node-${i}`);
  const client = clientAt(running);
  const full = client.task({ prompt: 'Hi', model: 'agents/echo' }, { via: via(255) });
  await expect(full.result()).rejects.toMatchObject({ details: { error: 'untranslatable' } });
  expect(came).toEqual([]);
  await client.task({ prompt: 'Hi', model: 'agents/echo' }, { via: via(254) }).result();
  expect(came).toEqual([[...via(254), running.router.node_id]]);
});
