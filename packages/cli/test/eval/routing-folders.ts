import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeGz } from './folders.ts';

const BLOCK = 512;

export interface TarEntry {
  readonly name: string;
  readonly text: string;
  /** `0` a file, `2` a symbolic link, `5` a directory. */
  readonly type?: string;
}

/** A ustar archive. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ name, text, type = '0' }) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(BLOCK);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(' '.repeat(8), 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

export function writePrices(folder: string, rows: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'prices.csv'), `${['model,in_usd_per_mtok,out_usd_per_mtok', ...rows].join('\n')}\n`);
}

const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The letters of some prompts; words of each have forty characters, ten tokens. */
const WORDS = 'Which of these ten answers is the best?!';

export interface Answers {
  readonly heading: string;
  readonly rows: readonly string[];
  /** With its heading; undefined: nothing says how long answers were. */
  readonly chars?: readonly string[];
}

/** `predictions.csv.gz` or, by name, another table of answers or marks; the id is the first cell. */
export function writeTable(
  folder: string,
  { heading, rows, chars }: Answers,
  name: string = 'predictions.csv.gz',
): void {
  writeGz(folder, name, `${[heading, ...rows].join('\n')}\n`);
  if (chars !== undefined) writeGz(folder, 'output_chars.csv.gz', `${chars.join('\n')}\n`);
  const ids = rows.map((row) => row.split(',')[0]);
  writeGz(folder, 'questions.jsonl.gz', jsonLines(ids.map((id) => ({ id, prompt: WORDS }))));
}

export const WEAK = 'near/weak-7b';
export const STRONG = 'far-strong';
const HEADING = `prompt,${WEAK},${STRONG}`;

/** Prompts of two subjects: in `law` the weak one is right, in `maths` the strong one only; one of them is contaminated. */
export function routellmEntries(prompts: number): readonly TarEntry[] {
  const rows = (words: string, marks: string): readonly string[] =>
    Array.from({ length: prompts }, (_, i) => `"Say, ""${words}""\nof case ${i}?",${marks}`);
  return [
    { name: 'mmlu/', text: '', type: '5' },
    { name: 'mmlu/mmlu_law.csv', text: `${[HEADING, ...rows('court', 'True,True')].join('\n')}\n` },
    { name: 'mmlu/mmlu_maths.csv', text: `${[HEADING, ...rows('sum', 'False,True')].join('\n')}\n` },
  ];
}

export function writeRoutellm(folder: string, entries: readonly TarEntry[] = routellmEntries(60)): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'mmlu_responses.tar.gz'), gzipSync(tarOf(entries)));
  writeFileSync(
    join(folder, 'mmlu_contaminated_prompts.jsonl'),
    jsonLines([{ train_prompt: 'x', eval_prompt: 'Say, "sum"\nof case 0?' }]),
  );
  const said = [`a,True,False,"four\nfour.",eight wo`, `b,1,0,,eight wo`];
  const heading = `${HEADING},${WEAK}_response,${STRONG}_response`;
  writeGz(folder, 'gsm8k_responses.csv.gz', `${[heading, ...said].join('\n')}\n`);
  writePrices(folder, [`${WEAK},1,1`, `${STRONG},10,40`]);
}

export interface ScoredRow {
  readonly question: string;
  readonly scores: Readonly<Record<string, unknown>>;
  readonly cluster_id?: number;
}

export function writeUlab(folder: string, set: string, rows: readonly ScoredRow[]): void {
  writeGz(folder, `${set}.json.gz`, JSON.stringify(rows));
  const price = (usd: number): unknown => ({ size: '7B', input_price: usd, output_price: usd });
  writeFileSync(join(folder, 'default_llm.json'), JSON.stringify({ [WEAK]: price(0.2), [STRONG]: price(1) }));
}
