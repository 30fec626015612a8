import type { SuccessSeries } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { RouteDecided, RouterEvent } from '@atp-router/ledger';
import { type Check, type CheckedAnswer, type CheckSaid, checkScore, verdictOf } from '@atp-router/routing';
import type { AdmittedCall } from '../engine/env.ts';
import type { EventLog } from '../engine/ports.ts';
import { type CallRequest, canCompare, type ComparableRequest } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import { ClientAnswer } from '../lifecycle/shadow/client-answer.ts';
import type { Said } from '../lifecycle/shadow/compare.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { WatchedSink } from '../lifecycle/shadow/watched-sink.ts';
import { checksOf, schemaOf } from './checks-of.ts';

/** Calls whose answers are copied at a time; what comes beyond is not checked. */
const PENDING_MAX = 256;
/** Answers that wait to be checked. */
const QUEUE_MAX = 256;

export interface ValidatorParts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly series: Pick<SuccessSeries, 'checked' | 'leftOut'>;
  /** Runs something when the event loop has nothing more urgent. */
  readonly later: (run: () => void) => void;
}

/** A call on its way, as far as it is known. */
interface Pending {
  readonly request: ComparableRequest;
  readonly call: AdmittedCall;
  readonly checks: readonly Check[];
  decided?: RouteDecided;
  said?: Said;
}

interface Ready extends Omit<Pending, 'decided' | 'said'> {
  readonly decided: RouteDecided;
  readonly said: Said;
}

/**
 * Holds answers that `auto` has chosen for against what the operator has of them, when clients have them, one at a time. What
 * is found is a word on the call that counts less than a person's. No word of an answer is kept.
 */
export class Validators {
  readonly #parts: ValidatorParts;
  readonly #pending: Map<string, Pending> = new Map();
  #queue: Ready[] = [];
  #working = false;

  constructor(parts: ValidatorParts) {
    this.#parts = parts;
  }

  /** Undefined for all calls where nothing is to be checked. */
  watch(request: CallRequest, { routing: { validators } }: Generation): Watched | undefined {
    if (validators.length === 0 || !canCompare(request)) return undefined;
    if (this.#pending.size >= PENDING_MAX) {
      this.#parts.series.leftOut('busy');
      return undefined;
    }
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      decide: (call) => {
        const checks = call.choice === undefined ? [] : checksOf(validators, call.head);
        if (checks.length === 0) return;
        const { call_id } = request;
        const answer = new ClientAnswer(request.facet.dialect, request.stream);
        this.#pending.set(call_id, { request, call, checks });
        sink.watch(answer, {
          onAnswered: () => this.#answered(call_id, answer),
          onFailed: () => this.#pending.delete(call_id),
        });
      },
    };
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type !== 'route.decided') return;
    const pending = this.#pending.get(event.call_id);
    if (pending === undefined) return;
    if (event.outcome !== 'ok') this.#pending.delete(event.call_id);
    else {
      pending.decided = event;
      this.#check(event.call_id, pending);
    }
  }

  #answered(call_id: string, answer: ClientAnswer): void {
    const pending = this.#pending.get(call_id);
    if (pending === undefined) return;
    const said = answer.read();
    if (said === undefined) {
      this.#pending.delete(call_id);
      this.#parts.series.leftOut('unreadable');
      return;
    }
    pending.said = said;
    this.#check(call_id, pending);
  }

  #check(call_id: string, { decided, said, ...rest }: Pending): void {
    if (decided === undefined || said === undefined) return;
    this.#pending.delete(call_id);
    const { series, later } = this.#parts;
    if (this.#queue.length >= QUEUE_MAX) {
      series.leftOut('queue');
      return;
    }
    this.#queue.push({ ...rest, decided, said });
    if (this.#working) return;
    this.#working = true;
    later(() => this.#next());
  }

  #next(): void {
    const ready = this.#queue.shift();
    if (ready !== undefined) this.#do(ready);
    this.#working = this.#queue.length > 0;
    if (this.#working) this.#parts.later(() => this.#next());
  }

  #do(ready: Ready): void {
    const { clock, log } = this.#parts;
    const { decided, checks } = ready;
    const answer = checkedOf(ready);
    const verdict = verdictOf(checks.flatMap((check) => this.#said(check, answer)));
    if (verdict === undefined) return;
    const { call_id, tenant, lesson, at_ms: decided_ms } = decided;
    const { right, weight, by } = verdict;
    log.append({
      type: 'route.feedback',
      ...{ call_id, tenant, key_id: '', body_hash: '', by: `validator:${by.join('+')}`, weight },
      ...{ right, lesson, decided_ms, at_ms: clock.now_ms() },
    });
  }

  #said(check: Check, answer: CheckedAnswer): readonly CheckSaid[] {
    const { clock, series } = this.#parts;
    const { kind, weight, limit_ms } = check;
    const began_ms = clock.mono_ms();
    let score: number | undefined;
    try {
      score = checkScore(check, answer);
    } catch {
      // What was thrown may quote an answer.
      series.checked(kind, 'fault');
      return [];
    }
    const is_slow = clock.mono_ms() - began_ms > limit_ms;
    series.checked(kind, is_slow ? 'slow' : score === undefined ? 'none' : score < 0.5 ? 'fail' : 'pass');
    return is_slow || score === undefined ? [] : [{ kind, score, weight }];
  }
}

function checkedOf({ request, call, checks, said }: Ready): CheckedAnswer {
  const prompt = checks.some(({ kind }) => kind === 'safety') ? request.promptTexts().join('\n') : '';
  const schema = schemaOf(checks, request.facet, call);
  return { prompt, answer: said.text, is_cut: said.finish === 'length', schema };
}
