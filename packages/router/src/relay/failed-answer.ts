import type { Choice, GenEvent, GenResponse, RemoteError } from '@atp-router/dialects';

/** What to make of an answer that the provider ended with an error and without anything of an answer. */
export const NOT_ANSWERED: RemoteError = {
  status: 502,
  kind: 'server',
  message: 'the answer ended with an error before any of it was there',
};

/** An answer whose every choice failed empty, as Gemini's MALFORMED_FUNCTION_CALL. Thinking alone is no answer. */
export function isFailed(response: GenResponse): boolean {
  return response.choices.length > 0 && response.choices.every(failedEmpty);
}

function failedEmpty(choice: Choice): boolean {
  return choice.finish === 'error' && choice.parts.every((part) => part.type === 'thinking');
}

/** Whether a reader of the stream has got a part of the answer itself. */
export function isAnswer(event: GenEvent): boolean {
  switch (event.type) {
    case 'text':
    case 'refusal':
    case 'tool_call':
    case 'tool_args':
    case 'opaque':
    case 'opaque_delta':
      return true;
    default:
      return false;
  }
}
