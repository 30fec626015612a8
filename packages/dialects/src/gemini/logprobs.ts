import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** `logprobsResult` of a candidate in OpenAI's shape; undefined when there is none. */
export function decodeLogprobs(candidate: JsonObject): JsonValue | undefined {
  const result = candidate['logprobsResult'];
  if (!isJsonObject(result) || !Array.isArray(result['chosenCandidates'])) return undefined;
  const tops = Array.isArray(result['topCandidates']) ? (result['topCandidates'] as readonly JsonValue[]) : [];
  const content = (result['chosenCandidates'] as readonly JsonValue[]).map((chosen, i) => {
    const top = tops[i];
    const list =
      isJsonObject(top) && Array.isArray(top['candidates']) ? (top['candidates'] as readonly JsonValue[]) : [];
    return { ...token(chosen), top_logprobs: list.map(token) };
  });
  return { content, refusal: null };
}

function token(value: JsonValue): JsonObject {
  const o = isJsonObject(value) ? value : {};
  const text = typeof o['token'] === 'string' ? o['token'] : '';
  return {
    token: text,
    logprob: typeof o['logProbability'] === 'number' ? o['logProbability'] : 0,
    bytes: [...new TextEncoder().encode(text)],
  };
}
