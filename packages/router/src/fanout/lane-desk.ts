import type { FollowUp, Member, SessionEvent } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { Attempt } from '../engine/attempt.ts';
import { AnswerVectors } from './answer-vectors.ts';
import type { Brief, LaneBriefs } from './briefs.ts';
import { type LaneOwner, type LaneParts, LaneRun } from './lane-run.ts';
import type { SessionEmbedding } from './session-embedding.ts';
import { isMember, type LaneRole } from './types.ts';

/** Told what lanes say, in the session's words. */
export interface DeskOwner {
  guard(run: () => void): void;
  tell(event: SessionEvent): void;
  onAttempt(attempt: Attempt): void;
}

/** The lanes of one call: those of its fan-out, and whoever is asked about their answers. */
export class LaneDesk implements LaneOwner {
  readonly #briefs: LaneBriefs;
  readonly #parts: LaneParts;
  readonly #owner: DeskOwner;
  readonly #lanes: Map<number, LaneRun> = new Map();
  /** By the id of what they were asked. */
  readonly #asked: Map<string, LaneRun> = new Map();
  readonly #pieces: Map<LaneRun, number> = new Map();
  readonly #texts: Map<LaneRun, string> = new Map();

  /** Undefined: the session compares words, or nothing. */
  readonly #vectors: AnswerVectors | undefined;

  constructor(briefs: LaneBriefs, parts: LaneParts, owner: DeskOwner, embedding: SessionEmbedding | undefined) {
    this.#briefs = briefs;
    this.#parts = parts;
    this.#owner = owner;
    this.#vectors = embedding && new AnswerVectors(embedding, parts, owner);
  }

  get all(): readonly LaneRun[] {
    return [...this.#lanes.values(), ...this.#asked.values()];
  }

  get lanes(): ReadonlyMap<number, LaneRun> {
    return this.#lanes;
  }

  /** By the id of the question. */
  get asked(): ReadonlyMap<string, LaneRun> {
    return this.#asked;
  }

  dispatch(lane: number, member: Member, role: LaneRole): void {
    const brief = this.#briefs.lane({ lane, role, source: member.source }, member);
    if (brief instanceof AtpError) {
      this.#owner.tell({ type: 'rejected', lane, error: { code: brief.code, message: brief.message } });
      return;
    }
    this.#start(brief, (run) => this.#lanes.set(lane, run));
  }

  ask(ask: FollowUp): void {
    const brief = this.#briefs.followUp(ask, this.#lanes.size + this.#asked.size);
    if (brief instanceof AtpError) {
      this.#owner.tell({ type: 'follow_up', id: ask.id, source: ask.source ?? 'arbiter', text: undefined });
      return;
    }
    this.#start(brief, (run) => this.#asked.set(ask.id, run));
  }

  cancel(lane: number): void {
    this.#cancel(this.#lanes.get(lane));
  }

  cancelAsk(id: string): void {
    this.#cancel(this.#asked.get(id));
  }

  #cancel(run: LaneRun | undefined): void {
    if (run === undefined) return;
    run.cancel();
    this.#vectors?.cancel(run);
  }

  pause(lane: number): void {
    this.#lanes.get(lane)?.pause();
  }

  resume(lane: number): void {
    this.#lanes.get(lane)?.resume();
  }

  /** Nobody is needed any more. */
  stop(): void {
    for (const lane of this.all) if (!lane.is_over) lane.cancel();
    this.#vectors?.stop();
  }

  /** Ends those lanes that have such an attempt at work. */
  abort(which: (attempt: Attempt) => boolean, error: AtpError): void {
    for (const lane of this.all) if (lane.attempts().some((one) => !one.is_over && which(one))) lane.abort(error);
    this.#vectors?.abort(which, error);
  }

  /** The call broke down. Never throws. */
  breakDown(error: AtpError): void {
    for (const lane of this.all) lane.breakDown(error);
    this.#vectors?.breakDown(error);
  }

  // What lanes report.

  guard(run: () => void): void {
    this.#owner.guard(run);
  }

  onAttempt(attempt: Attempt): void {
    this.#owner.onAttempt(attempt);
  }

  onAdmitted({ work }: LaneRun): void {
    const { lane, role } = work.ref;
    if (isMember(role)) this.#owner.tell({ type: 'admitted', lane });
  }

  onPiece(run: LaneRun, text: string): void {
    const { lane, role } = run.work.ref;
    if (!isMember(role) || this.#vectors !== undefined) this.#texts.set(run, (this.#texts.get(run) ?? '') + text);
    if (!isMember(role)) return;
    const seq = this.#pieces.get(run) ?? 0;
    this.#pieces.set(run, seq + 1);
    this.#owner.tell({ type: 'piece', lane, seq, text });
  }

  onRestarted(run: LaneRun): void {
    const { lane, role } = run.work.ref;
    this.#texts.delete(run);
    this.#pieces.delete(run);
    if (isMember(role)) this.#owner.tell({ type: 'restarted', lane });
  }

  onFinal(run: LaneRun, is_cut: boolean): void {
    const { lane, role } = run.work.ref;
    const pieces = this.#pieces.get(run) ?? 0;
    const text = this.#texts.get(run);
    const tell = (): void => {
      if (isMember(role)) this.#owner.tell({ type: 'final', lane, pieces, is_cut });
      else this.#answered(run, text);
    };
    // What a challenger says is compared in other ways, and what others are asked is a word or a number.
    const is_compared = role === 'arbiter' || (isMember(role) && role !== 'challenger');
    if (this.#vectors === undefined || !is_compared) tell();
    else this.#vectors.prepare(run, text ?? '', tell);
  }

  onFailed(run: LaneRun, { code, message }: AtpError, was_admitted: boolean): void {
    const { lane, role } = run.work.ref;
    const error = { code, message };
    if (isMember(role)) this.#owner.tell({ type: was_admitted ? 'failed' : 'rejected', lane, error });
    else this.#answered(run, undefined);
  }

  #start(brief: Brief, keep: (run: LaneRun) => void): void {
    const run = new LaneRun(brief, this.#parts, this);
    // It may end before it has been begun in full.
    keep(run);
    run.start();
  }

  #answered(run: LaneRun, text: string | undefined): void {
    for (const [id, asked] of this.#asked) {
      if (asked === run) this.#owner.tell({ type: 'follow_up', id, source: run.work.ref.source, text });
    }
  }
}
