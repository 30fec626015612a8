import { argmax, ballotOf } from '../../src/voting/ballot.ts';
import type { Said, Voter } from '../../src/voting/index.ts';

/** What answers come to by the weights of a voter; clones of a source share its weight. */
export function vote(
  voter: Voter,
  answers: readonly Said[],
  cluster?: string,
): { readonly key: string | undefined; readonly sums: readonly number[] } {
  const { keys, voices } = ballotOf(answers);
  const sums = new Float64Array(keys.length);
  for (const { source, choice } of voices) sums[choice] = (sums[choice] ?? 0) + voter.weight(source, cluster);
  return { key: keys[argmax(sums)], sums: [...sums] };
}
