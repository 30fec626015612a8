import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { discoverConfig, ollamaUrl, probeOllama } from '@atp-router/adapters';
import { describe, expect, onTestFinished, test } from 'vitest';

/** An Ollama with these answers by model; a model without one is not described in time. */
async function ollama(models: Readonly<Record<string, object | undefined>>, tags_status = 200): Promise<string> {
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    req.on('end', () => {
      if (req.url === '/api/tags') {
        res.writeHead(tags_status).end(JSON.stringify({ models: Object.keys(models).map((name) => ({ name })) }));
        return;
      }
      const { model } = JSON.parse(body) as { model: string };
      const shown = models[model];
      if (shown !== undefined) res.end(JSON.stringify(shown));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('probeOllama', () => {
  test('finds models, what they can do and the window they really use', async () => {
    const url = await ollama({
      'llama3.2:3b': {
        capabilities: ['completion', 'tools'],
        parameters: 'stop "<|x|>"\nnum_ctx                        8192',
      },
      'nomic-embed-text': { capabilities: ['embedding'], model_info: { 'bert.context_length': 2048 } },
    });
    const probe = await probeOllama(url, { timeout_ms: 5_000 });
    expect(probe).toEqual({
      base_url: url,
      models: [
        { name: 'llama3.2:3b', context: 8192, capabilities: ['completion', 'tools'] },
        { name: 'nomic-embed-text', capabilities: ['embedding'] },
      ],
    });
    const { config, simulated } = discoverConfig({}, probe);
    expect(simulated).toBe(false);
    expect(config.models).toMatchObject([
      { id: 'llama3.2:3b', context: 8192, capabilities: ['chat', 'tools', 'json_mode', 'json_schema'] },
      { id: 'nomic-embed-text', context: 4096, capabilities: ['embeddings'] },
    ]);
  });

  test('a model that is not described in time is there by its name', async () => {
    const url = await ollama({ slow: undefined });
    expect(await probeOllama(url, { timeout_ms: 100 })).toEqual({ base_url: url, models: [{ name: 'slow' }] });
  });

  test('there is none: nobody listens, or something else does', async () => {
    expect(await probeOllama('http://127.0.0.1:9', { timeout_ms: 5_000 })).toBeUndefined();
    expect(await probeOllama(await ollama({}, 404), { timeout_ms: 5_000 })).toBeUndefined();
  });
});

test.each([
  [undefined, 'http://127.0.0.1:11434'],
  ['', 'http://127.0.0.1:11434'],
  ['0.0.0.0', 'http://127.0.0.1:11434'],
  ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
  ['localhost:1234', 'http://localhost:1234'],
  ['http://box:11434/', 'http://box:11434'],
  ['https://box', 'https://box:11434'],
  ['[::]:11434', 'http://127.0.0.1:11434'],
  ['not an address', 'http://127.0.0.1:11434'],
])('OLLAMA_HOST %s is %s', (host, url) => {
  expect(ollamaUrl(host)).toBe(url);
});
