import type { SuccessSeries } from '@atp-router/adapters';
import type { Clock } from '@atp-router/kernel';
import type { RouteDecided, RouteLesson, RouterEvent } from '@atp-router/ledger';
import { HANG_UP_WEIGHT, type HangUpKind, hangUpRight } from '@atp-router/routing';
import type { AutoChoice } from '../auto/auto-choice.ts';
import type { AdmittedCall } from '../engine/env.ts';
import type { EventLog } from '../engine/ports.ts';
import { type CallRequest, canCompare } from '../engine/request.ts';
import type { Generation } from '../generation/generation.ts';
import { ClientAnswer } from '../lifecycle/shadow/client-answer.ts';
import type { Watched } from '../lifecycle/shadow/trials.ts';
import { WatchedSink } from '../lifecycle/shadow/watched-sink.ts';
import { wordOn } from './word-on.ts';

/** Streams that are listened to at a time; of more nothing is taken. */
const PENDING_MAX = 256;

export interface HangUpParts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly series: Pick<SuccessSeries, 'signalled'>;
  /** The router is on its way out, and hangs up itself. */
  readonly is_draining: () => boolean;
}

/** A stream that comes, of whom is asked first; `left`: what a client that has hung up says something of. */
interface Pending {
  readonly choice: AutoChoice;
  left?: RouteLesson;
}

/**
 * Takes from clients that hang up while they are answered, and from those that do not, how right the answer was, of tenants that
 * have it so. Only streams of one model: of an answer that is looked at first, all is there before any of it is sent.
 */
export class HangUps {
  readonly #parts: HangUpParts;
  readonly #pending: Map<string, Pending> = new Map();

  constructor(parts: HangUpParts) {
    this.#parts = parts;
  }

  watch(request: CallRequest, { tenants }: Generation): Watched | undefined {
    const { call_id, stream, tenant, options } = request;
    if (!stream || tenants.get(tenant)?.signals !== true || !canCompare(request)) return undefined;
    // It may come again for the rest: that says something of the network.
    if (options.idempotency_key !== undefined || this.#pending.size >= PENDING_MAX) return undefined;
    const sink = new WatchedSink(request.sink);
    return {
      request: { ...request, sink },
      decide: ({ choice, fanout }: AdmittedCall) => {
        if (choice === undefined || fanout !== undefined) return;
        const pending: Pending = { choice };
        this.#pending.set(call_id, pending);
        const answer = new ClientAnswer(request.facet.dialect, true);
        const onOver = (): void => void this.#pending.delete(call_id);
        sink.watch(answer, {
          ...{ onAnswered: onOver, onFailed: onOver },
          onLeft: (model, is_waited_for) => {
            // A client that takes nothing is given up by the router, and who stands in was not chosen.
            if (is_waited_for || this.#parts.is_draining() || model !== choice.order[0]) return;
            const so_far = answer.soFar();
            if (so_far?.speaks === true && !so_far.is_whole) pending.left = choice.unfinished;
          },
        });
      },
    };
  }

  /** Sees all events. */
  observe(event: RouterEvent): void {
    if (event.type !== 'route.decided') return;
    const pending = this.#pending.get(event.call_id);
    if (pending === undefined) return;
    this.#pending.delete(event.call_id);
    const { left, choice } = pending;
    if (event.outcome === 'cancelled' && left !== undefined) this.#tell({ ...event, lesson: left }, 'left');
    if (event.outcome === 'ok' && event.lesson.taken === choice.order[0]) this.#tell(event, 'stayed');
  }

  #tell(decided: RouteDecided, kind: HangUpKind): void {
    const { clock, log, series } = this.#parts;
    series.signalled(kind);
    const word = { by: `signal:${kind}`, right: hangUpRight(kind), weight: HANG_UP_WEIGHT };
    log.append(wordOn(decided, word, clock.now_ms()));
  }
}
