/** Whether a client has heard a streamed answer to its end (`stayed`), or hung up while it came (`left`). */
export type HangUpKind = 'left' | 'stayed';

/** How much that counts beside a person's word: people hang up for many reasons, and hear much to its end that is wrong. */
export const HANG_UP_WEIGHT = 0.05;

/** How right an answer was by it. Those who stay count, too: by those who leave alone each model would end at 0. */
export function hangUpRight(kind: HangUpKind): number {
  return kind === 'stayed' ? 1 : 0;
}

/**
 * What a client's next request says of an answer: the same was asked again within `RETRY_MS` (`retry`) or later (`regenerated`), a
 * conversation went on by correcting it (`corrected`), or went on otherwise (`followed`).
 */
export type SignalKind = 'retry' | 'regenerated' | 'corrected' | 'followed';

export const RETRY_MS = 30_000;
/** Later a client has another reason to ask the same. */
export const SIGNAL_MS = 600_000;
/** How much it counts beside a person's word: it is a guess. */
export const SIGNAL_WEIGHT = 0.1;

/** How right an answer was by it. What goes on counts, too: by complaints alone each model would end at 0. */
export function signalRight(kind: SignalKind): number {
  return kind === 'followed' ? 1 : 0;
}

/** Words that a correction begins with, in English and German. */
const CORRECTIONS: readonly string[] = [
  ...[
    'no,',
    'no.',
    'wrong',
    "that's wrong",
    'that is wrong',
    "that's not",
    'that is not',
    'this is wrong',
    'not what i',
  ],
  ...['incorrect', "that's incorrect", 'you misunderstood', 'i asked for', 'i said', 'try again', 'are you sure'],
  ...['nein', 'falsch', 'das ist falsch', 'das stimmt nicht', 'nicht das', 'noch einmal'],
];
const LONGEST = Math.max(...CORRECTIONS.map(({ length }) => length));

/** Whether the next message of a conversation begins like one that corrects the answer before it. */
export function isCorrection(message: string): boolean {
  const begins = message
    .trimStart()
    .slice(0, LONGEST + 1)
    .replaceAll('’', "'")
    .toLowerCase();
  return CORRECTIONS.some((words) => {
    if (!begins.startsWith(words)) return false;
    const next = begins[words.length];
    return next === undefined || !/[a-zäöüß]/.test(next) || !/[a-z]/.test(words.at(-1) ?? '');
  });
}
