import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding, Reconciled } from '../../src/index.ts';
import { Sources, sentencesOf } from '../../src/strategies/added-claims.ts';
import { decide, said, sceneOf } from './say.ts';
import { finding, type Scene, viewOf } from './scenes.ts';
import { settle } from './suite.ts';
import { made } from './tools.ts';

const arbiter = made('arbiter');

function written(scene: Scene, reply: string | undefined): Reconciled {
  const end = settle(arbiter, viewOf(scene, scene.order.length), () => reply);
  if (end.kind !== 'done') throw new Error(end.why);
  return end.result;
}

const A = 'The cache is never cleared after a write. It grows to 256 entries. The lock in Redis is not held.';
const B = 'Memory grows because the cache keeps each entry. Restart the worker once a day.';

describe('what a rewrite may say', () => {
  const sources = new Sources([A, B]);

  test.each([
    'The cache is never cleared after a write.',
    '**the cache is never cleared, after a write**',
    'After a write the cache is never cleared.',
    'It grows to 256 entries, and the lock in Redis is not held.',
    'Restart the worker once a day.',
  ])('what an answer says: %s', (sentence) => expect(sources.support(sentence)).toBe(true));

  test.each([
    ['another thing', 'Delete the database.'],
    ['another number', 'It grows to 512 entries.'],
    ['the opposite', 'The cache is cleared after a write.'],
    ['the opposite of a denial', 'The lock in Redis is held.'],
    ['another name', 'The lock in Postgres is not held.'],
    ['a name in addition', 'The lock in Redis by Postgres is not held.'],
    ['words of several answers in another order', 'Worker memory is held in a cleared entry.'],
    ['words without a claim', 'It is so.'],
  ])('not %s: %s', (_, sentence) => expect(sources.support(sentence)).toBe(false));

  test('lines stay as they are, but for the sentences that nobody says', () => {
    const text = '# It grows to 256 entries\n\n- Restart the worker once a day. Delete the database.\n- Use Rust.\n---';
    const { text: left, sentences, removed } = sources.check(text);
    expect(left).toBe('# It grows to 256 entries\n\n- Restart the worker once a day.\n---');
    expect(sentences).toBe(4);
    expect(removed).toEqual(['Delete the database.', '- Use Rust.']);
  });

  test('sentences end where they do', () => {
    expect(sentencesOf('See a.ts:3. It is 1.5 ms! "So?" Yes')).toEqual([
      'See a.ts:3.',
      'It is 1.5 ms!',
      '"So?"',
      'Yes',
    ]);
    expect(sentencesOf('- \n***\n1. one\u2028two')).toEqual(['1.', 'one', 'two']);
  });

  test('hostile texts are checked in bounded steps', () => {
    const words = Array.from({ length: 40 }, (_, i) => `word${i % 7}`).join(' ');
    const long = `${words}. `.repeat(20_000);
    const hostile = new Sources(Array.from({ length: 16 }, (_, i) => `${i} ${long}`));
    const { removed } = hostile.check(`${words} x. `.repeat(5_000));
    expect(removed.length).toBeGreaterThan(4_000);
  });
});

describe('arbiter', () => {
  const scene = sceneOf([said('a', A), said('b', B)], { order: [1, 0] });

  test('is asked once all have answered, with the different answers quoted', () => {
    expect(decide(arbiter, scene, 1).kind).toBe('wait');
    const verdict = decide(arbiter, scene, 2);
    expect(verdict).toMatchObject({ kind: 'ask', asks: [{ role: 'arbiter', source: undefined }] });
    expect(decide(arbiter, sceneOf(['A', 'A'], {}), 2)).toMatchObject({ kind: 'done', is_safe: true });
  });

  test('its answer is the result without what nobody says', () => {
    const result = written(
      scene,
      'The cache is never cleared after a write. Restart the worker once a day. It grows to 256 entries. Buy more memory.',
    );
    expect(result.text).toBe(
      'The cache is never cleared after a write. Restart the worker once a day. It grows to 256 entries.',
    );
    expect(result.lane).toBeUndefined();
    expect(result.uncertainties).toContain('taken out, as no answer says it: Buy more memory.');
  });

  test.each([
    ['adds too much', 'Buy more memory. Use Rust. It grows to 256 entries.'],
    ['says nothing', '  '],
    ['fails', undefined],
    ['says no words', '---\n!!!'],
    ['writes without an end', 'It grows to 256 entries. '.repeat(10_000)],
  ])('the first answer wins when it %s', (_, reply) => {
    const result = written(scene, reply);
    expect(result).toMatchObject({ text: B, lane: 1 });
    expect(result.why[0]).toContain('stands in for that of the arbiter');
  });
});

describe('arbiter of findings', () => {
  const leak: Finding = { ...finding(1, 0, 12, 1, 9), claim: 'Line 12 leaks a handle.', proposed_fix: 'close(handle)' };
  const race: Finding = { ...finding(2, 1, 2, 0, 9), claim: 'The lock is taken after the read.' };
  const review = (...findings: readonly Finding[]) => ({
    ...said(findings.map(({ id }) => id).join(), JSON.stringify({ findings })),
    findings,
  });
  const scene = sceneOf([review(leak), review(race)], {});

  test('only the choice and the words are its own', () => {
    const rewritten = {
      ...leak,
      claim: 'Line 12 leaks a handle.',
      severity: 'critical',
      proposed_fix: 'rm -rf build',
      evidence: [],
    };
    const result = written(scene, `\`\`\`json\n${JSON.stringify({ findings: [rewritten, leak] })}\n\`\`\``);
    expect(result.findings).toMatchObject([{ claim: leak.claim, severity: 'high', proposed_fix: 'close(handle)' }]);
    expect(result.findings).toHaveLength(1);
    expect(result.text).not.toContain('rm -rf');
    expect(result.uncertainties).toContain(`left out by the arbiter: critical logic in src/b.ts:2-4: ${race.claim}`);
  });

  test('words of one finding are not said of another', () => {
    const moved = { ...leak, claim: `${leak.claim} ${race.claim}` };
    const result = written(scene, JSON.stringify({ findings: [moved, race] }));
    expect(result.findings?.map(({ file, claim }) => [file, claim])).toEqual([
      [race.file, race.claim],
      [leak.file, leak.claim],
    ]);
  });

  test('one that no answer has is taken out, and words that no answer says are not taken', () => {
    const invented = { ...leak, file: 'src/z.ts', claim: 'The password is in the log.' };
    const reworded = { ...race, claim: 'The lock is taken after the read, so all passwords leak.' };
    const result = written(scene, JSON.stringify({ findings: [leak, reworded, invented] }));
    expect(result.findings?.map(({ claim }) => claim).sort()).toEqual([leak.claim, race.claim]);
    expect(result.uncertainties).toContain('taken out, as no answer says it: The password is in the log.');
    expect(written(scene, 'No JSON here.')).toMatchObject({ lane: 0 });
  });
});

describe('the arbiter adds no claim', () => {
  // Two vocabularies without a word in common: what is said of the second was added.
  const OWN = [
    'cache',
    'lock',
    'queue',
    'reader',
    'entry',
    'buffer',
    'thread',
    'grows',
    'waits',
    'holds',
    'sends',
    'keeps',
  ];
  const FOREIGN = [
    'password',
    'leaks',
    'attacker',
    'deletes',
    'exploit',
    'Rust',
    'backdoor',
    '4711',
    'token',
    'steals',
  ];
  const sentence = (words: readonly string[]): fc.Arbitrary<string> =>
    fc
      .tuple(
        fc.array(fc.constantFrom(...words), { minLength: 3, maxLength: 9 }),
        fc.constantFrom('.', '!', '?'),
        fc.nat(3),
      )
      .map(
        ([chosen, end, marks]) =>
          `${['', '- ', '**', '> '][marks]}The ${chosen.join(' the ')}${marks === 2 ? '**' : ''}${end}`,
      );
  const answer = fc.array(sentence(OWN), { minLength: 1, maxLength: 6 });

  test('whatever it writes: no foreign word, no foreign number, nothing turned round', () => {
    let kept = 0;
    fc.assert(
      fc.property(
        fc.array(answer, { minLength: 2, maxLength: 4 }),
        fc.array(fc.oneof(sentence(FOREIGN), sentence([...OWN, ...FOREIGN])), { maxLength: 4 }),
        fc.infiniteStream(fc.nat(1_000)),
        fc.constantFrom(' ', '\n', '\n\n', '\u2028', '\r\n'),
        (answers, hostile, choices, joint) => {
          const texts = answers.map((sentences) => sentences.join(' '));
          const own = answers.flat();
          const pick = (from: readonly string[]): string => from[(choices.next().value ?? 0) % from.length] ?? '';
          const turned = own.map((one) => one.replace('The ', 'It is not so that the '));
          const parts = Array.from({ length: 6 }, () => pick([...own, ...own, ...hostile, ...turned]));
          const scene = sceneOf(
            texts.map((text) => said(text, text)),
            {},
          );
          const { text, lane } = written(scene, parts.join(joint));
          if (lane === undefined) kept += 1;
          for (const word of FOREIGN.filter((one) => !own.join(' ').includes(one))) expect(text).not.toContain(word);
          expect(text).not.toContain('not so');
          for (const [number] of text.matchAll(/\d+/g)) expect(texts.join(' ')).toContain(number);
        },
      ),
      { numRuns: 200 },
    );
    expect(kept).toBeGreaterThan(20);
  });
});
