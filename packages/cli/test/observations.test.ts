import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONFIG, Workplace } from './support/workplace.ts';

const at = new Workplace(CONFIG.replace('{ id: acme,', '{ id: acme, observe: true,').concat('observations: {}\n'));
const TRAINER = fileURLToPath(new URL('support/trainer.mjs', import.meta.url));

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme'))['key']);
  for (let n = 0; n < 12; n += 1)
    await at.fine('ask', `Say ${n} of ${'abcdefghijkl'[n]} in other words`, '--model', 'small');
});
afterAll(() => at.close());

async function rows(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  return (await at.data('observations', ...args))['data'] as Record<string, unknown>[];
}

describe('observations', () => {
  test('are listed, shown, exported, queued, labelled and counted', async () => {
    await at.data('observations', 'curate', '--out', 'first');
    const all = await rows('list', '--tenant', 'acme');
    expect(all.length).toBe(12);
    const request = String(all[0]?.['request_id']);
    expect(await at.fine('observations', 'show', request)).toContain('Say 0 of a in other words');
    const lines = (await at.fine('observations', 'export')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { prompt: string }).prompt)).toContain(
      'Say 11 of l in other words',
    );
    expect((await rows('queue', '--limit', '3')).length).toBe(3);
    expect(await at.fine('observations', 'label', request, '1')).toBe(`${request} is labelled 1.\n`);
    expect(await at.fine('observations', 'kpis', '--labels-min', '1')).toContain(
      '12 observations, 1 with a word; covered: 1 of topics, 1 of traffic',
    );
    expect((await rows('queue', '--limit', '20')).map((row) => row['request_id'])).not.toContain(request);
    expect((await at.run(['observations', 'label', request, '7'])).code).toBe(2);
    expect((await at.run(['observations', 'delete'])).code).toBe(2);
  });

  test('become a dataset, the same bytes from the same files, in a new folder only', async () => {
    const one = await at.data('observations', 'curate', '--out', 'one', '--jaccard', '1');
    const two = await at.data('observations', 'curate', '--out', 'two', '--jaccard', '1');
    expect(two).toEqual(one);
    const bytes = ['one', 'two'].map((dir) => readFileSync(join(at.cwd, dir, 'dataset.jsonl'), 'utf8'));
    expect(bytes[0]).toBe(bytes[1]);
    expect(JSON.parse(readFileSync(join(at.cwd, 'one', 'manifest.json'), 'utf8'))).toEqual(one);
    const again = await at.run(['observations', 'curate', '--out', 'one']);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('name another folder')]);
  });
});

/** Collects, trains by a small program that reads what it is given, and registers what that says. */
function pipeline(
  more: { readonly min?: number; readonly epochs?: number; readonly args?: readonly string[] } = {},
): string {
  const steps = [
    { id: 'collect', kind: 'collect', tenant: 'acme' },
    { id: 'curate', kind: 'curate', needs: ['collect'], jaccard: 1 },
    { id: 'split', kind: 'split', needs: ['curate'], eval_share: 0.25 },
    {
      ...{ id: 'train', kind: 'train', needs: ['split'], base_model: 'base-1', epochs: more.epochs ?? 2 },
      ...{ command: [process.execPath, TRAINER, ...(more.args ?? [])], env: ['ATP_URL'], timeout_s: 60 },
    },
    { id: 'evaluate', kind: 'evaluate', needs: ['train', 'split'], min: { accuracy: more.min ?? 0.5 } },
    {
      ...{ id: 'register', kind: 'register', needs: ['train', 'evaluate'] },
      model: { provider: 'up', context: 100_000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 } },
      manifest: { licence: 'Apache-2.0', built_by: 'the tests' },
    },
  ];
  writeFileSync(join(at.cwd, 'improve.json'), JSON.stringify({ version: 1, steps }));
  return 'improve.json';
}

interface StepSeen {
  readonly id: string;
  readonly does: string;
  readonly why: string;
  readonly facts: Record<string, unknown>;
}

async function steps(command: string, file: string): Promise<readonly StepSeen[]> {
  return (await at.data('improve', command, file))['steps'] as StepSeen[];
}

describe('improving', () => {
  test('says what it would do, does it, registers a shadow, and does what has changed only', async () => {
    const file = pipeline();
    const planned = await steps('plan', file);
    expect(planned.map(({ does, why }) => [does, why])).toEqual([
      ['runs', 'it has not run'],
      ['runs', 'it needs collect, which runs'],
      ['runs', 'it needs curate, which runs'],
      ['runs', 'it needs split, which runs'],
      ['runs', 'it needs train, which runs'],
      ['runs', 'it needs train, which runs'],
    ]);
    const done = await steps('run', file);
    expect(done.map(({ does }) => does)).toEqual(Array.from({ length: 6 }, () => 'runs'));
    expect(done[0]?.facts['observations']).toBe(12);
    const result = done[3]?.facts['result'] as { model: string; metrics: Record<string, number> };
    // The trainer has read what it was to, and nothing else of the environment.
    expect(result.metrics).toMatchObject({
      examples: Number(done[2]?.facts['train']),
      rank: 16,
      hash_is_right: 1,
      leaked: 0,
    });
    expect(await at.fine('models', 'list')).toMatch(new RegExp(`${result.model} .*shadow`));
    expect(await at.fine('models', 'custody', result.model)).toMatch(
      /build .*fine-tune job [0-9a-f]{64}, dataset .*\n.*deploy/,
    );

    expect((await steps('plan', file)).map(({ does }) => does)).toEqual(Array.from({ length: 6 }, () => 'kept'));
    const again = await steps('run', file);
    expect(again.map(({ does }) => does)).toEqual(Array.from({ length: 6 }, () => 'kept'));
    const more = await steps('plan', pipeline({ epochs: 3 }));
    expect(more.map(({ does, why }) => `${does}: ${why}`).slice(2, 5)).toEqual([
      'kept: nothing of it has changed',
      'runs: its settings have changed',
      'runs: it needs train, which runs',
    ]);
  });

  test('registers nothing that is not good enough, or whose trainer fails, says nothing, or does not end', async () => {
    const before = await at.fine('models', 'list');
    for (const [more, words] of [
      [{ min: 0.99, epochs: 5 }, 'accuracy is 0.9, and has to be 0.99. Nothing was registered.'],
      [{ args: ['--fail'] }, 'ended with 3. Its last words:\nout of memory'],
      [{ args: ['--silent'] }, 'result.json cannot be used: it is not there, or is not JSON'],
      [{ args: ['--wrong'] }, '"weights_sha256" has to be 64 lower-case hex digits'],
    ] as const) {
      const { code, err } = await at.run(['improve', 'run', pipeline(more)]);
      expect([code, err]).toEqual([1, expect.stringContaining(words)]);
    }
    const hanging = pipeline({ args: ['--hang'] });
    const text = readFileSync(join(at.cwd, hanging), 'utf8').replace('"timeout_s":60', '"timeout_s":1');
    writeFileSync(join(at.cwd, hanging), text);
    const { code, err } = await at.run(['improve', 'run', hanging]);
    expect([code, err]).toEqual([1, expect.stringContaining('took longer than 1 s')]);
    expect(await at.fine('models', 'list')).toBe(before);
  });

  test('refuses cycles, needs that lead nowhere or do not fit, and keys that mean nothing, all at once', async () => {
    const wrong = {
      version: 1,
      steps: [
        { id: 'a', kind: 'curate', needs: ['b'] },
        { id: 'b', kind: 'split', needs: ['a'], share: 1 },
        { id: 'c', kind: 'train', needs: ['nobody'], base_model: 'x', command: ['true'], lora: { rank: 0 } },
        { id: 'c', kind: 'collect' },
        { id: 'd', kind: 'bake' },
      ],
    };
    writeFileSync(join(at.cwd, 'wrong.json'), JSON.stringify(wrong));
    const { code, err } = await at.run(['improve', 'plan', 'wrong.json']);
    expect(code).toBe(2);
    for (const words of [
      'b.share: there is no such key; known are eval_share',
      'c.lora.rank: it has to be a number from 1 to 1024',
      'c: it needs "nobody", and there is no such step',
      'c: there are two steps of this id',
      'steps[4].kind: it has to be one of collect, curate, split, train, evaluate, register',
      'a: a step of kind curate needs one step of kind collect; this one needs split',
      'a: it needs itself, by way of a, b',
    ]) {
      expect(err).toContain(words);
    }
  });
});

test('erased observations are gone from all that is made later', async () => {
  expect(await at.data('observations', 'delete', '--tenant', 'acme')).toMatchObject({ observations: 12, words: 1 });
  expect(await rows('list')).toEqual([]);
  expect(await at.data('observations', 'curate', '--out', 'empty')).toMatchObject({ examples: 0, segments: [] });
});
