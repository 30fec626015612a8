import { isJsonObject } from '@atp-router/kernel';
import type { GenRequest, GenResponse, ToolResultPart } from '@atp-router/dialects';
import type { ProviderCapability } from '../types.ts';
import { check } from './check.ts';
import { bodyOf, bytesOf, decodeBytes, jsonOf, requestOf, send } from './exchange.ts';
import { callsIn, checkStream, checkText, checkUsage, checkWeatherCalls, onlyChoice, textIn } from './judge.ts';
import { JSON_QUESTION, LONG, PLAIN, WEATHER, WEATHER_QUESTION } from './prompts.ts';
import type { SuiteCase, SuiteTarget } from './types.ts';

async function ask(target: SuiteTarget, over: Partial<GenRequest>): Promise<GenResponse> {
  const body = bodyOf(target, requestOf(target, over));
  return target.provider.dialect.decodeResponse(await jsonOf(await send(target, 'generate', { body })));
}

async function streamBytes(target: SuiteTarget, over: Partial<GenRequest>): Promise<Uint8Array> {
  const body = bodyOf(target, requestOf(target, { ...over, stream: true }));
  const answer = await send(target, 'generate', { body, stream: true });
  const bytes = await bytesOf(answer);
  check(answer.status === 200, `The status is ${answer.status} and not 200.`, new TextDecoder().decode(bytes));
  return bytes;
}

const needs =
  (capability: ProviderCapability) =>
  ({ provider, capabilities = provider.capabilities }: SuiteTarget): string | undefined =>
    capabilities.includes(capability) ? undefined : `the model has no ${capability}`;

function weather(target: SuiteTarget): Partial<GenRequest> {
  const can_force = target.provider.dialect.features.tool_choice_required.kind !== 'refused';
  return {
    messages: [WEATHER_QUESTION],
    tools: [WEATHER],
    ...(can_force ? { tool_choice: { type: 'required' } } : {}),
  };
}

/** Small enough to be reached, and the smallest that OpenAI's Responses API takes. */
const SHORT_TOKENS = 16;

/** Each cut decodes the stream up to it, so that cutting a long one everywhere would take a while. */
const CUTS_MAX = 512;

export const GENERATE_CASES: readonly SuiteCase[] = [
  {
    name: 'plain',
    proves: 'A plain answer has text, a finish and usage.',
    async run(target) {
      const response = await ask(target, PLAIN);
      checkText(onlyChoice(response));
      checkUsage(response.usage);
    },
  },
  {
    name: 'stream',
    proves: 'A streamed answer has one start, text, one finish and usage.',
    async run(target) {
      const bytes = await streamBytes(target, PLAIN);
      const { events, pending_bytes } = decodeBytes(target.provider, bytes, bytes.length);
      const response = checkStream(events, pending_bytes);
      checkText(onlyChoice(response));
      checkUsage(response.usage);
    },
  },
  {
    name: 'split_stream',
    proves: 'A stream means the same however the network splits it.',
    async run(target) {
      const bytes = await streamBytes(target, PLAIN);
      const whole = JSON.stringify(decodeBytes(target.provider, bytes, bytes.length));
      for (const size of [1, 7, 64]) {
        const split = JSON.stringify(decodeBytes(target.provider, bytes, size));
        check(split === whole, `Pieces of ${size} bytes are decoded differently.`);
      }
    },
  },
  {
    name: 'cut_stream',
    proves: 'A stream that is cut before its finish is never taken for a whole one.',
    async run(target) {
      const bytes = await streamBytes(target, PLAIN);
      const { finished_at } = decodeBytes(target.provider, bytes, bytes.length);
      check(finished_at !== undefined, 'The whole stream has no finish.');
      const step = Math.ceil(finished_at / CUTS_MAX);
      for (let cut = 1; cut <= finished_at; cut += step) {
        const at = finished_at - cut;
        const { events } = decodeBytes(target.provider, bytes.subarray(0, at), Math.max(1, at));
        const is_over = events.some((event) => event.type === 'finish' || event.type === 'end');
        check(!is_over, `A stream cut at byte ${at} of ${bytes.length} looks complete.`);
      }
    },
  },
  {
    name: 'length',
    proves: 'The output limit reaches the model, and an answer that hits it says so.',
    async run(target) {
      const response = await ask(target, { ...LONG, max_output_tokens: SHORT_TOKENS });
      check(onlyChoice(response).finish === 'length', 'The answer did not end at its limit.', response.choices);
    },
  },
  {
    name: 'tools',
    proves: 'A tool is called with its name and arguments that fit its schema.',
    skip: needs('tools'),
    async run(target) {
      checkWeatherCalls(onlyChoice(await ask(target, weather(target))));
    },
  },
  {
    name: 'tools_stream',
    proves: 'A streamed tool call is complete and fits its schema.',
    skip: needs('tools'),
    async run(target) {
      const bytes = await streamBytes(target, weather(target));
      const { events, pending_bytes } = decodeBytes(target.provider, bytes, bytes.length);
      const response = checkStream(events, pending_bytes);
      checkWeatherCalls(onlyChoice(response));
      checkUsage(response.usage);
    },
  },
  {
    name: 'tool_results',
    proves: 'An answer with calls goes back with their results, signatures included, and is answered in words.',
    skip: needs('tools'),
    async run(target) {
      const choice = onlyChoice(await ask(target, weather(target)));
      const results = callsIn(choice).map(
        (call): ToolResultPart => ({
          type: 'tool_result',
          call_id: call.id,
          name: call.name,
          content: [{ type: 'text', text: 'sunny, 21 degrees' }],
        }),
      );
      const response = await ask(target, {
        messages: [WEATHER_QUESTION, { role: 'assistant', parts: choice.parts }, { role: 'user', parts: results }],
        tools: [WEATHER],
      });
      checkText(onlyChoice(response));
    },
  },
  {
    name: 'json_schema',
    proves: 'An answer under a schema is JSON of that schema.',
    skip: needs('json_schema'),
    async run(target) {
      const text = textIn(onlyChoice(await ask(target, JSON_QUESTION)));
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        check(false, 'The answer is not JSON.', text);
      }
      check(isJsonObject(value), 'The answer is not an object.', text);
      check(typeof value['name'] === 'string' && Number.isInteger(value['age']), 'It does not fit the schema.', text);
    },
  },
];
