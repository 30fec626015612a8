import type { Rng } from '@atp-router/kernel';
import type { Member, SelectSettings } from '../plan.ts';

export interface Selected {
  readonly members: readonly Member[];
  /** Who was left out, and who came in to be tried, in words. */
  readonly why: readonly string[];
}

/**
 * The best of those that a fan-out lists, by `worthOf`, with all their clones, in the order of the list; a tie goes to the one
 * that is listed first. Each place is given away with the chance `explore`, the worst of the best first, to one of the others
 * at random: who is never asked is never known.
 */
export function selectMembers(
  members: readonly Member[],
  { top, explore }: SelectSettings,
  worthOf: (source: string) => number,
  rng: Rng,
): Selected {
  const sources = [...new Set(members.filter(({ is_challenger }) => !is_challenger).map(({ source }) => source))];
  if (sources.length <= top) return { members, why: [] };
  const ranked = sources
    .map((source, place) => ({ source, place, worth: worthOf(source) }))
    .sort((a, b) => b.worth - a.worth || a.place - b.place);
  const [best, rest] = [ranked.slice(0, top), ranked.slice(top)];
  const tried: typeof ranked = [];
  for (let place = best.length - 1; place >= 0 && rest.length > 0; place -= 1) {
    if (rng.next() >= explore) continue;
    const [one] = rest.splice(Math.floor(rng.next() * rest.length), 1);
    best.splice(place, 1);
    if (one !== undefined) tried.push(one);
  }
  const asked = new Set([...best, ...tried].map(({ source }) => source));
  const left = sources.filter((source) => !asked.has(source));
  const rounded = (source: string): string => (Math.round(worthOf(source) * 1_000) / 1_000).toString();
  return {
    members: members.filter(({ source, is_challenger }) => is_challenger || asked.has(source)),
    why: [
      `the best ${top} of ${sources.length} by reputation are asked; left out: ${left.map((source) => `${source} (${rounded(source)})`).join(', ')}`,
      ...(tried.length === 0 ? [] : [`to learn of them: ${tried.map(({ source }) => source).join(', ')}`]),
    ],
  };
}
