import type { JsonValue } from '@atp-router/kernel';
import { GUARD_CHARS_MAX, guard } from '../observations/guard.ts';
import { type AnswerFormat, formatScore, jsonOf } from './format.ts';
import { Pattern } from './pattern.ts';
import { qualityScore } from './quality.ts';
import { schemaScore } from './schema.ts';

export type CheckKind = 'format' | 'schema' | 'length' | 'pattern' | 'quality' | 'safety' | 'command';
export const CHECK_KINDS: readonly CheckKind[] = [
  ...(['format', 'schema', 'length', 'pattern', 'quality', 'safety', 'command'] as const),
];

/** What one check asks of an answer. */
export interface Check {
  readonly kind: CheckKind;
  /** Of `format`. */
  readonly form: AnswerFormat;
  /** Of `length`. */
  readonly min_chars: number;
  readonly max_chars: number;
  /** Of `pattern`: see `Pattern`. */
  readonly pattern?: string | undefined;
  /** Of `pattern`: whether it is to be found, or not to be. */
  readonly must_match: boolean;
  /** Of `command`: a program and what it is told, how long it may take, and whether it sees what was asked. */
  readonly command?: readonly string[] | undefined;
  readonly timeout_ms: number;
  readonly with_prompt: boolean;
  /** How much what it says counts beside a person's word, which counts 1. */
  readonly weight: number;
  /** What takes longer says nothing. */
  readonly limit_ms: number;
}

/** An answer as checks see it. */
export interface CheckedAnswer {
  readonly prompt: string;
  readonly answer: string;
  /** It ended because it reached a limit of tokens. */
  readonly is_cut: boolean;
  /** The JSON Schema that the request asks the answer to be of; undefined: none. */
  readonly schema: JsonValue | undefined;
}

/** Characters of an answer that checks look at. What is longer only `length` and `quality` judge, by what is looked at. */
export const CHECK_CHARS_MAX = 65_536;

/**
 * How right an answer is as far as one check can tell, 0 to 1; undefined: it says nothing of this one. Its time is linear in what
 * is looked at, which is bounded, but for `uniqueItems` of a schema, which is not looked at.
 */
export function checkScore(check: Check, { prompt, answer, is_cut, schema }: CheckedAnswer): number | undefined {
  if (check.kind === 'length') return answer.length >= check.min_chars && answer.length <= check.max_chars ? 1 : 0;
  const looked = answer.slice(0, CHECK_CHARS_MAX);
  if (check.kind === 'quality') return qualityScore(looked, is_cut);
  // What is not seen whole is not known to be out of form.
  if (looked.length < answer.length) return undefined;
  switch (check.kind) {
    case 'format':
      return formatScore(looked, check.form);
    case 'schema': {
      if (schema === undefined) return undefined;
      const json = jsonOf(looked);
      return json === undefined ? 0 : schemaScore(json.value, schema);
    }
    case 'pattern': {
      const is_in = check.pattern === undefined ? undefined : new Pattern(check.pattern).isIn(looked);
      return is_in === undefined ? undefined : is_in === check.must_match ? 1 : 0;
    }
    case 'command':
      // Whoever can run programs does.
      return undefined;
    case 'safety':
      return safetyScore(prompt, looked);
    default:
      return check.kind satisfies never;
  }
}

/**
 * Secrets and personal data that the prompt has not as much of, by the rules that observations are guarded by. Undefined for an
 * answer of which not all is looked at, and for one that may have them of the part of a prompt that is not.
 */
function safetyScore(prompt: string, answer: string): number | undefined {
  if (answer.length > GUARD_CHARS_MAX) return undefined;
  const found = guard(answer);
  if (found === undefined) return 0;
  const places = Object.entries(found.removed);
  if (places.length === 0) return 1;
  if (prompt.length > GUARD_CHARS_MAX) return undefined;
  const asked = guard(prompt);
  if (asked === undefined) return undefined;
  const of_prompt = new Map(Object.entries(asked.removed));
  return places.every(([kind, count]) => count <= (of_prompt.get(kind) ?? 0)) ? 1 : 0;
}
