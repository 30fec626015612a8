import { isJsonObject } from '@atp-router/kernel';
import type { SimParams } from '@atp-router/providers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UpstreamExchange, UpstreamRequest } from '../../src/http/index.ts';
import { simTransport } from '../../src/sim/index.ts';
import { VirtualTime } from './support/virtual-time.ts';

const CALM: SimParams = {
  latency_ms: { p50: 100, p95: 100 },
  chunk_ms: 10,
  out_tokens: { p50: 20, p95: 20 },
  error_rate: 0,
  stall_rate: 0,
  cut_rate: 0,
  quality: 1,
};

interface Step {
  readonly at_ms: number;
  readonly what: string;
  readonly text?: string;
}

/** One exchange with a simulated provider, and everything it said with the time. */
class Play {
  readonly time: VirtualTime = new VirtualTime();
  readonly steps: Step[] = [];
  is_sent = false;
  exchange: UpstreamExchange | undefined;
  onStep: (what: string) => void = () => undefined;

  constructor(params: Partial<SimParams>, stream: boolean, more: Partial<UpstreamRequest> = {}, seed = 1, before = 0) {
    const { time } = this;
    const transport = simTransport({ seed, params: { ...CALM, ...params }, clock: time, timers: time });
    const request: UpstreamRequest = {
      origin: 'http://simulated.invalid',
      path: '/chat/completions',
      method: 'POST',
      headers: [],
      body: JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'hello there' }] }),
      head_timeout_ms: 10_000,
      idle_timeout_ms: 5_000,
      ...more,
    };
    for (let i = 0; i < before; i += 1) transport.send(request, silent).cancel();
    this.exchange = transport.send(request, {
      onSent: () => {
        this.is_sent = true;
      },
      onHead: (status, headers) => this.#note(`head ${status} ${headers.get('x-simulated')}`),
      onData: (chunk) => this.#note('data', Buffer.from(chunk).toString('utf8')),
      onEnd: () => this.#note('end'),
      onFail: ({ kind, cause }) => this.#note(`fail ${kind} ${cause instanceof Error}`),
    });
  }

  get kinds(): string[] {
    return this.steps.map((step) => step.what);
  }

  get text(): string {
    return this.steps.map((step) => step.text ?? '').join('');
  }

  get last(): string | undefined {
    return this.steps.at(-1)?.what;
  }

  #note(what: string, text?: string): void {
    this.steps.push({ at_ms: this.time.mono_ms(), what, ...(text === undefined ? {} : { text }) });
    this.onStep(what);
  }
}

const silent = { onHead: () => undefined, onData: () => undefined, onEnd: () => undefined, onFail: () => undefined };

/** Long enough for every script of these tests. */
const ALL_MS = 1_000_000;

describe('an answer', () => {
  test('plain: after its latency and its tokens, and it says that it is simulated', () => {
    const play = new Play({}, false);
    play.time.advance(99);
    expect([play.steps, play.is_sent]).toEqual([[], true]);
    play.time.advance(ALL_MS);
    expect(play.kinds).toEqual(['head 200 true', 'data', 'end']);
    const answer: unknown = JSON.parse(play.text);
    expect(isJsonObject(answer) && answer['object']).toBe('chat.completion');
    expect(play.time.pending).toBe(0);
  });

  test('streamed: the head after its latency, then one frame after the other', () => {
    const play = new Play({}, true);
    play.time.advance(ALL_MS);
    expect(play.steps[0]).toMatchObject({ at_ms: 100, what: 'head 200 true' });
    expect(play.last).toBe('end');
    const data = play.steps.filter((step) => step.what === 'data').map((step) => step.at_ms);
    expect(data.length).toBeGreaterThan(3);
    expect(data).toEqual(data.map((_, i) => 100 + 10 * i));
    expect(play.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('bytes as a body are read like text', () => {
    const body = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hello there' }] };
    const [text, bytes] = [new Play({}, true), new Play({}, true, { body: Buffer.from(JSON.stringify(body)) })];
    for (const play of [text, bytes]) play.time.advance(ALL_MS);
    expect(bytes.text).toBe(text.text);
  });

  test('the list of models', () => {
    const play = new Play({}, false, { method: 'GET', path: '/models' });
    play.time.advance(ALL_MS);
    expect(play.kinds).toEqual(['head 200 true', 'data', 'end']);
  });
});

describe('failures', () => {
  test('errors are answers with a status', () => {
    const play = new Play({ error_rate: 1 }, true);
    play.time.advance(ALL_MS);
    expect(play.kinds[0]).toMatch(/^head (429|500|503) true$/);
    expect(play.last).toBe('end');
  });

  test('a plain answer that stalls: silence until the head is given up', () => {
    const play = new Play({ stall_rate: 1 }, false, { head_timeout_ms: 3_000 });
    play.time.advance(ALL_MS);
    expect(play.steps).toEqual([{ at_ms: 3_000, what: 'fail head_timeout true' }]);
    expect(play.time.pending).toBe(0);
  });

  test('a stream that stalls: silence since its last byte until it is given up', () => {
    const play = new Play({ stall_rate: 1 }, true, { idle_timeout_ms: 700 });
    play.time.advance(ALL_MS);
    const [fail, before] = [play.steps.at(-1), play.steps.at(-2)];
    expect(fail?.what).toBe('fail idle_timeout true');
    expect((fail?.at_ms ?? 0) - (before?.at_ms ?? 0)).toBe(700);
  });

  test('slower than the caller waits: head_timeout before the head, idle_timeout behind it', () => {
    const late = new Play({}, true, { head_timeout_ms: 99 });
    late.time.advance(ALL_MS);
    expect(late.steps).toEqual([{ at_ms: 99, what: 'fail head_timeout true' }]);
    const slow = new Play({ chunk_ms: 50 }, true, { idle_timeout_ms: 49 });
    slow.time.advance(ALL_MS);
    expect(slow.kinds).toEqual(['head 200 true', 'data', 'fail idle_timeout true']);
  });

  test('a cut: truncated, in the middle of the answer', () => {
    for (const stream of [false, true]) {
      const play = new Play({ cut_rate: 1 }, stream);
      play.time.advance(ALL_MS);
      expect(play.kinds[0]).toBe('head 200 true');
      expect(play.last).toBe('fail truncated true');
      expect(play.text).not.toContain('[DONE]');
    }
  });
});

describe('pause, resume, cancel', () => {
  test('whatever the handler does at each step, the text is the same and nothing comes while it is paused', () => {
    const whole = new Play({}, true);
    whole.time.advance(ALL_MS);
    const doings = fc.array(fc.constantFrom('go', 'pause', 'pause and resume', 'resume'), { maxLength: 60 });
    fc.assert(
      fc.property(doings, (plan) => {
        const play = new Play({}, true);
        let paused = false;
        let at = 0;
        play.onStep = () => {
          expect(paused).toBe(false);
          const doing = plan[at];
          at += 1;
          if (doing === 'pause' || doing === 'pause and resume') play.exchange?.pause();
          if (doing === 'resume' || doing === 'pause and resume') play.exchange?.resume();
          paused = doing === 'pause';
        };
        for (let rounds = 0; play.last !== 'end'; rounds += 1) {
          expect(rounds).toBeLessThan(200);
          play.time.advance(ALL_MS);
          paused = false;
          play.exchange?.resume();
        }
        expect(play.kinds).toEqual(whole.kinds);
        expect(play.text).toBe(whole.text);
        expect(play.time.pending).toBe(0);
      }),
    );
  });

  test('a pause stops the patience with a stalled stream, and resuming starts it again', () => {
    const play = new Play({ stall_rate: 1 }, true, { idle_timeout_ms: 5_000 });
    play.time.advance(5_000);
    const before = play.steps.length;
    expect(play.last).toBe('data');
    play.exchange?.pause();
    play.time.advance(ALL_MS);
    expect(play.steps).toHaveLength(before);
    play.exchange?.resume();
    play.time.advance(ALL_MS);
    expect(play.last).toBe('fail idle_timeout true');
  });

  test('cancel at any moment: no callback follows and no timer is left', () => {
    const whole = new Play({}, true);
    whole.time.advance(ALL_MS);
    for (let at = 0; at <= whole.steps.length; at += 1) {
      const play = new Play({}, true);
      play.onStep = () => {
        if (play.steps.length === at) play.exchange?.cancel();
      };
      if (at === 0) play.exchange?.cancel();
      play.time.advance(ALL_MS);
      expect(play.steps).toHaveLength(at);
      play.exchange?.resume();
      play.time.advance(ALL_MS);
      expect(play.steps).toHaveLength(at);
      expect(play.time.pending).toBe(0);
    }
  });
});

describe('determinism', () => {
  const wild: Partial<SimParams> = {
    latency_ms: { p50: 100, p95: 500 },
    error_rate: 0.25,
    stall_rate: 0.25,
    cut_rate: 0.25,
    out_tokens: { p50: 10, p95: 40 },
  };

  test('the same seed and the same tries before: the same bytes at the same times', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 5 }),
        fc.boolean(),
        (seed, before, stream) => {
          const [a, b] = [new Play(wild, stream, {}, seed, before), new Play(wild, stream, {}, seed, before)];
          a.time.advance(ALL_MS);
          b.time.advance(ALL_MS);
          expect(b.steps).toEqual(a.steps);
          expect(a.last === 'end' || a.last?.startsWith('fail')).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a retry of the same request may fare otherwise', () => {
    const ends = Array.from({ length: 20 }, (_, before) => {
      const play = new Play(wild, true, {}, 7, before);
      play.time.advance(ALL_MS);
      return `${play.kinds[0]} ${play.last}`;
    });
    expect(new Set(ends).size).toBeGreaterThan(2);
  });
});
