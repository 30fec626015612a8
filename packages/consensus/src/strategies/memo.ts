import type { LaneAnswer } from '../answer.ts';
import type { VectorSource } from '../embed/vectors.ts';
import { DocumentIndex } from '../evidence/documents.ts';
import { checkAnswer, checkFinding } from '../evidence/score.ts';
import type { AliasTable } from '../findings/aliases.ts';
import type { Document, Verdict } from '../strategy.ts';
import { KeptFindings, type Pool, poolOf } from './pool.ts';
import type { Voices } from './voices.ts';

// What is kept here changes no decision, only what it costs: a session asks its strategy again with each answer.

/** The pool of the last answers; with the same ones it is the same. */
export class PoolMemo {
  readonly #kept: KeptFindings;
  readonly #prepared: WeakSet<LaneAnswer> = new WeakSet();
  #last: { readonly voices: Pick<Voices, 'heard'>; readonly pool: Pool | undefined } | undefined;

  constructor(vectors: VectorSource) {
    this.#kept = new KeptFindings(vectors);
  }

  /** Does what can be done of each answer by itself as it comes, so that the last one is not waited for with all of it. */
  prepare({ heard }: Pick<Voices, 'heard'>): void {
    for (const { answer } of heard) {
      if (this.#prepared.has(answer)) continue;
      this.#prepared.add(answer);
      for (const finding of this.#kept.of(answer)) this.#kept.comparableOf(finding);
    }
  }

  /** The verdict of a strategy that has nothing to say before the last answer. */
  wait(voices: Pick<Voices, 'heard'>): Verdict {
    this.prepare(voices);
    return { kind: 'wait' };
  }

  of(voices: Pick<Voices, 'heard'>): Pool | undefined {
    const last = this.#last;
    if (last === undefined || !isSame(last.voices, voices) || !this.#kept.isCurrent(last.pool)) {
      this.#last = { voices, pool: poolOf(voices, this.#kept) };
    }
    return this.#last?.pool;
  }
}

function isSame(a: Pick<Voices, 'heard'>, b: Pick<Voices, 'heard'>): boolean {
  return (
    a.heard.length === b.heard.length &&
    a.heard.every((voice, i) => {
      const other = b.heard[i];
      return voice.answer === other?.answer && voice.weight === other.weight && voice.standing === other.standing;
    })
  );
}

interface Scores {
  readonly documents: readonly Document[];
  /** Of the whole answer, 0 to 1; 1 of one that has findings, each of which counts by itself. */
  readonly answer: number;
  /** Of its findings, in their order. */
  readonly findings: readonly number[];
}

/** What citations of answers are worth. Each answer is checked by itself: how far one is searched costs no other. */
export class EvidenceMemo {
  readonly #aliases: AliasTable;
  readonly #known: WeakMap<LaneAnswer, Scores> = new WeakMap();

  constructor(aliases: AliasTable) {
    this.#aliases = aliases;
  }

  /** 1 where there are no documents to hold them against. */
  of(answer: LaneAnswer, documents: readonly Document[]): Scores {
    const known = this.#known.get(answer);
    if (known?.documents === documents) return known;
    const index = new DocumentIndex(documents, this.#aliases);
    const findings = (answer.findings ?? []).map((finding) => checkFinding(finding, index).score ?? 1);
    const whole = answer.findings === undefined ? checkAnswer(answer, index).score : undefined;
    const fresh = { documents, answer: whole ?? 1, findings };
    this.#known.set(answer, fresh);
    return fresh;
  }

  /** What each finding of a pool is worth. */
  inPool({ reviewers, findingsOf }: Pool, documents: readonly Document[]): ReadonlyMap<unknown, number> {
    return new Map(
      reviewers.flatMap(({ answer }) => {
        const { findings } = this.of(answer, documents);
        return findingsOf(answer.lane).map((finding, i) => [finding, findings[i] ?? 1] as const);
      }),
    );
  }
}
