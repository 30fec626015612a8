import type { Feature } from '@atp-router/dialects';
import { type Answer, type AnswerChoice, textAnswer } from '../upstream/script.ts';
import type { IngressId } from './ingress.ts';

const CALL = { id: 'call_u', name: 'f', args: ['{"a":', '"x"}'] };
const OTHER = { id: 'call_v', name: 'f', args: ['{"a":"y"}'] };

/** What the upstream answers to a request that uses the feature. */
export function answerTo(feature: Feature, n: number): Answer {
  const usage = { in_tokens: 11, out_tokens: 7 };
  const one = (choice: AnswerChoice): Answer => ({ choices: [choice], usage });
  if (feature === 'tools' || feature === 'tool_choice_required' || feature === 'tool_choice_named') {
    return one({ tools: [CALL], finish: 'tool_calls' });
  }
  if (feature === 'parallel_tool_calls') return one({ tools: [CALL, OTHER], finish: 'tool_calls' });
  if (feature === 'logprobs') return one({ text: ['A', 'B'], logprobs: true, finish: 'stop' });
  if (feature === 'n') {
    const choices = Array.from({ length: n }, (_, i) => ({ text: [`answer ${i}`], finish: 'stop' as const }));
    return { choices, usage };
  }
  if (feature === 'max_output_tokens') return one({ text: ['cut'], finish: 'length' });
  if (feature === 'json_object' || feature === 'json_schema') return textAnswer('{"a":', '"x"}');
  return textAnswer('Aye', ' aye.');
}

/** What a client reads out of an answer, whatever its shape. */
export interface Read {
  readonly texts: readonly string[];
  readonly calls: readonly string[];
  readonly finish: string;
  readonly logprob_tokens: readonly string[];
  readonly out_tokens: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

function tokensOf(value: unknown): string[] {
  return list((value as Json | null)?.['content'] ?? value).map((entry) => String(entry['token']));
}

function readChat(json: Json): Read {
  const choices = list(json['choices']);
  const messages = choices.map((choice) => choice['message'] as Json);
  const calls = messages.flatMap((message) => list(message['tool_calls']).map((call) => call['function'] as Json));
  return {
    texts: messages.map((message) => String(message['content'] ?? '')),
    calls: calls.map((fn) => `${String(fn['name'])}(${String(fn['arguments'])})`),
    finish: String(choices[0]?.['finish_reason']),
    logprob_tokens: tokensOf(choices[0]?.['logprobs'] ?? []),
    out_tokens: (json['usage'] as Json | undefined)?.['completion_tokens'] as number | undefined,
  };
}

function readResponses(json: Json): Read {
  const items = list(json['output']);
  const parts = items.filter((item) => item['type'] === 'message').flatMap((item) => list(item['content']));
  const calls = items.filter((item) => item['type'] === 'function_call');
  const incomplete = json['incomplete_details'] as Json | null;
  return {
    texts: [parts.map((part) => String(part['text'] ?? '')).join('')],
    calls: calls.map((call) => `${String(call['name'])}(${String(call['arguments'])})`),
    finish: incomplete === null ? (calls.length > 0 ? 'tool_calls' : 'stop') : 'length',
    logprob_tokens: parts.flatMap((part) => tokensOf(part['logprobs'])),
    out_tokens: (json['usage'] as Json | undefined)?.['output_tokens'] as number | undefined,
  };
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
};

function readMessages(json: Json): Read {
  const blocks = list(json['content']);
  const calls = blocks.filter((block) => block['type'] === 'tool_use');
  return {
    texts: [blocks.map((block) => String(block['text'] ?? '')).join('')],
    calls: calls.map((call) => `${String(call['name'])}(${JSON.stringify(call['input'])})`),
    finish: STOP_REASONS[String(json['stop_reason'])] ?? String(json['stop_reason']),
    logprob_tokens: [],
    out_tokens: (json['usage'] as Json | undefined)?.['output_tokens'] as number | undefined,
  };
}

function readAsk(json: Json): Read {
  const calls = list(json['parts']).filter((part) => part['type'] === 'tool_call');
  return {
    texts: [String(json['text'] ?? '')],
    calls: calls.map((call) => `${String(call['name'])}(${String(call['args_json'])})`),
    finish: String(json['finish']),
    logprob_tokens: [],
    out_tokens: (json['usage'] as Json | undefined)?.['out_tokens'] as number | undefined,
  };
}

const READERS: Readonly<Record<IngressId, (json: Json) => Read>> = {
  chat: readChat,
  responses: readResponses,
  messages: readMessages,
  ask: readAsk,
};

export function readAnswer(ingress: IngressId, json: Json): Read {
  return READERS[ingress](json);
}

/** Text and usage of a stream: the JSON of each event is looked at by its own words only. */
export function readStream(ingress: IngressId, stream: string): { text: string; out_tokens: number | undefined } {
  const events = [...stream.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? '{}') as Json);
  const usages = [...stream.matchAll(/"(?:completion_tokens|output_tokens|out_tokens)":(\d+)/g)];
  return {
    text: events.map((event) => deltaOf(ingress, event)).join(''),
    out_tokens: usages.length === 0 ? undefined : Number(usages.at(-1)?.[1]),
  };
}

function deltaOf(ingress: IngressId, event: Json): string {
  if (ingress === 'chat') {
    const [choice] = list(event['choices']);
    return String((choice?.['delta'] as Json | undefined)?.['content'] ?? '');
  }
  if (ingress === 'responses') return event['type'] === 'response.output_text.delta' ? String(event['delta']) : '';
  if (ingress === 'messages') {
    const delta = event['delta'] as Json | undefined;
    return delta?.['type'] === 'text_delta' ? String(delta['text']) : '';
  }
  return typeof event['delta'] === 'string' ? event['delta'] : '';
}
