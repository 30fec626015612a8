import type { FanoutPlan, Member } from '@atp-router/consensus';
import type { GenRequest, Message, TextPart } from '@atp-router/dialects';
import type { PromptSize } from '@atp-router/flow';
import type { Voice } from './types.ts';

/** Clones that are not told another one answer at this temperature: at 0 they would all say the same. */
const CLONE_TEMPERATURE = 0.7;

/** The client's request as one voice gets it: its own words first, its own tools, seed and temperature. */
export function askedOf(request: GenRequest, member: Member, voice: Voice, plan: FanoutPlan): GenRequest {
  const { persona } = member;
  const seed = member.seed ?? request.seed;
  const temperature =
    member.temperature ?? request.temperature ?? (plan.mode === 'clone' ? CLONE_TEMPERATURE : undefined);
  const allowed = persona?.tools;
  const tools = allowed === undefined ? request.tools : request.tools.filter(({ name }) => allowed.includes(name));
  const { tool_choice, ...rest } = request;
  return {
    ...rest,
    stream: true,
    include_usage: true,
    n: 1,
    system: [...voice.system.map(textPart), ...request.system],
    tools,
    hosted_tools: allowed === undefined ? request.hosted_tools : [],
    ...(tool_choice !== undefined && tools.length > 0 && { tool_choice }),
    ...(seed !== undefined && { seed }),
    ...(temperature !== undefined && { temperature }),
  };
}

/** What a strategy asks beyond the fan-out: the client's request, and then the question. */
export function followUp(request: GenRequest, voice: Voice, prompt: string): GenRequest {
  const message: Message = { role: 'user', parts: [textPart(prompt)] };
  const messages = joined([...request.messages, message]);
  return { ...besideOf(request, voice), messages, temperature: 0 };
}

/** What a filter is asked: the client's words, and who it is. */
export function toFilter(request: GenRequest, { seed, temperature }: Member, voice: Voice): GenRequest {
  return {
    ...besideOf(request, voice),
    ...(seed !== undefined && { seed }),
    ...(temperature !== undefined && { temperature }),
  };
}

/**
 * What the client says to somebody whose answer is not for it: its words, without its tools and without what it wants of the
 * answer. A short or formed answer would be no verdict, and no text to ask others with.
 */
function besideOf(request: GenRequest, voice: Voice): GenRequest {
  const {
    tool_choice: _,
    response_format: __,
    logit_bias: ___,
    max_output_tokens: ____,
    logprobs: _____,
    ...rest
  } = request;
  return {
    ...rest,
    stream: true,
    include_usage: true,
    n: 1,
    system: [...voice.system.map(textPart), ...request.system],
    tools: [],
    hosted_tools: [],
    stop: [],
    extra: {},
  };
}

/**
 * The request in other words than the client's. Beside them only numbers go on: everything else that a client may write
 * (tools, schemas, stop sequences, metadata, fields of one provider) has words of it in, which no filter has seen.
 */
export function inWordsOf(text: string, request: GenRequest): GenRequest {
  const { source, model, stream, include_usage, n, reasoning } = request;
  return {
    ...{ source, model, stream, include_usage, n },
    ...numbersOf(request),
    ...(reasoning !== undefined && { reasoning }),
    system: [],
    messages: [{ role: 'user', parts: [textPart(text)] }],
    tools: [],
    hosted_tools: [],
    stop: [],
    extra: {},
  };
}

const NUMBERS = [
  'max_output_tokens',
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'frequency_penalty',
  'presence_penalty',
] as const;

function numbersOf(request: GenRequest): Partial<Record<(typeof NUMBERS)[number], number>> {
  const numbers: Partial<Record<(typeof NUMBERS)[number], number>> = {};
  for (const name of NUMBERS) {
    const value = request[name];
    if (value !== undefined) numbers[name] = value;
  }
  return numbers;
}

/** The size of the prompt with so much text beside it. */
export function withText(size: PromptSize, texts: readonly string[], messages = 0): PromptSize {
  let ascii_bytes = 0;
  let other_bytes = 0;
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    const surplus = bytes - text.length;
    other_bytes += Math.min(bytes, Math.round(surplus * 1.5));
    ascii_bytes += Math.max(0, bytes - Math.round(surplus * 1.5));
  }
  return {
    ...size,
    ascii_bytes: size.ascii_bytes + ascii_bytes,
    other_bytes: size.other_bytes + other_bytes,
    messages: size.messages + messages,
  };
}

function textPart(text: string): TextPart {
  return { type: 'text', text };
}

/** Some providers want the roles to take turns. */
function joined(messages: readonly Message[]): readonly Message[] {
  const last = messages[messages.length - 1];
  const before = messages[messages.length - 2];
  if (last === undefined || before?.role !== 'user') return messages;
  return [...messages.slice(0, -2), { ...before, parts: [...before.parts, ...last.parts] }];
}
