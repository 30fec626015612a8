import type { GenRequest } from '@atp-router/dialects';
import { isAtpError, type Qos } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import type { AdmittedCall } from '../engine/env.ts';
import { exchangeWhole } from '../engine/exchange-whole.ts';
import type { Target } from '../engine/target.ts';
import { parseAnswer } from '../relay/generate.ts';

/** Counting is asked for before a call that somebody waits for. */
const COUNT_TIMEOUT_MS = 5_000;
/** A count is a number and a few words. */
const REPLY_BYTES_MAX = 65_536;

/**
 * The provider's own count of a prompt, undefined when it has none to give, now or at all. It takes a place among the
 * calls in flight at the target, and waits for none.
 */
export async function askProvider(
  engine: Engine,
  call: AdmittedCall,
  request: GenRequest,
  gone: AbortController,
  rest_ms: number | undefined,
): Promise<{ readonly model: string; readonly input_tokens: number } | undefined> {
  const [target] = call.targets;
  if (target === undefined || target.description.countTokens === undefined) return undefined;
  const { clock, timers } = engine.parts.ambient;
  const leave = takePlaces(engine, [target.key, target.provider.id], call.head.qos, clock.mono_ms());
  if (leave === undefined) return undefined;
  const timer = timers.after(Math.max(0, Math.min(COUNT_TIMEOUT_MS, rest_ms ?? COUNT_TIMEOUT_MS)), () => gone.abort());
  try {
    const input_tokens = await ask(target, request, gone.signal);
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

/** A place at each key, or none. Returns what gives them back. */
function takePlaces(engine: Engine, keys: readonly string[], qos: Qos, now_ms: number): (() => void) | undefined {
  const tickets = keys.map((key) => engine.limiter.acquire(key, qos, now_ms, 0, () => undefined));
  const leave = (): void => {
    for (const ticket of tickets) engine.starts.tell(engine.limiter.cancel(ticket));
  };
  if (tickets.every((ticket) => ticket.state === 'granted')) return leave;
  leave();
  return undefined;
}

async function ask(target: Target, request: GenRequest, signal: AbortSignal): Promise<number | undefined> {
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
      headers: target.headers,
      body: JSON.stringify(codec.encode(request, target.model.upstream_model)),
      head_timeout_ms: COUNT_TIMEOUT_MS,
      idle_timeout_ms: COUNT_TIMEOUT_MS,
    },
    REPLY_BYTES_MAX,
    signal,
  );
  return reply.status === 200 ? codec.decode(parseAnswer(reply.body)) : undefined;
}
