import type { Answer, AnswerChoice, ServedUsage } from '../script.ts';
import { findFrame, type Json, joined, type RenderContext, type Shape, sse } from './shape.ts';

/** `candidatesTokenCount` leaves out the thoughts. */
function usageOf(usage: ServedUsage): Json {
  const thoughts = usage.reasoning_tokens ?? 0;
  return {
    promptTokenCount: usage.in_tokens,
    candidatesTokenCount: usage.out_tokens - thoughts,
    ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    ...(usage.cached_in_tokens === undefined ? {} : { cachedContentTokenCount: usage.cached_in_tokens }),
    totalTokenCount: usage.in_tokens + usage.out_tokens,
  };
}

function logprobsOf(pieces: readonly string[]): Json {
  const chosen = pieces.map((token) => ({ token, tokenId: 7, logProbability: -0.25 }));
  return {
    chosenCandidates: chosen,
    topCandidates: chosen.map((token) => ({
      candidates: [token, { token: 'other', tokenId: 9, logProbability: -1.5 }],
    })),
  };
}

function toolParts(choice: AnswerChoice): Json[] {
  return (choice.tools ?? []).map((tool, i) => ({
    functionCall: { id: tool.id, name: tool.name, args: JSON.parse(joined(tool.args) || '{}') as Json },
    ...(i === 0 ? { thoughtSignature: 'c2lnbmVk' } : {}),
  }));
}

function finishOf(choice: AnswerChoice): string {
  return choice.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

function candidate(index: number, parts: readonly Json[], more: Json = {}): Json {
  return { content: { parts, role: 'model' }, index, ...more };
}

function wholeCandidate(choice: AnswerChoice, index: number): Json {
  const parts = [
    ...(choice.thinking === undefined ? [] : [{ text: joined(choice.thinking), thought: true }]),
    ...(choice.text === undefined ? [] : [{ text: joined(choice.text) }]),
    ...toolParts(choice),
  ];
  const more = choice.logprobs === true ? { logprobsResult: logprobsOf(choice.text ?? []) } : {};
  return candidate(index, parts, { finishReason: finishOf(choice), ...more });
}

function pieces(choice: AnswerChoice, index: number): Json[] {
  const tools = toolParts(choice);
  return [
    ...(choice.thinking ?? []).map((text) => candidate(index, [{ text, thought: true }])),
    ...(choice.text ?? []).map((text) =>
      candidate(index, [{ text }], choice.logprobs === true ? { logprobsResult: logprobsOf([text]) } : {}),
    ),
    ...(tools.length === 0 ? [] : [candidate(index, tools)]),
    candidate(index, [{ text: '' }], { finishReason: finishOf(choice) }),
  ];
}

function frames(answer: Answer, ctx: RenderContext): string[] {
  const all = answer.choices.flatMap(pieces);
  const base = { modelVersion: `${ctx.model}-001`, responseId: `gem${ctx.n}` };
  return all.map((one, i) => {
    const last = i === all.length - 1 && answer.usage !== undefined;
    return sse({ candidates: [one], ...(last ? { usageMetadata: usageOf(answer.usage) } : {}), ...base });
  });
}

/** `generateContent` and `streamGenerateContent` (Gemini API, v1beta). */
export const geminiShape: Shape = {
  id: 'gemini',
  stream_type: 'text/event-stream',
  owns: (path) => /^\/v1beta\/.*:(?:stream)?[gG]enerateContent(?:\?alt=sse)?$/.test(path),
  wantsStream: (path) => path.includes(':streamGenerateContent'),
  plain: (answer, ctx) => ({
    candidates: answer.choices.map(wholeCandidate),
    ...(answer.usage === undefined ? {} : { usageMetadata: usageOf(answer.usage) }),
    modelVersion: `${ctx.model}-001`,
    responseId: `gem${ctx.n}`,
  }),
  frames,
  usageAt: (list) => findFrame(list, '"usageMetadata"'),
  error: (status, message) => ({
    error: {
      code: status,
      message,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : status >= 500 ? 'UNAVAILABLE' : 'INVALID_ARGUMENT',
    },
  }),
};
