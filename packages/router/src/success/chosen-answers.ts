import type { RouteDecided, RouterEvent } from '@atp-router/ledger';
import type { AdmittedCall } from '../engine/env.ts';
import type { ComparableRequest } from '../engine/request.ts';
import { ClientAnswer } from '../lifecycle/shadow/client-answer.ts';
import type { Said } from '../lifecycle/shadow/compare.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { WatchedSink } from '../lifecycle/shadow/watched-sink.ts';

/** Calls whose answers are copied at a time; what comes beyond is left out. */
const PENDING_MAX = 256;

/** An answer that a client has, of a call that `auto` chose for. */
export interface ChosenAnswer<T> {
  readonly request: ComparableRequest;
  readonly call: AdmittedCall;
  readonly decided: RouteDecided;
  readonly said: Said;
  /** What it was wanted for. */
  readonly of: T;
}

export interface ChosenAnswersParts<T> {
  /** `busy`: too many are copied already. `unreadable`: no answer can be read, or it is too long. */
  readonly leftOut: (reason: 'busy' | 'unreadable') => void;
  readonly ready: (answer: ChosenAnswer<T>) => void;
}

interface Pending<T> extends Omit<ChosenAnswer<T>, 'decided' | 'said'> {
  decided?: RouteDecided;
  said?: Said;
}

/** Copies answers to calls that `auto` chooses for, and hands each on when the client has it and the choice is on record. */
export class ChosenAnswers<T> {
  readonly #parts: ChosenAnswersParts<T>;
  readonly #pending: Map<string, Pending<T>> = new Map();

  constructor(parts: ChosenAnswersParts<T>) {
    this.#parts = parts;
  }

  /** `wanted`: what for, when it is known who is asked; undefined: it is not wanted. */
  watch(request: ComparableRequest, wanted: (call: AdmittedCall) => T | undefined): Watched | undefined {
    if (this.#pending.size >= PENDING_MAX) {
      this.#parts.leftOut('busy');
      return undefined;
    }
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      decide: (call) => {
        const of = call.choice === undefined ? undefined : wanted(call);
        if (of === undefined) return;
        const { call_id } = request;
        const answer = new ClientAnswer(request.facet.dialect, request.stream);
        this.#pending.set(call_id, { request, call, of });
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
      this.#parts.leftOut('unreadable');
      return;
    }
    pending.said = said;
    this.#check(call_id, pending);
  }

  #check(call_id: string, { decided, said, ...rest }: Pending<T>): void {
    if (decided === undefined || said === undefined) return;
    this.#pending.delete(call_id);
    this.#parts.ready({ ...rest, decided, said });
  }
}
