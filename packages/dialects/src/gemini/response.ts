import { AtpError, type JsonObject } from '@atp-router/kernel';
import type { Choice, GenResponse } from '../model.ts';
import { toolCallId } from '../tool-ids.ts';
import { decodeLogprobs } from './logprobs.ts';
import {
  blockedText,
  candidatesOf,
  createdOf,
  decodeFinish,
  decodeParts,
  groundingUses,
  indexOf,
  textOf,
} from './parts.ts';
import { decodeUsage } from './usage.ts';

/** A whole `GenerateContentResponse` → internal model. A blocked prompt is an answer with finish `content_filter`. */
export function decodeResponse(body: JsonObject): GenResponse {
  const usage = decodeUsage(body['usageMetadata']);
  const hosted_uses = groundingUses(candidatesOf(body));
  const id = textOf(body, 'responseId');
  return {
    id,
    model: textOf(body, 'modelVersion'),
    created_s: createdOf(body),
    choices: decodeChoices(body, id),
    ...(usage === undefined ? {} : { usage }),
    ...(hosted_uses === undefined ? {} : { hosted_uses }),
  };
}

function decodeChoices(body: JsonObject, id: string): readonly Choice[] {
  const candidates = candidatesOf(body);
  if (candidates.length > 0) {
    return candidates
      .map((candidate, position) => ({ candidate, index: indexOf(candidate, position) }))
      .sort((a, b) => a.index - b.index)
      .map(({ candidate, index }) => decodeChoice(candidate, index, id));
  }
  const blocked = blockedText(body);
  if (blocked !== undefined) return [{ parts: [{ type: 'refusal', text: blocked }], finish: 'content_filter' }];
  throw new AtpError('upstream_error', 'The provider answered without "candidates".', { origin: 'remote' });
}

function decodeChoice(candidate: JsonObject, index: number, id: string): Choice {
  const parts: Choice['parts'][number][] = [];
  let calls = 0;
  for (const part of decodeParts(candidate)) {
    if (part.type === 'text') parts.push(part);
    else if (part.type === 'tool_call') {
      parts.push({ ...part, id: part.id ?? toolCallId(id, index, calls) });
      calls += 1;
    } else parts.push({ ...part, origin: 'gemini' });
  }
  const logprobs = decodeLogprobs(candidate);
  return {
    parts,
    finish: decodeFinish(textOf(candidate, 'finishReason'), calls > 0),
    ...(logprobs === undefined ? {} : { logprobs }),
  };
}
