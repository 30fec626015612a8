import type { HttpExchange } from '@atp-router/adapters';
import { AtpError, isJsonObject, type JsonObject, type JsonValue, toAtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { FeedbackDesk, FeedbackInput, FeedbackOf } from '../fanout/learn/feedback-desk.ts';
import { authenticateTenant } from './authenticate.ts';
import { assertJsonBody, parseBody } from './json-body.ts';
import { replyError, replyJson, requestId } from './reply.ts';

export const FEEDBACK_PATH = '/v1/feedback';

/** A label is an answer, not a document. */
const LABEL_CHARS_MAX = 65_536;
const ID_CHARS_MAX = 128;
/** As many as a fan-out has lanes, and one that escalation adds for each trigger. */
const LANES_MAX = 72;
/** At one time in this process: each asks the tables. Beyond, clients are told to come again. */
const IN_FLIGHT_MAX = 64;

/**
 * `POST /v1/feedback`: what was right, of a request that asked several agents, or that said `auto`. Votes, confidence,
 * reputation and routing learn from it.
 */
export class FeedbackEndpoint {
  readonly #engine: Engine;
  readonly #desk: FeedbackDesk;
  #in_flight = 0;

  constructor(engine: Engine, desk: FeedbackDesk) {
    this.#engine = engine;
    this.#desk = desk;
  }

  handle(exchange: HttpExchange): void {
    const id = requestId(this.#engine);
    const fail = (thrown: unknown): void => {
      if (!exchange.closed) replyError(exchange, toAtpError(thrown), id);
    };
    try {
      const { generation, parts } = this.#engine;
      const { tenant, key_id } = authenticateTenant(exchange, generation, parts.hash);
      assertJsonBody(exchange);
      exchange.readBody(generation.limits, (error, bytes) => {
        if (error !== undefined) fail(error);
        else this.#take(exchange, bytes, { tenant, key_id }, id).catch(fail);
      });
    } catch (error) {
      fail(error);
    }
  }

  async #take(
    exchange: HttpExchange,
    bytes: Buffer,
    from: Pick<FeedbackOf, 'tenant' | 'key_id'>,
    id: string,
  ): Promise<void> {
    const { json } = parseBody(bytes, this.#engine.generation.limits);
    const given = { ...from, ...feedbackIn(json) };
    this.#admit();
    try {
      const { repeated, score, lanes } = await this.#desk.give(given);
      const body = { object: 'feedback', request_id: given.call_id, repeated, score: score ?? null, lanes };
      if (!exchange.closed) replyJson(exchange, 200, body, ['x-atp-request-id', id]);
    } finally {
      this.#in_flight -= 1;
    }
  }

  #admit(): void {
    const { is_draining, parts } = this.#engine;
    const retry = { retry_after_ms: 1_000 };
    if (is_draining) throw new AtpError('draining', 'The router is shutting down. Retry elsewhere or later.', retry);
    if (parts.log.failure !== undefined) throw parts.log.failure;
    if (this.#in_flight >= IN_FLIGHT_MAX)
      throw new AtpError('backpressure', 'Too much feedback is on its way. Retry shortly.', retry);
    this.#in_flight += 1;
  }
}

const KINDS = ['score', 'label', 'lanes'] as const;

function feedbackIn(body: JsonObject): Pick<FeedbackOf, 'call_id' | 'input'> {
  const unknown = Object.keys(body).find((key) => key !== 'request_id' && !KINDS.some((kind) => kind === key));
  if (unknown !== undefined) {
    throw invalid(unknown.slice(0, 100), 'is not known here: request_id, and one of score, label and lanes are');
  }
  const { request_id } = body;
  if (typeof request_id !== 'string' || request_id === '' || request_id.length > ID_CHARS_MAX) {
    throw invalid('request_id', 'has to be the id of the request, as its answer and `x-atp-request-id` have it');
  }
  const given = KINDS.filter((kind) => body[kind] !== undefined);
  if (given.length === 0) throw invalid('score', 'is missing, or label or lanes: one of them says what was right');
  if (given.length > 1) throw invalid(given[1] ?? 'score', 'is to be given alone: one of score, label and lanes');
  return { call_id: request_id, input: inputIn(body) };
}

function inputIn({ score, label, lanes }: JsonObject): FeedbackInput {
  if (score !== undefined) {
    if (!isShare(score)) throw invalid('score', 'has to be a number from 0 (wrong) to 1 (right)');
    return { kind: 'score', score };
  }
  if (label !== undefined) {
    if (typeof label !== 'string' || label.trim() === '' || label.length > LABEL_CHARS_MAX) {
      throw invalid('label', `has to be the right answer, a text of at most ${LABEL_CHARS_MAX} characters`);
    }
    return { kind: 'label', label };
  }
  const message = `has to be a list of 1 to ${LANES_MAX} {"lane": number, "right": true, false or 0 to 1}, each lane once`;
  if (!Array.isArray(lanes) || lanes.length === 0 || lanes.length > LANES_MAX) throw invalid('lanes', message);
  const marks = (lanes as readonly JsonValue[]).map((one) => {
    if (!isJsonObject(one)) throw invalid('lanes', message);
    const { lane, right, ...more } = one;
    const share = typeof right === 'boolean' ? Number(right) : right;
    if (!Number.isSafeInteger(lane) || !isShare(share) || Object.keys(more).length > 0) throw invalid('lanes', message);
    return { lane: lane as number, right: share };
  });
  if (new Set(marks.map(({ lane }) => lane)).size < marks.length) throw invalid('lanes', message);
  return { kind: 'lanes', lanes: marks };
}

function isShare(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function invalid(param: string, message: string): AtpError {
  return new AtpError('invalid_request', `"${param}" ${message}.`, { param });
}
