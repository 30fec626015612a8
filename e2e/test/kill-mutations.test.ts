import { seededRng } from '@atp-router/kernel';
import { beforeAll, describe, expect, test } from 'vitest';
import { compare, type Evidence } from '../src/kill/check.ts';
import { MUTATIONS } from '../src/kill/mutations.ts';
import { recordSample } from '../src/kill/sample.ts';

/** Each spoils another place of the run, where there is more than one. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

let run: Evidence;
beforeAll(async () => {
  run = await recordSample();
});

test('the run is in order, and has something of everything', () => {
  expect(compare(run)).toEqual([]);
  const outcomes = run.records.flatMap((one) =>
    one.type === 'call.ended' ? [[one.task_type, one.attempts.map(({ outcome }) => outcome)]] : [],
  );
  expect(Object.fromEntries(outcomes)).toEqual({
    answered: ['ok'],
    retried: ['error', 'ok'],
    raced: ['cancelled', 'ok'],
    left: ['cancelled'],
    streaming: ['interrupted'],
    silent: ['interrupted'],
    retrying: ['error', 'interrupted'],
  });
});

/** What the oracle has to say of a journal that was spoilt; the call is named by its client's name or by its id. */
const NAMES: Readonly<Record<string, RegExp>> = {
  'an attempt doubled': /has 2 attempts in the usage record/,
  'an attempt doubled under a number of its own': /has an attempt \d, and no intent/,
  'an attempt doubled with its intent': /it had an answer, the upstream saw no request of it/,
  'an attempt dropped': /has 0 attempts in the usage record/,
  'tokens invented after a crash': /counts \d+ tokens of output, its last progress was \d+/,
  'tokens invented when a client left': /counts \d+ tokens of output, the upstream had written \d+/,
  'tokens invented in a good answer': /used 40\/\d+, the upstream reported 40\/700/,
  'a prompt invented': /counts \d+ tokens of prompt, its intent says \d+/,
  'progress invented': /came to \d+ tokens of output, the upstream had written \d+|goes from \d+ to \d+/,
  'a call dropped': /lost: the upstream served/,
  'an end doubled': /ended twice/,
  'the end of an attempt doubled': /ended twice|attempt.ended after its end/,
  'a cost off by one nano': /costs \d+ nano-dollars, by its price \d+/,
  'a reservation left by a call': /was opened and never ended/,
  'a reservation left by an attempt': /intent 9 has 0 attempts in the usage record/,
};

describe.each(Object.entries(MUTATIONS))('%s', (name, mutate) => {
  test.each(SEEDS)('is named, and nothing else is (seed %i)', (seed) => {
    const records = structuredClone([...run.records]);
    const req = mutate(records, seededRng(seed));
    const ids = run.records.flatMap((one) =>
      one.type === 'call.opened' && one.task_type === req ? [one.call_id] : [],
    );
    const problems = compare({ ...run, records });
    expect(problems).toContainEqual(expect.stringMatching(NAMES[name] ?? /^$/));
    for (const problem of problems)
      expect(
        [req, ...ids].some((word) => problem.includes(word)),
        problem,
      ).toBe(true);
  });
});

test('a request that the upstream saw and nobody pays', () => {
  const requests = run.log.filter((line) => line.t === 'request');
  for (const line of requests) {
    const log = [...run.log, { ...line, n: 1_000 }];
    expect(compare({ ...run, log })).toEqual([
      expect.stringMatching(`lost: the upstream saw request (1000|${line.n}) of ${line.req}`),
    ]);
  }
});

test('a call that no client asked for', () => {
  const [, ...clients] = run.clients;
  expect(compare({ ...run, clients })).toEqual([expect.stringMatching('invented: answered has a call')]);
});
