import { type AccountBook, partOf, type Demand, type ReservedPart } from './records.ts';
import { addTo, DIMENSIONS, less, type Sum } from './sums.ts';

/** So many that wait are asked at most. */
const ASKED_MAX = 64;

/** What gold that waits at an account has room made for at most; `is_exact`: and no less than that. */
export interface Wanted {
  readonly most: Readonly<Sum>;
  readonly is_exact: boolean;
}

/**
 * What the first that waits here and other gold that could use it want together, within what gold's part leaves; the last of them may go beyond
 * that, as it may when it is granted. Exact where it makes no difference in which order the others are asked: the first leaves nothing of the part, or
 * all that fit elsewhere do so together, and stay within it.
 */
export function wantedBy(book: AccountBook, head: Demand): Wanted {
  const first = partAt(head, book)?.amounts ?? [0, 0, 0];
  const left = less(partOf(book, 'gold'), book.tiers[0]);
  if (DIMENSIONS.some((i) => first[i] >= left[i])) return { most: first, is_exact: true };
  const gold = book.line.filter(({ rank }) => rank === 0);
  const usable = gold.filter((demand) => partAt(demand, book) !== undefined && fitsElsewhere([demand], book));
  const others = usable.filter((demand) => demand !== head);
  const sum: Sum = [...first];
  const largest: Sum = [0, 0, 0];
  for (const demand of others) {
    const amounts = partAt(demand, book)?.amounts ?? [0, 0, 0];
    addTo(sum, amounts);
    for (const i of DIMENSIONS) largest[i] = Math.max(largest[i], amounts[i]);
  }
  const is_within = others.length <= 1 || DIMENSIONS.every((i) => sum[i] < left[i]);
  const most: Sum = [0, 0, 0];
  for (const i of DIMENSIONS) most[i] = Math.min(sum[i], left[i] + largest[i]);
  return { most, is_exact: is_within && gold.length <= ASKED_MAX && fitsElsewhere(usable, book) };
}

function partAt(demand: Demand, book: AccountBook): ReservedPart | undefined {
  const part = demand.partAt(book);
  return part?.kind === 'reserve' ? part : undefined;
}

/** Whether the windows of calls and of tokens of their other accounts have room for all of them. */
function fitsElsewhere(demands: readonly Demand[], here: AccountBook): boolean {
  const wanted = new Map<AccountBook, Sum>();
  for (const { parts } of demands) {
    for (const part of parts) {
      if (part.kind !== 'reserve') continue;
      for (const book of part.accounts) {
        if (book === here || book.life === undefined) continue;
        const sum: Sum = wanted.get(book) ?? [0, 0, 0];
        addTo(sum, part.amounts);
        wanted.set(book, sum);
      }
    }
  }
  return [...wanted].every(([book, sum]) => ([0, 1] as const).every((i) => sum[i] <= book.windows[i] - book.out(i)));
}
