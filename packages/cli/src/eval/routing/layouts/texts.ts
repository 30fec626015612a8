import { lines, unusable } from '../../lines.ts';
import { asObject } from './bytes.ts';
import { TEXT_CHARS_MAX } from './layout.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `questions.jsonl.gz`: in each line `id`, and `prompt`, or `question` with perhaps `options`. Only of the prompts that are asked for. */
export async function textsOf(file: string, wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  let chars = 0;
  for await (const [line, number] of lines(file)) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw unusable(file, `line ${number} is no JSON.`);
    }
    const { id, prompt, question, options } = asObject(value) ?? {};
    const text = typeof prompt === 'string' ? prompt : question;
    if ((typeof id !== 'string' && typeof id !== 'number') || typeof text !== 'string')
      throw unusable(file, `line ${number} has no "id", or neither "prompt" nor "question".`);
    const key = String(id);
    if (!wanted.has(key)) continue;
    if (texts.has(key)) throw unusable(file, `line ${number} has prompt ${key} again.`);
    const choices = Array.isArray(options) ? options.map((one, i) => `\n${LETTERS[i] ?? i}. ${String(one)}`) : [];
    const whole = text + choices.join('');
    chars += whole.length;
    if (chars > TEXT_CHARS_MAX) throw unusable(file, `its prompts have more than ${TEXT_CHARS_MAX} characters.`);
    texts.set(key, whole);
  }
  return texts;
}
