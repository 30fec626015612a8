import type { GenRequest, Message, Part, TextPart } from './model.ts';
import type { Translation } from './translation.ts';

/**
 * Adds system text as a decoder meets it: what stands before the conversation is its system text, what comes later keeps
 * its place as a message.
 */
export function addSystem(system: TextPart[], messages: Message[], parts: readonly TextPart[]): void {
  if (messages.length === 0) system.push(...parts);
  else messages.push({ role: 'system', parts });
}

/** The request for a shape whose system text has one place, before the conversation: the rest joins it, and that is told. */
export function hoistSystem(request: GenRequest, t: Translation): GenRequest {
  if (!request.messages.some(isSystem)) return request;
  t.ignore('system_position');
  return {
    ...request,
    system: [...request.system, ...request.messages.filter(isSystem).flatMap(textsOf)],
    messages: request.messages.filter((message) => !isSystem(message)),
  };
}

export function isSystem(message: Message): boolean {
  return message.role === 'system';
}

/** The text of a system message: decoders put nothing else into it. */
export function textsOf(message: Message): TextPart[] {
  return message.parts.filter((part: Part) => part.type === 'text');
}
