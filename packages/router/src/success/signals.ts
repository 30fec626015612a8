import type { SuccessSeries } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { RouteDecided, RouterEvent } from '@atp-router/ledger';
import { isCorrection, RETRY_MS, SIGNAL_MS, SIGNAL_WEIGHT, type SignalKind, signalRight } from '@atp-router/routing';
import type { EventLog } from '../engine/ports.ts';
import { type CallRequest, canCompare } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { wordOn } from './word-on.ts';

/** Calls under way, and answers whose next request may say something; of more the oldest are forgotten. */
const CALLS_MAX = 4_096;

export interface SignalParts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly series: Pick<SuccessSeries, 'signalled'>;
  /** Hex hash of texts. */
  readonly hash: (texts: string) => string;
}

/**
 * Takes from what clients ask next how right the answer before it was, of tenants that have it so. Of prompts there are hashes, in
 * memory. Each process sees the requests that come to it.
 */
export class Signals {
  readonly #parts: SignalParts;
  /** Place of a prompt, by the call that asks it. */
  readonly #asked: Map<string, string> = new Map();
  /** What was chosen for a prompt last. */
  readonly #answered: Map<string, RouteDecided> = new Map();

  constructor(parts: SignalParts) {
    this.#parts = parts;
  }

  watch(request: CallRequest, { tenants }: Generation): Watched | undefined {
    if (tenants.get(request.tenant)?.signals !== true || !canCompare(request)) return undefined;
    return {
      request,
      decide: ({ choice }) => {
        const texts = request.promptTexts();
        const own = this.#placeOf(request, texts);
        this.#look(request, texts, own);
        if (choice !== undefined) keep(this.#asked, request.call_id, own);
      },
    };
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type !== 'route.decided') return;
    const place = this.#asked.get(event.call_id);
    if (place === undefined) return;
    this.#asked.delete(event.call_id);
    if (event.outcome === 'ok') keep(this.#answered, place, event);
  }

  /** What this request says of an answer before it. */
  #look(request: CallRequest, texts: readonly string[], own: string): void {
    const now_ms = this.#parts.clock.now_ms();
    const same = this.#take(own, now_ms);
    if (same !== undefined) this.#tell(same, now_ms - same.at_ms <= RETRY_MS ? 'retry' : 'regenerated', now_ms);
    // The answer before, and what is said to it.
    if (texts.length < 3) return;
    const before = this.#take(this.#placeOf(request, texts.slice(0, -2)), now_ms);
    if (before !== undefined) this.#tell(before, isCorrection(texts.at(-1) ?? '') ? 'corrected' : 'followed', now_ms);
  }

  /** Each answer once. */
  #take(place: string, now_ms: number): RouteDecided | undefined {
    const found = this.#answered.get(place);
    if (found === undefined) return undefined;
    this.#answered.delete(place);
    return now_ms - found.at_ms <= SIGNAL_MS ? found : undefined;
  }

  #tell(decided: RouteDecided, kind: SignalKind, at_ms: number): void {
    const { log, series } = this.#parts;
    series.signalled(kind);
    const word = { by: `signal:${kind}`, right: signalRight(kind), weight: SIGNAL_WEIGHT };
    log.append(wordOn(decided, word, at_ms));
  }

  #placeOf({ tenant, key_id }: CallRequest, texts: readonly string[]): string {
    return this.#parts.hash(JSON.stringify([tenant, key_id, ...texts]));
  }
}

function keep<T>(all: Map<string, T>, key: string, value: T): void {
  all.delete(key);
  all.set(key, value);
  for (const [oldest] of all) {
    if (all.size <= CALLS_MAX) break;
    all.delete(oldest);
  }
}
