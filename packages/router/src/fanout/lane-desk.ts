import type { FollowUp, Member, SessionEvent } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type { AttemptRecord, LaneRole } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { AnswerVectors } from './answer-vectors.ts';
import type { Brief, LaneBriefs } from './briefs.ts';
import type { LaneParts } from './lane-parts.ts';
import { type LaneOwner, LaneRun } from './lane-run.ts';
import { Paced } from './paced.ts';
import type { SessionEmbedding } from './session-embedding.ts';
import { isMember } from './types.ts';

/** Told what lanes say, in the session's words. */
export interface DeskOwner {
  guard(run: () => void): void;
  tell(event: SessionEvent): void;
  onAttempt(attempt: Attempt): void;
  /** Nobody is asked. */
  onRefused(ask: FollowUp, error: AtpError): void;
}

/** The lanes of one call: those of its fan-out, and whoever is asked about their answers. */
export class LaneDesk implements LaneOwner {
  readonly #briefs: LaneBriefs;
  readonly #parts: LaneParts;
  readonly #owner: DeskOwner;
  readonly #lanes: Map<number, LaneRun> = new Map();
  /** By the id of what they were asked. */
  readonly #asked: Map<string, LaneRun> = new Map();
  /** Told what whoever is no member has said; undefined: nothing came of it. */
  readonly #heard: Map<LaneRun, Heard> = new Map();
  /** Members that wait for the filter. */
  readonly #held: Map<number, () => void> = new Map();
  #filter: Filter = { kind: 'none' };
  #is_over = false;
  readonly #pieces: Map<LaneRun, number> = new Map();
  readonly #texts: Map<LaneRun, string> = new Map();
  readonly #paced: Paced;

  /** Undefined: the session compares words, or nothing. */
  readonly #vectors: AnswerVectors | undefined;

  constructor(briefs: LaneBriefs, parts: LaneParts, owner: DeskOwner, embedding: SessionEmbedding | undefined) {
    this.#briefs = briefs;
    this.#parts = parts;
    this.#owner = owner;
    const { clock, timers } = parts.env.ambient;
    this.#paced = new Paced(clock, timers, (run) => this.guard(run));
    this.#vectors = embedding && new AnswerVectors(embedding, parts, owner);
  }

  get all(): readonly LaneRun[] {
    return [...this.#lanes.values(), ...this.#heard.keys()];
  }

  get lanes(): ReadonlyMap<number, LaneRun> {
    return this.#lanes;
  }

  /** By the id of the question. */
  get asked(): ReadonlyMap<string, LaneRun> {
    return this.#asked;
  }

  /** Of who embeds answers, by lane. */
  get embeds(): ReadonlyMap<number, readonly AttemptRecord[]> {
    return this.#vectors?.records ?? new Map();
  }

  /** Whose vectors the session has compared; undefined: it compared words, or nothing. */
  get embedder(): string | undefined {
    return this.#vectors?.embedder;
  }

  dispatch(lane: number, member: Member, role: LaneRole): void {
    if (!this.#briefs.isBehindFilter(member) || this.#filter.kind === 'failed')
      this.#begin(lane, member, role, undefined);
    else if (this.#filter.kind === 'done') this.#begin(lane, member, role, this.#filter.text);
    else {
      this.#held.set(lane, () => this.dispatch(lane, member, role));
      this.#startFilter();
    }
  }

  ask(ask: FollowUp): void {
    const answer = (text: string | undefined): void =>
      this.#owner.tell({ type: 'follow_up', id: ask.id, source: ask.source ?? 'arbiter', text });
    const brief = this.#briefs.followUp(ask, this.#nextFurther());
    if (brief instanceof AtpError) this.#owner.onRefused(ask, brief);
    const run = this.#further(brief, answer);
    if (run !== undefined) this.#asked.set(ask.id, run);
    run?.start();
  }

  /** Asks the policy's own chain, where nothing has come of the lanes. */
  fallBack(heard: Heard): void {
    this.#further(this.#briefs.fallback(this.#nextFurther()), heard)?.start();
  }

  cancel(lane: number): void {
    this.#held.delete(lane);
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
    this.#is_over = true;
    this.#paced.stop();
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
    this.#is_over = true;
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
    const text = this.#texts.get(run) ?? '';
    const tell = (): void =>
      this.#paced.do(() => {
        if (isMember(role)) this.#owner.tell({ type: 'final', lane, pieces, is_cut });
        else this.#heard.get(run)?.(text, run, is_cut);
      });
    // What a challenger says is compared in other ways, and what others are asked is a word or a number.
    const is_compared = role === 'arbiter' || (isMember(role) && role !== 'challenger');
    if (this.#vectors === undefined || !is_compared) tell();
    else this.#vectors.prepare(run, text, tell);
  }

  onFailed(run: LaneRun, { code, message }: AtpError, was_admitted: boolean): void {
    const { lane, role } = run.work.ref;
    const error = { code, message };
    if (isMember(role)) this.#owner.tell({ type: was_admitted ? 'failed' : 'rejected', lane, error });
    else this.#heard.get(run)?.(undefined, run);
  }

  #begin(lane: number, member: Member, role: LaneRole, filtered: string | undefined): void {
    const brief = this.#briefs.lane({ lane, role, source: member.source }, member, filtered);
    if (brief instanceof AtpError) {
      this.#owner.tell({ type: 'rejected', lane, error: { code: brief.code, message: brief.message } });
      return;
    }
    // One of several that begin together may have ended the call.
    if (this.#is_over) return;
    const run = new LaneRun(brief, this.#parts, this);
    this.#lanes.set(lane, run);
    run.start();
  }

  /** Whoever is asked beside the members; undefined when nobody can be, which `heard` is told. */
  #further(brief: Brief | AtpError, heard: Heard): LaneRun | undefined {
    if (brief instanceof AtpError) {
      heard(undefined, undefined);
      return undefined;
    }
    if (this.#is_over) return undefined;
    const run = new LaneRun(brief, this.#parts, this);
    this.#heard.set(run, heard);
    return run;
  }

  #nextFurther(): number {
    return FURTHER_FROM + this.#heard.size;
  }

  #startFilter(): void {
    if (this.#filter.kind !== 'none') return;
    this.#filter = { kind: 'running' };
    const heard: Heard = (text, run, is_cut) => {
      // Half of the words would be asked as if they were all.
      const is_whole = is_cut !== true && run?.choice?.finish === 'stop';
      const said = is_whole && text !== undefined && text.trim() !== '' ? text : undefined;
      this.#filter = said === undefined ? { kind: 'failed' } : { kind: 'done', text: said };
      const held = [...this.#held.values()];
      this.#held.clear();
      for (const begin of held) begin();
    };
    this.#further(this.#briefs.filter(this.#nextFurther()), heard)?.start();
  }
}

/** `text` is undefined where nothing came of it. */
type Heard = (text: string | undefined, run: LaneRun | undefined, is_cut?: boolean) => void;

type Filter =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed' };

/** Whoever is no member is counted from here on in records. */
const FURTHER_FROM = 1_000;
