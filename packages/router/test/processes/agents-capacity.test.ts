import { expect, test } from 'vitest';
import { OwnerCeilings } from '../../src/processes/owner-ceilings.ts';
import { errorOf, type Running } from '../admin/harness.ts';
import { agentAt, ECHO, gate } from '../agents/rig.ts';
import { until } from '../shared/support/time.ts';
import { contentOf, trioWith, untilKnown } from './support/agent-processes.ts';

const SHARED = { shared: true, keys: ['acme/k1'] };
const DEPLOYMENT = 'deployment:agents/echo';

const ask = (running: Running, more: object = {}): ReturnType<Running['chat']> =>
  running.chat({ model: 'agents/echo', ...more });

const most = ({ router }: Running): number | undefined =>
  router.engine.parts.accounts.windows(DEPLOYMENT)?.max_parallel ?? Infinity;

test('what agents take adds up over workers, for all of them; a worker without agents says nothing, which is not none', async () => {
  const { processes, owner, one, two } = await trioWith(SHARED);
  const all = [owner, one, two];
  const bear = (calls: number): Promise<void> => until(() => all.every((running) => most(running) === calls));
  const first = agentAt(one, { run: ECHO, concurrency: 2 });
  await first.start();
  await bear(2);
  const second = agentAt(two, { run: ECHO, concurrency: 3 });
  await second.start();
  await bear(5);
  await first.stop();
  await bear(3);
  await second.stop();
  await bear(Infinity);
  const third = agentAt(one, { run: ECHO, concurrency: 4 });
  await third.start();
  await bear(4);
  // A worker is gone, and its agents with it; they come to its successor.
  await one.stop();
  await until(() => most(owner) === Infinity && most(two) === Infinity);
  const successor = await processes.startWorker(1);
  const fourth = agentAt(successor, { run: ECHO, concurrency: 6 });
  await fourth.start();
  await until(() => [owner, successor, two].every((running) => most(running) === 6));
});

test('calls that all agents together cannot take wait their turn, at whichever worker they are', async () => {
  const { one, two } = await trioWith(SHARED);
  const hold = gate();
  let [begun, at_once] = [0, 0];
  await agentAt(one, {
    concurrency: 2,
    run: async () => {
      begun += 1;
      at_once = Math.max(at_once, begun);
      await hold.opened;
      begun -= 1;
      return 'Done.';
    },
  }).start();
  await untilKnown(two, 'agents/echo');
  await until(() => [one, two].every((running) => most(running) === 2));
  const replies = Array.from({ length: 8 }, (_, i) => ask(i % 2 === 0 ? one : two));
  await until(() => begun === 2);
  hold.open();
  const done = await Promise.all(replies);
  expect(done.map(contentOf)).toEqual(Array(8).fill('Done.'));
  expect(at_once).toBe(2);
  await until(() => one.router.engine.in_flight + two.router.engine.in_flight === 0);
});

test('a new owner is told by each worker what its agents take', async () => {
  const { processes, owner, one, two } = await trioWith(SHARED);
  for (const at of [one, two]) await agentAt(at, { run: ECHO, concurrency: 2 }).start();
  await until(() => [owner, one, two].every((running) => most(running) === 4));
  await owner.stop();
  expect([most(one), most(two)]).toEqual([4, 4]);
  const next = await processes.startOwner();
  await until(() => [next, one, two].every((running) => most(running) === 4));
  expect(errorOf(await ask(two, { model: 'agents/other' })).code).toBe('no_models_available');
});

test('what an earlier link of a worker said is forgotten with it', () => {
  const set: [string, string, number][] = [];
  const ceilings = new OwnerCeilings({ set: (...one) => set.push(one) });
  ceilings.tell('w1', { account: 'a', reason: 'agents', calls: 2 });
  ceilings.tell('w2', { account: 'a', reason: 'agents', calls: 0 });
  ceilings.tell('w1', { account: 'a', reason: 'estimates', calls: 5 });
  ceilings.forget('w1');
  ceilings.tell('w2', { account: 'a', reason: 'agents', calls: undefined });
  expect(set).toEqual([
    ['a', 'agents', 2],
    ['a', 'agents', 2],
    ['a', 'estimates', 5],
    ['a', 'agents', 0],
    ['a', 'estimates', Infinity],
    ['a', 'agents', Infinity],
  ]);
});
