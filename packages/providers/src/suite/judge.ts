import { isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';
import { type Choice, foldEvents, type GenEvent, type GenResponse, type ToolCallPart } from '@atp-router/dialects';
import { check, SuiteFailure } from './check.ts';

export function onlyChoice(response: GenResponse): Choice {
  check(response.choices.length === 1, 'The answer has not exactly one choice.', response.choices);
  return response.choices[0] as Choice;
}

export function textIn(choice: Choice): string {
  return choice.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

export function callsIn(choice: Choice): readonly ToolCallPart[] {
  return choice.parts.filter((part) => part.type === 'tool_call');
}

export function checkUsage(usage: Usage | undefined): void {
  check(usage !== undefined, 'No usage was reported.');
  const counts = Object.values(usage) as number[];
  check(
    counts.every((n) => Number.isSafeInteger(n) && n >= 0),
    'A token count is not a whole number.',
    usage,
  );
  check(usage.in_tokens > 0 && usage.out_tokens > 0, 'The prompt or the answer counts no tokens.', usage);
  check(usage.cached_in_tokens + usage.cache_write_tokens <= usage.in_tokens, 'More cached than sent.', usage);
  check(usage.reasoning_tokens <= usage.out_tokens, 'More reasoning than output.', usage);
}

export function checkText(choice: Choice): void {
  check(textIn(choice).trim() !== '', 'The answer has no text.', choice);
  check(
    choice.finish === 'stop' || choice.finish === 'length',
    'A text does not end with stop or length.',
    choice.finish,
  );
}

/** A whole stream: one start before all else, exactly one finish, nothing said after it, nothing left over. */
export function checkStream(events: readonly GenEvent[], pending_bytes: number): GenResponse {
  const types = events.map((event) => event.type);
  const error = events.find((event) => event.type === 'error');
  check(error === undefined, 'The stream carries an error.', error);
  check(types[0] === 'start' && types.lastIndexOf('start') === 0, 'A stream begins with one start.', types);
  check(types.filter((type) => type === 'finish').length === 1, 'A stream has exactly one finish.', types);
  const after = types.slice(types.indexOf('finish') + 1);
  check(
    after.every((type) => type === 'usage' || type === 'end'),
    'Something other than usage follows the finish.',
    after,
  );
  check(pending_bytes === 0, `${pending_bytes} bytes are left over after the stream.`);
  return foldEvents(events);
}

/** A call of the weather tool with an argument that fits its schema. */
export function checkWeatherCalls(choice: Choice): void {
  const calls = callsIn(choice);
  check(calls.length > 0, 'No tool was called.', choice);
  check(choice.finish === 'tool_calls', 'An answer with calls does not finish with tool_calls.', choice.finish);
  check(new Set(calls.map((call) => call.id)).size === calls.length, 'Call ids are not unique.', calls);
  for (const call of calls) {
    check(call.name === 'get_weather', 'An undeclared tool was called.', call);
    check(/^[A-Za-z0-9_-]{1,64}$/.test(call.id), 'The id of a call would not fit every shape.', call.id);
    check(typeof argsOf(call)['city'] === 'string', 'The call has no city.', call);
  }
}

function argsOf(call: ToolCallPart): JsonObject {
  try {
    const args: unknown = JSON.parse(call.args_json);
    if (isJsonObject(args)) return args;
  } catch {
    // Said below, with the text.
  }
  throw new SuiteFailure(`The arguments are not a JSON object: ${call.args_json.slice(0, 200)}`);
}
