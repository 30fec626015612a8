import type { UpstreamHandler, UpstreamTransport } from '@atp-router/adapters';
import { AtpError, DEFAULT_LIMITS, type Limits } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { Attempt, type AttemptOwner } from '../../src/engine/attempt.ts';
import type { Target } from '../../src/engine/target.ts';
import type { AttemptCodec, StreamRelay, StreamStep } from '../../src/relay/types.ts';

/** A transport that a test plays by hand. */
class Wire implements UpstreamTransport {
  handler: UpstreamHandler | undefined;
  readonly done: string[] = [];
  fails_at_once = false;
  /** Whether there is a connection for the request. */
  is_free = true;

  send(_request: unknown, handler: UpstreamHandler): ReturnType<UpstreamTransport['send']> {
    this.handler = handler;
    this.done.push('send');
    if (this.fails_at_once) handler.onFail({ kind: 'connect', cause: undefined });
    else if (this.is_free) handler.onSent?.();
    const note = (what: string) => () => void this.done.push(what);
    return { cancel: note('cancel'), pause: note('pause'), resume: note('resume') };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  head(status: number): void {
    this.handler?.onHead(status, { get: () => undefined });
  }

  data(text: string): void {
    this.handler?.onData(Buffer.from(text));
  }
}

/** A shape in which `!` ends an answer, `?` is nonsense, `#` an error of the provider, `.` says nothing, and all else is text. */
function codec(): AttemptCodec {
  return {
    body: '{}',
    ignored: [],
    whole: (bytes) => {
      const text = Buffer.from(bytes).toString();
      if (text.includes('?')) throw new AtpError('upstream_error', 'nonsense', { origin: 'remote' });
      return { usage: undefined, counted_out_tokens: text.length, render: () => text };
    },
    stream: () => new Letters(),
    error: (status, text) => ({ status, kind: 'server', message: text }),
  };
}

class Letters implements StreamRelay {
  has_content = false;
  is_complete = false;
  usage: undefined;
  prompt: undefined;
  counted_out_tokens = 0;
  #left = '';

  push(chunk: Uint8Array): StreamStep {
    const text = Buffer.from(chunk).toString();
    if (text.includes('?')) throw new AtpError('upstream_error', 'nonsense', { origin: 'remote' });
    this.counted_out_tokens += text.length;
    this.has_content ||= /[^.]/.test(text);
    this.#left = text;
    this.is_complete ||= text.includes('!');
    const error = text.includes('#') ? ({ status: 500, kind: 'server', message: 'it broke' } as const) : undefined;
    return { out: [text.replace('#', '')], error };
  }

  /** `~` waits for what follows it, and is an end mark where nothing does. */
  end(): StreamStep {
    this.is_complete ||= this.#left.endsWith('~');
    return { out: [], error: undefined };
  }

  finish(): string[] {
    return [];
  }
}

function start(stream: boolean, limits: Partial<Limits> = {}) {
  const wire = new Wire();
  const told: string[] = [];
  const owner: AttemptOwner = {
    guard: (run) => run(),
    onContent: () => void told.push('content'),
    onRelay: (_attempt, chunks) => void told.push(`relay ${chunks.map((chunk) => String(chunk)).join('|')}`),
    onAnswer: () => void told.push('answer'),
    onStreamEnd: () => void told.push('end'),
    onFailed: (_attempt, { error, scope }) => void told.push(`failed ${error.code} ${scope}`),
    onProgress: () => undefined,
  };
  const target = {
    provider: { id: 'p', transport: wire, origin: 'http://p', head_timeout_ms: 1, idle_timeout_ms: 1, redact: String },
    path: () => '/x',
    headers: [],
  } as unknown as Target;
  const attempt = new Attempt(
    {
      ...{ n: 1, turn: 1, kind: 'primary', target, operation: 'generate', stream, codec: codec() },
      ...{
        permit: { kind: 'call' },
        in_tokens: 1,
        price: undefined,
        hosted_tools: [],
        started_mono_ms: 0,
        lane: undefined,
      },
      caller: {
        ...{ tenant: 't', qos: 'silver', upstream_model: 'm', stream, task_type: undefined, data_scopes: [], via: [] },
        ...{ deadline_ms: undefined, expected: { tokens: 1, usd_micros: 0 }, budget: {} },
      },
    },
    owner,
    { ...DEFAULT_LIMITS, ...limits },
    { now_ms: () => 0, mono_ms: () => 0 },
  );
  return { attempt, wire, told };
}

describe('a stream', () => {
  test.each(['end', 'reset'])('an end that nothing follows but the %s of the exchange is an end', (how) => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    wire.data('a~');
    attempt.commit();
    if (how === 'end') wire.handler?.onEnd();
    else wire.handler?.onFail({ kind: 'reset', cause: undefined });
    expect(told).toEqual(['content', 'relay a~', 'end']);
  });

  test('what comes before the attempt is chosen goes out when it is, in order', () => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    wire.data('a');
    wire.data('b');
    attempt.commit();
    wire.data('c!');
    wire.handler?.onEnd();
    expect(told).toEqual(['content', 'relay a|b', 'relay c!', 'end']);
  });

  test('that says nothing is chosen all the same when its buffer is full', () => {
    const { attempt, wire, told } = start(true, { relay_high_water_bytes: 4 });
    attempt.send();
    wire.head(200);
    wire.data('..');
    expect(told).toEqual([]);
    wire.data('..');
    expect(told).toEqual(['content']);
    attempt.commit();
    wire.data('.');
    expect(told).toEqual(['content', 'relay ..|..', 'relay .']);
  });

  test('that ends without its end mark is truncated', () => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    wire.data('a');
    wire.handler?.onEnd();
    expect(told).toEqual(['content', 'failed stream_truncated transient']);
    expect([attempt.is_over, attempt.is_complete]).toEqual([true, false]);
  });

  test('that is reset behind its end mark is whole', () => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    wire.data('a!');
    wire.handler?.onFail({ kind: 'truncated', cause: undefined });
    expect(told).toEqual(['content', 'end']);
  });

  test.each([
    ['nonsense', 'b?', 'failed upstream_error transient'],
    ['an error inside of it', 'b#', 'failed upstream_error transient'],
  ])('with %s is cut off', (_name, bytes, last) => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    wire.data('a');
    wire.data(bytes);
    expect(told.at(-1)).toBe(last);
    expect(wire.done).toEqual(['send', 'cancel']);
  });

  test('above the limit of bytes is cut off', () => {
    const { attempt, wire, told } = start(true, { stream_bytes: 5 });
    attempt.send();
    wire.head(200);
    wire.data('abcde');
    expect(told).toEqual(['content']);
    wire.data('f');
    expect(told.at(-1)).toBe('failed upstream_error target');
    expect(wire.done).toEqual(['send', 'cancel']);
  });
});

describe('a whole answer', () => {
  test('is read when it is there, from however many pieces', () => {
    const { attempt, wire, told } = start(false);
    attempt.send();
    wire.head(200);
    wire.data('ab');
    wire.data('cd');
    expect(attempt.is_complete).toBe(false);
    wire.handler?.onEnd();
    expect(told).toEqual(['answer']);
    expect(attempt.answer?.counted_out_tokens).toBe(4);
  });

  test('that cannot be read is the provider’s fault', () => {
    const { attempt, wire, told } = start(false);
    attempt.send();
    wire.head(200);
    wire.data('?');
    wire.handler?.onEnd();
    expect(told).toEqual(['failed upstream_error transient']);
  });

  test('above the limit is cut off at once', () => {
    const { attempt, wire, told } = start(false, { answer_bytes: 3 });
    attempt.send();
    wire.head(200);
    wire.data('abc');
    wire.data('d');
    expect(told).toEqual(['failed upstream_error target']);
    expect(wire.done).toEqual(['send', 'cancel']);
  });
});

describe('an error answer', () => {
  test('is read for its message, which the operator gets, also for a stream', () => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(503);
    wire.data('busy');
    wire.handler?.onEnd();
    expect(told).toEqual(['failed upstream_error transient']);
    expect(attempt.failure?.error.cause).toBe('busy');
  });

  test('of any length is read to its end and kept in part', () => {
    const { attempt, wire, told } = start(false);
    attempt.send();
    wire.head(500);
    for (let i = 0; i < 100; i += 1) wire.data('x'.repeat(1_000));
    wire.handler?.onEnd();
    expect(told).toEqual(['failed upstream_error transient']);
    expect(attempt.failure?.error.message.length).toBeLessThan(70_000);
  });
});

describe('sending and cancelling', () => {
  test('a transport that fails within send', () => {
    const { attempt, wire, told } = start(true);
    wire.fails_at_once = true;
    attempt.send();
    expect(told).toEqual(['failed upstream_error transient']);
    expect([attempt.is_over, attempt.reached_upstream]).toEqual([true, false]);
  });

  test('it has reached its upstream only once it has a connection', () => {
    const { attempt, wire } = start(true);
    wire.is_free = false;
    attempt.send();
    expect(attempt.reached_upstream).toBe(false);
    wire.handler?.onSent?.();
    expect(attempt.reached_upstream).toBe(true);
  });

  test('cancelled before it was sent, it is never sent', () => {
    const { attempt, wire, told } = start(true);
    attempt.cancel();
    attempt.send();
    expect([wire.done, told, attempt.reached_upstream]).toEqual([[], [], false]);
  });

  test('cancelled, it closes its connection and says nothing more', () => {
    const { attempt, wire, told } = start(true);
    attempt.send();
    wire.head(200);
    attempt.cancel();
    attempt.cancel();
    expect([wire.done, told]).toEqual([['send', 'cancel'], []]);
    attempt.pause();
    attempt.resume();
    expect(wire.done).toEqual(['send', 'cancel']);
  });
});
