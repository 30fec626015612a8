import { Draw } from '@atp-router/kernel/testing';
import type { RouteDrifted } from '@atp-router/ledger';
import { expect, test, vi } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { type Crew, crew, OTHER_KEY } from './crew.ts';

const MODEL = 'cheap';
const CALLS_MAX = 600;
const WORDS = 'add sum total integer poem rhyme stanza verse cell gene protein law court contract tax river'.split(' ');

function drifts({ events }: Crew): readonly RouteDrifted[] {
  return events.flatMap((event) => (event.type === 'route.drifted' ? [event] : []));
}

/** Asks and says how right it was, until a tenant's results show that the model has changed. */
async function untilDrifted(of: Crew, key: string, tenant: string): Promise<RouteDrifted> {
  for (let n = 0; n < CALLS_MAX; n += 1) {
    await askOne(of, key, n);
    const found = drifts(of).find((one) => one.tenant === tenant);
    if (found !== undefined) return found;
  }
  throw new Error(`in ${CALLS_MAX} calls of ${tenant} nothing was found`);
}

function promptOf(n: number): string {
  const draw = new Draw(n + 1);
  return Array.from({ length: 12 }, () => draw.from(WORDS)).join(' ');
}

async function askOne(of: Crew, key: string, n: number): Promise<void> {
  const body = { model: 'auto', messages: [{ role: 'user', content: promptOf(n) }] };
  const headers = { authorization: `Bearer ${key}` };
  const path = `${of.running.url}/v1/chat/completions`;
  const reply = await call(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const { choices } = reply.json as unknown as { choices: { message: { content: string } }[] };
  const score = choices[0]?.message.content.includes('A.') === true ? 1 : 0;
  await of.give({ request_id: reply.headers['x-atp-request-id'], score }, key);
}

test('a model that gets worse is told of, and put aside for those who have seen it; the rules need more than one of them', async () => {
  let [is_worse, n_asked] = [false, 0];
  // Nobody else is right whom it would pay to ask, so that it goes on being asked.
  const says = (model: string): string => {
    if (model !== MODEL) return 'The answer is B.';
    n_asked += 1;
    return is_worse && n_asked % 2 === 0 ? 'The answer is B.' : 'The answer is A.';
  };
  const one = await crew(says, { plans: 'single', quality_usd: 0.0002 }, { registry: { rules: { rest_ms: 0 } } });
  for (const key of [TENANT_KEY, OTHER_KEY]) for (let n = 0; n < 150; n += 1) await askOne(one, key, n);
  expect(drifts(one)).toEqual([]);

  const scores = async (query: string): Promise<unknown> =>
    (await one.running.admin('GET', `/routing/scores${query}`)).json['data'];
  const all = expect.objectContaining({ model: MODEL, cluster: null, right: 1 });
  expect(await scores('')).toEqual(expect.arrayContaining([all]));
  expect(await scores('?tenant=acme')).toEqual(expect.arrayContaining([all]));
  expect((await one.running.admin('GET', '/routing/scores?tenant=nobody')).status).toBe(404);
  expect((await call(`${one.running.url}/metrics`)).text).toContain(
    `atp_route_right_ratio{model="${MODEL}",cluster="all"} 1`,
  );

  is_worse = true;
  const found = await untilDrifted(one, TENANT_KEY, 'acme');
  expect(found).toMatchObject({ tenant: 'acme', model: MODEL, direction: 'worse' });
  expect(found.shift).toBeGreaterThan(0.3);
  expect((await call(`${one.running.url}/metrics`)).text).toContain(
    `atp_route_drifts_total{direction="worse",model="${MODEL}"} 1`,
  );
  const verdict = async (of: Crew): Promise<unknown> => {
    const { json } = await of.running.admin('GET', `/lifecycle/${MODEL}`);
    return json['verdict'];
  };
  expect(await verdict(one)).toMatchObject({ kind: 'hold' });

  await untilDrifted(one, OTHER_KEY, 'other');
  await vi.waitFor(async () => expect(await verdict(one)).toMatchObject({ kind: 'demote', cause: 'quality_drift' }), {
    timeout: 10_000,
  });

  // It is in the tables, and it is not said again of what is read again.
  const again = await one.again();
  expect(drifts(again)).toEqual([]);
  expect(await verdict(again)).toMatchObject({ numbers: { tenants: 2 } });
  const review = await again.running.admin('POST', '/lifecycle-review');
  expect(review.json['data']).toMatchObject([{ id: MODEL }]);
  again.asked.length = 0;
  for (let n = 0; n < 20; n += 1) await askOne(again, TENANT_KEY, n);
  expect(again.asked).not.toContain(MODEL);
});
