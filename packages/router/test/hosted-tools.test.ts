import { describe, expect, test } from 'vitest';
import { configOf, errorOf, hashOf, type Running, startForTest, TENANT_KEY } from './admin/harness.ts';
import { call, type Reply, stream } from './admin/http.ts';
import { type Answer, chunk, upstream } from './admin/upstream.ts';

const SEARCH = { tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] };
const USAGE = { input_tokens: 85, output_tokens: 10 };
/** At 1 and 2 dollars per million tokens. */
const TOKENS_USD_MICROS = 105;

const sse = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

const RESULT = { type: 'web_search_tool_result', tool_use_id: 's', content: [{ type: 'web_search_result' }] };
const STARTED =
  sse('message_start', { message: { id: 'msg_1', model: 'm', usage: { ...USAGE, output_tokens: 1 } } }) +
  sse('content_block_start', { index: 0, content_block: RESULT }) +
  sse('content_block_stop', { index: 0 }) +
  sse('content_block_start', { index: 1, content_block: { type: 'text', text: '' } }) +
  sse('content_block_delta', { index: 1, delta: { type: 'text_delta', text: 'Found.' } });

/** A Messages server that has searched so often. */
const searching =
  (web_search_requests: number): Answer =>
  async (req, res) => {
    let text = '';
    for await (const piece of req) text += String(piece);
    const usage = { ...USAGE, server_tool_use: { web_search_requests } };
    if ((JSON.parse(text) as { stream?: boolean }).stream === true) {
      const finish = sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage }) + sse('message_stop', {});
      res
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(`${STARTED}${sse('content_block_stop', { index: 1 })}${finish}`);
      return;
    }
    const content = [RESULT, { type: 'text', text: 'Found.' }];
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'end_turn' };
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...message, usage }));
  };

/** The sections of a configuration with one model at such a server. */
function sections(type: string, base_url: string, tools?: object, more: object = {}): Record<string, unknown> {
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2, ...(tools === undefined ? {} : { tools }) };
  return {
    providers: [{ id: 'up', type, base_url: base_url.replace(/\/v1$/, ''), api_key: 'sk', retry: { max_attempts: 1 } }],
    models: [{ id: 'small', provider: 'up', context: 128_000, capabilities: ['chat', 'tools'], price, ...more }],
  };
}

async function claude(answer: Answer, tools?: object, more: Record<string, unknown> = {}): Promise<Running> {
  const { base_url } = await upstream(answer);
  return startForTest({ ...sections('anthropic', base_url, tools), ...more });
}

function ask({ url }: Running, path: string, body: object, headers: Record<string, string> = {}): Promise<Reply> {
  return call(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers },
    body: JSON.stringify({ model: 'small', ...body }),
  });
}

const MESSAGE = { max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] };
const messages = (running: Running, body: object = SEARCH, headers = {}): Promise<Reply> =>
  ask(running, 'messages', { ...MESSAGE, ...body }, headers);

/** The record of the newest call. */
async function newest({
  admin,
}: Running): Promise<{ call: Record<string, unknown>; attempt: Record<string, unknown> }> {
  const list = await admin('GET', '/usage/records?limit=1');
  const [{ call_id } = { call_id: '' }] = list.json['data'] as { call_id: string }[];
  const { json } = await admin('GET', `/calls/${call_id}`);
  const [attempt = {}] = json['attempts'] as Record<string, unknown>[];
  return { call: json['call'] as Record<string, unknown>, attempt };
}

const costOf = async (running: Running): Promise<unknown[]> => {
  const { call: record, attempt } = await newest(running);
  expect([attempt['cost_usd_micros'], attempt['tools_usd_micros']]).toEqual([
    record['cost_usd_micros'],
    record['tools_usd_micros'],
  ]);
  return [record['cost_usd_micros'], record['tools_usd_micros']];
};

describe('searches at Anthropic', () => {
  test('cost of a whole answer: in the header, the record and the budget of the day', async () => {
    const running = await claude(searching(3));
    const reply = await messages(running);
    expect(reply.headers['x-atp-cost-usd-micros']).toBe('30105');
    expect(await costOf(running)).toEqual([TOKENS_USD_MICROS + 30_000, 30_000]);
    const { json } = await running.admin('GET', '/live');
    expect(json['tenants']).toMatchObject([{ used: { usd_micros: 30_105 }, outstanding: { usd_micros: 0 } }]);
    expect((await running.admin('GET', '/usage?group_by=tenant')).json['data']).toMatchObject([
      { cost_usd_micros: 30_105 },
    ]);
  });

  test('cost of a stream, raw and decoded', async () => {
    const running = await claude(searching(3));
    const raw = await messages(running, { ...SEARCH, stream: true });
    expect(raw.text).toContain('"cost_usd_micros":30105');
    expect(await costOf(running)).toEqual([30_105, 30_000]);
    // Asked in another shape: nothing was declared, and what ran is billed all the same.
    const decoded = await ask(running, 'chat/completions', { messages: MESSAGE.messages, stream: true });
    expect(decoded.text).toContain('"cost_usd_micros":30105');
  });

  test('an answer without a search costs its tokens, and its record says no more', async () => {
    const running = await claude(searching(0));
    await messages(running, {});
    expect(await costOf(running)).toEqual([TOKENS_USD_MICROS, undefined]);
  });

  test('a stream that its client leaves costs the searches that had come', async () => {
    const running = await claude((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(STARTED);
    });
    const opened = await stream(`${running.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}` },
      body: JSON.stringify({ model: 'small', ...MESSAGE, ...SEARCH, stream: true }),
    });
    await opened.next(({ data }) => data.includes('Found.'));
    const events = await running.events('?types=call.ended');
    opened.close();
    await events.next(({ event }) => event === 'call.ended');
    events.close();
    await expect.poll(async () => (await newest(running)).call['outcome']).toBe('cancelled');
    expect((await newest(running)).attempt).toMatchObject({ usage_source: 'counted', tools_usd_micros: 10_000 });
  });

  test('one that is refused costs nothing', async () => {
    const running = await claude((_req, res) => res.writeHead(400).end('{"error":{"message":"no"}}'));
    await messages(running);
    expect(await costOf(running)).toEqual([0, undefined]);
  });

  test("the operator's price is taken, and a reload changes it", async () => {
    const { base_url } = await upstream(searching(3));
    const running = await startForTest(sections('anthropic', base_url, { web_search: 0.002 }));
    expect((await messages(running)).headers['x-atp-cost-usd-micros']).toBe('6105');
    const { manager } = running.router;
    const after = configOf(manager.config.data_dir, sections('anthropic', base_url, { web_search: 0 }));
    expect(manager.replaceBase(after).ok).toBe(true);
    expect((await messages(running)).headers['x-atp-cost-usd-micros']).toBe('105');
  });
});

describe('searches that are not affordable', () => {
  test('x-atp-max-usd covers the tools that may run', async () => {
    const up = await upstream(searching(3));
    const running = await startForTest(sections('anthropic', up.base_url));
    const refused = await messages(running, SEARCH, { 'x-atp-max-usd': '0.005' });
    expect(refused.status).toBe(429);
    expect(errorOf(refused)).toMatchObject({ message: expect.stringContaining('x-atp-max-usd') });
    expect((await messages(running, SEARCH, { 'x-atp-max-usd': '0.030' })).status).toBe(429);
    expect(up.seen).toHaveLength(0);
    expect((await messages(running, SEARCH, { 'x-atp-max-usd': '0.031' })).status).toBe(200);
    expect((await messages(running, {}, { 'x-atp-max-usd': '0.005' })).status).toBe(200);
  });

  test("a policy's budget does too", async () => {
    const policies = [{ id: 'cheap', match: { task_type: 'chat' }, fallback: ['small'], budget: { usd: 0.005 } }];
    const running = await claude(searching(3), undefined, { policies });
    expect((await messages(running, SEARCH, { 'x-atp-task-type': 'chat' })).status).toBe(429);
    expect((await messages(running, {}, { 'x-atp-task-type': 'chat' })).status).toBe(200);
  });

  test("a tenant's day ends with what searches cost", async () => {
    const keys = [{ id: 'k1', hash: hashOf(TENANT_KEY) }];
    const tenants = [{ id: 'acme', keys, budget: { usd_per_day: 0.07 } }];
    const running = await claude(searching(3), undefined, { tenants });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await messages(running)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('the estimate says what is reserved', async () => {
    const running = await claude(searching(3), { web_search: 0.5 });
    const body = { model: 'small', ...MESSAGE, ...SEARCH };
    const { json } = await running.admin('POST', '/estimate', { endpoint: 'messages', body });
    expect(json['candidates']).toMatchObject([
      { estimate: { tool_cost_breakdown: [{ tool: 'web_search', usd_micros: 1_500_000 }] } },
    ]);
  });
});

describe('OpenAI', () => {
  const USED = { input_tokens: 85, output_tokens: 10, total_tokens: 95 };
  const output = [
    { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search' } },
    { type: 'file_search_call', id: 'fs_1', status: 'completed' },
    { type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'Found.' }] },
  ];
  const response = { id: 'resp_1', object: 'response', status: 'completed', model: 'm', output, usage: USED };

  test('the items of a Response are uses', async () => {
    const { base_url } = await upstream((_req, res) => res.end(JSON.stringify(response)));
    const { providers, ...rest } = sections('openai', base_url);
    const running = await startForTest({
      ...rest,
      providers: (providers as object[]).map((one) => ({ ...one, api: 'responses' })),
    });
    const tools = [{ type: 'web_search' }, { type: 'file_search', vector_store_ids: ['v'] }];
    expect((await ask(running, 'responses', { input: 'hi', tools })).headers['x-atp-cost-usd-micros']).toBe('12605');
    expect(await costOf(running)).toEqual([12_605, 12_500]);
    const refused = await ask(running, 'responses', { input: 'hi', tools }, { 'x-atp-max-usd': '0.012' });
    expect(refused.status).toBe(429);
  });

  test.each([false, true])(
    'the search option of Chat Completions is one use of each answer (stream: %s)',
    async (s) => {
      const usage = { prompt_tokens: 85, completion_tokens: 10 };
      const { base_url } = await upstream((_req, res) => {
        const choices = [{ index: 0, message: { role: 'assistant', content: 'Found.' }, finish_reason: 'stop' }];
        const last = `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [], usage })}\n\ndata: [DONE]\n\n`;
        res.writeHead(200, { 'content-type': s ? 'text/event-stream' : 'application/json' });
        res.end(s ? `${chunk({ content: 'Found.' })}${chunk({}, 'stop')}${last}` : JSON.stringify({ choices, usage }));
      });
      const running = await startForTest(sections('openai', base_url));
      const body = { messages: MESSAGE.messages, max_tokens: 100, stream: s };
      await ask(running, 'chat/completions', { ...body, web_search_options: {} });
      expect(await costOf(running)).toEqual([10_105, 10_000]);
      await ask(running, 'chat/completions', body);
      expect(await costOf(running)).toEqual([TOKENS_USD_MICROS, undefined]);
      const capped = { 'x-atp-max-usd': '0.005' };
      expect((await ask(running, 'chat/completions', { ...body, web_search_options: {} }, capped)).status).toBe(429);
    },
  );
});
