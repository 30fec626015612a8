import { describe, expect, it, vi } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { idOf, type Scripted, scripted } from '../fanout/scripted.ts';
import { startProcesses } from './support/processes.ts';

const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
const PATIENT = { timeout: 60_000 };
const SOON = { timeout: 15_000, interval: 100 };

describe('a router of several processes', () => {
  it('learns of who answers as one', PATIENT, async () => {
    const up = await scripted();
    const config = {
      providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', retry: { max_attempts: 1 } }],
      models: ['a', 'b'].map((id) => ({ id, provider: 'up', context: 128_000, price: PRICE })),
      policies: [
        {
          id: 'panel',
          fanout: { mode: 'diverse', agents: ['a', 'b'] },
          // Hears everybody.
          consensus: { strategy: 'union', answer: 'choice' },
        },
      ],
    };
    const { workers } = await startProcesses(2, config, { pace: { learned_ms: 100 } });
    const ids: string[] = [];
    for (const model of ['a', 'b']) void answerAlways(up, model);
    for (const worker of workers) {
      // A worker may have no credit yet, and is asked again then.
      const reply = await vi.waitFor(async () => {
        const one = await worker.chat({ model: 'policy:panel', messages: [{ role: 'user', content: 'A or B?' }] });
        expect([one.status, one.json]).toEqual([200, expect.anything()]);
        return one;
      }, SOON);
      ids.push(idOf(reply.json));
    }
    // Given to the one, of what the other has done; and once more to the other.
    const [one, two] = workers;
    const give = (url: string | undefined): Promise<Reply> =>
      call(`${url}/v1/feedback`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TENANT_KEY}` },
        body: JSON.stringify({ request_id: ids[1], label: 'A' }),
      });
    // The tables follow the journal of another process a moment later.
    const first = await vi.waitFor(async () => {
      const reply = await give(one?.url);
      expect(reply.status).toBe(200);
      return reply;
    }, SOON);
    expect(first.json).toMatchObject({ repeated: false, score: 1, lanes: 2 });
    await vi.waitFor(async () => {
      expect((await give(two?.url)).json).toMatchObject({ repeated: true });
    }, SOON);
    const seen = await vi.waitFor(async () => {
      const { json } = await (two ?? fail()).admin('GET', '/reputation');
      expect(samples(json)).toEqual([2, 2]);
      return json;
    }, SOON);
    expect(seen).toMatchObject({ data: [{ source: 'a' }, { source: 'b' }], policies: [{ policy: 'panel' }] });
  });
});

async function answerAlways(up: Scripted, model: string): Promise<never> {
  for (;;) (await up.next(model)).answer('The answer is A.');
}

function samples(json: unknown): readonly number[] {
  const { data } = json as { readonly data: readonly { readonly samples: number }[] };
  return data.map((one) => Math.round(one.samples));
}

function fail(): never {
  throw new Error('there are two workers');
}
