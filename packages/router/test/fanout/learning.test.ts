import { seededRng } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { configOf, dataDir, errorOf, hashOf, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { consensusOf, idOf, type Scripted, scripted } from './scripted.ts';

const OTHER_KEY = 'key-of-another-tenant';
const MODELS = ['a', 'b', 'c', 'd'];
const POLICY = {
  id: 'panel',
  fanout: { mode: 'diverse', agents: MODELS },
  consensus: { strategy: 'majority', answer: 'choice' },
};
const BEST = { ...POLICY, id: 'best', fanout: { ...POLICY.fanout, select: { by: 'reputation', top: 2, explore: 0 } } };
const SAMPLES = {
  id: 'samples',
  fanout: { mode: 'clone', agents: ['a'], clones: 6, width: 3 },
  consensus: { strategy: 'self_consistency', answer: 'choice', risk: 0.2 },
};

interface Panel {
  readonly up: Scripted;
  /** Another router with the same data directory, once the one before has stopped. */
  again(): Promise<Running>;
  readonly learned: RouterEvent[];
}

async function panel(): Promise<Panel> {
  const up = await scripted();
  const learned: RouterEvent[] = [];
  const dir = dataDir();
  const config = configOf(dir, {
    providers: [{ id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', retry: { max_attempts: 1 } }],
    models: MODELS.map((id) => ({ id, provider: 'up', context: 128_000 })),
    tenants: [
      { id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
      { id: 'other', keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }] },
    ],
    policies: [POLICY, BEST, SAMPLES],
  });
  const again = async (): Promise<Running> => {
    const running = await start({
      config,
      onEvent: (event) => void (event.type.startsWith('feedback') && learned.push(event)),
    });
    onTestFinished(() => running.stop());
    return running;
  };
  return { up, again, learned };
}

/** One task that each model answers. */
async function ask(
  running: Running,
  up: Scripted,
  answers: Readonly<Record<string, string>>,
  policy = 'panel',
): Promise<Reply> {
  const reply = running.chat({ model: `policy:${policy}`, messages: [{ role: 'user', content: 'A, B, C or D?' }] });
  const asked = await Promise.all(
    Object.entries(answers).map(async ([model, letter]) => ({ letter, one: await up.next(model) })),
  );
  // The last lane first: nobody is stopped before that has been heard.
  for (const { letter, one } of asked.reverse()) one.answer(`The answer is ${letter}.`);
  return reply;
}

function give(running: Running, body: unknown, key = TENANT_KEY): Promise<Reply> {
  return call(`${running.url}/v1/feedback`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
}

function foremost({ json }: Reply): string | undefined {
  const [choice] = (json as { choices: { message: { content: string } }[] }).choices;
  return /The answer is ([A-D])/.exec(choice?.message.content ?? '')?.[1];
}

/** Three sources that are right nine times of ten, apart from each other, and `d`, which never is. */
function taskOf(rng: ReturnType<typeof seededRng>): {
  readonly right: string;
  readonly answers: Record<string, string>;
} {
  const letter = (): string => 'ABCD'[Math.floor(rng.next() * 4)] ?? 'A';
  const right = letter();
  const wrong = (): string => 'ABCD'[('ABCD'.indexOf(right) + 1 + Math.floor(rng.next() * 3)) % 4] ?? 'A';
  const honest = (): string => (rng.next() < 0.9 ? right : wrong());
  return { right, answers: { a: honest(), b: honest(), c: honest(), d: wrong() } };
}

describe('what a router learns of who answers', () => {
  test('takes the weight of a liar, outlives a restart, and is moved by feedback', { timeout: 240_000 }, async () => {
    const { up, again, learned } = await panel();
    const first = await again();
    const rng = seededRng(11);
    // Nothing is known: at a tie the first lane is believed.
    expect(foremost(await ask(first, up, { a: 'A', b: 'B', c: 'B', d: 'A' }))).toBe('A');
    let last: Reply | undefined;
    let right = '';
    for (let n = 0; n < 40; n += 1) {
      const task = taskOf(rng);
      last = await ask(first, up, task.answers);
      right = task.right;
    }
    // Who lies does not break ties any more, whatever lane it has.
    expect(foremost(await ask(first, up, { a: 'A', b: 'B', c: 'B', d: 'A' }))).toBe('B');
    const known = await first.admin('GET', '/reputation');
    await first.stop();

    const second = await again();
    const data = ({ json }: Reply): unknown => (json as { readonly data?: unknown }).data;
    expect(data(await second.admin('GET', '/reputation'))).toEqual(data(known));
    expect(foremost(await ask(second, up, { a: 'A', b: 'B', c: 'B', d: 'A' }))).toBe('B');
    const sources = sourcesOf(known);
    expect(sources.get('d')?.accuracy ?? 1).toBeLessThan((sources.get('a')?.accuracy ?? 0) - 0.1);

    // The session is one of before the restart.
    const request_id = idOf(last?.json);
    const reply = await give(second, { request_id, label: `It is ${right}.` });
    expect([reply.status, reply.json]).toEqual([
      200,
      { object: 'feedback', request_id, repeated: false, score: 1, lanes: expect.any(Number) },
    ]);
    // The tables follow the journal a moment later: until then it is being written.
    await vi.waitFor(
      async () => {
        expect((await give(second, { request_id, label: `It is ${right}.` })).json).toMatchObject({ repeated: true });
      },
      { timeout: 20_000, interval: 50 },
    );
    expect(errorOf(await give(second, { request_id, score: 0 })).code).toBe('conflict');
    expect(errorOf(await give(second, { request_id, score: 1 }, OTHER_KEY)).code).toBe('not_found');
    expect(learned).toHaveLength(1);
    const before = sourcesOf(known).get('a')?.accuracy ?? 0;
    for (let n = 0; n < 6; n += 1) {
      const told = await ask(second, up, { a: 'A', b: 'B', c: 'C', d: 'D' });
      const marks = { request_id: idOf(told.json), lanes: [{ lane: 0, right: false }] };
      expect((await give(second, marks)).status).toBe(200);
    }
    expect(sourcesOf(await second.admin('GET', '/reputation')).get('a')?.accuracy ?? 1).toBeLessThan(before - 0.05);

    const chosen = await ask(second, up, { b: 'B', c: 'B' }, 'best');
    expect(consensusOf(chosen.json)['lanes']).toMatchObject([{ source: 'b' }, { source: 'c' }]);
    const told = await give(second, { request_id: idOf(chosen.json), label: 'B' });
    expect(told.json).toMatchObject({ score: 1, lanes: 2 });
  });

  test('takes feedback that can be read, and says what is wrong with other', { timeout: 120_000 }, async () => {
    const { again } = await panel();
    const running = await again();
    const wrong: readonly (readonly [unknown, string, string])[] = [
      [{ request_id: 'call_none', score: 1 }, 'not_found', 'request_id'],
      [{ score: 1 }, 'invalid_request', 'request_id'],
      [{ request_id: 'x' }, 'invalid_request', 'score'],
      [{ request_id: 'x', score: 1, label: 'A' }, 'invalid_request', 'label'],
      [{ request_id: 'x', score: 2 }, 'invalid_request', 'score'],
      [{ request_id: 'x', label: ' ' }, 'invalid_request', 'label'],
      [{ request_id: 'x', lanes: [] }, 'invalid_request', 'lanes'],
      [
        {
          request_id: 'x',
          lanes: [
            { lane: 0, right: 1 },
            { lane: 0, right: 0 },
          ],
        },
        'invalid_request',
        'lanes',
      ],
      [{ request_id: 'x', score: 1, more: 1 }, 'invalid_request', 'more'],
    ];
    for (const [body, code, param] of wrong) expect(errorOf(await give(running, body))).toMatchObject({ code, param });
    expect(errorOf(await give(running, { request_id: 'x', score: 1 }, 'nobody')).code).toBe('unauthorized');
  });

  test('is not taken of a lane that never began, which leaves the key free to say something', async () => {
    const { again, up } = await panel();
    const running = await again();
    const reply = running.chat({ model: 'policy:samples', messages: [{ role: 'user', content: 'A, B, C or D?' }] });
    for (let n = 0; n < 3; n += 1) (await up.next('a')).answer('The answer is B.');
    const request_id = idOf((await reply).json);
    const marked = (lane: number): Promise<Reply> => give(running, { request_id, lanes: [{ lane, right: true }] });
    expect(errorOf(await marked(5))).toMatchObject({
      ...{ code: 'invalid_request', param: 'lanes' },
      message: 'Lane 5 ("a") gave no answer that could be right or wrong. Leave it out.',
    });
    expect((await marked(0)).json).toMatchObject({ repeated: false, score: 1 });
  });
});

interface Shown {
  readonly source: string;
  readonly accuracy: number;
}

function sourcesOf({ json }: Reply): ReadonlyMap<string, Shown> {
  return new Map((json as unknown as { data: Shown[] }).data.map((one) => [one.source, one]));
}
