/** An answer that says no more than that there will be none is short. */
const REFUSAL_CHARS_MAX = 600;
const REFUSALS: readonly string[] = [
  "i can't help",
  'i cannot help',
  "i can't assist",
  'i cannot assist',
  "i'm unable to",
  'i am unable to',
  "i'm sorry, but i can",
  'i am sorry, but i can',
  'as an ai language model',
];
/** Words of a piece that is looked for again, and how often in a row it has to come to be a loop. */
const LOOP_WORDS_MAX = 32;
const LOOP_TIMES = 5;
/** So much has to be in the loop: five times "ha" is none. */
const LOOP_CHARS_MIN = 60;
/** Of words that are said at the end a loop is looked for: a model that is in one does not leave it. */
const WORDS_LOOKED = 512;

/** What an answer that was cut off is worth, and one that declines: it may be what was wanted. */
const CUT = 0.3;
const REFUSED = 0.2;

/** How right an answer can be by its looks: nothing in it and a loop are 0, what is cut off or declines is little, all else 1. */
export function qualityScore(answer: string, is_cut: boolean): number {
  const text = answer.trim();
  if (text === '' || isLoop(text)) return 0;
  if (is_cut) return CUT;
  return isRefusal(text) ? REFUSED : 1;
}

export function isRefusal(text: string): boolean {
  if (text.length > REFUSAL_CHARS_MAX) return false;
  const folded = text.replaceAll('’', "'").toLowerCase();
  return REFUSALS.some((words) => folded.includes(words));
}

/** Whether it ends in the same words over and over. */
function isLoop(text: string): boolean {
  const words = text
    .slice(-8 * 1_024)
    .split(/\s+/)
    .slice(-WORDS_LOOKED);
  for (let size = 1; size <= LOOP_WORDS_MAX && size * LOOP_TIMES <= words.length; size += 1) {
    let same = 0;
    for (let i = words.length - 1; i >= size && words[i] === words[i - size]; i -= 1) same += 1;
    const looped = words.slice(words.length - same - size);
    const chars = looped.reduce((sum, word) => sum + word.length + 1, 0);
    if (same >= size * (LOOP_TIMES - 1) && chars >= LOOP_CHARS_MIN) return true;
  }
  return false;
}
