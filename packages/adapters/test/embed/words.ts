import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { tinyOnnx } from './tiny-onnx.ts';

const MARKS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];

/** A model that knows these words, each with a vector of its own, as files that are removed when the test is over. */
export function tinyModel(meanings: Readonly<Record<string, readonly number[]>>): { file: string; tokenizer: string } {
  const dir = mkdtempSync(join(tmpdir(), 'atp-onnx-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const dims = Object.values(meanings)[0]?.length ?? 1;
  const nothing = new Array<number>(dims).fill(0);
  const file = join(dir, 'tiny.onnx');
  const tokenizer = join(dir, 'vocab.txt');
  writeFileSync(file, tinyOnnx([...MARKS.map(() => nothing), ...Object.values(meanings)]));
  writeFileSync(tokenizer, `${[...MARKS, ...Object.keys(meanings)].join('\n')}\n`);
  return { file, tokenizer };
}
