import { guard } from './guard.ts';
import { NearTexts } from './minhash.ts';
import type { ObservedCall } from './observation.ts';

/** What a dataset needs of an observation. */
export interface Candidate
  extends Pick<ObservedCall, 'id' | 'at_ms' | 'model' | 'prompt' | 'answer' | 'prompt_hash' | 'is_cut' | 'removed'> {
  /** What it is about, see `subjectOf`. */
  readonly subject: string;
  /** The last word on it, if there is one. */
  readonly score: number | undefined;
}

export interface CurateSettings {
  /** Only what was said to be so right at least; absent: also what nobody has said anything of. */
  readonly min_score?: number | undefined;
  /** Share of runs of three words that two prompts have in common from which they are the same. */
  readonly jaccard: number;
  /** Of one topic at most. */
  readonly per_topic: number;
  /** Characters of prompt and answer together. */
  readonly chars_max: number;
  /** Places that the guard has taken something out of: more, and it is about people or keys rather than about a task. */
  readonly removed_max: number;
}

export const CURATE_DEFAULTS: CurateSettings = { jaccard: 0.8, per_topic: 500, chars_max: 16_384, removed_max: 1 };

/** Why something is not in a dataset, in the order in which it is looked at. */
export const LEFT_OUT = [
  'empty',
  'too_long',
  'personal',
  'leak',
  'refusal',
  'unlabelled',
  'low_score',
  'duplicate',
  'topic_full',
] as const;

export type LeftOut = (typeof LEFT_OUT)[number];

export interface Segment {
  readonly name: string;
  readonly sha256: string;
}

/** What a dataset is made of. The same segments and settings lead to the same bytes. */
export interface DatasetManifest {
  readonly v: 1;
  readonly dataset_sha256: string;
  readonly examples: number;
  readonly topics: Readonly<Record<string, number>>;
  readonly removed: Readonly<Record<LeftOut, number>>;
  readonly settings: CurateSettings;
  readonly segments: readonly Segment[];
}

export interface Dataset {
  /** JSON, an example a line. */
  readonly jsonl: string;
  readonly manifest: DatasetManifest;
}

/** A dataset of what was observed: without what is unsafe, near another, or too much of one topic. */
export function curate(
  candidates: readonly Candidate[],
  segments: readonly Segment[],
  settings: CurateSettings,
  sha256: (text: string) => string,
): Dataset {
  const removed = Object.fromEntries(LEFT_OUT.map((reason) => [reason, 0])) as Record<LeftOut, number>;
  const near = new NearTexts(settings.jaccard);
  const topics = new Map<string, number>();
  const kept: Candidate[] = [];
  // Of two that are alike the better stays.
  for (const one of [...candidates].sort(byWorth)) {
    const count = topics.get(one.subject) ?? 0;
    const reason = unfit(one, settings) ?? (near.add(one.prompt) ? undefined : 'duplicate');
    const why = reason ?? (count >= settings.per_topic ? 'topic_full' : undefined);
    if (why !== undefined) removed[why] += 1;
    else {
      topics.set(one.subject, count + 1);
      kept.push(one);
    }
  }
  const jsonl = kept.sort(byId).map(lineOf).join('');
  const manifest = {
    ...{ v: 1 as const, dataset_sha256: sha256(jsonl), examples: kept.length },
    topics: Object.fromEntries([...topics].sort(([a], [b]) => (a < b ? -1 : 1))),
    ...{ removed, settings, segments: [...segments].sort((a, b) => (a.name < b.name ? -1 : 1)) },
  };
  return { jsonl, manifest };
}

/** The right ones first, then what nobody has said anything of as if it were half right; of equals the newer. */
function byWorth(a: Candidate, b: Candidate): number {
  const by_score = (b.score ?? 0.5) - (a.score ?? 0.5);
  if (by_score !== 0) return by_score;
  const by_time = b.at_ms - a.at_ms;
  return by_time === 0 ? byId(a, b) : by_time;
}

function byId(a: Candidate, b: Candidate): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function unfit(one: Candidate, settings: CurateSettings): LeftOut | undefined {
  const { prompt, answer, is_cut, removed, score } = one;
  if (prompt.trim() === '' || answer.trim() === '') return 'empty';
  if (is_cut || prompt.length + answer.length > settings.chars_max) return 'too_long';
  const places = Object.values(removed).reduce((sum, count) => sum + count, 0);
  if (places > settings.removed_max) return 'personal';
  // What it had not found when the observation was kept.
  if (leaks(prompt) || leaks(answer)) return 'leak';
  if (REFUSAL.test(answer.slice(0, REFUSAL_CHARS))) return 'refusal';
  if (settings.min_score === undefined) return undefined;
  if (score === undefined) return 'unlabelled';
  return score < settings.min_score ? 'low_score' : undefined;
}

function leaks(text: string): boolean {
  const again = guard(text);
  return again === undefined || Object.keys(again.removed).length > 0;
}

/** As models begin to say that they will not. */
const REFUSAL_CHARS = 160;
const REFUSAL =
  /^\s*(?:(?:i['’]?m|i am) (?:very |really |so )?sorry|sorry|i apologi[sz]e|unfortunately)?[,.]?\s{0,3}(?:but )?(?:as an ai\b|i (?:can(?:no|['’])t|am (?:not able|unable)|won['’]t|will not|must decline)|i['’]m (?:not able|unable)|es tut mir leid|ich kann (?:das|dir|ihnen) (?:leider )?nicht)/i;

function lineOf({ id, subject, prompt, answer, model, prompt_hash, score }: Candidate): string {
  const example = { id, topic: subject, model, score: score ?? null, prompt_hash, prompt, completion: answer };
  return `${JSON.stringify(example)}
`;
}
