import type { EmbedRequest, GenRequest, Message } from '@atp-router/dialects';
import { AtpError } from '@atp-router/kernel';
import type { AdmittedCall } from '../engine/env.ts';

/**
 * The inputs as the stages left them. A stage sees each text as a message of a user; of the answer, which has no words,
 * it sees nothing. The error is what a stage refuses with, or that there is nothing that a stage could read.
 */
export function embedThroughStages(request: EmbedRequest, call: Pick<AdmittedCall, 'stages'>): EmbedRequest | AtpError {
  if (call.stages?.claimsRequest !== true) return request;
  const texts = request.inputs.filter((input) => typeof input === 'string');
  if (texts.length < request.inputs.length) {
    return new AtpError('policy_denied', 'Inputs are checked here, which token numbers cannot be. Send texts.', {
      param: 'input',
    });
  }
  const shown = asMessages(request.model, texts);
  const result = call.stages.onRequest(shown);
  if ('error' in result) return result.error;
  if (result.request === shown) return request;
  const inputs = result.request.messages.map(textOf);
  if (inputs.length !== request.inputs.length) {
    return new AtpError('internal_error', 'A stage made other inputs of an embedding than one text for each.');
  }
  return { ...request, inputs };
}

function asMessages(model: string, texts: readonly string[]): GenRequest {
  const messages = texts.map((text): Message => ({ role: 'user', parts: [{ type: 'text', text }] }));
  return {
    ...{ source: 'openai-chat', model, stream: false, include_usage: false, n: 1 },
    ...{ system: [], messages, tools: [], hosted_tools: [], stop: [], extra: {} },
  };
}

function textOf({ parts }: Message): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
