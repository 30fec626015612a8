import type { HttpExchange, TokenCounterWorker } from '@atp-router/adapters';
import { anthropicMessages, extractText, type GenRequest } from '@atp-router/dialects';
import { AtpError, isAtpError, toAtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { exchangeWhole } from '../engine/exchange-whole.ts';
import type { Target } from '../engine/target.ts';
import { mayName } from '../generation/generation.ts';
import { parseAnswer } from '../relay/generate.ts';
import { authenticateTenant } from './authenticate.ts';
import { errorHeaders } from './headers.ts';
import { parseBody } from './json-body.ts';
import { replyJson } from './reply.ts';
import { requestId } from './reply.ts';

/** Framing of a message and of a tool that chat templates add to the text itself. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_TOOL = 8;
/** A picture of common size; providers count by pixels, which are not read here. */
const TOKENS_PER_IMAGE = 1_200;

/** Counting is asked for before a call that somebody waits for. */
const COUNT_TIMEOUT_MS = 5_000;
/** A count is a number and a few words. */
const REPLY_BYTES_MAX = 65_536;

/**
 * `POST /v1/messages/count_tokens`. Providers that count their own prompts are asked; otherwise, or when they do not
 * answer, the text is counted by the o200k encoding in a worker, plus framing: `atp.method` says which. Costs nothing.
 */
export function countTokens(exchange: HttpExchange, engine: Engine, counter: TokenCounterWorker): void {
  const id = requestId(engine);
  const fail = (thrown: unknown): void => {
    const error = toAtpError(thrown);
    const { status, body } = anthropicMessages.encodeError(error, id);
    const headers = ['content-type', 'application/json', 'x-atp-request-id', id];
    errorHeaders(error, headers);
    exchange.reply(status, headers, JSON.stringify(body));
  };
  try {
    const { generation } = engine;
    const principal = authenticateTenant(exchange, generation, engine.parts.hash);
    exchange.readBody(generation.limits, (error, bytes) => {
      if (error !== undefined) fail(error);
      else answer(exchange, engine, counter, bytes, principal.tenant).catch(fail);
    });
  } catch (error) {
    fail(error);
  }
}

async function answer(
  exchange: HttpExchange,
  engine: Engine,
  counter: TokenCounterWorker,
  bytes: Buffer,
  tenant: string,
): Promise<void> {
  const { generation } = engine;
  const request = anthropicMessages.decodeRequest(parseBody(bytes, generation.limits.json_depth).json);
  const rules = generation.tenants.get(tenant);
  if (rules === undefined || !mayName(rules, request.model)) {
    throw new AtpError('policy_denied', `Tenant "${tenant}" may not use "${request.model}".`, { param: 'model' });
  }
  const named = generation.registry.lookup(request.model);
  if (named === undefined) {
    throw new AtpError('model_not_found', `The model "${request.model}" does not exist here.`, { param: 'model' });
  }
  const base = named.kind === 'agent' ? named.target : named;
  const target = base.kind === 'model' ? generation.targetOf(base.model) : undefined;
  const counted = target === undefined ? undefined : await askProvider(target, request);
  if (counted !== undefined) {
    replyJson(exchange, 200, { input_tokens: counted, atp: { method: 'provider', model: target?.model.id } });
    return;
  }
  const text_tokens = await counter.count(extractText(request));
  let images = 0;
  for (const message of request.messages) for (const part of message.parts) if (part.type === 'image') images += 1;
  const input_tokens =
    text_tokens +
    request.messages.length * TOKENS_PER_MESSAGE +
    request.tools.length * TOKENS_PER_TOOL +
    images * TOKENS_PER_IMAGE;
  replyJson(exchange, 200, { input_tokens, atp: { method: 'o200k_base', text_tokens, images } });
}

/** The provider's own count; undefined when it has none to give, now or at all. */
async function askProvider(target: Target, request: GenRequest): Promise<number | undefined> {
  const { countTokens: codec } = target.description;
  const path = target.path('count_tokens', false);
  if (codec === undefined || path === '') return undefined;
  const { provider } = target;
  try {
    const body = JSON.stringify(codec.encode(request, target.model.upstream_model));
    const reply = await exchangeWhole(
      provider.transport,
      {
        origin: provider.origin,
        path,
        method: 'POST',
        headers: target.headers,
        body,
        head_timeout_ms: COUNT_TIMEOUT_MS,
        idle_timeout_ms: COUNT_TIMEOUT_MS,
      },
      REPLY_BYTES_MAX,
    );
    return reply.status === 200 ? codec.decode(parseAnswer(reply.body)) : undefined;
  } catch (error) {
    // A provider that cannot count now is no reason to fail: the local count is always there.
    if (isAtpError(error)) return undefined;
    throw error;
  }
}
