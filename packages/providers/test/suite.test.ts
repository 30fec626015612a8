import { isDeepStrictEqual } from 'node:util';
import { embedSupport, type GenEvent } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import {
  PROVIDER_SUITE,
  type ProviderDescription,
  type ProviderKind,
  providerOf,
  runProviderSuite,
  type SuiteRequest,
  type SuiteTarget,
} from '../src/index.ts';
import { type Fixture, fixture, KEY, scripted } from './scripted.ts';

type Scripted = readonly [fixture: string, provider: ProviderDescription, model: string];

/** Every kind has its script; the simulation runs as itself, in `sim.test.ts`; agents are no endpoint, see `packages/router/test/agents`. */
const TARGETS_OF: Readonly<Record<Exclude<ProviderKind, 'sim' | 'agent'>, readonly Scripted[]>> = {
  openai: [
    ['openai-chat', providerOf('openai'), 'gpt-4.1-mini'],
    ['openai-responses', providerOf('openai', 'responses'), 'gpt-5-mini'],
  ],
  anthropic: [['anthropic', providerOf('anthropic'), 'claude-sonnet-4-5']],
  gemini: [['gemini', providerOf('gemini'), 'gemini-3-flash-preview']],
  ollama: [['ollama', providerOf('ollama'), 'qwen3']],
};
const TARGETS: readonly Scripted[] = Object.values(TARGETS_OF).flat();

function target(script: Fixture, provider: ProviderDescription, model: string, seen?: SuiteRequest[]): SuiteTarget {
  return {
    provider,
    base_url: provider.default_base_url,
    ...(provider.needs_api_key ? { api_key: KEY } : {}),
    model,
    embedding_model: 'embed-1',
    transport: scripted(script, seen),
    now_ms: 0,
  };
}

describe.each(TARGETS)('the suite against scripted exchanges: %s', (name, provider, model) => {
  test.each(PROVIDER_SUITE)('$name: $proves', async (one) => {
    const on = target(fixture(name), provider, model);
    if (one.skip?.(on) === undefined) await one.run(on);
  });

  test('skips only what the kind does not have', async () => {
    const results = await runProviderSuite(target(fixture(name), provider, model));
    const skipped = results.filter((r) => r.outcome === 'skipped').map((r) => r.name);
    const lacks = [
      ...(provider.needs_api_key ? [] : ['wrong_key']),
      ...(embedSupport(provider.dialect.id).kind === 'refused' ? ['embeddings'] : []),
      ...(provider.countTokens === undefined ? ['count_tokens'] : []),
    ];
    expect(skipped).toEqual(lacks);
    expect(results.filter((r) => r.outcome === 'failed')).toEqual([]);
  });

  test('uses every exchange of the script', async () => {
    const script = fixture(name);
    const seen: SuiteRequest[] = [];
    await runProviderSuite(target(script, provider, model, seen));
    const asked = seen.map((r) => ({ path: r.path, body: r.body === undefined ? undefined : JSON.parse(r.body) }));
    const unused = script.exchanges.filter(
      ({ request: { path, body } }) => !asked.some((one) => isDeepStrictEqual(one, { path, body })),
    );
    expect(unused).toEqual([]);
  });
});

describe('every case of the suite can fail', () => {
  const provider = providerOf('openai', 'responses');
  const chat = providerOf('openai');

  /** The outcome of one case when the answers of the script are changed as texts. */
  async function outcome(
    name: string,
    change: (wire: string) => string,
    by: { readonly fixture: string; readonly provider: ProviderDescription; readonly model: string },
  ): Promise<string> {
    const script = fixture(by.fixture);
    const exchanges = script.exchanges.map(({ request, response }) => ({
      request,
      response: JSON.parse(change(JSON.stringify(response))) as typeof response,
    }));
    const cases = PROVIDER_SUITE.filter((one) => one.name === name);
    const results = await runProviderSuite(target({ ...script, exchanges }, by.provider, by.model), cases);
    return results.map((r) => r.outcome).join();
  }

  test.each<[name: string, change: (wire: string) => string]>([
    ['plain', (wire) => wire.replace('"content":"pong"', '"content":""')],
    ['plain', (wire) => wire.replace('"prompt_tokens":23', '"prompt_tokens":0')],
    ['plain', (wire) => wire.replace('"json":{"id"', '"status":500,"json":{"id"')],
    ['stream', (wire) => wire.replaceAll('"finish_reason":"stop"', '"finish_reason":null')],
    ['stream', (wire) => wire.replace('"usage":{"prompt_tokens"', '"used":{"prompt_tokens"')],
    ['stream', (wire) => wire.replace('"po"},"logprobs":null,"finish_reason":null', '"po"},"finish_reason":"stop"')],
    ['split_stream', (wire) => wire.replace('"sse"', '"status":400,"sse"')],
    ['cut_stream', (wire) => wire.replaceAll('"finish_reason":"stop"', '"finish_reason":null')],
    ['length', (wire) => wire.replace('"finish_reason":"length"', '"finish_reason":"stop"')],
    ['tools', (wire) => wire.replaceAll('"name":"get_weather"', '"name":"get_time"')],
    ['tools', (wire) => wire.replaceAll('\\"city\\"', '\\"town\\"')],
    ['tools', (wire) => wire.replaceAll('call_bR2', 'call_aQ1')],
    ['tools_stream', (wire) => wire.replaceAll('ty\\": \\"Paris\\"}', '')],
    ['tool_results', (wire) => wire.replaceAll('Both cities are sunny at 21 degrees.', '')],
    ['json_schema', (wire) => wire.replaceAll(':36}', ':\\"36\\"}')],
    ['json_schema', (wire) => wire.replaceAll(':36}', ':36')],
    ['models', (wire) => wire.replace(/"data":\[\{"id":"gpt.*\]/, '"data":[]')],
    ['unknown_model', (wire) => wire.replace('"status":404', '"status":503')],
    ['wrong_key', (wire) => wire.replace('"status":401', '"status":429')],
    ['embeddings', (wire) => wire.replace('[-0.3,0.2,0.1]', '[-0.3,0.2]')],
    ['embeddings', (wire) => wire.replace('[-0.3,0.2,0.1]', '[0.1,-0.2,0.3]')],
  ])('%s', async (name, change) => {
    const by = { fixture: 'openai-chat', provider: chat, model: 'gpt-4.1-mini' };
    expect(await outcome(name, (wire) => wire, by)).toBe('passed');
    expect(await outcome(name, change, by)).toBe('failed');
  });

  test('count_tokens', async () => {
    const by = { fixture: 'openai-responses', provider, model: 'gpt-5-mini' };
    expect(await outcome('count_tokens', (wire) => wire, by)).toBe('passed');
    expect(await outcome('count_tokens', (wire) => wire.replace('"input_tokens":20}', '"input":20}'), by)).toBe(
      'failed',
    );
  });

  test('a decoder that ends too early is found by cutting', async () => {
    const eager: ProviderDescription = {
      ...chat,
      dialect: {
        ...chat.dialect,
        streamDecoder() {
          const inner = chat.dialect.streamDecoder();
          return {
            push: (frame) =>
              inner
                .push(frame)
                .flatMap((event): GenEvent[] => (event.type === 'text' ? [event, { type: 'end' }] : [event])),
          };
        },
      },
    };
    expect(
      await outcome('cut_stream', (wire) => wire, { fixture: 'openai-chat', provider: eager, model: 'gpt-4.1-mini' }),
    ).toBe('failed');
  });

  test('a key outside the headers, and a header twice, are found in any case', async () => {
    const by = (over: Partial<ProviderDescription>) =>
      outcome('plain', (wire) => wire, {
        fixture: 'openai-chat',
        provider: { ...chat, ...over },
        model: 'gpt-4.1-mini',
      });
    expect(await by({ endpoint: () => ({ method: 'POST', path: `/chat/completions?key=${KEY}` }) })).toBe('failed');
    expect(await by({ headers: () => ['content-type', 'application/json'] })).toBe('failed');
    expect(await by({ headers: (key, extra) => [...chat.headers(key, extra), 'user-agent', 'x'] })).toBe('failed');
  });
});
