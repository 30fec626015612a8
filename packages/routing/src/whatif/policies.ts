/** One of those who could have been asked. */
export interface WhatIfCandidate {
  readonly model: string;
  /** Chance of a right answer as it was seen before anybody was asked, 0 to 1. */
  readonly chance: number;
  readonly cost_usd: number;
}

/** Whom another policy would have asked, and taken the answer of. */
export type WhatIfPolicy =
  | { readonly kind: 'always'; readonly model: string }
  | { readonly kind: 'cheapest' }
  /** Who is right most often. */
  | { readonly kind: 'best' }
  /** Who is worth most where a right answer in place of a wrong one is worth so much. */
  | { readonly kind: 'quality'; readonly usd: number };

/** Its words, for messages. */
export const WHAT_IF_WORDS = '`always:<model>`, `cheapest`, `best`, or `quality:<usd>`';

/** Undefined for what is none. */
export function whatIfPolicy(text: string): WhatIfPolicy | undefined {
  if (text === 'cheapest' || text === 'best') return { kind: text };
  if (text.startsWith('always:') && text.length > 'always:'.length) {
    return { kind: 'always', model: text.slice('always:'.length) };
  }
  const usd = /^quality:(\d{1,4}(?:\.\d{1,9})?)$/.exec(text)?.[1];
  return usd === undefined || Number(usd) <= 0 ? undefined : { kind: 'quality', usd: Number(usd) };
}

/** Undefined where it would have had nobody to ask. Of equals the first. */
export function chosenBy(policy: WhatIfPolicy, candidates: readonly WhatIfCandidate[]): WhatIfCandidate | undefined {
  if (policy.kind === 'always') return candidates.find(({ model }) => model === policy.model);
  const worth = (one: WhatIfCandidate): number => {
    if (policy.kind === 'cheapest') return -one.cost_usd;
    return policy.kind === 'best' ? one.chance : one.chance - one.cost_usd / policy.usd;
  };
  let best: WhatIfCandidate | undefined;
  for (const one of candidates) if (best === undefined || worth(one) > worth(best)) best = one;
  return best;
}
