import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tinyOnnx } from './tiny-onnx.ts';

const MARKS: readonly string[] = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];

/** A model that knows these words, each with a vector of its own, as files in a folder. */
export function tinyModel(
  dir: string,
  meanings: Readonly<Record<string, readonly number[]>>,
): { readonly file: string; readonly tokenizer: string } {
  const dims = Object.values(meanings)[0]?.length ?? 1;
  const nothing = new Array<number>(dims).fill(0);
  const file = join(dir, 'tiny.onnx');
  const tokenizer = join(dir, 'vocab.txt');
  writeFileSync(file, tinyOnnx([...MARKS.map(() => nothing), ...Object.values(meanings)]));
  writeFileSync(tokenizer, `${[...MARKS, ...Object.keys(meanings)].join('\n')}\n`);
  return { file, tokenizer };
}
