import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument } from '@atp-router/adapters';
import { describe, expect, test } from 'vitest';
import { hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { through, upstream } from '../admin/upstream.ts';

const root = join(import.meta.dirname, '../../../..');

type Section = Readonly<Record<string, unknown>>;

/** A documented configuration with its own models and policies, at simulated providers and for the tests' key. */
function simulated(text: string): Section {
  const { providers, models, agents, policies } = readDocument(text) as Record<string, Section[]>;
  return {
    providers: providers?.map(({ id }) => ({ id, type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } })),
    models,
    agents: agents ?? [],
    policies,
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], qos_max: 'gold' }],
  };
}

const readme = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
const example = readFileSync(join(root, 'examples/fallback.yaml'), 'utf8');

describe('documented policies apply', () => {
  test.each([
    ['README.md', readme, {}, 'cheap-first', ['small', 'big']],
    ['examples/fallback.yaml', example, {}, 'default', ['fast', 'strong']],
    ['examples/fallback.yaml', example, { task_type: 'code_review' }, 'review', ['strong', 'fast']],
  ])('%s: calls for auto', async (_file, text, more, policy, models) => {
    const { admin, chat } = await startForTest(simulated(text));
    const body = { model: 'auto', messages: [{ role: 'user', content: 'hi' }], max_tokens: 10 };
    const estimate = await admin('POST', '/estimate', { endpoint: 'chat.completions', body, ...more });
    expect(estimate.json['policy']).toBe(policy);
    expect((estimate.json['candidates'] as Section[]).map((one) => one['model'])).toEqual(models);
    const answer = await chat({ model: 'auto', max_tokens: 10 });
    expect(answer.status).toBe(200);
  });
});

describe('steps of a chain', () => {
  test('an agent and a name at a provider are tried, the agent with its own prompt', async () => {
    const prompts: unknown[] = [];
    const up = await upstream((req, res) => {
      const parts: Buffer[] = [];
      req.on('data', (part: Buffer) => parts.push(part));
      req.on('end', () => {
        const { model, messages } = JSON.parse(Buffer.concat(parts).toString()) as {
          model: string;
          messages: { role: string; content: string }[];
        };
        prompts.push([model, messages.map((message) => `${message.role}: ${message.content}`)]);
        res.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}');
      });
    });
    const section = through(up.base_url);
    const [provider] = section['providers'] as Section[];
    const { chat } = await startForTest({
      ...section,
      providers: [{ ...provider, allow_any_model: true, retry: { max_attempts: 1 } }],
      models: [
        ...(section['models'] as Section[]),
        { id: 'big', provider: 'up', upstream_model: 'gpt-y', context: 128_000 },
      ],
      agents: [{ id: 'kind', model: 'big', system_prompt: 'Be kind.' }],
      policies: [{ id: 'steps', fallback: ['small', 'kind', 'up/gpt-z'] }],
      tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    });
    expect((await chat({ model: 'policy:steps' })).status).toBe(502);
    expect(prompts).toEqual([
      ['gpt-x', ['user: hello']],
      ['gpt-y', ['system: Be kind.', 'user: hello']],
      ['gpt-z', ['user: hello']],
    ]);
  });
});
