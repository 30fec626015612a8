import { describe, expect, it, vi } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { upstream } from '../admin/upstream.ts';
import { startProcesses } from './support/processes.ts';

const PATIENT = { timeout: 90_000 };
const SOON = { timeout: 20_000, interval: 50 };

describe('a router of several processes', () => {
  it('learns whom to ask as one: what the one is told the other goes by', PATIENT, async () => {
    const { base_url } = await upstream((req, res) => {
      let text = '';
      req.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      req.on('end', () => {
        const { model } = JSON.parse(text) as { model: string };
        res.writeHead(200, { 'content-type': 'application/json' });
        const choices = [{ index: 0, message: { role: 'assistant', content: model }, finish_reason: 'stop' }];
        const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
        res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model, choices, usage }));
      });
    });
    const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
    const config = {
      providers: [{ id: 'up', type: 'openai', base_url, api_key: 'k' }],
      models: ['a', 'b'].map((id) => ({ id, provider: 'up', context: 128_000, price })),
      routing: { plans: 'single', seed: 3 },
    };
    const { workers } = await startProcesses(2, config, { pace: { learned_ms: 100 } });
    const [one, two] = workers;
    if (one === undefined || two === undefined) throw new Error('there are two workers');
    // A worker may have no credit yet, and is asked again then.
    const ask = (of: typeof one): Promise<Reply> =>
      vi.waitFor(async () => {
        const reply = await of.chat({ model: 'auto', messages: [{ role: 'user', content: 'a or b?' }] });
        expect(reply.status).toBe(200);
        return reply;
      }, SOON);
    const give = (request_id: unknown, score: number): Promise<unknown> =>
      vi.waitFor(async () => {
        const reply = await call(`${one.url}/v1/feedback`, {
          method: 'POST',
          headers: { authorization: `Bearer ${TENANT_KEY}` },
          body: JSON.stringify({ request_id, score }),
        });
        expect(reply.status).toBe(200);
      }, SOON);
    const modelOf = ({ headers }: Reply): unknown => headers['x-atp-model'];
    for (let n = 0; n < 40; n += 1) {
      const reply = await ask(one);
      await give(reply.headers['x-atp-request-id'], modelOf(reply) === 'b' ? 1 : 0);
    }
    // The other has been told of none of these.
    await vi.waitFor(async () => {
      const models: unknown[] = [];
      for (let n = 0; n < 10; n += 1) models.push(modelOf(await ask(two)));
      expect(models.filter((model) => model === 'b').length).toBeGreaterThanOrEqual(9);
    }, SOON);
    const { headers } = await ask(two);
    // Any of them shows what another has chosen.
    await vi.waitFor(async () => {
      const { json } = await one.admin('GET', `/routing/explain?request_id=${String(headers['x-atp-request-id'])}`);
      expect(json).toMatchObject({ first: headers['x-atp-model'], tenant: 'acme' });
    }, SOON);
  });
});
