import { qosRank } from '@atp-router/kernel';
import { Agenda } from '../agenda.ts';
import type { Call } from '../model.ts';
import { type Policy, type PolicyContext, type PolicyKind, WAITING_MAX } from './policy.ts';

/** First come, first served at each provider. */
export const FIFO: PolicyKind = {
  name: 'FIFO',
  before: 'all',
  make: (context) => new Lines(context, 1),
};

/** At each provider whoever is of the best tier first, in the order of arrival; for a full queue the worst one makes room. */
export const STRICT_PRIORITY: PolicyKind = {
  name: 'strict priority',
  before: 'its tier',
  make: (context) => new Lines(context, 3),
};

/** The lines of one provider, best first, and what is left there. */
interface Place {
  readonly lines: readonly Call[][];
  waiting: number;
  calls_left: number;
  tokens_left: number;
}

/** One or three lines in front of each provider; the first of the best one goes when both windows have room for it. */
export class Lines implements Policy {
  readonly #context: PolicyContext;
  readonly #places: readonly Place[];
  /** Ends of patience; of calls that have begun since, too. */
  readonly #ends: Agenda<Call> = new Agenda();

  constructor(context: PolicyContext, lines: 1 | 3) {
    this.#context = context;
    const { fleet } = context;
    this.#places = Array.from({ length: fleet.providers }, () => ({
      lines: Array.from({ length: lines }, () => []),
      waiting: 0,
      calls_left: fleet.calls,
      tokens_left: fleet.tokens,
    }));
  }

  get due_ms(): number {
    return this.#ends.next_ms;
  }

  request(call: Call, now_ms: number): void {
    const place = this.#place(call);
    if (place.waiting >= WAITING_MAX && !this.#makeRoom(place, call)) {
      this.#context.verdicts.refuse(call);
      return;
    }
    this.#lineOf(place, call).push(call);
    place.waiting += 1;
    this.#serve(place);
    if (call.state === 'new') this.#ends.add(Math.max(now_ms, call.asked.at_ms + this.#context.patience_ms), call);
  }

  ended(call: Call): void {
    const place = this.#place(call);
    place.calls_left += 1;
    place.tokens_left += call.reserved_tokens;
    this.#serve(place);
  }

  expire(now_ms: number): void {
    while (this.#ends.next_ms <= now_ms) {
      const call = this.#ends.take();
      if (call?.state !== 'waiting') continue;
      this.#leave(this.#place(call), call);
      this.#context.verdicts.refuse(call);
      this.#serve(this.#place(call));
    }
  }

  #serve(place: Place): void {
    for (;;) {
      const line = place.lines.find((one) => one.length > 0);
      const [first] = line ?? [];
      if (line === undefined || first === undefined) return;
      if (place.calls_left < 1 || place.tokens_left < first.reserved_tokens) return;
      line.shift();
      place.waiting -= 1;
      place.calls_left -= 1;
      place.tokens_left -= first.reserved_tokens;
      this.#context.verdicts.begin(first);
    }
  }

  #makeRoom(place: Place, call: Call): boolean {
    for (let i = place.lines.length - 1; i > qosRank(call.asked.tenant.qos); i -= 1) {
      const last = place.lines[i]?.at(-1);
      if (last === undefined) continue;
      this.#leave(place, last);
      this.#context.verdicts.refuse(last);
      return true;
    }
    return false;
  }

  #leave(place: Place, call: Call): void {
    const line = this.#lineOf(place, call);
    line.splice(line.lastIndexOf(call), 1);
    place.waiting -= 1;
  }

  #lineOf({ lines }: Place, { asked }: Call): Call[] {
    return lines[lines.length === 1 ? 0 : qosRank(asked.tenant.qos)] as Call[];
  }

  #place({ provider }: Call): Place {
    return this.#places[provider] as Place;
  }
}
