import { CELLS_MAX, type Dataset, type Prompt } from './dataset.ts';
import { lines, unusable } from './lines.ts';

/** Solutions longer than this are read at their end, where the answer is. */
const TAIL_CHARS = 2_000;
const CHARS_PER_TOKEN = 4;

interface Solution {
  readonly is_correct: boolean;
  readonly solution: string;
}

/**
 * `example_model_solutions.jsonl.gz` of GSM8K (Cobbe et al. 2021): a prompt a line, with a `solution` in words and `is_correct` for
 * each model. The answer is the last number after `A:`; there are no categories.
 */
export async function readSolutions(file: string): Promise<Dataset> {
  let models: readonly string[] = [];
  const prompts: Prompt[] = [];
  for await (const [text, number] of lines(file)) {
    if (text === '') continue;
    const row = parse(file, text, number);
    if (prompts.length === 0) models = [...row.keys()];
    const solutions = models.map((model) => row.get(model));
    if (row.size !== models.length || solutions.includes(undefined))
      throw unusable(file, `line ${number} has other models than the lines before it: ${[...row.keys()].join(', ')}.`);
    const all = solutions.filter((solution) => solution !== undefined);
    prompts.push({
      id: String(prompts.length + 1),
      category: undefined,
      keys: all.map(({ solution }) => numberOf(solution)),
      asked: all.map(() => true),
      right: { kind: 'marks', right: all.map(({ is_correct }) => is_correct) },
      tokens: all.map(({ solution }) => solution.length / CHARS_PER_TOKEN),
    });
    if (prompts.length * models.length > CELLS_MAX) throw unusable(file, `it has more than ${CELLS_MAX} answers.`);
  }
  return { models, covered: models.map(() => prompts.length), prompts };
}

function parse(file: string, text: string, number: number): ReadonlyMap<string, Solution> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(file, `line ${number} is not JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unusable(file, `line ${number} is no object.`);
  const found = new Map<string, Solution>();
  for (const [name, part] of Object.entries(value)) if (isSolution(part)) found.set(name, part);
  if (found.size === 0) throw unusable(file, `line ${number} has no model with solution and is_correct.`);
  return found;
}

function isSolution(value: unknown): value is Solution {
  const part = value as Partial<Record<keyof Solution, unknown>> | null;
  return (
    typeof part === 'object' &&
    part !== null &&
    typeof part.solution === 'string' &&
    typeof part.is_correct === 'boolean'
  );
}

/** The last number after `A:`, in one spelling; empty when there is none. */
function numberOf(solution: string): string {
  const tail = solution.slice(-TAIL_CHARS);
  const start = tail.lastIndexOf('A:');
  const found = start < 0 ? null : tail.slice(start + 2).match(/-?\d[\d,]*(?:\.\d+)?/g);
  const text = found?.at(-1)?.replaceAll(',', '');
  return text === undefined ? '' : String(Number(text));
}
