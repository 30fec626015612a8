import type { HttpExchange, TokenCounterWorker } from '@atp-router/adapters';
import { anthropicMessages, extractText, type GenRequest } from '@atp-router/dialects';
import { NO_PROMPT } from '@atp-router/flow';
import { AtpError, type JsonObject, toAtpError } from '@atp-router/kernel';
import { admit } from '../engine/admit.ts';
import type { AnswerMeta } from '../engine/client.ts';
import type { Engine } from '../engine/engine.ts';
import type { AdmittedCall } from '../engine/env.ts';
import { type CallRequest, left_ms } from '../engine/request.ts';
import { authenticateTenant } from './authenticate.ts';
import { readBetas } from './betas.ts';
import { generateOperation } from './generate-endpoint.ts';
import { readOptions } from './headers.ts';
import { HttpSink } from './http-sink.ts';
import { assertJsonBody, parseBody } from './json-body.ts';
import { askProvider, type CountedPrompt, takesBetas } from './provider-count.ts';
import { requestId } from './reply.ts';

const ENDPOINT = 'messages.count_tokens';

/** Framing of a message and of a tool that chat templates add to the text itself. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_TOOL = 8;
/** A picture of common size; providers count by pixels, which are not read here. */
const TOKENS_PER_IMAGE = 1_200;

/** Counts of one tenant at a time. They cost nothing, so no budget slows them down; agents count before a call, one by one. */
const IN_FLIGHT_MAX = 16;

interface Caller {
  readonly tenant: string;
  readonly key_id: string;
}

interface Counting extends Caller {
  readonly call_id: string;
  readonly started_ms: number;
  readonly started_mono_ms: number;
  readonly sink: HttpSink;
}

/**
 * `POST /v1/messages/count_tokens`. A request is admitted as one of `/v1/messages` is: headers, limits, models of the
 * tenant, data scopes, kill switches, stages. Providers that count their own prompts are asked; otherwise, or when the
 * model takes no calls now, the text is counted by the o200k encoding in a worker, plus framing: `atp.method` says which.
 * Costs nothing, so no budget applies.
 */
export class CountTokens {
  readonly #engine: Engine;
  readonly #counter: TokenCounterWorker;
  /** By tenant; only those that count now. */
  readonly #in_flight: Map<string, number> = new Map();

  constructor(engine: Engine, counter: TokenCounterWorker) {
    this.#engine = engine;
    this.#counter = counter;
  }

  handle(exchange: HttpExchange): void {
    const { clock } = this.#engine.parts.ambient;
    const arrival = {
      call_id: requestId(this.#engine),
      started_ms: clock.now_ms(),
      started_mono_ms: clock.mono_ms(),
      sink: new HttpSink(exchange, anthropicMessages, () => undefined),
    };
    const nobody = { ...arrival, tenant: '', key_id: '' };
    let counting: Counting = nobody;
    const fail = (thrown: unknown): void => this.#refuse(counting, toAtpError(thrown));
    try {
      const { generation, parts } = this.#engine;
      counting = { ...nobody, ...callerOf(authenticateTenant(exchange, generation, parts.hash)) };
      assertJsonBody(exchange);
      exchange.readBody(generation.limits, (error, bytes) => {
        if (error !== undefined) fail(error);
        else this.#answer(exchange, bytes, counting).catch(fail);
      });
    } catch (error) {
      fail(error);
    }
  }

  #refuse({ call_id, tenant, key_id, sink }: Counting, error: AtpError): void {
    this.#engine.parts.log.append({ type: 'call.refused', tenant, key_id, endpoint: ENDPOINT, error: error.code });
    sink.fail(error, { call_id });
  }

  async #answer(exchange: HttpExchange, bytes: Buffer, counting: Counting): Promise<void> {
    this.#enter(counting.tenant);
    const gone = new AbortController();
    exchange.onGone(() => gone.abort());
    try {
      const { body, meta } = await this.#count(exchange, bytes, counting, gone);
      counting.sink.answer({ ...meta, call_id: counting.call_id }, JSON.stringify(body));
    } finally {
      this.#leave(counting.tenant);
    }
  }

  async #count(
    exchange: HttpExchange,
    bytes: Buffer,
    counting: Counting,
    gone: AbortController,
  ): Promise<{ body: object; meta: Omit<AnswerMeta, 'call_id'> }> {
    const { generation, parts } = this.#engine;
    const parsed = parseBody(bytes, generation.limits);
    const operation = generateOperation(anthropicMessages, parsed, generation.limits);
    const betas = readBetas((name) => exchange.header(name));
    const call: CallRequest = {
      ...operation,
      ...counting,
      endpoint: ENDPOINT,
      stream: false,
      // Only what every model has room for: whether a prompt fits is what its sender wants to find out.
      prompt: NO_PROMPT,
      options: readOptions(exchange),
      deciding_since_mono_ms: counting.started_mono_ms,
      bodyHash: () => '',
    };
    const admitted = admit(call, generation, parts, undefined);
    // A model that takes no calls now may still be counted for: nothing leaves the router.
    if (admitted instanceof AtpError && admitted.code !== 'no_models_available') throw admitted;
    const decoded = anthropicMessages.decodeRequest(parsed.json);
    if (admitted instanceof AtpError) return { body: await this.#countHere(decoded), meta: withoutBetas(betas) };
    const prompt = { ...asSent(decoded, parsed.json, admitted), betas };
    // Several are asked, each in its own way, and some of them only behind a filter: none of them is the one to tell.
    if (admitted.fanout !== undefined) {
      return { body: await this.#countHere(prompt.request), meta: withoutBetas(betas) };
    }
    const rest_ms = left_ms(call, parts.ambient.clock.mono_ms());
    const told = await askProvider(this.#engine, admitted, prompt, gone, rest_ms);
    if (exchange.closed) throw new AtpError('request_cancelled', 'The client went away.');
    if (told === undefined) return { body: await this.#countHere(prompt.request), meta: withoutBetas(betas) };
    const { model, input_tokens } = told;
    const meta = takesBetas(admitted.targets[0]) ? { model } : { model, ...withoutBetas(betas) };
    return { body: { input_tokens, atp: { method: 'provider', model } }, meta };
  }

  async #countHere(request: GenRequest): Promise<object> {
    const text_tokens = await this.#counter.count(extractText(request));
    let images = 0;
    for (const message of request.messages) for (const part of message.parts) if (part.type === 'image') images += 1;
    const input_tokens =
      text_tokens +
      request.messages.length * TOKENS_PER_MESSAGE +
      request.tools.length * TOKENS_PER_TOOL +
      images * TOKENS_PER_IMAGE;
    return { input_tokens, atp: { method: 'o200k_base', text_tokens, images } };
  }

  #enter(tenant: string): void {
    if (this.#engine.is_draining) {
      throw new AtpError('draining', 'The router is shutting down. Retry elsewhere or later.', {
        retry_after_ms: 1_000,
      });
    }
    const counts = this.#in_flight.get(tenant) ?? 0;
    if (counts >= IN_FLIGHT_MAX) {
      const message = `Tenant "${tenant}" has ${counts} token counts in flight, as many as it may have. Retry shortly.`;
      throw new AtpError('rate_limited', message, { retry_after_ms: 1_000 });
    }
    this.#in_flight.set(tenant, counts + 1);
  }

  #leave(tenant: string): void {
    const counts = this.#in_flight.get(tenant) ?? 0;
    if (counts > 1) this.#in_flight.set(tenant, counts - 1);
    else this.#in_flight.delete(tenant);
  }
}

function callerOf({ tenant, key_id }: Caller): Caller {
  return { tenant, key_id };
}

/** The betas had no effect on a count that was made elsewhere. */
function withoutBetas(betas: string | undefined): Pick<AnswerMeta, 'ignored'> {
  return betas === undefined ? {} : { ignored: ['anthropic-beta'] };
}

/** The request as a call would send it: through the stages, and with the agent's prompt. */
function asSent(decoded: GenRequest, body: JsonObject, call: AdmittedCall): Omit<CountedPrompt, 'betas'> {
  let request = decoded;
  if (call.stages?.claimsRequest === true) {
    const staged = call.stages.onRequest(request);
    if ('error' in staged) throw staged.error;
    request = staged.request;
  }
  const [target] = call.targets;
  const system_prompt = target === undefined ? undefined : call.systemPrompt(target);
  const own = request === decoded ? body : undefined;
  if (system_prompt === undefined) return { request, body: own, system_prompt };
  const system = [{ type: 'text' as const, text: system_prompt }, ...request.system];
  return { request: { ...request, system }, body: own, system_prompt };
}
