import { clip } from '@atp-router/kernel';
import { FINDERS, PERSONAL_KINDS, type PersonalKind } from './personal.ts';
import { maskKeyBlocks, maskSecrets } from './secrets.ts';

export type GuardKind = PersonalKind | 'secret';

/** Places that were taken out, by kind; those that are not named: none. */
export type GuardRemoved = Readonly<Partial<Record<GuardKind, number>>>;

export interface Guarded {
  readonly text: string;
  readonly removed: GuardRemoved;
  /** It was longer. */
  readonly cut: boolean;
}

/** Characters that are kept of a text. */
export const GUARD_CHARS_MAX = 32_768;
/** By so much a text that is too long is cut shorter, for what stands in the place of something may be longer than that was. */
const SLACK_CHARS = 1_024;
/** What was taken out may put two things together that were none; more often than this only where somebody wants it to. */
const PASSES_MAX = 8;

/**
 * A text without what looks like personal data or a secret: each is replaced by its kind in brackets. Undefined: there is no
 * end to it, and nothing of the text may be kept. Of its own output it takes nothing out. Time is linear in what is looked at,
 * which is bounded. What it cannot find are names, addresses, and whatever has no form.
 */
export function guard(whole: string): Guarded | undefined {
  const looked = clip(whole, GUARD_CHARS_MAX + SLACK_CHARS);
  const first = settled(looked);
  if (first === undefined) return undefined;
  if (looked.length === whole.length && first.text.length <= GUARD_CHARS_MAX) return { ...first, cut: false };
  // What the end of what was looked at may have cut in two is left out.
  const whole_chars = looked.length < whole.length ? first.text.length - SLACK_CHARS : first.text.length;
  const rest = settled(clip(first.text, Math.max(0, Math.min(whole_chars, GUARD_CHARS_MAX - SLACK_CHARS))));
  if (rest === undefined || rest.text.length > GUARD_CHARS_MAX) return undefined;
  return { text: rest.text, removed: sumOf(first.removed, rest.removed), cut: true };
}

export function sumOf(a: GuardRemoved, b: GuardRemoved): GuardRemoved {
  const kinds: readonly GuardKind[] = ['secret', ...PERSONAL_KINDS];
  const all = kinds.map((kind) => [kind, (a[kind] ?? 0) + (b[kind] ?? 0)] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

/** Looks until nothing more is found. */
function settled(whole: string): { readonly text: string; readonly removed: GuardRemoved } | undefined {
  let [text, removed]: [string, GuardRemoved] = [whole, {}];
  for (let n = 0; n < PASSES_MAX; n += 1) {
    const pass = once(text);
    if (Object.keys(pass.removed).length === 0) return { text, removed };
    text = pass.text;
    removed = sumOf(removed, pass.removed);
  }
  return undefined;
}

function once(whole: string): { readonly text: string; readonly removed: GuardRemoved } {
  const keys = maskKeyBlocks(whole, '[secret]');
  const secrets = maskSecrets(keys.text, () => '[secret]');
  let { text } = secrets;
  const counts: Partial<Record<GuardKind, number>> = {};
  if (keys.count + secrets.count > 0) counts.secret = keys.count + secrets.count;
  for (const kind of PERSONAL_KINDS) {
    const pieces = FINDERS[kind](text);
    if (pieces.length === 0) continue;
    counts[kind] = pieces.length;
    const parts: string[] = [];
    let end = 0;
    for (const [from, to] of pieces) {
      parts.push(text.slice(end, from), `[${kind}]`);
      end = to;
    }
    text = `${parts.join('')}${text.slice(end)}`;
  }
  return { text, removed: counts };
}
