import type { JsonObject } from '@atp-router/kernel';
import { type SimParams, type SimRequest, type SimScript, simulate, type SuiteTransport } from '../src/index.ts';

export const PARAMS: SimParams = {
  latency_ms: { p50: 40, p95: 120 },
  chunk_ms: 5,
  out_tokens: { p50: 20, p95: 40 },
  error_rate: 0,
  stall_rate: 0,
  cut_rate: 0,
  quality: 0.8,
};

export function run(over: Partial<SimRequest>): SimScript {
  return simulate({
    seed: 1,
    method: 'POST',
    path: '/chat/completions',
    params: PARAMS,
    now_s: 1_772_914_939,
    ...over,
  });
}

export function chat(body: JsonObject, params: Partial<SimParams> = {}, over: Partial<SimRequest> = {}): SimScript {
  return run({ body, params: { ...PARAMS, ...params }, ...over });
}

/** Everything that the script puts on the wire after the head. */
export function bytesOf(script: SimScript): string {
  return script.steps.map((step) => (step.kind === 'data' ? step.bytes : '')).join('');
}

export function jsonOf(script: SimScript): JsonObject {
  return JSON.parse(bytesOf(script)) as JsonObject;
}

/** The text of the first choice of a streamed script. */
export function streamText(script: SimScript): string {
  let text = '';
  for (const line of bytesOf(script).split('\n\n')) {
    if (!line.startsWith('data: {')) continue;
    const chunk = JSON.parse(line.slice(6)) as { choices: { index: number; delta: { content?: string } }[] };
    for (const choice of chunk.choices) if (choice.index === 0) text += choice.delta.content ?? '';
  }
  return text;
}

/** Plays scripts without waiting: for everything that is not about time. */
export function simTransport(over: Partial<SimRequest> = {}): SuiteTransport {
  return async (request) => {
    const script = run({
      method: request.method,
      path: request.path,
      ...(request.body === undefined ? {} : { body: JSON.parse(request.body) as JsonObject }),
      ...over,
    });
    const [head] = script.steps;
    if (head?.kind !== 'head') throw new Error('the simulated provider is silent');
    const headers = new Map<string, string>();
    for (let i = 0; i < head.headers.length; i += 2) headers.set(head.headers[i] ?? '', head.headers[i + 1] ?? '');
    return { status: head.status, headers: { get: (name) => headers.get(name) }, chunks: play(script) };
  };
}

async function* play(script: SimScript): AsyncGenerator<Uint8Array> {
  for (const step of script.steps) {
    if (step.kind === 'data') yield new TextEncoder().encode(step.bytes);
    if (step.kind === 'reset') throw new Error('the connection was reset');
  }
}
