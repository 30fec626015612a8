import type { RouterEvent } from '@atp-router/ledger';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, hashOf, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { upstream } from '../admin/upstream.ts';

const OTHER_KEY = 'key-of-another-tenant';
/** Many blocks, so that what is cached is most of it. */
const LONG = `${'The rules of the house are long and have to be read first. '.repeat(400)}`;

/** A provider that keeps prompts and says so; `down`: it refuses. */
async function provider(asked: string[], name: string, state: { down: boolean }): Promise<string> {
  const seen: string[] = [];
  const { base_url } = await upstream((req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (piece: string) => {
      text += piece;
    });
    req.on('end', () => {
      const body = JSON.parse(text) as { messages: { content: string }[] };
      asked.push(name);
      res.writeHead(state.down ? 500 : 200, { 'content-type': 'application/json' });
      if (state.down) {
        res.end(JSON.stringify({ error: { message: 'no', type: 'server_error' } }));
        return;
      }
      const system = body.messages[0]?.content ?? '';
      const cached_tokens = seen.includes(system) ? Math.floor(system.length / 4) : 0;
      seen.push(system);
      const prompt_tokens = Math.ceil(body.messages.reduce((all, { content }) => all + content.length, 0) / 4);
      const usage = {
        ...{ prompt_tokens, completion_tokens: 5, total_tokens: prompt_tokens + 5 },
        prompt_tokens_details: { cached_tokens },
      };
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'stop' }];
      res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices, usage }));
    });
  });
  return base_url;
}

interface House {
  readonly running: Running;
  readonly asked: string[];
  readonly events: RouterEvent[];
  readonly first: { down: boolean };
  ask(model: string, question: string, key?: string): Promise<Reply>;
}

/** One upstream model at two providers, which keep prompts each by itself. */
async function house(affinity: object = {}): Promise<House> {
  const asked: string[] = [];
  const events: RouterEvent[] = [];
  const first = { down: false };
  const urls = [await provider(asked, 'one', first), await provider(asked, 'two', { down: false })];
  const price = { in_usd_per_mtok: 10, cached_in_usd_per_mtok: 1, out_usd_per_mtok: 10 };
  const config = configOf(dataDir(), {
    providers: urls.map((base_url, i) => ({
      ...{ id: i === 0 ? 'one' : 'two', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } },
    })),
    models: ['one', 'two'].map((id) => ({ id, provider: id, upstream_model: 'm', context: 128_000, price })),
    policies: [{ id: 'chain', fallback: ['one', 'two'] }],
    tenants: [
      { id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
      { id: 'other', keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }] },
    ],
    routing: { seed: 7, plans: 'single', explore: { usd_per_day: 0 }, affinity },
  });
  const running = await start({ config, onEvent: (event) => void events.push(event) });
  onTestFinished(() => running.stop());
  const ask = async (model: string, question: string, key: string = TENANT_KEY): Promise<Reply> => {
    const messages = [
      { role: 'system', content: LONG },
      { role: 'user', content: question },
    ];
    const reply = await call(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, messages }),
    });
    expect(reply.status).toBe(200);
    return reply;
  };
  return { running, asked, events, first, ask };
}

describe('warm prompt caches', () => {
  test('auto expects a prompt to cost less where it is warm, stays there, and shows it', async () => {
    const { running, asked, ask } = await house();
    const replies = [
      await ask('auto', '1?'),
      await ask('auto', '2?'),
      await ask('auto', '3?'),
      await ask('auto', '4?'),
    ];
    expect(new Set(asked).size).toBe(1);
    const id = String(replies[3]?.headers['x-atp-request-id']);
    const explained = await running.admin('GET', `/routing/explain?request_id=${id}`);
    const { candidates } = explained.json as {
      candidates: { model: string; expected_cached_tokens: number; expected_usd_micros: number }[];
    };
    const [warm, cold] = candidates;
    expect(warm?.model).toBe(asked[0]);
    expect(warm?.expected_cached_tokens).toBeGreaterThan(1_000);
    expect(cold?.expected_cached_tokens).toBe(0);
    expect(warm?.expected_usd_micros).toBeLessThan(cold?.expected_usd_micros ?? 0);
    const metrics = await running.router.metrics.render();
    const value = (name: string): number =>
      Number(new RegExp(`^${name}\\{provider="${asked[0]}",model="${asked[0]}"\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(value('atp_affinity_expected_tokens_total')).toBeGreaterThan(1_000);
    expect(value('atp_affinity_cached_tokens_total')).toBe(3 * Math.floor(LONG.length / 4));
  });

  test('what a provider read from its cache is booked at that price', async () => {
    const { events, ask } = await house();
    await ask('one', '1?');
    await ask('one', '2?');
    const [cold, warm] = events.filter((event) => event.type === 'call.ended');
    expect(warm?.usage.cached_in_tokens).toBe(Math.floor(LONG.length / 4));
    expect(warm?.cost_usd_nanos).toBeLessThan((cold?.cost_usd_nanos ?? 0) / 5);
  });

  test('of a chain the same model goes first where the prompt is warm; other tenants know nothing of it', async () => {
    const { asked, first, ask } = await house();
    await ask('policy:chain', '1?');
    first.down = true;
    await ask('policy:chain', '2?', OTHER_KEY);
    first.down = false;
    // Warm at the second since the first failed, and for this tenant alone.
    await ask('policy:chain', '3?', OTHER_KEY);
    await ask('policy:chain', '4?');
    expect(asked).toEqual(['one', 'one', 'two', 'two', 'one']);
  });

  test('switched off, the order of a chain stands, and nothing is expected', async () => {
    const { asked, events, first, ask } = await house({ enabled: false });
    first.down = true;
    await ask('policy:chain', '1?');
    first.down = false;
    await ask('policy:chain', '2?');
    await ask('auto', '3?');
    expect(asked.slice(0, 3)).toEqual(['one', 'two', 'one']);
    const decided = events.find((event) => event.type === 'route.decided');
    expect(decided?.candidates.some((one) => 'expected_cached_tokens' in one)).toBe(false);
  });
});
