import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { AdapterEstimateContent, Payload, WireErrorContent } from '@atp-router/wire';
import type { AgentFault } from './faults.ts';

/** Where a dispatch stands: asked what it needs, at work, answered, or over. `next_seq`: the least `payload.seq` to come. */
export type Conversation =
  | { readonly kind: 'estimating' }
  | { readonly kind: 'working'; readonly next_seq: number }
  /** The result is there, and the end of the stream is not. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'over'; readonly has_result: boolean };

export type ConversationEvent =
  /** A message of the agent, in its order. */
  | { readonly type: 'message'; readonly payload: Payload | undefined; readonly fin: boolean }
  /** Nothing came for as long as this state allows. */
  | { readonly type: 'timeout' }
  /** A message of either end did not arrive. */
  | { readonly type: 'lost' }
  /** A message of the agent is more than one may be, and did not arrive. */
  | { readonly type: 'too_large' }
  /** A message of the agent could not be read. */
  | { readonly type: 'unreadable' }
  /** This end has aborted the stream, because of a message that breaks a rule of sessions: mostly one behind the last. */
  | { readonly type: 'refused' }
  /** The stream was aborted, or the session is over. */
  | { readonly type: 'closed'; readonly error: Payload | undefined };

export type ConversationEffect =
  | { readonly type: 'estimated'; readonly estimate: AdapterEstimateContent }
  /** An event of an `ask` stream. */
  | { readonly type: 'event'; readonly name: 'chunk'; readonly data: JsonObject }
  | { readonly type: 'final'; readonly data: JsonObject }
  /** The agent declines, or says that it failed: its own words. */
  | { readonly type: 'declined'; readonly error: WireErrorContent }
  /** The agent breaks a rule. What has no result yet has failed by it. */
  | { readonly type: 'fault'; readonly fault: AgentFault }
  /** What the agent has to say cannot be carried. It would say the same again. */
  | { readonly type: 'too_large' }
  /** Nobody is to blame. */
  | { readonly type: 'gone' };

export interface ConversationStep {
  readonly state: Conversation;
  readonly effects: readonly ConversationEffect[];
}

export const OPENED: Conversation = { kind: 'estimating' };

/** One step of what is said on the stream of a dispatch (A5 to A11). `usage_promised`: see `promisesUsage`. */
export function converse(state: Conversation, event: ConversationEvent, usage_promised: boolean): ConversationStep {
  if (state.kind === 'over') {
    // It was the last thing that could be said: what came behind it takes nothing from it.
    const is_behind = event.type === 'refused' && state.has_result;
    return is_behind ? broken('after_final') : { state, effects: [] };
  }
  switch (event.type) {
    case 'message':
      return heard(state, event.payload, event.fin, usage_promised);
    case 'timeout':
      if (state.kind === 'answered') return broken('no_final');
      return broken(state.kind === 'estimating' ? 'no_estimate' : 'silent');
    case 'lost':
      return over(state.kind === 'answered' ? [] : [{ type: 'gone' }]);
    case 'refused':
      return broken(state.kind === 'answered' ? 'after_final' : 'out_of_order');
    case 'unreadable':
      if (state.kind === 'answered') return broken('after_final');
      return broken(state.kind === 'estimating' ? 'bad_estimate' : 'unreadable');
    case 'too_large':
      return over(state.kind === 'answered' ? [] : [{ type: 'too_large' }]);
    case 'closed': {
      if (state.kind === 'answered') return over([]);
      const { error } = event;
      return over([error?.type === 'error' ? { type: 'declined', error: errorOf(error) } : { type: 'gone' }]);
    }
  }
}

type Live = Exclude<Conversation, { kind: 'over' }>;

function heard(state: Live, payload: Payload | undefined, fin: boolean, usage_promised: boolean): ConversationStep {
  if (state.kind === 'answered') return payload === undefined && fin ? over([]) : broken('after_final');
  if (payload === undefined) return fin ? broken('no_final') : stay(state);
  if (payload.type === 'error') return over([{ type: 'declined', error: errorOf(payload) }]);
  // A note, or what a later edition added: it shows that the agent is at work.
  if (payload.type === 'agent.log' || !HAS_MEANING.has(payload.type)) return fin ? broken('no_final') : stay(state);
  if (state.kind === 'estimating') return estimated(payload, fin);
  if (payload.seq !== undefined && payload.seq < state.next_seq) return broken('out_of_order');
  const next: Conversation = { kind: 'working', next_seq: (payload.seq ?? state.next_seq - 1) + 1 };
  switch (payload.type) {
    case 'agent.result.final':
      return final(payload.content as JsonValue | undefined, fin, usage_promised);
    case 'agent.result.partial':
      return chunk(payload.content as JsonValue | undefined, fin, next);
    case 'agent.stream':
      return chunk((payload.content as JsonObject | undefined)?.['data'], fin, next);
    default:
      return broken('out_of_order');
  }
}

/** Types that mean something on the stream of a dispatch, or nowhere near it. */
const HAS_MEANING: ReadonlySet<string> = new Set([
  ...['adapter.estimate', 'agent.result.final', 'agent.result.partial', 'agent.stream'],
  ...['agent.dispatch', 'agent.end', 'adapter.estimate_request', 'adapter.capability', 'adapter.health'],
  ...['control.status', 'control.hello', 'control.resume'],
]);

function estimated(payload: Payload, fin: boolean): ConversationStep {
  if (payload.type !== 'adapter.estimate' || fin) return broken('bad_estimate');
  const estimate = payload.content as AdapterEstimateContent;
  const tokens = estimate.in_tokens + estimate.out_tokens;
  // A percentile below the mean of what cannot be negative is possible; one below half of it is a mistake.
  if (tokens === 0 || (estimate.p95_tokens ?? tokens) < tokens / 2) return broken('bad_estimate');
  return { state: { kind: 'working', next_seq: 0 }, effects: [{ type: 'estimated', estimate }] };
}

function chunk(content: JsonValue | undefined, fin: boolean, next: Conversation): ConversationStep {
  const data = typeof content === 'string' ? { kind: 'text', delta: content } : content;
  if (!isJsonObject(data) || typeof data['kind'] !== 'string') return broken('bad_chunk');
  if (data['delta'] !== undefined && typeof data['delta'] !== 'string') return broken('bad_chunk');
  if (fin) return broken('no_final');
  return { state: next, effects: [{ type: 'event', name: 'chunk', data: { choice: 0, ...data } }] };
}

function final(content: JsonValue | undefined, fin: boolean, usage_promised: boolean): ConversationStep {
  const data = typeof content === 'string' ? { text: content } : content;
  if (!isJsonObject(data) || !(typeof data['text'] === 'string' || Array.isArray(data['parts']))) {
    return broken('bad_final');
  }
  const result: ConversationEffect = { type: 'final', data };
  if (usage_promised && !isJsonObject(data['usage'])) return over([result, { type: 'fault', fault: 'no_usage' }]);
  return fin ? over([result]) : { state: { kind: 'answered' }, effects: [result] };
}

function errorOf({ content }: Payload): WireErrorContent {
  return content as WireErrorContent;
}

function stay(state: Conversation): ConversationStep {
  return { state, effects: [] };
}

function over(effects: readonly ConversationEffect[]): ConversationStep {
  return { state: { kind: 'over', has_result: effects.length === 1 && effects[0]?.type === 'final' }, effects };
}

function broken(fault: AgentFault): ConversationStep {
  return over([{ type: 'fault', fault }]);
}
