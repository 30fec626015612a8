import type { JsonObject } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIM_PREFIX } from '../src/index.ts';
import { bytesOf, chat, jsonOf, PARAMS, run, streamText } from './sim.ts';

const ask = (text: string): JsonObject => ({ model: 'x', messages: [{ role: 'user', content: text }] });

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    },
  },
};
const CLOCK = { type: 'function', function: { name: 'now' } };

interface Whole {
  readonly model: string;
  readonly system_fingerprint: string;
  readonly simulated: { readonly correct: boolean };
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly completion_tokens_details: { readonly reasoning_tokens: number };
  };
  readonly choices: readonly {
    readonly finish_reason: string;
    readonly logprobs: { readonly content: readonly { readonly token: string; readonly logprob: number }[] } | null;
    readonly message: {
      readonly content: string | null;
      readonly reasoning_content?: string;
      readonly tool_calls?: readonly { readonly id: string; readonly function: { name: string; arguments: string } }[];
    };
  }[];
}

const answer = (body: JsonObject, params = {}): Whole => jsonOf(chat(body, params)) as unknown as Whole;
const calls = (body: JsonObject) => answer(body).choices[0]?.message.tool_calls ?? [];

describe('every answer says that it is simulated', () => {
  test('in the text, in the name of the model and in the fingerprint', () => {
    const { choices, model, system_fingerprint } = answer(ask('Hello'));
    expect(choices[0]?.message.content?.startsWith(SIM_PREFIX)).toBe(true);
    expect(model).toBe('sim-x');
    expect(system_fingerprint).toBe('simulated');
  });

  test('whatever is asked', () => {
    const bodies = fc.record({
      model: fc.string(),
      messages: fc.array(
        fc.record({
          role: fc.constantFrom('user', 'assistant', 'tool', 'system'),
          content: fc.oneof(fc.string(), fc.jsonValue()),
        }),
        { minLength: 1 },
      ),
      stop: fc.oneof(fc.constant(['[', ' ', 'simulated']), fc.string(), fc.constant(null)),
      max_tokens: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(undefined)),
      reasoning_effort: fc.constantFrom('none', 'low', undefined),
      n: fc.integer({ min: -1, max: 3 }),
      tools: fc.oneof(fc.constant(undefined), fc.jsonValue()),
      tool_choice: fc.oneof(fc.constant(undefined), fc.jsonValue()),
    });
    fc.assert(
      fc.property(bodies, (body) => {
        const whole = answer(body as unknown as JsonObject);
        expect(whole.model.startsWith('sim-')).toBe(true);
        expect(whole.system_fingerprint).toBe('simulated');
        for (const { message, finish_reason } of whole.choices) {
          const text = message.content ?? message.reasoning_content ?? '';
          if (message.tool_calls === undefined && !(finish_reason === 'length' && text === '')) {
            expect((message.reasoning_content ?? message.content ?? '').startsWith(SIM_PREFIX)).toBe(true);
          }
        }
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe('the same seed and content', () => {
  test('give the same script', () => {
    const again = { messages: [{ content: 'Hi', role: 'user' }], model: 'x' };
    expect(chat(again)).toEqual(chat(ask('Hi')));
    expect(chat(ask('Hi'), {}, { seed: 2 })).not.toEqual(chat(ask('Hi')));
    expect(chat(ask('Hi!'))).not.toEqual(chat(ask('Hi')));
  });

  test('give the same text, plain and streamed', () => {
    for (const prompt of ['a', 'b', 'What is 2+2?']) {
      const text = answer(ask(prompt)).choices[0]?.message.content;
      expect(streamText(chat({ ...ask(prompt), stream: true }))).toBe(text);
    }
  });

  test('give other faults at the next try, but the same words', () => {
    const params = { error_rate: 0.5 };
    const tries = Array.from({ length: 40 }, (_, nonce) => chat(ask('Hi'), params, { nonce }));
    const heads = tries.map((script) => script.steps[0]);
    const failed = heads.filter((step) => step?.kind === 'head' && step.status !== 200).length;
    expect(failed).toBeGreaterThan(8);
    expect(failed).toBeLessThan(32);
    const texts = tries
      .filter((script) => script.steps[0]?.kind === 'head' && script.steps[0].status === 200)
      .map((script) => bytesOf(script));
    expect(new Set(texts).size).toBe(1);
  });
});

describe('text', () => {
  test('sums are right with quality 1, wrong with quality 0, and marked', () => {
    const right = answer(ask('What is 12*7?'), { quality: 1 });
    expect(right.choices[0]?.message.content).toBe('[simulated] 84.');
    expect(right.simulated).toEqual({ correct: true });
    const wrong = answer(ask('What is 12*7?'), { quality: 0 });
    expect(wrong.choices[0]?.message.content).toBe('[simulated] 85.');
    expect(wrong.simulated).toEqual({ correct: false });
  });

  test('a date is no sum', () => {
    expect(answer(ask('It is 2026-03-07.')).choices[0]?.message.content).not.toMatch(/2023/);
  });

  test('the share of right answers is the quality', () => {
    const right = Array.from({ length: 400 }, (_, i) => answer(ask(`q${i}`), { quality: 0.8 })).filter(
      (a) => a.simulated.correct,
    );
    expect(right.length).toBeGreaterThan(290);
    expect(right.length).toBeLessThan(350);
  });

  test('an output limit cuts and says so; usage counts what was made', () => {
    const { choices, usage } = answer({ ...ask('Hi'), max_completion_tokens: 3 });
    expect(choices[0]?.finish_reason).toBe('length');
    expect(choices[0]?.message.content?.startsWith(SIM_PREFIX)).toBe(true);
    expect(usage.completion_tokens).toBe(3);
  });

  test('a stop sequence ends the text before it, but never takes the mark away', () => {
    const whole = answer(ask('Hi')).choices[0]?.message.content ?? '';
    const stop = whole.split(' ')[3] ?? '';
    const cut = answer({ ...ask('Hi'), stop: [stop] }).choices[0];
    expect(cut?.finish_reason).toBe('stop');
    expect(cut?.message.content?.includes(stop)).toBe(false);
    expect(answer({ ...ask('Hi'), stop: '[' }).choices[0]?.message.content?.startsWith(SIM_PREFIX)).toBe(true);
  });

  test('several choices differ, and all count', () => {
    const { choices, usage } = answer({ ...ask('Hi'), n: 3 });
    expect(new Set(choices.map((c) => c.message.content)).size).toBe(3);
    expect(usage.completion_tokens).toBeGreaterThan(3 * 3);
  });

  test('reasoning is shown and counted', () => {
    const { choices, usage } = answer({ ...ask('Hi'), reasoning_effort: 'low' });
    expect(choices[0]?.message.reasoning_content?.startsWith(SIM_PREFIX)).toBe(true);
    expect(usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(0);
    expect(usage.completion_tokens).toBeGreaterThan(usage.completion_tokens_details.reasoning_tokens);
  });

  test('log-probabilities cover the text', () => {
    const [choice] = answer({ ...ask('Hi'), logprobs: true, top_logprobs: 2 }).choices;
    const content = choice?.logprobs?.content ?? [];
    expect(content.map((t) => t.token).join('')).toBe(choice?.message.content);
    expect(content.every((t) => t.logprob <= 0)).toBe(true);
  });
});

describe('tools', () => {
  test('a forced choice is obeyed, with arguments that fit the schema', () => {
    for (const tool_choice of ['required', { type: 'function', function: { name: 'get_weather' } }]) {
      const [call] = calls({ ...ask('Hi'), tools: [WEATHER, CLOCK], tool_choice });
      const args = JSON.parse(call?.function.arguments ?? '') as { city: unknown; days: number };
      expect(call?.function.name).toBe('get_weather');
      expect(typeof args.city).toBe('string');
      expect(args.days >= 1 && args.days <= 7).toBe(true);
    }
  });

  test('auto calls what the prompt names, in parallel unless told not to', () => {
    const body = { ...ask('Please get weather, then NOW.'), tools: [WEATHER, CLOCK] };
    expect(calls(body).map((c) => c.function.name)).toEqual(['get_weather', 'now']);
    expect(calls({ ...body, parallel_tool_calls: false })).toHaveLength(1);
    expect(calls({ ...body, tool_choice: 'none' })).toHaveLength(0);
    expect(calls({ ...ask('Hello'), tools: [WEATHER] })).toHaveLength(0);
  });

  test('a loop ends when the result is there, and ids never repeat in a conversation', () => {
    const first: JsonObject = { ...ask('get_weather for Paris'), tools: [WEATHER] };
    const [call] = calls(first);
    const messages = [
      ...(first['messages'] as unknown as JsonObject[]),
      { role: 'assistant', content: null, tool_calls: [call as unknown as JsonObject] },
      { role: 'tool', tool_call_id: call?.id ?? '', content: 'sunny' },
    ];
    expect(answer({ ...first, messages }).choices[0]?.finish_reason).toBe('stop');
    const [next] = calls({ ...first, messages: [...messages, { role: 'user', content: 'get_weather for Rome' }] });
    expect(next?.id).not.toBe(call?.id);
  });

  test('only allowed tools are called', () => {
    const tool_choice = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'now' } }] },
    };
    const names = calls({ ...ask('get_weather'), tools: [WEATHER, CLOCK], tool_choice }).map((c) => c.function.name);
    expect(names).toEqual(['now']);
  });
});

describe('what is asked wrongly', () => {
  test.each<[string, () => unknown, number]>([
    ['no messages', () => chat({ model: 'x' }), 400],
    ['an unknown path', () => run({ path: '/completions', body: {} }), 404],
    ['an unknown model', () => chat({ ...ask('Hi'), model: 'y' }, {}, { models: ['x'] }), 404],
    ['no input', () => run({ path: '/embeddings', body: { model: 'x' } }), 400],
  ])('%s', (_, script, status) => {
    expect((script() as { steps: { status?: number }[] }).steps[0]?.status).toBe(status);
  });

  test('the list of models is the list that is given', () => {
    const list = jsonOf(run({ method: 'GET', path: '/models', models: ['a', 'b'] }));
    expect((list['data'] as unknown as { id: string }[]).map((m) => m.id)).toEqual(['a', 'b']);
  });
});

describe('time and faults', () => {
  test('latency has the quantiles that were asked for', () => {
    const params = { ...PARAMS, latency_ms: { p50: 100, p95: 400 } };
    const heads = Array.from({ length: 1_000 }, (_, i) => {
      const [step] = chat({ ...ask(`q${i}`), stream: true }, params).steps;
      return step?.after_ms ?? 0;
    }).sort((a, b) => a - b);
    expect(Math.abs((heads[500] ?? 0) - 100)).toBeLessThan(12);
    expect(Math.abs((heads[950] ?? 0) - 400)).toBeLessThan(90);
  });

  test('a plain answer takes as long as its tokens', () => {
    const script = chat(ask('Hi'), { latency_ms: { p50: 10, p95: 10 }, chunk_ms: 4 });
    const tokens = (jsonOf(script) as unknown as Whole).usage.completion_tokens;
    expect(script.steps[0]?.after_ms).toBe(10 + 4 * tokens);
  });

  test('rates are shares of all calls, and each fault shows', () => {
    const params = { error_rate: 0.1, stall_rate: 0.2, cut_rate: 0.3 };
    const count = { error: 0, stall: 0, reset: 0, end: 0 };
    for (let i = 0; i < 1_000; i += 1) {
      const { steps } = chat({ ...ask(`q${i}`), stream: i % 2 === 0 }, params);
      const last = steps[steps.length - 1];
      const [first] = steps;
      if (first?.kind === 'head' && first.status !== 200) count.error += 1;
      else if (last?.kind === 'stall' || last?.kind === 'reset' || last?.kind === 'end') count[last.kind] += 1;
    }
    expect(Math.abs(count.error - 100)).toBeLessThan(35);
    expect(Math.abs(count.stall - 200)).toBeLessThan(45);
    expect(Math.abs(count.reset - 300)).toBeLessThan(50);
  });

  test('a broken answer never looks whole', () => {
    for (let i = 0; i < 100; i += 1) {
      for (const stream of [true, false]) {
        const body = { ...ask(`q${i}`), stream, stream_options: { include_usage: true } };
        const script = chat(body, { cut_rate: 0.5, stall_rate: 0.5 });
        expect(bytesOf(script)).not.toMatch(stream ? /\[DONE\]|"finish_reason":"/ : /\}$/);
      }
    }
  });

  test('a simulated error is in the shape of OpenAI, and 429 says when to come back', () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 40; i += 1) {
      const script = chat(ask(`q${i}`), { error_rate: 1 });
      const [head] = script.steps;
      if (head?.kind !== 'head') continue;
      statuses.add(head.status);
      expect(head.headers.includes('retry-after')).toBe(head.status === 429);
      expect(jsonOf(script)).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    }
    expect([...statuses].sort()).toEqual([429, 500, 503]);
  });
});
