import {
  type Check,
  isCount,
  isFlag,
  isJsonObject,
  isNumber,
  isTime,
  orAbsent,
  shapeOf,
  textOf,
} from '@atp-router/kernel';
import { GUARD_CHARS_MAX, type GuardRemoved } from './guard.ts';

/** Records of other versions are refused: what they mean is not known here. */
export const OBSERVATION_VERSION = 1;

/** What was asked and answered in one call, without what the guard took out. */
export interface ObservedCall {
  readonly v: typeof OBSERVATION_VERSION;
  readonly kind: 'observation';
  readonly id: string;
  /** When the call had ended, ms since the epoch. */
  readonly at_ms: number;
  readonly tenant: string;
  readonly request_id: string;
  readonly task_type?: string | undefined;
  /** Cluster of the prompt, and whose clusters these are; absent: none was known. */
  readonly topic?: number | undefined;
  readonly lineage?: string | undefined;
  /** Whose answer it is. */
  readonly model: string;
  /** All texts of the request, one behind the other. */
  readonly prompt: string;
  readonly answer: string;
  /** Hex HMAC-SHA256 of the prompt as it came: equal ones are told by it. */
  readonly prompt_hash: string;
  /** Prompt or answer were longer. */
  readonly is_cut: boolean;
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly cost_usd_micros: number;
  /** How likely the model was thought to be right, and one standard deviation; absent: `auto` did not choose. */
  readonly chance?: number | undefined;
  readonly spread?: number | undefined;
  /** What the guard took out of both. */
  readonly removed: GuardRemoved;
}

/** What somebody has said of an answer, 0 to 1. It counts for the observation of the same request. */
export interface ObservedWord {
  readonly v: typeof OBSERVATION_VERSION;
  readonly kind: 'word';
  readonly tenant: string;
  readonly request_id: string;
  readonly score: number;
  readonly at_ms: number;
}

export type ObservedRecord = ObservedCall | ObservedWord;

export type ReadRecord =
  | { readonly kind: 'record'; readonly record: ObservedRecord }
  | { readonly kind: 'refused'; readonly reason: 'version' | 'form' };

const ID = textOf(256, 1);
const isShare: Check = (value) => isNumber(value) && (value as number) >= 0 && (value as number) <= 1;

const isObservation = shapeOf({
  ...{ id: ID, at_ms: isTime, tenant: ID, request_id: ID, task_type: orAbsent(ID), model: ID },
  ...{ topic: orAbsent(isCount), lineage: orAbsent(textOf(256)), prompt_hash: textOf(64, 64), is_cut: isFlag },
  ...{ prompt: textOf(GUARD_CHARS_MAX), answer: textOf(GUARD_CHARS_MAX) },
  ...{ in_tokens: isCount, out_tokens: isCount, cost_usd_micros: isCount },
  ...{ chance: orAbsent(isNumber), spread: orAbsent(isNumber), removed: isRemoved },
});

const isWord = shapeOf({ tenant: ID, request_id: ID, score: isShare, at_ms: isTime });

function isRemoved(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every(isCount);
}

/** A record as a file has it. */
export function readRecord(value: unknown): ReadRecord {
  if (!isJsonObject(value)) return { kind: 'refused', reason: 'form' };
  if (value['v'] !== OBSERVATION_VERSION) return { kind: 'refused', reason: 'version' };
  const is_known =
    (value['kind'] === 'observation' && isObservation(value)) || (value['kind'] === 'word' && isWord(value));
  return is_known
    ? { kind: 'record', record: value as unknown as ObservedRecord }
    : { kind: 'refused', reason: 'form' };
}

/** What an observation is about: its cluster, else what the request said it was. */
export function subjectOf({
  topic,
  lineage,
  task_type,
}: Pick<ObservedCall, 'topic' | 'lineage' | 'task_type'>): string {
  if (topic !== undefined) return `${lineage ?? ''}#${topic}`;
  return task_type ?? NO_SUBJECT;
}

/** Of observations of which nothing is known. */
export const NO_SUBJECT = 'none';
