import { lastChars, LOOK_CHARS } from '../text/fold.ts';

/** Words for an answer and for being one, in the languages that models answer in most; the latter with no letter behind. */
const ANSWER = '(?:(?<!\\p{L})(?:answers?|antwort|réponse|respuesta|risposta|resposta|ответ)(?!\\p{L})|答案|正解|答え)';
const IS = `(?:(?:is|are|ist|est|es|è|é|would be|should be|must be)(?![\\p{L}'’])|[:：=]|[-–=]>|→|是|为|は)`;
/** Words between `answer` and `is`: which question, of which options. */
const ABOUT = `[^.\\n:：=]{1,60} (?:is|would be|should be|must be)(?![\\p{L}'’])[:：]?`;
/** Words that may stand before what is stated. */
const FILL =
  '(?:(?:the|option|choice|letter|answer|number|clearly|definitely|likely|most|probably|therefore|thus|indeed|exactly|approximately|about)(?![\\p{L}])[:：]?[ \\n]?)';

/** `The answer is`, `Final answer:`, `The correct choice is`, up to where the answer begins. */
const STATEMENT: RegExp = new RegExp(
  `(?:${ANSWER}(?: ?${IS}|${ABOUT}| (?=[([]))|(?<!\\p{L})(?:choice|option) ?${IS})[ \\n]{0,3}${FILL}{0,3}`,
  'giu',
);

/** An answer without emphasis and needless space: what is stated in it is easier to see. Of a long one the end. */
export function plainAnswer(text: string): string {
  return lastChars(text, LOOK_CHARS)
    .replace(/\\(?:text|textbf|mathrm|mathbf|mathsf|boldsymbol) ?\{/g, '{')
    .replace(/[*_`"“”]/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n')
    .trim();
}

/** Where in a plain answer something is said to be the answer, in their order: places behind such words. */
export function statements(plain: string): number[] {
  return Array.from(plain.matchAll(STATEMENT), ({ index, 0: words }) => index + words.length);
}

/** Places behind the bracket of `\boxed{`, as answers to mathematical tasks have it. */
export function boxes(plain: string): number[] {
  return Array.from(plain.matchAll(/\\f?boxed ?\{/g), ({ index, 0: words }) => index + words.length);
}
