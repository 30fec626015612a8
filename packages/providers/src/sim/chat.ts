import type { JsonObject, JsonValue } from '@atp-router/kernel';
import { type Alternative, type Answer, answerTo, type Piece } from './answer.ts';
import { contentHash } from './draw.ts';
import { delaysOf, faultOf } from './faults.ts';
import { badSampling, type RequestView, viewOf } from './request-view.ts';
import { errorScript, type Frames, JSON_HEAD, plainScript, SSE_HEAD, streamScript } from './scripts.ts';
import type { SimRequest, SimScript } from './types.ts';

/** One Chat Completions call, plain or streamed. */
export function simulateChat(request: SimRequest, body: JsonObject): SimScript {
  if (!Array.isArray(body['messages']) || body['messages'].length === 0) {
    return errorScript(
      400,
      'invalid_request_error',
      'missing_required_parameter',
      '"messages" must be a non-empty array.',
    );
  }
  const bad = badSampling(body);
  if (bad !== undefined) return errorScript(400, 'invalid_request_error', 'invalid_value', bad);
  const view = viewOf(body);
  const hash = contentHash(request.seed, body);
  const fault = faultOf(hash, request);
  const delays = delaysOf(hash, request);
  if (fault.kind === 'error')
    return errorScript(fault.status, 'server_error', fault.code, fault.message, delays.head_ms);
  const answer = answerTo(view, request.params, hash);
  const head: JsonObject = {
    id: `chatcmpl-sim-${hash.toString(36)}`,
    created: request.now_s,
    model: view.model.startsWith('sim-') ? view.model : `sim-${view.model}`,
    system_fingerprint: 'simulated',
  };
  if (view.stream) return streamScript(streamFrames(view, answer, head), delays, fault, SSE_HEAD);
  const text = JSON.stringify(wholeAnswer(view, answer, head));
  return plainScript(text, answer.completion_tokens, delays, fault, JSON_HEAD);
}

function usageOf(view: RequestView, answer: Answer): JsonObject {
  return {
    prompt_tokens: view.prompt_tokens,
    completion_tokens: answer.completion_tokens,
    total_tokens: view.prompt_tokens + answer.completion_tokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: answer.reasoning_tokens },
  };
}

function wholeAnswer(view: RequestView, answer: Answer, head: JsonObject): JsonObject {
  return {
    ...head,
    object: 'chat.completion',
    choices: answer.alternatives.map((alternative, index) => ({
      index,
      message: messageOf(alternative),
      logprobs: view.logprobs === undefined ? null : logprobsOf(alternative.pieces, view.logprobs),
      finish_reason: alternative.finish,
    })),
    usage: usageOf(view, answer),
    simulated: { correct: answer.correct },
  };
}

function messageOf(alternative: Alternative): JsonObject {
  let content = '';
  let thoughts = '';
  const calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = [];
  for (const piece of alternative.pieces) {
    if (piece.kind === 'text') content += piece.text;
    else if (piece.kind === 'thought') thoughts += piece.text;
    else if (piece.kind === 'call') {
      calls.push({ id: piece.id, type: 'function', function: { name: piece.name, arguments: '' } });
    } else {
      const call = calls[piece.index];
      if (call !== undefined) call.function.arguments += piece.text;
    }
  }
  return {
    role: 'assistant',
    content: calls.length > 0 ? null : content,
    refusal: null,
    ...(thoughts === '' ? {} : { reasoning_content: thoughts }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** Made-up but lawful: the chosen token is the likeliest and all together stay below certainty. */
function logprobsOf(pieces: readonly Piece[], top: number): JsonObject {
  const content = pieces.flatMap((piece): JsonValue[] => {
    if (piece.kind !== 'text') return [];
    const entry = (text: string, rank: number): JsonObject => ({
      token: text,
      logprob: Math.round(Math.log(0.6 / 2 ** rank) * 1_000) / 1_000,
      bytes: [...new TextEncoder().encode(text)],
    });
    const tops = Array.from({ length: top }, (_, rank) =>
      entry(rank === 0 ? piece.text : `${piece.text}~${rank}`, rank),
    );
    return [{ ...entry(piece.text, 0), top_logprobs: tops }];
  });
  return { content, refusal: null };
}

/** The chunks of all alternatives, one token of each in turn, as providers interleave them. */
function streamFrames(view: RequestView, answer: Answer, head: JsonObject): Frames {
  const frames: string[] = [];
  let first_finish = 0;
  const chunk = (more: JsonObject): void => {
    const usage = view.include_usage && more['usage'] === undefined ? { usage: null } : {};
    frames.push(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...more, ...usage })}\n\n`);
  };
  const delta = (index: number, value: JsonObject, more: JsonObject = {}): void =>
    chunk({ choices: [{ index, delta: value, logprobs: null, finish_reason: null, ...more }] });
  answer.alternatives.forEach((_, index) => {
    delta(index, { role: 'assistant', content: '', refusal: null });
  });
  const longest = Math.max(...answer.alternatives.map((a) => a.pieces.length));
  for (let at = 0; at <= longest; at += 1) {
    answer.alternatives.forEach((alternative, index) => {
      const piece = alternative.pieces[at];
      if (piece !== undefined) {
        const logprobs = view.logprobs === undefined ? {} : { logprobs: logprobsOf([piece], view.logprobs) };
        delta(index, deltaOf(piece), piece.kind === 'text' ? logprobs : {});
      } else if (at === alternative.pieces.length) {
        if (first_finish === 0) first_finish = frames.length;
        delta(index, {}, { finish_reason: alternative.finish, simulated: { correct: answer.correct } });
      }
    });
  }
  if (view.include_usage) chunk({ choices: [], usage: usageOf(view, answer) });
  frames.push('data: [DONE]\n\n');
  return { frames, first_finish };
}

function deltaOf(piece: Piece): JsonObject {
  switch (piece.kind) {
    case 'text':
      return { content: piece.text };
    case 'thought':
      return { reasoning_content: piece.text };
    case 'call':
      return {
        tool_calls: [
          { index: piece.index, id: piece.id, type: 'function', function: { name: piece.name, arguments: '' } },
        ],
      };
    case 'args':
      return { tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] };
  }
}
