import type { JsonObject, JsonValue } from '@atp-router/kernel';
import type { ResponseEncodeContext, RoutePlan } from '../dialect.ts';
import { type Carrier, lossesOf } from '../losses.ts';
import type { Choice, GenResponse } from '../model.ts';

/** Text, thinking and calls. */
export const CARRIER: Carrier = { words: '`ask`', carries: () => false };

/** Internal model → the answer of `ask`. */
export function encodeResponse(response: GenResponse, ctx: ResponseEncodeContext): JsonObject {
  const losses = lossesOf(response, CARRIER);
  losses.refuseEmpty();
  const choice = response.choices[0];
  const parts = choice?.parts ?? [];
  const told = parts.map(encodePart).filter((part) => part !== undefined);
  return {
    id: ctx.id,
    model: ctx.model,
    created_s: response.created_s,
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    // One text says nothing more than `text` does.
    ...(parts.every((part) => part.type === 'text') ? {} : { parts: told }),
    finish: choice?.finish ?? 'stop',
    usage: response.usage === undefined ? null : { ...response.usage },
    cost_usd_micros: ctx.atp?.cost_usd_micros ?? null,
    route: ctx.plan === undefined ? null : encodeRoute(ctx.plan),
    ...(ctx.atp === undefined ? {} : { atp: losses.told(ctx.atp) }),
  };
}

export function encodeRoute(plan: RoutePlan): JsonObject {
  return {
    primary: { ...plan.primary },
    escalation: plan.escalation.map((target) => ({ ...target })),
    why: plan.why,
    expected_cost_usd_micros: plan.expected_cost_usd_micros,
    ...(plan.expected_p95_ms === undefined ? {} : { expected_p95_ms: plan.expected_p95_ms }),
  };
}

function encodePart(part: Choice['parts'][number]): JsonValue | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: part.type, text: part.text };
    case 'thinking':
      return part.text === '' ? undefined : { type: 'thinking', text: part.text };
    case 'tool_call':
      return { type: 'tool_call', id: part.id, name: part.name, args_json: part.args_json };
    default:
      return undefined;
  }
}
