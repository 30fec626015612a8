import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkConfig, type ProviderConfig, runLiveSuite } from '@atp-router/adapters';
import { simulate } from '@atp-router/providers';
import { describe, expect, onTestFinished, test } from 'vitest';

const SIM = { latency_ms: { p50: 0, p95: 0 }, chunk_ms: 0, out_tokens: { p50: 60, p95: 120 } };

function providerOf(yaml: string): ProviderConfig {
  const text = `providers: [${yaml}]\nmodels: [{ id: m, provider: up, context: 1000 }]\n`;
  const result = checkConfig(text, { env: () => undefined, file: () => undefined });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const [provider] = result.config.providers;
  if (provider === undefined) throw new Error('no provider');
  return provider;
}

/** The simulated endpoint behind a real socket; `change` may spoil its answers. */
async function simServer(change: (text: string) => string = (text) => text): Promise<string> {
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    req.on('end', () =>
      play(req.method === 'GET' ? 'GET' : 'POST', (req.url ?? '').slice('/v1'.length), body, res, change),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function play(
  method: 'GET' | 'POST',
  path: string,
  body: string,
  res: ServerResponse,
  change: (text: string) => string,
): void {
  const params = { ...SIM, error_rate: 0, stall_rate: 0, cut_rate: 0, quality: 1 };
  const parsed = body === '' ? {} : { body: JSON.parse(body) as Record<string, string> };
  const script = simulate({ seed: 1, method, path, params, now_s: 1, nonce: 1, models: ['m'], ...parsed });
  for (const step of script.steps) {
    if (step.kind === 'head') res.writeHead(step.status, step.headers as string[]);
    if (step.kind === 'data') res.write(change(Buffer.from(step.bytes).toString('utf8')));
    if (step.kind === 'end') res.end();
  }
}

const outcomes = (results: Awaited<ReturnType<typeof runLiveSuite>>, outcome: string): string[] =>
  results.filter((one) => one.outcome === outcome).map((one) => one.name);

describe('runLiveSuite', () => {
  test('over a real socket: everything passes, or does not apply', async () => {
    const provider = providerOf(`{ id: up, type: openai, base_url: "${await simServer()}" }`);
    const results = await runLiveSuite(provider, { model: 'm', capabilities: ['chat', 'tools', 'json_schema'] });
    expect(outcomes(results, 'failed')).toEqual([]);
    expect(outcomes(results, 'passed')).toEqual(expect.arrayContaining(['plain', 'stream', 'tools', 'unknown_model']));
    expect(outcomes(results, 'skipped')).toEqual(['wrong_key', 'embeddings', 'count_tokens']);
  });

  test('a provider that misbehaves is found out', async () => {
    const url = await simServer((text) => text.replaceAll('"finish_reason":"stop"', '"finish_reason":null'));
    const provider = providerOf(`{ id: up, type: openai, base_url: "${url}" }`);
    const results = await runLiveSuite(provider, { model: 'm', capabilities: ['chat'] });
    expect(outcomes(results, 'failed')).toEqual(expect.arrayContaining(['stream', 'cut_stream']));
  });

  test('a provider that cannot be reached fails every case with the reason', async () => {
    const provider = providerOf('{ id: up, type: openai, base_url: "http://127.0.0.1:9/v1" }');
    const results = await runLiveSuite(provider, { model: 'm', capabilities: ['chat'] });
    const plain = results.find((one) => one.name === 'plain');
    expect(plain).toMatchObject({
      outcome: 'failed',
      reason: 'http://127.0.0.1:9 cannot be connected to (ECONNREFUSED).',
    });
  });

  test('a simulated provider is checked without a socket', async () => {
    const provider = providerOf(`{ id: up, type: sim, sim: ${JSON.stringify(SIM)} }`);
    const results = await runLiveSuite(provider, { model: 'm', embedding_model: 'e', capabilities: ['chat', 'tools'] });
    expect(outcomes(results, 'failed')).toEqual([]);
    expect(outcomes(results, 'passed')).toContain('embeddings');
  });
});
