import { isCount, isJsonObject, listOf, shapeOf, textOf } from '@atp-router/kernel';
import type { Observation } from '../reputation/tally.ts';
import { HALF_LIFE_TICKS, isReputationRecord, type ReputationRecord, ReputationTable } from '../reputation/table.ts';
import type { FeedbackLesson, LessonLane, SessionLesson } from './lesson.ts';
import { isPolicyRecord, PolicyLearned, type PolicyRecord } from './policy-learned.ts';

/** Policies that are learned of; at one more the one that was learned of longest ago is forgotten. */
export const LEARNED_POLICIES_MAX = 64;
const NAME_CHARS_MAX = 512;

/** All that one origin has learned, as JSON. */
export interface LearnedRecord {
  readonly version: 1;
  readonly reputation: ReputationRecord;
  readonly policies: readonly (PolicyRecord & { readonly policy: string })[];
}

/** What sessions and feedback teach. The same lessons in the same order make the same of it, everywhere. */
export class Learned {
  readonly #half_life: number;
  readonly reputation: ReputationTable;
  /** The one that was learned of longest ago first. */
  readonly #policies: Map<string, PolicyLearned> = new Map();

  constructor(half_life_ticks: number = HALF_LIFE_TICKS) {
    this.#half_life = half_life_ticks;
    this.reputation = new ReputationTable(half_life_ticks);
  }

  policy(id: string): PolicyLearned | undefined {
    return this.#policies.get(id);
  }

  get policies(): readonly string[] {
    return [...this.#policies.keys()];
  }

  /** `tick`: hours since the epoch, see `HALF_LIFE_TICKS`. */
  learn(lesson: SessionLesson, tick: number): void {
    const { cluster, lanes, policy } = lesson;
    const heard = new Set(lanes.filter(({ choice }) => choice >= 0).map(({ source }) => source)).size;
    for (const lane of lanes) this.reputation.learn(lane.source, cluster, observed(lane, lesson, heard), tick);
    this.#of(policy)?.learn(lesson, tick);
  }

  feedback(lesson: FeedbackLesson, tick: number): void {
    const { cluster, lanes, policy } = lesson;
    for (const { source, right } of lanes) {
      if (right !== undefined) this.reputation.learn(source, cluster, { right }, tick);
    }
    this.#of(policy)?.feedback(lesson, tick);
  }

  record(): LearnedRecord {
    const policies = [...this.#policies].map(([policy, learned]) => ({ policy, ...learned.record() }));
    return { version: 1, reputation: this.reputation.record(), policies };
  }

  /** Adds what another origin has learned, or this one before a restart. Once: nothing tells them apart afterwards. */
  add(record: LearnedRecord): void {
    this.reputation.add(record.reputation);
    for (const { policy, ...learned } of record.policies) this.#of(policy)?.add(learned);
  }

  #of(id: string): PolicyLearned | undefined {
    if (id.length > NAME_CHARS_MAX) return undefined;
    const known = this.#policies.get(id);
    const learned = known ?? new PolicyLearned(this.#half_life);
    if (known === undefined && this.#policies.size >= LEARNED_POLICIES_MAX) {
      for (const oldest of this.#policies.keys()) {
        this.#policies.delete(oldest);
        break;
      }
    }
    this.#policies.delete(id);
    this.#policies.set(id, learned);
    return learned;
  }
}

/** A part of the result that is even, with as many as answered, is a whole. */
function observed(lane: LessonLane, { result, lanes }: SessionLesson, heard: number): Observation {
  const { in_time, choice, share, evidence } = lane;
  const carried = choice >= 0 || share > 0;
  const clones = lanes.filter(({ source }) => source === lane.source).length;
  return {
    ...{ in_time, evidence },
    // Of a result that was put together nobody can say that it is this answer.
    agreed: choice >= 0 && result >= 0 ? choice === result : undefined,
    share: carried ? share * heard * clones : undefined,
  };
}

/** Whether what came from elsewhere is a record that can have been made. */
export function isLearnedRecord(value: unknown): value is LearnedRecord {
  if (!isJsonObject(value) || value['version'] !== 1 || !isReputationRecord(value['reputation'])) return false;
  const isNamed = shapeOf({ policy: textOf(NAME_CHARS_MAX), tick: isCount });
  return listOf((one) => isNamed(one) && isPolicyRecord(one), LEARNED_POLICIES_MAX)(value['policies']);
}
