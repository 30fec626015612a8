import { createHash } from 'node:crypto';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { type Candidate, curate, CURATE_DEFAULTS, NearTexts, resemblance, shingles } from '@atp-router/routing';
import { describe, expect, test } from 'vitest';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function words(rng: Rng, count: number): string[] {
  return Array.from({ length: count }, () => `word${randomInt(rng, 0, 4_999)}`);
}

function candidate(n: number, more: Partial<Candidate> = {}, score?: number): Candidate {
  return {
    ...{ id: `obs_${String(n).padStart(5, '0')}`, at_ms: n, model: 'small', subject: 'none', answer: 'It is 42.' },
    ...{ prompt: words(seededRng(n), 60).join(' '), prompt_hash: sha256(String(n)), is_cut: false, removed: {} },
    ...{ ...more, score },
  };
}

describe('near duplicates', () => {
  test('are found, and what is distinct is kept, over seeds', () => {
    let [planted, found, distinct, lost] = [0, 0, 0, 0];
    for (let seed = 0; seed < 20; seed += 1) {
      const rng = seededRng(seed);
      const near = new NearTexts(0.8);
      for (let n = 0; n < 40; n += 1) {
        const text = words(rng, 120);
        distinct += 1;
        if (!near.add(text.join(' '))) lost += 1;
        const edited = [...text];
        for (let i = 0; i < 3; i += 1) edited[randomInt(rng, 0, 119)] = `other${i}`;
        if (resemblance(shingles(text.join(' ')), shingles(edited.join(' '))) < 0.8) continue;
        planted += 1;
        if (!near.add(edited.join(' '))) found += 1;
      }
    }
    expect(planted).toBeGreaterThan(400);
    expect(found / planted).toBeGreaterThanOrEqual(0.99);
    expect([distinct, lost]).toEqual([800, 0]);
  });

  test('are those of scripts without spaces, too, and of short texts', () => {
    const near = new NearTexts(0.8);
    expect(near.add('東京は日本の首都であり世界最大級の都市圏を形成している')).toBe(true);
    expect(near.add('東京は日本の首都であり、世界最大級の都市圏を形成している。')).toBe(false);
    expect([near.add('Hi!'), near.add('hi'), near.add('ho'), near.add(''), near.add('?')]).toEqual([
      ...[true, false, true, true, false],
    ]);
  });
});

describe('a dataset', () => {
  test('is the same bytes, in whatever order it is made from, and says what it is made of', () => {
    const all = Array.from({ length: 50 }, (_, n) => candidate(n, { subject: n % 2 === 0 ? 'sums' : 'prose' }));
    const segments = [
      { name: 'b', sha256: 'bb' },
      { name: 'a', sha256: 'aa' },
    ];
    const settings = { ...CURATE_DEFAULTS, per_topic: 10 };
    const one = curate(all, segments, settings, sha256);
    expect(curate([...all].reverse(), [...segments].reverse(), settings, sha256)).toEqual(one);
    expect(one.manifest).toMatchObject({
      ...{ v: 1, dataset_sha256: sha256(one.jsonl), examples: 20, topics: { prose: 10, sums: 10 } },
      removed: { topic_full: 30, duplicate: 0 },
    });
    expect(one.manifest.segments.map(({ name }) => name)).toEqual(['a', 'b']);
    const lines = one.jsonl.trimEnd().split('\n');
    expect(lines.length).toBe(20);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ completion: 'It is 42.', score: null });
  });

  test('leaves out what is of no use, and counts why', () => {
    const all = [
      candidate(1, { answer: ' ' }, 1),
      candidate(2, { is_cut: true }, 1),
      candidate(3, { removed: { email: 2 } }, 1),
      candidate(4, { answer: 'Write to mia@example.org' }, 1),
      candidate(5, { answer: 'I’m sorry, but I can’t help with that.' }, 1),
      candidate(6),
      candidate(7, {}, 0.4),
      candidate(8, {}, 0.9),
      candidate(9, { prompt: candidate(8).prompt }, 0.95),
      candidate(10, { removed: { ip: 1 }, answer: 'Sorry for the delay: it is 7.' }, 1),
    ];
    const { manifest, jsonl } = curate(all, [], { ...CURATE_DEFAULTS, min_score: 0.5 }, sha256);
    expect(manifest.removed).toEqual({
      ...{ empty: 1, too_long: 1, personal: 1, leak: 1, refusal: 1, unlabelled: 1, low_score: 1 },
      ...{ duplicate: 1, topic_full: 0 },
    });
    // Of two that are alike the better one stays.
    const ids = jsonl.trimEnd().split('\n');
    expect(ids.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['obs_00009', 'obs_00010']);
  });
});
