import { isCount, isJsonObject, isTime, listOf, orNull, shapeOf, textOf } from '@atp-router/kernel';
import { isBookState } from '../clusters/book-state.ts';
import { STRONGEST, type TopicsState } from '../features/topics.ts';
import { BUCKETS } from '../features/terms.ts';
import { layoutOf } from './layout.ts';
import { isSparse } from './sparse.ts';
import { isTenantsState, type TenantsState } from './tenants-state.ts';
import { NAME_CHARS_MAX } from './tenants.ts';

/** Topics that may be told apart, at most. */
export const TOPICS_MAX = 64;

/** All that one learner has learned, as JSON. What others taught it is not in it but for topics, which all have in common. */
export interface LearnerState {
  readonly version: 1;
  readonly topic_count: number;
  /** Null while none are known. `origin`: who has found them. */
  readonly topics: (TopicsState & { readonly origin: string }) | null;
  readonly tenants: TenantsState;
}

const isShort = textOf(NAME_CHARS_MAX);
const hasTopics = shapeOf({ lineage: textOf(NAME_CHARS_MAX + 16, 1), version: isCount, origin: isShort });

function isTopicsState(value: unknown, count: number): boolean {
  if (!hasTopics(value)) return false;
  const { prompts, topics, book } = value as TopicsState;
  if (book !== undefined && !isBookState(book, count, BUCKETS)) return false;
  const isTopic = (one: unknown): boolean =>
    isJsonObject(one) &&
    isTime(one['members']) &&
    isSparse(one, BUCKETS) &&
    one.at.length <= STRONGEST &&
    one.value.every((weight) => weight > 0 && weight <= 1);
  const { version } = value as TopicsState;
  const isSeen = isSparse(prompts, BUCKETS) && prompts.value.every((n) => n > 0 && n <= 1.01 * version);
  return isSeen && listOf(isTopic, count)(topics) && topics.length === count;
}

/** Whether what came from elsewhere is a state that can have been made. */
export function isLearnerState(value: unknown): value is LearnerState {
  if (!isJsonObject(value) || value['version'] !== 1) return false;
  const count = value['topic_count'];
  if (!isCount(count) || (count as number) < 1 || (count as number) > TOPICS_MAX) return false;
  const { topics, dims, shown } = layoutOf(count as number);
  if (!orNull((one) => isTopicsState(one, topics))(value['topics'])) return false;
  return isTenantsState(value['tenants'], dims, shown + 1, topics);
}
