import type { RoutingConfig } from '@atp-router/adapters';

/**
 * How good an answer is wanted: a word, what a right one in place of a wrong one is worth in US dollars, or how likely it is to be
 * right, for as little as that takes.
 */
export type Quality = 'fast' | 'balanced' | 'high' | { readonly usd: number } | { readonly target: number };

/** Against what the configuration says. A second is worth ten times as much to whoever wants it fast. */
const WORDS = {
  fast: { quality: 0.2, second: 10 },
  balanced: { quality: 1, second: 1 },
  high: { quality: 5, second: 1 },
} as const satisfies Record<Extract<Quality, string>, { readonly quality: number; readonly second: number }>;

/** What quality and time are worth to one request. */
export function worthOf(
  quality: Quality | undefined,
  { quality_usd, second_usd }: Pick<RoutingConfig, 'quality_usd' | 'second_usd'>,
): { readonly quality_usd: number; readonly second_usd: number; readonly target?: number } {
  if (typeof quality === 'object')
    return 'usd' in quality ? { quality_usd: quality.usd, second_usd } : { quality_usd, second_usd, ...quality };
  const word = WORDS[quality ?? 'balanced'];
  return { quality_usd: quality_usd * word.quality, second_usd: second_usd * word.second };
}

const USD_MAX = 1_000;
/** What may be said, for messages. */
export const QUALITY_WORDS: string =
  'fast, balanced, high, what a right answer is worth in US dollars (above 0, up to 1000, with up to 9 places behind the point), or target= and the chance that it is right, such as target=0.9';

/** `fast`, `balanced`, `high`, a number above 0, or `target=` and one between 0 and 1; undefined for anything else. */
export function qualityOf(text: string): Quality | undefined {
  if (text === 'fast' || text === 'balanced' || text === 'high') return text;
  const target = /^target=(0\.\d{1,4})$/.exec(text)?.[1];
  if (target !== undefined) return Number(target) > 0 ? { target: Number(target) } : undefined;
  if (!/^\d{1,4}(\.\d{1,9})?$/.test(text)) return undefined;
  const usd = Number(text);
  return usd > 0 && usd <= USD_MAX ? { usd } : undefined;
}
