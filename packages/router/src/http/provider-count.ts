import type { GenRequest } from '@atp-router/dialects';
import { isAtpError, type JsonObject } from '@atp-router/kernel';
import type { CountTokensCodec } from '@atp-router/providers';
import { placePart } from '../engine/claim.ts';
import type { Engine } from '../engine/engine.ts';
import type { AdmittedCall } from '../engine/env.ts';
import { exchangeWhole } from '../engine/exchange-whole.ts';
import type { Holder } from '../engine/gate.ts';
import type { Target } from '../engine/target.ts';
import { parseAnswer } from '../relay/generate.ts';
import { joinHeaders } from '../relay/join-headers.ts';

/** Counting is asked for before a call that somebody waits for. */
const COUNT_TIMEOUT_MS = 5_000;
/** A count is a number and a few words. */
const REPLY_BYTES_MAX = 65_536;

/** A prompt to count, as a call would send it. */
export interface CountedPrompt {
  /** With the agent's prompt in it. */
  readonly request: GenRequest;
  /** The client's own body, unless a stage replaced the request. */
  readonly body: JsonObject | undefined;
  readonly system_prompt: string | undefined;
  /** The client's `anthropic-beta`. */
  readonly betas: string | undefined;
}

/** Whether a target counts the client's own shape, in which the betas mean something. */
export function takesBetas(target: Target | undefined): boolean {
  return target?.description.countTokens?.pass !== undefined;
}

/**
 * The provider's own count of a prompt, undefined when it has none to give, now or at all. It takes a place among the
 * calls in flight at the target, and waits for none.
 */
export async function askProvider(
  engine: Engine,
  call: AdmittedCall,
  prompt: CountedPrompt,
  gone: AbortController,
  rest_ms: number | undefined,
): Promise<{ readonly model: string; readonly input_tokens: number } | undefined> {
  const [target] = call.targets;
  if (target === undefined || target.description.countTokens === undefined) return undefined;
  const { timers } = engine.parts.ambient;
  const leave = takePlace(engine, target, call);
  if (leave === undefined) return undefined;
  const timer = timers.after(Math.max(0, Math.min(COUNT_TIMEOUT_MS, rest_ms ?? COUNT_TIMEOUT_MS)), () => gone.abort());
  try {
    const input_tokens = await ask(target, prompt, gone.signal);
    return input_tokens === undefined ? undefined : { model: target.model.id, input_tokens };
  } catch (error) {
    // A provider that cannot count now is no reason to fail: the local count is always there.
    if (isAtpError(error)) return undefined;
    throw error;
  } finally {
    timer.cancel();
    leave();
  }
}

/** A place at the target, or none. Returns what gives it back. */
function takePlace({ gate }: Engine, target: Target, call: AdmittedCall): (() => void) | undefined {
  const { qos, tenant } = call.head;
  const key = { qos, tenant, weight: call.weight, session: call.fair_session, tokens: 0, deadline_mono_ms: Infinity };
  const parts = [placePart(target, qos, { tokens: 0, usd_nanos: 0 }, undefined)];
  const ticket = gate.request({ owner: NOBODY, key, parts, is_preemptible: false });
  if (ticket.state.kind === 'granted') return () => gate.release(ticket, 0);
  gate.cancel(ticket);
  return undefined;
}

/** It waits for nothing, and is over in moments. */
const NOBODY: Holder = { decided: () => undefined, preempted: () => undefined, lapsed: () => undefined };

async function ask(target: Target, prompt: CountedPrompt, signal: AbortSignal): Promise<number | undefined> {
  const { countTokens: codec } = target.description;
  const path = target.path('count_tokens', false);
  if (codec === undefined || path === '') return undefined;
  const { provider } = target;
  const reply = await exchangeWhole(
    provider.transport,
    {
      origin: provider.origin,
      path,
      method: 'POST',
      headers: joinHeaders(target.headers, betaHeaders(target, prompt)),
      body: JSON.stringify(bodyOf(codec, prompt, target.model.upstream_model)),
      head_timeout_ms: COUNT_TIMEOUT_MS,
      idle_timeout_ms: COUNT_TIMEOUT_MS,
    },
    REPLY_BYTES_MAX,
    signal,
  );
  return reply.status === 200 ? codec.decode(parseAnswer(reply.body)) : undefined;
}

/** Whatever the model has no place for counts too, where nothing has to be translated. */
function bodyOf(codec: CountTokensCodec, { request, body, system_prompt }: CountedPrompt, model: string): JsonObject {
  return body !== undefined && codec.pass !== undefined
    ? codec.pass(body, model, system_prompt)
    : codec.encode(request, model);
}

function betaHeaders(target: Target, { betas }: CountedPrompt): readonly string[] {
  return betas !== undefined && takesBetas(target) ? ['anthropic-beta', betas] : [];
}
