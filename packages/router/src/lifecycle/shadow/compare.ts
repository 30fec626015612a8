import { answerKey, JACCARD } from '@atp-router/consensus';
import type { Choice } from '@atp-router/dialects';

/** An answer as it is compared, gone when that is done. */
export interface Said {
  readonly text: string;
  readonly finish: Choice['finish'];
}

export interface Compared {
  readonly is_whole: boolean;
  readonly is_readable: boolean;
  readonly champion_is_readable: boolean;
  readonly agreement: number;
  readonly agrees: boolean;
}

/** What an answer can be read as. */
type Form = 'json' | 'exact' | 'words' | 'none';

const JSON_FORM = { kind: 'json', field: undefined } as const;
const JSON_BEGINS = /^\s*(?:[{[]|```)/;
/** A letter, a number or a fraction: what `answerKey` makes of an answer that states one. */
const EXACT_KEY = /^(?:[A-Z]|-?[0-9][0-9./]*)$/;

/** What of an answer is read: its words, without thinking. */
export function saidIn({ parts, finish }: Choice): Said {
  return { text: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''), finish };
}

/** Holds the answer of a shadow against the one that the client got. Undefined: none came. Keeps no word of either. */
export function compare(champion: Said, challenger: Said | undefined, agrees_at: number): Compared {
  const theirs = formOf(champion.text);
  const champion_is_readable = theirs !== 'none' && champion.finish !== 'content_filter';
  const none = { is_readable: false, champion_is_readable, agreement: 0, agrees: false };
  // What the client's own limit cuts off is cut off for both.
  if (challenger === undefined || !isWhole(challenger, champion)) return { is_whole: false, ...none };
  const own = formOf(challenger.text);
  const is_readable = own !== 'none' && (theirs !== 'json' || own === 'json');
  if (!is_readable || theirs === 'none') return { is_whole: true, ...none, is_readable };
  const agreement = agreementOf(champion.text, challenger.text, theirs, own);
  return { is_whole: true, is_readable, champion_is_readable, agreement, agrees: agreement >= agrees_at };
}

function isWhole({ finish }: Said, champion: Said): boolean {
  return finish === 'stop' || finish === champion.finish;
}

function agreementOf(theirs: string, own: string, their_form: Form, own_form: Form): number {
  if (keyOf(theirs, their_form) === keyOf(own, own_form)) return 1;
  // Letters, numbers and JSON are the same or not.
  if (their_form !== 'words') return 0;
  return JACCARD.score(JACCARD.prepare(theirs), JACCARD.prepare(own));
}

function keyOf(text: string, form: Form): string {
  return answerKey(text, form === 'json' ? JSON_FORM : { kind: 'auto' });
}

function formOf(text: string): Form {
  if (JSON_BEGINS.test(text) && answerKey(text, JSON_FORM) !== '') return 'json';
  const key = answerKey(text, { kind: 'auto' });
  if (key === '') return 'none';
  return EXACT_KEY.test(key) ? 'exact' : 'words';
}
