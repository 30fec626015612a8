import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AtpError } from '@atp-router/kernel';
import { expect, onTestFinished, test } from 'vitest';
import { type LocalEmbedder, type OnnxEmbedderOptions, openOnnxEmbedder } from '../../src/index.ts';
import { tokenizerOf } from '../../src/embed/tokenizer.ts';
import { tinyModel } from '../../src/testing/index.ts';

const MEANINGS = { cat: [3, 4, 0], feline: [3, 4, 0], dog: [0, 0, 1], sat: [0, 1, 0], '##s': [0, 0, 2] };

function files(): { file: string; tokenizer: string } {
  const dir = mkdtempSync(join(tmpdir(), 'atp-onnx-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return tinyModel(dir, MEANINGS);
}

async function open(more: Partial<OnnxEmbedderOptions> = {}): Promise<LocalEmbedder> {
  const given = { ...files(), max_tokens: 16, pooling: 'mean', timeout_ms: 60_000, ...more } as const;
  const embedder = await openOnnxEmbedder(given);
  onTestFinished(() => embedder.close());
  return embedder;
}

function refusal(given: { file: string; tokenizer: string }): Promise<unknown> {
  return openOnnxEmbedder({ ...given, max_tokens: 16, pooling: 'mean', timeout_ms: 1_000 }).catch(
    (error: unknown) => error,
  );
}

const rounded = (vectors: readonly Float32Array[]): number[][] =>
  vectors.map((vector) => Array.from(vector, (value) => Math.round(value * 1_000) / 1_000));

test('a model runs: words of one vector are one text, pieces of words count, padding and unknown words do not', async () => {
  const embedder = await open();
  expect(embedder.dims).toBe(3);
  expect(embedder.id).toMatch(/^onnx-[0-9a-f]{12}\/3-mean-16$/);
  const found = rounded(await embedder.embed(['Cat', 'a feline', 'cats', 'cat sat, dog?', '']));
  expect(found).toEqual([
    [0.6, 0.8, 0],
    [0.6, 0.8, 0],
    [0.557, 0.743, 0.371],
    [0.507, 0.845, 0.169],
    [0, 0, 0],
  ]);
});

test('beyond its tokens a text is cut off; `cls` takes the first vector', async () => {
  const short = await open({ max_tokens: 3 });
  expect(rounded(await short.embed(['dog cat']))).toEqual([[0, 0, 1]]);
  // The mark at the beginning has the vector of nothing here.
  const first = await open({ pooling: 'cls' });
  expect(rounded(await first.embed(['dog cat']))).toEqual([[0, 0, 0]]);
});

test('questions are answered in their order, and those beyond the bound are refused', async () => {
  const embedder = await open();
  const all = Array.from({ length: 66 }, (_, i) => embedder.embed([i % 2 === 0 ? 'cat' : 'dog']));
  const settled = await Promise.allSettled(all);
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as AtpError).code] : []));
  expect(refused).toEqual(['backpressure', 'backpressure']);
  const made = settled.flatMap((one) => (one.status === 'fulfilled' ? rounded(one.value) : []));
  expect(made.slice(0, 2)).toEqual([
    [0.6, 0.8, 0],
    [0, 0, 1],
  ]);
  await embedder.close();
  await expect(embedder.embed(['cat'])).rejects.toThrow('it is closed');
});

test('what cannot be used is refused at the start, and said', async () => {
  const whole = files();
  const broken = files();
  writeFileSync(broken.file, 'no model');
  const words = files();
  writeFileSync(words.tokenizer, 'cat\ndog\n');
  const gone = files();
  rmSync(gone.file);
  const errors = await Promise.all([broken, words, gone, { ...whole, tokenizer: whole.file }].map(refusal));
  for (const error of errors) expect(error).toBeInstanceOf(AtpError);
  expect(errors.map((error) => (error as AtpError).message)).toEqual([
    expect.stringMatching(/^embeddings\.file: .*tiny\.onnx cannot be used: the ONNX runtime cannot load it/),
    expect.stringMatching(/^embeddings\.tokenizer: .*vocab\.txt cannot be used: it has no line \[UNK\]/),
    expect.stringMatching(/^embeddings\.file: .*tiny\.onnx cannot be used: it cannot be read/),
    expect.stringMatching(/^embeddings\.tokenizer: .*tiny\.onnx cannot be used: it has no line \[UNK\]/),
  ]);
});

test('a thread that hangs is ended, and is not begun anew at once', async () => {
  // Hung after 80 ms; so many long texts take seconds.
  const embedder = await open({ timeout_ms: 10, max_tokens: 4_096 });
  const long = 'cat dog sat '.repeat(5_000);
  const texts = Array.from({ length: 500 }, () => long);
  await expect(embedder.embed(texts)).rejects.toThrow('its thread ended');
  await expect(embedder.embed(['cat'])).rejects.toThrow('it was just ended');
});

test('a tokenizer.json says the same as the vocab.txt that it was made of', async () => {
  const { file, tokenizer } = files();
  const described = tokenizerOf(tokenizer, readFileSync(tokenizer, 'utf8'));
  const json = tokenizer.replace('vocab.txt', 'tokenizer.json');
  writeFileSync(json, JSON.stringify(described));
  const embedder = await open({ file, tokenizer: json });
  // (3, 4, 0) + (0, 0, 2) + (0, 0, 1), to length 1.
  expect(rounded(await embedder.embed(['Cats, dog']))).toEqual([[0.514, 0.686, 0.514]]);
});

test('a text of words with capitals is told apart where the vocabulary tells them apart', () => {
  const marks = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n';
  expect(tokenizerOf('vocab.txt', `${marks}cat`)).toMatchObject({ normalizer: { lowercase: true } });
  expect(tokenizerOf('vocab.txt', `${marks}Cat\r\ncat\r\n`)).toMatchObject({ normalizer: { lowercase: false } });
});
