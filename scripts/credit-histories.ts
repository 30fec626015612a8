// Plays many histories of leased credit: `node --conditions=atp-source scripts/credit-histories.ts [first seed] [how many]`.
// Says what did not hold and how to see it again, and ends with 1 then.
import { playMany } from '@atp-router/flow/credit-testing';

const [first = 1, count = 10_000] = process.argv.slice(2).map(Number);
/** So that something is said now and then. */
const BATCH = 1_000;

for (let from = first; from < first + count; from += BATCH) {
  const end = Math.min(from + BATCH, first + count);
  const { facts, problems } = playMany(from, end, 1);
  console.log(`seeds ${from} to ${end - 1}: ${JSON.stringify(facts)}`);
  for (const problem of problems) console.log(problem);
  if (problems.length > 0) process.exitCode = 1;
}
