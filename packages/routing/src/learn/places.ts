import type { Chance } from './insight.ts';
import type { Contender, Places } from './outlook.ts';

/** Places by what each is worth if it is as good as may be hoped. */
export function ranked(
  contenders: readonly Contender[],
  chances: readonly Chance[],
  { boldness }: { readonly boldness: number },
): readonly number[] {
  const worth = Float64Array.from(contenders, ({ cost }, i) => {
    const { mean, spread } = chances[i] as Chance;
    return mean + boldness * spread - cost;
  });
  return contenders.map((_, i) => i).sort((a, b) => (worth[b] ?? 0) - (worth[a] ?? 0) || a - b);
}

/** Of these who may begin, and who may end. */
export function apart(
  contenders: readonly Contender[],
  all: readonly number[],
  { openers, closers }: { readonly openers: number; readonly closers: number },
): Places {
  const last = all.slice(0, closers);
  const dearest = Math.max(...last.map((i) => contenders[i]?.cost ?? 0));
  const cheap = all.filter((i) => (contenders[i]?.cost ?? 0) <= OPENER_COST * dearest);
  const first = cheap.slice(0, openers);
  return { openers: first, closers: last, singles: [...new Set([...first, ...all.slice(0, SINGLES)])] };
}

/** So many may be asked alone. Who is not among these is worth less by what is known, and by half a spread for what is not. */
export const SINGLES = 8;
/** Who costs more than so much of what the dearest costs is no cheap way to begin. */
const OPENER_COST = 0.6;
