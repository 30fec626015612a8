import type { JsonObject } from '@atp-router/kernel';
import type { Delays, Fault } from './faults.ts';
import type { SimScript, SimStep } from './types.ts';

export const JSON_HEAD: readonly string[] = ['content-type', 'application/json', 'x-simulated', 'true'];
export const SSE_HEAD: readonly string[] = ['content-type', 'text/event-stream; charset=utf-8', 'x-simulated', 'true'];

const NO_DELAY: Delays = { head_ms: 0, chunk_ms: 0 };

/** A JSON answer at once, without faults. */
export function jsonScript(body: JsonObject, delays: Delays = NO_DELAY, fault: Fault = { kind: 'none' }): SimScript {
  return plainScript(JSON.stringify(body), 0, delays, fault, JSON_HEAD);
}

/** An error in OpenAI's shape. 429 says when to come back. */
export function errorScript(
  status: number,
  type: string,
  code: string,
  message: string,
  head_ms: number = 0,
): SimScript {
  const headers = status === 429 ? [...JSON_HEAD, 'retry-after', '1'] : JSON_HEAD;
  const body = { error: { message, type, param: null, code } };
  return {
    steps: [
      { after_ms: head_ms, kind: 'head', status, headers },
      { after_ms: 0, kind: 'data', bytes: JSON.stringify(body) },
      { after_ms: 0, kind: 'end' },
    ],
  };
}

/** A whole answer: it comes when all its tokens are made. A stall is silence before the head. */
export function plainScript(
  text: string,
  tokens: number,
  delays: Delays,
  fault: Fault,
  headers: readonly string[],
): SimScript {
  const after_ms = delays.head_ms + tokens * delays.chunk_ms;
  if (fault.kind === 'stall') return { steps: [{ after_ms, kind: 'stall' }] };
  const head: SimStep = { after_ms, kind: 'head', status: 200, headers };
  if (fault.kind === 'cut') {
    const bytes = text.slice(0, Math.floor(text.length * fault.at));
    return { steps: [head, { after_ms: 0, kind: 'data', bytes }, { after_ms: 0, kind: 'reset' }] };
  }
  return { steps: [head, { after_ms: 0, kind: 'data', bytes: text }, { after_ms: 0, kind: 'end' }] };
}

/** The frames of a stream, and the place of the first that says that something is finished. */
export interface Frames {
  readonly frames: readonly string[];
  readonly first_finish: number;
}

/** A stream: the head and the first frame together, then one frame after the other. Faults strike before any finish. */
export function streamScript(
  { frames, first_finish }: Frames,
  delays: Delays,
  fault: Fault,
  headers: readonly string[],
): SimScript {
  const steps: SimStep[] = [{ after_ms: delays.head_ms, kind: 'head', status: 200, headers }];
  const is_broken = fault.kind === 'stall' || fault.kind === 'cut';
  const sent = is_broken ? Math.floor(first_finish * fault.at) : frames.length;
  frames.slice(0, sent).forEach((bytes, i) => {
    steps.push({ after_ms: i === 0 ? 0 : delays.chunk_ms, kind: 'data', bytes });
  });
  steps.push({ after_ms: 0, kind: fault.kind === 'stall' ? 'stall' : fault.kind === 'cut' ? 'reset' : 'end' });
  return { steps };
}
