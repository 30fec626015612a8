import { finishConfig } from './finish.ts';
import { fault, takeInventory } from './inventory.ts';
import { type Draft, formatPath, type Path, type Problem, PROBLEMS_MAX } from './problem.ts';
import { checkReferences } from './references.ts';
import { checkRules } from './rules.ts';
import { checkHashes } from './rules-keys.ts';
import { PROVIDER_DEFAULTS } from './provider-defaults.ts';
import { checkShape, locate } from './shape.ts';
import { readSource, type Source } from './source.ts';
import type { ValueSources } from './substitute.ts';
import type { Config } from './types.ts';

export type CheckResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface CheckOptions {
  /** Folder that a relative `data_dir`, TLS paths and proofs of tuners are resolved against. Absent: they stay as written. */
  readonly base_dir?: string;
}

/**
 * Checks the text of a configuration file (YAML 1.2 or JSON) and reports every problem at once, in the order of the
 * file. Never throws, whatever the text; reads nothing but `sources`.
 */
export function checkConfig(text: string, sources: ValueSources, options: CheckOptions = {}): CheckResult {
  const source = readSource(text, sources);
  const shape = checkShape(source.data, source.root);
  const inventory = takeInventory(shape.data, source.root);
  // The first of these that has something to say about a place is the cause; the later ones would only follow from it.
  const checks = [
    source.drafts,
    checkHashes(inventory),
    shape.drafts,
    [...checkReferences(inventory), ...checkRules(inventory)],
  ];
  const drafts = causes(checks);
  if (source.syntax.length === 0 && drafts.length === 0 && shape.config !== undefined) {
    return { ok: true, config: finishConfig(shape.config, PROVIDER_DEFAULTS, options.base_dir) };
  }
  return { ok: false, problems: order(source, drafts) };
}

/** A fault of a value that only the world outside of the text shows. `secret` leaves the value out. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  readonly expected: string;
  readonly secret: boolean;
}

/** Places faults in a text that passed the check with the same sources. */
export function placeFaults(text: string, sources: ValueSources, faults: readonly Fault[]): Problem[] {
  const source = readSource(text, sources);
  const inventory = takeInventory(source.data, source.root);
  const drafts = faults.map(({ path, message, expected, secret }) =>
    fault(inventory, path, message, expected, secret ? { secret } : {}),
  );
  return order(source, drafts);
}

function causes(checks: readonly (readonly Draft[])[]): Draft[] {
  const taken = new Set<string>();
  return checks.flatMap((drafts) => {
    const fresh = drafts.filter((draft) => !taken.has(formatPath(draft.path)));
    // One with a place of its own speaks of a second key of the same name, and says nothing of the first.
    for (const draft of fresh) if (draft.offset === undefined) taken.add(formatPath(draft.path));
    return fresh;
  });
}

/** Places the drafts in the text, in its order. */
function order(source: Source, drafts: readonly Draft[]): Problem[] {
  const broken_at = Math.min(...source.syntax.map((fault) => fault.offset), Number.POSITIVE_INFINITY);
  const placed = new Map<string, { readonly offset: number; readonly problem: Problem }>();
  for (const fault of source.syntax) {
    const { offset, ...words } = fault;
    placed.set(`${offset} syntax`, { offset, problem: { ...source.place(offset), path: '', ...words } });
  }
  for (const draft of drafts) {
    const spot = spotOf(source, draft);
    // Past a syntax fault the structure is a guess, and what is absent may stand there.
    if (spot.end >= broken_at || (draft.kind === 'absent' && broken_at !== Number.POSITIVE_INFINITY)) continue;
    const path = formatPath(draft.path);
    const key = `${spot.offset} ${path} ${draft.message}`;
    if (!placed.has(key))
      placed.set(key, { offset: spot.offset, problem: toProblem(source, draft, spot.offset, path) });
  }
  const sorted = [...placed.values()].sort((a, b) => a.offset - b.offset).map((entry) => entry.problem);
  if (sorted.length <= PROBLEMS_MAX) return sorted;
  const rest = sorted.length - PROBLEMS_MAX;
  const last = {
    line: 1,
    column: 1,
    path: '',
    message: `${rest} more problems are not shown`,
    expected: 'a file with fewer problems',
  };
  return [...sorted.slice(0, PROBLEMS_MAX), last];
}

function toProblem(source: Source, draft: Draft, offset: number, path: string): Problem {
  const { message, expected, got, suggestion } = draft;
  return {
    ...source.place(offset),
    path,
    message,
    expected,
    ...(got === undefined ? {} : { got }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** The node itself, or the nearest mapping around a key that is missing. */
function spotOf(source: Source, draft: Draft): { readonly offset: number; readonly end: number } {
  if (draft.offset !== undefined) return { offset: draft.offset, end: draft.offset };
  for (let depth = draft.path.length; depth > 0; depth -= 1) {
    const at = locate(source.root, draft.path.slice(0, depth));
    if (at === undefined) continue;
    const exact = depth === draft.path.length;
    // A value that is not there has no place of its own.
    const on_key = exact && (draft.part === 'key' || at.end === at.offset);
    return { offset: on_key ? at.key_offset : at.offset, end: on_key ? at.key_offset : at.end };
  }
  return { offset: source.root.offset, end: source.root.offset };
}
