import type { CallEnded, RouterEvent } from '@atp-router/ledger';
import type { Live, ModelEntry, Registry } from '@atp-router/routing';
import type { AdmittedCall } from '../../engine/env.ts';
import type { Ambient, EventLog } from '../../engine/ports.ts';
import { type CallRequest, canCompare, type ComparableRequest } from '../../engine/request.ts';
import { SHADOW_TENANT } from '../../generation/accounts.ts';
import type { Generation } from '../../generation/generation.ts';
import { ClientAnswer } from './client-answer.ts';
import { compare, type Said } from './compare.ts';
import { type Seen, shadowsFor } from './eligible.ts';
import type { OwnEnd } from '../own-request.ts';
import { shadowRequest } from './shadow-request.ts';
import { WatchedSink } from './watched-sink.ts';

/** Calls that are watched or compared at a time; what comes beyond is not sampled. */
const WATCHED_MAX = 1_000;

export interface TrialParts {
  readonly ambient: Ambient;
  readonly log: EventLog;
  readonly live: Live;
  readonly generation: () => Generation;
  readonly submit: (request: CallRequest) => void;
}

/** A request on its way in, whose answer may be compared when it is known who may see it. */
export interface Watched {
  readonly request: CallRequest;
  decide(call: AdmittedCall): void;
}

/** Who answered a client, with what, and what the record of the call says. */
interface Champion {
  readonly model: string;
  readonly said: Said;
  readonly ended: CallEnded;
}

/**
 * Asks shadow models what clients asked, a sample of it, when the client has its answer, and puts on record how both
 * compare. A shadow's call is an ordinary one of the operator's own account: its record, cost and limits are its own. What was
 * said is in memory until it is compared, and nowhere else.
 */
export class Trials {
  readonly #parts: TrialParts;
  /** Records of the calls that are watched, by their ids; undefined: it has not ended. */
  readonly #ended: Map<string, CallEnded | undefined> = new Map();

  constructor(parts: TrialParts) {
    this.#parts = parts;
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type === 'call.ended' && this.#ended.has(event.call_id)) this.#ended.set(event.call_id, event);
  }

  /** Undefined for most: it is not sampled. */
  watch(request: CallRequest, generation: Generation): Watched | undefined {
    const { shadow, tenants } = generation;
    // The operator has an account for it where there are shadows, and only there.
    if (!tenants.has(SHADOW_TENANT) || request.tenant === SHADOW_TENANT || !canCompare(request)) return undefined;
    const { rng } = this.#parts.ambient;
    if (this.#ended.size >= WATCHED_MAX || rng.next() >= shadow.sample) return undefined;
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      decide: (call) => this.#decide(request, sink, call, generation),
    };
  }

  #decide(request: ComparableRequest, sink: WatchedSink, call: AdmittedCall, generation: Generation): void {
    const { seen } = call;
    // A stage has seen the request of a fan-out once, and would not see it again.
    if (seen === undefined || (call.fanout !== undefined && call.stages !== undefined)) return;
    const { ambient, live } = this.#parts;
    const shadows = shadowsFor(seen, generation, live, ambient.clock.mono_ms());
    const model = shadows[Math.floor(ambient.rng.next() * shadows.length)];
    if (model === undefined) return;
    const { call_id } = request;
    const answer = new ClientAnswer(request.facet.dialect, request.stream);
    this.#ended.set(call_id, undefined);
    const onAnswered = (answered_by: string | undefined): void => {
      const ended = this.#take(call_id);
      const said = answer.read();
      if (ended?.outcome !== 'ok' || said === undefined) return;
      const { registry } = this.#parts.generation();
      const last = ended.attempts.findLast(({ outcome }) => outcome === 'ok')?.model;
      const champion = answered_by !== undefined && registry.model(answered_by) !== undefined ? answered_by : last;
      if (champion !== undefined) this.#ask(request, model, seen, { model: champion, said, ended });
    };
    sink.watch(answer, { onAnswered, onFailed: () => this.#take(call_id) }, model.id);
  }

  /** The client has its answer. */
  #ask(request: ComparableRequest, model: ModelEntry, seen: Seen, champion: Champion): void {
    const { ambient, live, submit } = this.#parts;
    const generation = this.#parts.generation();
    // Much may have changed while the client was answered.
    const still = shadowsFor(seen, generation, live, ambient.clock.mono_ms()).find(({ id }) => id === model.id);
    if (still === undefined || this.#ended.size >= WATCHED_MAX) return;
    const asked = shadowRequest(request, still, seen.facts, ambient, (call_id, end) => {
      this.#compared(end, still, champion, this.#take(call_id), generation);
    });
    this.#ended.set(asked.call_id, undefined);
    submit(asked);
  }

  #compared(
    end: OwnEnd,
    model: ModelEntry,
    champion: Champion,
    ended: CallEnded | undefined,
    { registry, shadow }: Generation,
  ): void {
    // It was not asked, or was stopped for somebody else: that says nothing of it.
    if (ended === undefined || (end.kind === 'failed' && !isOwnFault(ended))) return;
    const said = end.kind === 'said' ? end.said : undefined;
    this.#parts.log.append({
      type: 'shadow.compared',
      ...{ call_id: ended.call_id, champion: champion.model, challenger: model.id },
      since_ms: model.status_since_ms ?? 0,
      ...compare(champion.said, said, shadow.agrees_at),
      ...{ latency_ms: ended.latency_ms, champion_latency_ms: champion.ended.latency_ms },
      cost_usd_nanos: ended.cost_usd_nanos,
      champion_cost_usd_nanos: champion.ended.cost_usd_nanos,
      is_priced: isPriced(registry, model.id) && isPriced(registry, champion.model),
      at_ms: this.#parts.ambient.clock.now_ms(),
    });
  }

  #take(call_id: string): CallEnded | undefined {
    const ended = this.#ended.get(call_id);
    this.#ended.delete(call_id);
    return ended;
  }
}

/** The upstream failed, or was too slow. */
const OWN_FAULTS: ReadonlySet<string> = new Set([
  ...['upstream_error', 'upstream_timeout', 'upstream_rejected', 'stream_truncated', 'deadline_exceeded'],
]);

function isOwnFault({ error }: CallEnded): boolean {
  return error !== undefined && OWN_FAULTS.has(error);
}

function isPriced(registry: Registry, id: string): boolean {
  const model = registry.model(id);
  return model?.price !== undefined || model?.is_local === true;
}
