import { openaiChat } from '@atp-router/dialects';
import type { RouteFeedback, RouterEvent } from '@atp-router/ledger';
import { expect, test, vi } from 'vitest';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type OpenStream, stream } from '../admin/http.ts';
import { chunk, upstream } from '../admin/upstream.ts';
import { ClientAnswer } from '../../src/lifecycle/shadow/client-answer.ts';

interface Stage {
  readonly running: Running;
  readonly events: readonly RouterEvent[];
  ask(prompt: string, headers?: Readonly<Record<string, string>>): Promise<OpenStream>;
  /** The words on calls, when so many have ended. */
  words(ended: number): Promise<readonly RouteFeedback[]>;
}

/** Two models that say a few words and go on for ever; asked for the `end` they end. */
async function onStage(is_on: boolean = true, more: object = {}): Promise<Stage> {
  const { base_url } = await upstream((req, res) => {
    let text = '';
    req.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    req.on('end', () => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ role: 'assistant', content: 'One' }));
      res.write(chunk({ content: ' two' }));
      if (!text.includes('end')) return;
      res.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
    });
  });
  const price = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };
  const events: RouterEvent[] = [];
  const config = {
    providers: [{ id: 'up', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } }],
    models: ['one', 'other'].map((id) => ({ id, provider: 'up', context: 128_000, price })),
    tenants: [{ id: 'acme', implicit_signals: is_on, keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    routing: { plans: 'single', seed: 7 },
    ...more,
  };
  const running = await startForTest(config, { onEvent: (event) => void events.push(event) });
  return {
    ...{ running, events },
    ask: (prompt, headers = {}) =>
      stream(`${running.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers },
        body: JSON.stringify({ model: 'auto', stream: true, messages: [{ role: 'user', content: prompt }] }),
      }),
    words: async (ended) => {
      const decided = (): number => events.filter(({ type }) => type === 'route.decided').length;
      await vi.waitFor(() => expect(decided()).toBe(ended), { timeout: 20_000, interval: 5 });
      return events.flatMap((event) => (event.type === 'route.feedback' ? [event] : []));
    },
  };
}

/** Hangs up when it has seen a word. */
async function hangUp(open: Promise<OpenStream>): Promise<void> {
  const one = await open;
  await one.next(({ data }) => data.includes('two'));
  one.close();
}

test('a client that hangs up says a little against the answer, and one that stays for it', async () => {
  const stage = await onStage();
  await hangUp(stage.ask('tell me'));
  await stage.words(1);
  await (await stage.ask('tell me to the end')).rest();
  const words = await stage.words(2);
  expect(words.map(({ by, right, weight, key_id }) => [by, right, weight, key_id])).toEqual([
    ['signal:left', 0, 0.05, ''],
    ['signal:stayed', 1, 0.05, ''],
  ]);
  const [left, stayed] = stage.events.flatMap((event) => (event.type === 'route.decided' ? [event] : []));
  expect([left?.outcome, left?.lesson.taken]).toEqual(['cancelled', undefined]);
  expect(words[0]?.lesson).toMatchObject({
    taken: left?.first,
    answers: [{ model: left?.first, out_tokens: 0, length: 0 }],
  });
  expect(words[1]?.lesson).toEqual(stayed?.lesson);
  const { text } = await call(`${stage.running.url}/metrics`);
  for (const kind of ['left', 'stayed']) expect(text).toContain(`atp_success_signals_total{kind="${kind}"} 1`);
});

test('it teaches who is heard to the end', async () => {
  const stage = await onStage();
  await hangUp(stage.ask('tell me'));
  const [left] = await stage.words(1);
  const rows = async (): Promise<unknown> => (await stage.running.admin('GET', '/routing/scores')).json['data'];
  expect(left?.lesson.taken).toBeDefined();
  for (let n = 1; n < 40; n += 1) {
    await hangUp(stage.ask(`tell me of ${n}`));
    await stage.words(n + 1);
  }
  expect(await rows()).toEqual(expect.arrayContaining([expect.objectContaining({ cluster: null, right: 0 })]));
});

test.each([
  ['the switch is off', false, {}],
  ['it may come again for the rest', true, { 'idempotency-key': 'once' }],
] as const)('nothing is taken from it where %s', async (_why, is_on, headers) => {
  const stage = await onStage(is_on);
  await hangUp(stage.ask('tell me', headers));
  expect(await stage.words(1)).toEqual([]);
});

test('an answer of which nothing is lacking but the end of its stream, or that has no words, is not left', () => {
  const heard = (...pieces: readonly string[]): unknown => {
    const answer = new ClientAnswer(openaiChat, true);
    for (const piece of pieces) answer.add(piece);
    return answer.soFar();
  };
  const [role, words, stop] = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'Yes' }), chunk({}, 'stop')];
  expect(heard(role)).toEqual({ speaks: false, is_whole: false });
  expect(heard(role, words.slice(0, 20), words.slice(20))).toEqual({ speaks: true, is_whole: false });
  expect(heard(role, words, stop)).toEqual({ speaks: true, is_whole: true });
  expect(heard('data: {\n\n')).toBeUndefined();
  expect(heard('x'.repeat(300_000))).toBeUndefined();
});

test('nothing is taken from it where the router has cut it', async () => {
  const stage = await onStage();
  const cut = async (how: (request_id: string) => Promise<unknown>): Promise<void> => {
    const open = await stage.ask('tell me');
    await open.next(({ data }) => data.includes('two'));
    await how(String(open.incoming.headers['x-atp-request-id']));
    await open.rest().catch(() => undefined);
  };
  await cut((id) => stage.running.admin('POST', `/calls/${id}/cancel`));
  await stage.words(1);
  await cut(() => stage.running.admin('POST', '/kill', { scope: 'tenant', id: 'acme', on: true, reason: 'test' }));
  expect(await stage.words(2)).toEqual([]);
});

test('a shutdown says nothing of what it cuts', async () => {
  const stage = await onStage(true, { shutdown: { grace_ms: 1 } });
  const open = await stage.ask('tell me');
  await open.next(({ data }) => data.includes('two'));
  await stage.running.stop();
  await open.rest().catch(() => undefined);
  expect(await stage.words(1)).toEqual([]);
});
