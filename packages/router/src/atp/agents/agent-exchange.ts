import type { UpstreamCaller, UpstreamExchange, UpstreamHandler, UpstreamRequest } from '@atp-router/adapters';
import type { JsonObject, Timer } from '@atp-router/kernel';
import {
  type AdapterEstimateContent,
  errorPayload,
  type MessageId,
  type Meta,
  type Payload,
  type WireValue,
} from '@atp-router/wire';
import { abortOf } from './abort.ts';
import type { AgentStream, StreamReader } from './agent-peer.ts';
import { AskReply } from './ask-reply.ts';
import { promisesUsage } from './capability.ts';
import {
  type Conversation,
  converse,
  type ConversationEffect,
  type ConversationEvent,
  OPENED,
} from './conversation.ts';
import { type ExchangeParts, type Held, metaOf } from './exchange-parts.ts';
import type { Share } from './roster.ts';
import { excessOf, withinBound } from './usage-bound.ts';
import { declined, faulty, gone, tooDear, tooLarge, unsendable } from './verdicts.ts';

/** Two of the largest messages. */
const HELD_CHARS_MAX = 33_554_432;

/** Over, by this end. */
const NOTHING_HEARD: Conversation = { kind: 'over', has_result: false };

/** One attempt at one agent, as an exchange of the engine: a stream with an estimate, a dispatch, and an answer in the shape of `ask`. */
export class AgentExchange implements UpstreamExchange, StreamReader {
  readonly #parts: ExchangeParts;
  readonly #request: UpstreamRequest;
  readonly #caller: UpstreamCaller;
  readonly #handler: UpstreamHandler;
  readonly #reply: AskReply;
  readonly #task: WireValue;
  readonly #began_mono_ms: number;
  #share: Share;
  #estimate: AdapterEstimateContent | undefined;
  #stream: AgentStream | undefined;
  #state: Conversation = OPENED;
  #timer: Timer | undefined;
  #held: Held[] = [];
  #held_chars = 0;
  #is_paused = false;
  #is_away = false;
  /** Something came after the dispatch: from then on silence is what is waited for. */
  #has_begun = false;
  #is_dispatched = false;
  #is_ended = false;
  /** The stream is: nothing more comes, and nothing can be aborted. */
  #is_closed = false;
  /** How it closed, while what came before that waits to be heard. */
  #last: ConversationEvent | undefined;

  constructor(parts: ExchangeParts, request: UpstreamRequest, caller: UpstreamCaller, handler: UpstreamHandler) {
    this.#parts = parts;
    this.#request = request;
    this.#caller = caller;
    this.#handler = handler;
    this.#reply = new AskReply(handler, caller.stream, (outcome, sign) => parts.events.onOutcome(outcome, sign));
    this.#task = JSON.parse(String(request.body)) as WireValue;
    this.#began_mono_ms = parts.clock.mono_ms();
    this.#share = caller.expected;
  }

  /** False, and nothing has happened: the session takes no further stream. */
  begin(): boolean {
    const { peer, agent, events, blamed, beyond, check } = this.#parts;
    const content = {
      ...{ adapter_id: agent.capability.adapter_id, targets: [], budget: this.#caller.budget, task: this.#task },
      ...(check && { check }),
    };
    try {
      this.#stream = peer.open(this.#message({ type: 'adapter.estimate_request', content }), this, beyond);
    } catch (thrown) {
      this.#state = NOTHING_HEARD;
      this.#reply.fail(undefined, unsendable(thrown, blamed));
      return true;
    }
    if (this.#stream === undefined) return false;
    events.onBegin(this.#share);
    this.#is_away = !peer.is_connected;
    this.#arm();
    return true;
  }

  cancel(): void {
    if (!this.#reply.cancel()) return;
    this.#stop(errorPayload('EPREEMPT', { reason: 'Nobody waits for it any more.' }));
  }

  pause(): void {
    this.#is_paused = true;
    this.#arm();
  }

  resume(): void {
    if (!this.#is_paused) return;
    this.#is_paused = false;
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      this.#held_chars -= held.chars;
      this.#hear(held.id, held.payload, held.fin);
      // Within this the engine may have had enough again.
      if (this.#is_paused as boolean) return;
    }
    if (this.#last !== undefined) this.#on(this.#last);
    this.#arm();
  }

  onMessage(id: MessageId, payload: Payload | undefined, fin: boolean): void {
    // What comes while those that waited are heard is behind them.
    if (this.#is_paused || this.#held.length > 0) this.#hold(id, payload, fin);
    else this.#hear(id, payload, fin);
  }

  onLost(too_large: boolean): void {
    this.#on({ type: too_large ? 'too_large' : 'lost' });
  }

  onUnreadable(): void {
    this.#end({ type: 'unreadable' });
  }

  onClosed(error: Payload | undefined, is_refused: boolean): void {
    // What was said before an orderly end is still to be heard, and so is what was said before a mistake.
    if (error === undefined || is_refused) this.#end(is_refused ? { type: 'refused' } : { type: 'closed', error });
    else if (this.#last === undefined) {
      this.#is_closed = true;
      this.#on({ type: 'closed', error });
    }
  }

  #end(event: ConversationEvent): void {
    this.#is_closed = true;
    if (this.#held.length > 0) this.#last ??= event;
    else this.#on(event);
  }

  onConnection(is_connected: boolean): void {
    this.#is_away = !is_connected;
    this.#arm();
  }

  /** The number is the session's to bound, the size is not. */
  #hold(id: MessageId, payload: Payload | undefined, fin: boolean): void {
    const chars = JSON.stringify(payload?.content ?? '').length;
    this.#held.push({ id, payload, fin, chars });
    this.#held_chars += chars;
    if (this.#held_chars <= HELD_CHARS_MAX) return;
    this.#reply.fail('fault', { kind: 'too_large', cause: undefined });
    this.#stop(errorPayload('EWINDOW', { reason: 'More was sent than a reader that is slow can be spared.' }));
  }

  #hear(id: MessageId, payload: Payload | undefined, fin: boolean): void {
    if (this.#state.kind === 'working') this.#has_begun = true;
    this.#on({ type: 'message', payload, fin });
    this.#stream?.consumed(id);
  }

  #on(event: ConversationEvent): void {
    const { agent } = this.#parts;
    const { state, effects } = converse(this.#state, event, promisesUsage(agent.capability));
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    // With both ends said, or aborted, there is nothing to abort.
    const is_closed =
      event.type === 'closed' ||
      event.type === 'refused' ||
      (event.type === 'message' && event.fin && this.#is_dispatched);
    if (this.#state.kind === 'over') this.#ended(is_closed ? undefined : abortOf(event, effects));
    this.#arm();
  }

  #do(effect: ConversationEffect): void {
    const { blamed, events } = this.#parts;
    switch (effect.type) {
      case 'estimated':
        this.#estimated(effect.estimate);
        break;
      case 'event':
        this.#reply.chunk(effect.data);
        break;
      case 'final':
        this.#final(effect.data);
        break;
      case 'declined':
        this.#reply.fail('declined', declined(effect.error, blamed));
        break;
      case 'gone':
        this.#reply.fail('gone', gone(blamed));
        break;
      case 'too_large':
        this.#reply.fail('fault', tooLarge(blamed));
        break;
      case 'fault':
        events.onFault(effect.fault);
        this.#reply.fail('fault', faulty(effect.fault, blamed));
        break;
    }
  }

  /** What the agent expects to need is held against what the attempt may use; only then is it given the work (A7). */
  #estimated(estimate: AdapterEstimateContent): void {
    const { clock, events, blamed } = this.#parts;
    this.#estimate = estimate;
    events.onEstimate(clock.mono_ms() - this.#began_mono_ms, estimate);
    const excess = excessOf(estimate, this.#caller.budget);
    if (excess !== undefined) {
      this.#reply.fail('too_dear', tooDear(excess, this.#caller.budget_set_by?.[excess.of], blamed));
      this.#stop(
        errorPayload('EBUDGET', { reason: `The task may not use as much: ${excess.needs} of ${excess.left}.` }),
      );
      return;
    }
    const wanted = estimate.in_tokens + estimate.out_tokens;
    const share = { tokens: wanted, usd_micros: estimate.usd_micros };
    events.onShare(this.#share, share);
    this.#share = share;
    this.#dispatch();
  }

  /** Nobody is charged for more than the attempt may use, whatever is reported (A7). */
  #final(result: JsonObject): void {
    const { data, is_excess } = withinBound(result, this.#caller, this.#estimate);
    this.#reply.final(data);
    if (!is_excess) return;
    this.#parts.events.onFault('over_budget');
    this.#stop(errorPayload('EBUDGET', { reason: 'More usage was reported than the budget of the work.' }));
  }

  #dispatch(): void {
    const { session_id, check } = this.#parts;
    const content = {
      ...{ session_id, targets: [], budget: this.#caller.budget, task: this.#task },
      ...(check && { check }),
    };
    this.#is_dispatched = true;
    // A question of what it would cost is no work, and costs nothing.
    this.#handler.onSent?.();
    this.#stream?.send(this.#message({ type: 'agent.dispatch', content }), true);
  }

  #message(payload: Payload): { readonly payload: Payload; readonly meta: Meta; readonly qos: UpstreamCaller['qos'] } {
    return { payload, meta: metaOf(this.#caller, this.#parts.node_id), qos: this.#caller.qos };
  }

  /** Nothing more is wanted of the agent. */
  #stop(error: Payload): void {
    if (this.#state.kind === 'over') return;
    this.#state = NOTHING_HEARD;
    this.#ended(error);
  }

  /** The agent owes nothing more; with `error` its stream is aborted. */
  #ended(error: Payload | undefined): void {
    if (this.#is_ended) return;
    this.#is_ended = true;
    this.#timer?.cancel();
    this.#parts.events.onEnd(this.#share);
    for (const { id } of this.#held.splice(0)) this.#stream?.consumed(id);
    if (error !== undefined && !this.#is_closed) this.#stream?.reset(error);
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    // Of whoever has said all that it has to say, nothing is waited for.
    if (this.#state.kind === 'over' || this.#is_closed || this.#held.at(-1)?.fin === true) return;
    if (this.#is_paused && !this.#is_away) return;
    const { timers, reconnect_wait_ms } = this.#parts;
    // Without a connection nobody is silent: it comes back soon, or the work goes elsewhere.
    if (this.#is_away) this.#timer = timers.after(reconnect_wait_ms, () => this.#giveUp());
    else this.#timer = timers.after(this.#patience_ms(), () => this.#on({ type: 'timeout' }));
  }

  #giveUp(): void {
    this.#parts.events.onGivenUp();
    this.#on({ type: 'lost' });
  }

  #patience_ms(): number {
    const { clock, estimate_timeout_ms } = this.#parts;
    // One time from the question on, whatever else the agent says or does meanwhile (A6).
    if (this.#state.kind === 'estimating') {
      return Math.max(0, this.#began_mono_ms + estimate_timeout_ms - clock.mono_ms());
    }
    return this.#has_begun ? this.#request.idle_timeout_ms : this.#request.head_timeout_ms;
  }
}
