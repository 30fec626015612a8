import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hash as hashOf } from 'node:crypto';
import { Draw } from '@atp-router/kernel/testing';
import { foreseenWithout } from '@atp-router/router';
import { expect, onTestFinished, test } from 'vitest';
import { shuffled } from '../../src/eval/disguise.ts';
import type { RouteCase } from '../../src/eval/routing/cases.ts';
import { streamOnce, streamOf } from '../../src/eval/routing/stream.ts';
import { open, type Reply } from '../support/http.ts';
import { Workplace } from '../support/workplace.ts';

const KEY = 'key-of-the-replay';
const SEED = 3;
const PROMPTS = 80;
const USD_PER_POINT = 0.0002;
const MODELS = [
  { id: 'cheap', in_usd_per_mtok: 0.1, out_usd_per_mtok: 0.4, right: 0.6 },
  { id: 'like', in_usd_per_mtok: 0.15, out_usd_per_mtok: 0.6, right: 0.65 },
  { id: 'dear', in_usd_per_mtok: 5, out_usd_per_mtok: 15, right: 0.9 },
] as const;
const WORDS = 'add sum total integer fraction poem rhyme stanza verse metaphor cell gene protein law court'.split(' ');

/** Prompts, and what each model says to them: a letter, or nothing. */
const CASES: readonly RouteCase[] = Array.from({ length: PROMPTS }, (_, i) => {
  const draw = new Draw(1_000 + i);
  const text = `${i}: ${Array.from({ length: 12 }, () => draw.from(WORDS)).join(' ')}?`;
  const foreseen = foreseenWithout(text, MODELS);
  const outcomes = MODELS.map(({ right }, model) => {
    const key = draw.chance(right) ? 'A' : draw.chance(0.1) ? '' : draw.one('B', 'C');
    const out_tokens = draw.int(10, 300);
    return {
      key,
      right: key === 'A' ? 1 : 0,
      ...(foreseen[model] ?? { in_usd: 0, out_usd_per_token: 0 }),
      out_tokens,
      cost_usd: 0,
    };
  });
  return { id: String(i), text, category: undefined, held_out: false, outcomes };
});

/** Answers as the cases say, with the tokens that they say. */
async function recorded(asked: string[]): Promise<string> {
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    req.on('end', () => {
      const { model, messages, stream } = JSON.parse(body) as {
        model: string;
        messages: { content: string }[];
        stream?: boolean;
      };
      const one = CASES[Number.parseInt(messages[0]?.content ?? '', 10)];
      const { key = '', out_tokens = 0 } = one?.outcomes[MODELS.findIndex(({ id }) => id === model)] ?? {};
      asked.push(model);
      const content = key === '' ? '' : `The answer is ${key}.`;
      const usage = { prompt_tokens: 30, completion_tokens: out_tokens, total_tokens: 30 + out_tokens };
      const base = { id: 'x', created: 1, model };
      if (stream === true) {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const chunk = { ...base, object: 'chat.completion.chunk' };
        const event = (value: object): string => `data: ${JSON.stringify({ ...chunk, ...value })}\n\n`;
        res.write(event({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] }));
        res.write(event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
        res.end(`${event({ choices: [], usage })}data: [DONE]\n\n`);
      } else {
        res.writeHead(200, { 'content-type': 'application/json' });
        const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
        res.end(JSON.stringify({ ...base, object: 'chat.completion', choices, usage }));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

test.each([
  ['any', 'default'],
  ['single', 'default'],
  ['cascade', 'default'],
  ['single', 'linucb'],
] as const)(
  'a replay through the running router asks whom the evaluation asked, and takes the same answers: %s, %s',
  { timeout: 60_000 },
  async (policy, learner) => {
    const options = { policy, learner, feedback: 1, delay: 0, noise: 0, seed: SEED, quality_usd: 100 * USD_PER_POINT };
    const expected = streamOnce(
      MODELS.map(({ id }) => id),
      CASES,
      options,
    );
    const asked: string[] = [];
    const base_url = await recorded(asked);
    const at = new Workplace(
      JSON.stringify({
        listen: { port: 0 },
        providers: [{ id: 'up', type: 'openai', base_url, api_key: 'k' }],
        models: MODELS.map(({ id, in_usd_per_mtok, out_usd_per_mtok }) => ({
          ...{ id, provider: 'up', context: 100_000, price: { in_usd_per_mtok, out_usd_per_mtok } },
        })),
        tenants: [{ id: 'acme', keys: [{ id: 'k', hash: `sha256:${hashOf('sha256', KEY, 'hex')}` }] }],
        routing: {
          ...{ plans: policy, learner, quality_usd: options.quality_usd, explore: { usd_per_day: 9_000_000 } },
          // As the learner of this order has it.
          seed: Math.imul(SEED, 8) + 2,
        },
      }),
    );
    onTestFinished(() => at.close());
    await at.start();
    const post = (path: string, body: unknown): Promise<Reply> => {
      const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
      return open(`${at.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) }).whole;
    };
    const order = shuffled([...CASES.keys()], streamOf(SEED, 'order'));
    const replayed: { asked: readonly string[]; taken: unknown }[] = [];
    for (const place of order) {
      asked.length = 0;
      const text = CASES[place]?.text ?? '';
      const reply = await post('/v1/chat/completions', { model: 'auto', messages: [{ role: 'user', content: text }] });
      replayed.push({ asked: [...asked], taken: reply.headers['x-atp-model'] });
      const outcome = CASES[place]?.outcomes[MODELS.findIndex(({ id }) => id === replayed.at(-1)?.taken)];
      const told = await post('/v1/feedback', {
        request_id: reply.headers['x-atp-request-id'],
        score: outcome?.right ?? 0,
      });
      expect(JSON.parse(told.body)).toMatchObject({ object: 'feedback' });
    }
    expect(replayed.map((one) => one.asked)).toEqual(
      expected.map((one) => one.asked.map((model) => MODELS[model]?.id)),
    );
    expect(new Set(replayed.flatMap((one) => one.asked)).size).toBe(3);
  },
);
