import { expect, test } from 'vitest';
import { call } from '../admin/http.ts';
import { crew, type Crew } from './crew.ts';

/** Two vocabularies, of which each prompt has one. */
const WORDS = [
  'harbour vessel anchor tide sailor mast rudder wharf cargo lighthouse'.split(' '),
  'violin sonata tempo cello melody chord concerto rhythm octave orchestra'.split(' '),
] as const;

function promptOf(n: number): string {
  const words = WORDS[n % 2] ?? WORDS[0];
  return `Translate into French: ${Array.from({ length: 6 }, (_, i) => words[(n * 7 + i * 3) % words.length]).join(' ')} ${n}`;
}

interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly prompts: number;
  readonly kind: string;
  readonly topics: readonly number[];
  readonly models: readonly { readonly model: string; readonly right: number }[];
}

async function clustersOf(one: Crew): Promise<{ data: readonly Row[]; changes: Record<string, number> }> {
  const { status, json } = await one.running.admin('GET', '/routing/clusters');
  expect(status).toBe(200);
  return json as unknown as { data: readonly Row[]; changes: Record<string, number> };
}

test('clusters have ids and names, sizes, churn and scores of models; a restart changes none of them', async () => {
  const one = await crew(() => 'The answer is A.', { plans: 'single' });
  expect((await clustersOf(one)).data).toEqual([]);
  let last = '';
  for (let n = 0; n < 560; n += 1) {
    const reply = await one.ask(promptOf(n));
    last = String(reply.headers['x-atp-request-id']);
    if (n % 2 === 0) await one.give({ request_id: last, score: 1 });
  }
  const { data, changes } = await clustersOf(one);
  expect(data.length).toBeGreaterThan(0);
  expect(changes['born']).toBeGreaterThanOrEqual(data.length);
  const named = data.filter(({ name }) => name !== null);
  expect(named.length).toBeGreaterThan(0);
  for (const { name, kind } of named) {
    expect(name).toMatch(/^translation-\d+$/);
    expect(kind).toBe('translation');
  }
  expect(data.some(({ models }) => models.some(({ right }) => right > 0.9))).toBe(true);
  expect(data.map(({ id }) => id)).toContain(one.decided(last).lesson.cluster);
  const scores = (await one.running.admin('GET', '/routing/scores')).json['data'] as readonly Record<string, unknown>[];
  const called = scores.flatMap(({ cluster_name }) => (cluster_name === null ? [] : [cluster_name]));
  expect(called.length).toBeGreaterThan(0);
  for (const name of called) expect(data.flatMap(({ id, name: of }) => [id, of])).toContain(name);

  const metrics = (await call(`${one.running.url}/metrics`)).text;
  expect(metrics).toContain(`atp_route_clusters ${data.length}\n`);
  expect(metrics).toContain(`atp_route_cluster_changes_total{change="born"} ${changes['born']}\n`);
  expect(metrics).toMatch(/atp_route_clusters_checked_total [1-9]\d*\n/);
  expect(metrics).toMatch(/atp_route_clusters_reassigned_total \d+\n/);
  expect((await one.running.admin('GET', '/routing/clusters?tenant=nobody')).status).toBe(404);

  const again = await one.again();
  const after = await clustersOf(again);
  expect(after.data.map(({ id, name, topics }) => [id, name, topics])).toEqual(
    data.map(({ id, name, topics }) => [id, name, topics]),
  );
  expect(after.changes).toEqual(changes);
});
