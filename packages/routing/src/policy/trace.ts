import { evaluate, type Held, heldOf, type MatchOutcome, type Subject } from './evaluate.ts';
import { fieldText } from './fields.ts';
import type { Match, MatchPath } from './match.ts';

/** One line of a decision trace. A branch has the lines of its parts behind it, one deeper. */
export interface TraceStep {
  /** Place within the match, for example `any_of[0].risk`. */
  readonly path: string;
  readonly depth: number;
  /** The field of a condition; `all of`, `any of` or `not` for a branch. */
  readonly what: string;
  /** As written; empty for a branch. */
  readonly expected: string;
  /** What the call holds; `unknown` when nobody has said; empty for a branch. */
  readonly actual: string;
  readonly outcome: MatchOutcome;
}

/** How a match came out, condition by condition: also those that no longer mattered. Made on demand only. */
export function traceOf(match: Match, subject: Subject): readonly TraceStep[] {
  const steps: TraceStep[] = [];
  // The whole of a match says nothing that its parts do not.
  if (match.kind === 'all' && match.at.length === 0) for (const part of match.of) walk(part, subject, 0, steps);
  else walk(match, subject, 0, steps);
  return steps;
}

function walk(match: Match, subject: Subject, depth: number, steps: TraceStep[]): void {
  const outcome = evaluate(match, subject);
  const path = pathText(match.at);
  if (match.kind === 'leaf') {
    const { field, test, written } = match;
    const held = heldOf(field, subject);
    const odd = test.kind === 'interval' && held !== undefined && typeof held !== 'number';
    const actual = odd ? `${heldText(held)} (no number)` : heldText(held);
    steps.push({ path, depth, what: fieldText(field), expected: written, actual, outcome });
    return;
  }
  const what = match.kind === 'not' ? 'not' : `${match.kind} of`;
  steps.push({ path, depth, what, expected: '', actual: '', outcome });
  for (const part of match.kind === 'not' ? [match.of] : match.of) walk(part, subject, depth + 1, steps);
}

function heldText(held: Held): string {
  if (held === undefined) return 'unknown';
  if (typeof held !== 'object') return String(held);
  const words = [...held];
  return words.length === 0 ? 'none' : words.join(', ');
}

export function pathText(at: MatchPath): string {
  return at.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
