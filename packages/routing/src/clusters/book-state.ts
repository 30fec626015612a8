import { isCount, isJsonObject, isTime, listOf, orNull, shapeOf, textOf } from '@atp-router/kernel';
import { isTextKind, TEXT_KINDS, type TextKind } from '../features/text-kind.ts';
import { isSparse, type Sparse } from '../learn/sparse.ts';

/** What can happen to a cluster: a word of the metric. */
export const CLUSTER_CHANGES = ['born', 'merged', 'split', 'retired', 'replaced'] as const;
export type ClusterChange = (typeof CLUSTER_CHANGES)[number];
export type ChangeCounts = Readonly<Record<ClusterChange, number>>;

/** Prompts that were assigned a second time, and those of them that are of another cluster now. */
export interface Reassigned {
  readonly checked: number;
  readonly reassigned: number;
}

/** What a topic stood for when its cluster was born: its strongest words by bucket, and how near it was to these. */
export interface Anchor extends Sparse {
  readonly near: number;
}

export interface SlotState {
  readonly cluster: string;
  readonly anchor: Anchor;
  /** The anchor was taken when enough prompts had been seen to know what the topic is about. */
  readonly is_settled: boolean;
}

export interface ClusterState extends Reassigned {
  readonly id: string;
  /** Null: too few prompts were seen to name it. */
  readonly name: string | null;
  /** Hours since the epoch. */
  readonly born_tick: number;
  /** Prompts since then, those of long ago for less. */
  readonly prompts: number;
  /** Of these, rows of a kind of text and how many. */
  readonly kinds: readonly (readonly [TextKind, number])[];
}

/** Names of clusters as JSON: goes where the topics go that they name. */
export interface BookState {
  readonly next: number;
  /** Clusters that were named by each kind so far. */
  readonly named: readonly (readonly [TextKind, number])[];
  /** Of each topic; null: it has no cluster yet. */
  readonly slots: readonly (SlotState | null)[];
  readonly clusters: readonly ClusterState[];
  readonly changes: ChangeCounts;
}

/** Words of an anchor: enough to tell that a topic is about something else now. */
export const ANCHOR_WORDS = 48;
const NAME_CHARS_MAX = 64;

const isName = textOf(NAME_CHARS_MAX, 1);
const hasCluster = shapeOf({
  ...{ id: isName, name: orNull(isName), born_tick: isCount, prompts: isTime, checked: isCount, reassigned: isCount },
});
const areChanges = shapeOf(Object.fromEntries(CLUSTER_CHANGES.map((change) => [change, isCount])));

function isKindCount(row: unknown): boolean {
  return Array.isArray(row) && row.length === 2 && isTextKind(row[0]) && isTime(row[1]);
}

const areKinds = listOf(isKindCount, TEXT_KINDS.length);

/** Whether it can be a book of so many topics, whose words lie in so many buckets. */
export function isBookState(value: unknown, topics: number, buckets: number): value is BookState {
  if (!isJsonObject(value)) return false;
  const { next, named, slots, clusters, changes } = value;
  const isSlot = (one: unknown): boolean =>
    isJsonObject(one) && isName(one['cluster']) && typeof one['is_settled'] === 'boolean' && isAnchor(one['anchor']);
  const isAnchor = (one: unknown): boolean =>
    isJsonObject(one) && isTime(one['near']) && isSparse(one, buckets) && one.at.length <= ANCHOR_WORDS;
  const isCluster = (one: unknown): boolean => isJsonObject(one) && hasCluster(one) && areKinds(one['kinds']);
  if (!isCount(next) || !areKinds(named) || !areChanges(changes)) return false;
  const isSlotOrNone = (one: unknown): boolean => orNull(isSlot)(one);
  if (!listOf(isCluster, topics)(clusters) || !listOf(isSlotOrNone, topics)(slots)) return false;
  const book = value as unknown as BookState;
  const ids = new Set(book.clusters.map(({ id }) => id));
  const used = new Set(book.slots.flatMap((slot) => (slot === null ? [] : [slot.cluster])));
  const are_same = ids.size === used.size && [...used].every((id) => ids.has(id));
  return are_same && ids.size === book.clusters.length && book.slots.length === topics;
}
