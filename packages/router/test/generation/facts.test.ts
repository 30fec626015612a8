import { describe, expect, test } from 'vitest';
import { configOf, errorOf, hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { through, upstream } from '../admin/upstream.ts';

const NARROW_KEY = 'narrow-key-of-the-tests';
const MODELS = ['plain', 'wide', 'grave', 'trusted'].map((id) => ({
  id,
  provider: 'sim',
  context: 32_000,
  capabilities: ['chat'],
}));
const POLICIES = [
  { id: 'trusted', match: { tool_permissions: ['deploy'], facts: { wants: 'deploy' } }, fallback: ['trusted'] },
  { id: 'grave', match: { risk: '>=high', languages: ['ts', 'go'] }, fallback: ['grave'] },
  { id: 'wide', match: { diff_loc: '>150' }, fallback: ['wide'] },
  { id: 'rest', match: {}, fallback: ['plain'] },
];
const TENANTS = [
  {
    id: 'acme',
    tool_permissions: ['deploy'],
    keys: [
      { id: 'k1', hash: hashOf(TENANT_KEY) },
      { id: 'k2', hash: hashOf(NARROW_KEY), tool_permissions: [] },
    ],
  },
];
const SECTIONS = { models: MODELS, policies: POLICIES, tenants: TENANTS };

/** Which model answered a call with these headers. */
async function post({ url }: Running, path: string, body: object, facts?: string, key = TENANT_KEY): Promise<Reply> {
  const headers = { authorization: `Bearer ${key}`, ...(facts === undefined ? {} : { 'x-atp-facts': facts }) };
  return call(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

const CHAT = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] };

describe('facts of a task', () => {
  test('choose the policy, from the header of any shape and from the body of ask; the header wins', async () => {
    const running = await startForTest(SECTIONS);
    const chat = async (facts?: string, key?: string): Promise<unknown> =>
      (await post(running, '/v1/chat/completions', CHAT, facts, key)).headers['x-atp-model'];
    expect(await chat()).toBe('plain');
    expect(await chat('diff_loc=151')).toBe('wide');
    expect(await chat('risk=HIGH; languages=ts,sql; diff_loc=151')).toBe('grave');
    expect(await chat('risk=high')).toBe('plain');
    const ask = async (facts: object, header?: string): Promise<unknown> =>
      (await post(running, '/v1/ask', { prompt: 'hi', facts }, header)).headers['x-atp-model'];
    expect(await ask({ diff_loc: 500 })).toBe('wide');
    expect(await ask({ diff_loc: 500 }, 'diff_loc=5')).toBe('plain');
    expect(await ask({ risk: 'critical' }, 'languages=go')).toBe('grave');
  });

  test('are rights only where the operator gave them: a request narrows them, and so does a key', async () => {
    const running = await startForTest(SECTIONS);
    const chat = async (facts: string, key?: string): Promise<unknown> =>
      (await post(running, '/v1/chat/completions', CHAT, facts, key)).headers['x-atp-model'];
    expect(await chat('wants=deploy')).toBe('trusted');
    expect(await chat('wants=deploy', NARROW_KEY)).toBe('plain');
    expect(await chat('wants=deploy; tool_permissions=deploy', NARROW_KEY)).toBe('plain');
    expect(await chat('wants=deploy; tool_permissions=read')).toBe('plain');
  });

  test('that cannot be read are refused by the name of their place', async () => {
    const running = await startForTest(SECTIONS);
    const header = await post(running, '/v1/chat/completions', CHAT, 'diff_loc');
    expect([header.status, errorOf(header).param]).toEqual([400, 'x-atp-facts']);
    const body = await post(running, '/v1/ask', { prompt: 'hi', facts: { x: {} } });
    expect([body.status, errorOf(body).param]).toEqual([400, 'facts.x']);
  });

  test('meet the policies of the configuration that is in force: a reload changes which', async () => {
    const running = await startForTest(SECTIONS);
    const asked = async (): Promise<unknown> =>
      (await post(running, '/v1/chat/completions', CHAT, 'diff_loc=100')).headers['x-atp-model'];
    expect(await asked()).toBe('plain');
    const { manager } = running.router;
    const policies = POLICIES.map((one) => (one.id === 'wide' ? { ...one, match: { diff_loc: '10..120' } } : one));
    const next = configOf(manager.config.data_dir, { ...SECTIONS, policies });
    expect(manager.replaceBase(next).ok).toBe(true);
    expect(await asked()).toBe('wide');
  });
});

test('a persona is asked by its name, as an agent is: its own prompt behind that of the agent', async () => {
  const seen: unknown[] = [];
  const up = await upstream((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as {
        messages: { role: string; content: string }[];
      };
      seen.push(messages.map(({ role, content }) => `${role}: ${content}`));
      res.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}');
    });
  });
  const section = through(up.base_url);
  const { chat, url } = await startForTest({
    ...section,
    agents: [{ id: 'kind', model: 'small', system_prompt: 'Be kind.' }],
    personas: [{ id: 'sec', role: 'security', model: 'kind', system_prompt: 'Look for holes.' }],
    policies: [{ id: 'steps', fallback: ['persona:sec'] }],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], models: ['persona:sec', 'policy:steps'] }],
  });
  await chat({ model: 'persona:sec' });
  await chat({ model: 'policy:steps' });
  expect(new Set(seen.map(String))).toEqual(new Set(['system: Be kind.\n\nLook for holes.,user: hello']));
  const listed = await call(`${url}/v1/models`, { headers: { authorization: `Bearer ${TENANT_KEY}` } });
  expect((listed.json['data'] as { id: string }[]).map(({ id }) => id)).toContain('persona:sec');
});
