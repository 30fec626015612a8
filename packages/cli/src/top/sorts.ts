/** What comes first in the lists. Of accounts, `burn` is the money that they hold. */
export const SORTS = ['waiting', 'calls', 'tokens', 'burn', 'name'] as const;
export type Sort = (typeof SORTS)[number];
