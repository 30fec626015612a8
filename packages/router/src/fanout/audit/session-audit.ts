import type { ConsensusSession, Reconciled, SessionEffect, SessionEvent, SessionParts } from '@atp-router/consensus';
import type { AtpError } from '@atp-router/kernel';
import type { CallOutcome, ConsensusEnded, ConsensusLearned } from '@atp-router/ledger';
import type { AdmittedCall, EngineEnv } from '../../engine/env.ts';
import type { LaneDesk } from '../lane-desk.ts';
import type { SessionTools } from '../reconciler.ts';
import type { OpenedSession } from '../session-parts.ts';
import type { Fanout } from '../types.ts';
import { endedEvent } from './ended-event.ts';
import { keptSession } from './keep.ts';
import { SessionLog } from './session-log.ts';
import { NotedStanding } from './standing.ts';

/** Watches one session and writes its record. */
export class SessionAudit {
  /** What the session is to work with: the same, but what it is told of its sources is noted. */
  readonly parts: SessionParts;
  readonly #call: AdmittedCall;
  readonly #fanout: Fanout;
  readonly #env: EngineEnv;
  readonly #tools: SessionTools;
  readonly #standing: NotedStanding;
  readonly #log: SessionLog;
  readonly #started_ms: number;
  #result: Reconciled | undefined;

  constructor(call: AdmittedCall, fanout: Fanout, env: EngineEnv, { parts, tools }: OpenedSession) {
    const { clock } = env.ambient;
    this.#call = call;
    this.#fanout = fanout;
    this.#env = env;
    this.#tools = tools;
    this.#standing = new NotedStanding(parts.standing);
    this.parts = { ...parts, standing: this.#standing };
    this.#log = new SessionLog(clock.mono_ms());
    this.#started_ms = clock.now_ms();
  }

  /** Before the session is told. */
  told(event: SessionEvent): void {
    this.#log.told(event, this.#env.ambient.clock.mono_ms());
  }

  /** Before it is done. */
  did(effect: SessionEffect): void {
    this.#log.did(effect, this.#env.ambient.clock.mono_ms());
  }

  /** What the client is to get: of the session, or where that came to nothing of the policy's own chain. */
  succeeded(result: Reconciled): void {
    this.#result = result;
  }

  /** A question that nobody was asked. */
  refused(id: string, error: AtpError): void {
    this.#log.refused(id, error.code);
  }

  /** What is put on record of it, and what the router learns from that record. */
  ended(
    outcome: CallOutcome,
    error: string | undefined,
    session: ConsensusSession,
    desk: LaneDesk,
  ): readonly (ConsensusEnded | ConsensusLearned)[] {
    const record = this.#record(outcome, error, session, desk);
    const lesson = outcome === 'cancelled' ? undefined : this.#lesson(session);
    return lesson === undefined ? [record] : [record, lesson];
  }

  /** A fault there must not keep the session from its record. */
  #lesson(session: ConsensusSession): ConsensusLearned | undefined {
    const { policy, plan } = this.#fanout;
    const { faults, reconciler } = this.#env;
    const over = { head: this.#call.head, policy, plan, documents: this.parts.documents, session, tools: this.#tools };
    let lesson: ConsensusLearned | undefined;
    faults.safely(() => {
      lesson = reconciler.lesson(over);
    });
    return lesson;
  }

  #record(outcome: CallOutcome, error: string | undefined, session: ConsensusSession, desk: LaneDesk): ConsensusEnded {
    const { call_id, tenant, task_type } = this.#call.head;
    const of = {
      ...{ session, desk, log: this.#log, parts: this.parts, task_type },
      // A result that could not be told is none.
      result: outcome === 'ok' ? this.#result : undefined,
    };
    const sealed = this.#env.answers?.seal(() => keptSession(of, this.#standing)) ?? '';
    const head = { call_id, tenant, policy: this.#fanout.policy, started_ms: this.#started_ms };
    const now_ms = this.#env.ambient.clock.mono_ms();
    const offset_ms = session.timeline.started_ms - this.#call.started_mono_ms;
    return endedEvent({
      ...of,
      head,
      now_ms,
      offset_ms,
      error,
      sealed,
      outcome: outcome === 'interrupted' ? 'error' : outcome,
    });
  }
}
