import { answerKey } from '../answer-key.ts';
import type { FollowUp, Verdict, View } from '../strategy.ts';
import { hash64 } from '../text/hash.ts';
import { lastChars } from '../text/fold.ts';
import { isAnyOpen } from './result.ts';

/** Characters at the end of a reply in which its verdict is looked for. */
const REPLY_CHARS = 8_192;

/** A follow-up, called by what it asks: the same question is the same ask however often it is put. `place`: among equal ones. */
export function askOf(role: FollowUp['role'], source: string | undefined, prompt: string, place: number = 0): FollowUp {
  return { id: `${role}:${place}:${hash64(prompt)}`, role, source, prompt };
}

/** What was said to a follow-up: `undefined` while nobody has answered, `''` where it failed or came too late. */
export function replyTo(view: View, { id }: FollowUp): string | undefined {
  const answer = view.follow_ups.find((one) => one.id === id);
  return answer === undefined ? undefined : (answer.text ?? '');
}

/** Somebody can be asked once all lanes are over: what is asked then does not change any more. */
export function mayAsk(view: View): boolean {
  return !isAnyOpen(view) && !(view.is_last && view.open.length > 0);
}

/** Those that nobody has answered yet are asked, together with those that wait; undefined when all are answered. */
export function askOpen(view: View, asks: readonly FollowUp[]): Verdict | undefined {
  const open = asks.filter((ask) => replyTo(view, ask) === undefined);
  return open.length === 0 ? undefined : { kind: 'ask', asks: open };
}

/** The letter that a judge chose, `none` when it chose none; undefined when it said nothing of the kind. */
export function choiceIn(reply: string, letters: readonly string[]): string | undefined {
  const end = lastChars(reply, REPLY_CHARS);
  const stated = [...end.matchAll(/choice["'*\s]{0,4}[:=]["'*\s(]{0,6}([a-z]|none)(?![a-z0-9])/gi)].at(-1)?.[1];
  if (stated?.toLowerCase() === 'none') return 'none';
  const letter = stated?.toUpperCase() ?? answerKey(end, { kind: 'choice' });
  return letters.includes(letter) ? letter : undefined;
}

/** The score that a verifier gave, 0 to 1; undefined when there is none from 0 to 10. */
export function scoreIn(reply: string): number | undefined {
  const end = lastChars(reply, REPLY_CHARS);
  const stated = [...end.matchAll(/score["'*\s]{0,4}[:=]["'*\s(]{0,6}(\d{1,3}(?:\.\d{1,6})?)/gi)].at(-1)?.[1];
  const of_ten = (): string | undefined =>
    [...end.matchAll(/(?<![\d.])(\d{1,2}(?:\.\d{1,6})?) ?\/ ?10(?!\d)/g)].at(-1)?.[1];
  const score = Number(stated ?? of_ten() ?? Number.NaN);
  return score >= 0 && score <= 10 ? score / 10 : undefined;
}

/** Numbers that were confirmed, of 1 to `n`. One that is both confirmed and not is not. */
export function acksIn(reply: string, n: number): ReadonlySet<number> {
  const acked = new Set<number>();
  const denied = new Set<number>();
  for (const [, digits, word] of lastChars(reply, REPLY_CHARS).matchAll(
    /(?<![\d.])(\d{1,3})["'*\s]{0,4}[:=.)-]["'*\s]{0,4}(n?ack)(?![a-z])/gi,
  )) {
    const number = Number(digits);
    if (number >= 1 && number <= n) (word?.toLowerCase() === 'ack' ? acked : denied).add(number);
  }
  return new Set([...acked].filter((number) => !denied.has(number)));
}
