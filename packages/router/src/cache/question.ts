import type { GenRequest, Message } from '@atp-router/dialects';
import type { CacheConfig } from '@atp-router/adapters';
import type { AdmittedCall } from '../engine/env.ts';
import type { ComparableRequest } from '../engine/request.ts';

/** Longer prompts are not kept: what is asked twice is short. */
const TEXT_CHARS_MAX = 32_768;

/** What a request asks last, and all that has to be the same besides. */
export interface Asked {
  readonly scope: string;
  readonly text: string;
}

/**
 * Undefined for what cannot be answered alike: it wants chance, or asks last by more than text. All else that shapes an answer is in the
 * scope, in full: who pays, what was asked for and by which policy, earlier turns, options.
 */
export function askedOf(
  request: ComparableRequest,
  call: Pick<AdmittedCall, 'head' | 'generation' | 'local_only'>,
  { any_temperature }: Pick<CacheConfig, 'any_temperature'>,
  hash: (text: string) => string,
): Asked | undefined {
  const { dialect, body } = request.facet;
  const asked = dialect.decodeRequest(body);
  if (!any_temperature && (asked.temperature ?? 0) !== 0) return undefined;
  const text = lastText(asked.messages.at(-1));
  if (text === undefined || text.length > TEXT_CHARS_MAX) return undefined;
  const { data_scopes, quality, facts, task_type } = request.options;
  const { tenant, requested_model, policy, agent } = call.head;
  const scope = JSON.stringify([
    ...[tenant, requested_model, policy, agent, call.generation, call.local_only ?? null],
    ...[data_scopes, quality, facts, task_type],
    rest(asked),
  ]);
  return { scope: hash(scope), text: text.normalize('NFC').replace(/\s+/g, ' ').trim() };
}

/** All of a request but what is asked last, and how the answer is to come. */
function rest(request: GenRequest): unknown {
  return { ...request, messages: request.messages.slice(0, -1), stream: undefined, include_usage: undefined };
}

/** Of a user, in text alone; undefined for anything else. */
function lastText(message: Message | undefined): string | undefined {
  if (message?.role !== 'user') return undefined;
  const texts = message.parts.map((part) => (part.type === 'text' ? part.text : undefined));
  const text = texts.some((one) => one === undefined) ? '' : texts.join('\n');
  return text.trim() === '' ? undefined : text;
}
