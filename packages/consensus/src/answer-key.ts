import { clip, isJsonObject, type JsonValue } from '@atp-router/kernel';
import { choiceLetter, optionLetter, statedLetter } from './keys/choice.ts';
import { lastNumber, statedNumber } from './keys/number.ts';
import { plainAnswer } from './keys/stated.ts';
import type { AnswerForm } from './plan.ts';
import { foldText, LOOK_CHARS } from './text/fold.ts';
import { hash64 } from './text/hash.ts';
import { canonicalJson, jsonInText } from './text/json-in-text.ts';

/** Longer keys keep so many characters less twenty, and a hash of the whole. */
const KEY_CHARS = 256;

function bounded(key: string): string {
  return key.length <= KEY_CHARS ? key : `${clip(key, KEY_CHARS - 20)}… ${hash64(key)}`;
}

function textKey(text: string): string {
  const folded = foldText(text);
  // What is not looked at still tells two texts apart, as it is written.
  return text.length > LOOK_CHARS ? bounded(`${folded} … ${hash64(text.slice(LOOK_CHARS))}`) : bounded(folded);
}

/** A member by its dotted path; places in arrays are numbers. Only own members are members. */
function at(value: JsonValue, path: string): JsonValue | undefined {
  let here: JsonValue | undefined = value;
  for (const name of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Readonly<Record<string, JsonValue | undefined>>)[name];
  }
  return here;
}

/** The last of several objects; of none the last value. An answer ends with its result. */
function resultOf(values: readonly JsonValue[]): JsonValue | undefined {
  return values.findLast(isJsonObject) ?? values.at(-1);
}

function jsonKey(values: readonly JsonValue[], field: string | undefined): string {
  if (field === undefined) {
    const value = resultOf(values);
    return value === undefined ? '' : bounded(canonicalJson(value));
  }
  const value = values.map((one) => at(one, field)).findLast((one) => one !== undefined);
  if (value === undefined) return '';
  return typeof value === 'string' ? textKey(value) : bounded(canonicalJson(value));
}

function autoKey(text: string, json: () => readonly JsonValue[]): string {
  // A letter or number within JSON is not stated by it.
  const whole = /^\s*(?:[{[]|```)/.test(text) ? jsonKey(json(), undefined) : '';
  if (whole !== '') return whole;
  const plain = plainAnswer(text);
  return statedLetter(plain) || bounded(statedNumber(plain)) || optionLetter(plain) || textKey(text);
}

/**
 * An answer in the form in which equal answers are equal; `''` when it has nothing to vote for. At most 256 characters, in
 * linear time: of letters and numbers the last 65,536 characters of an answer are looked at, of words the first so many (of
 * the rest there is a hash), of JSON all up to 1 MiB and nothing beyond.
 *
 * - `choice`: the letter that is stated last, as a capital.
 * - `number`: the number that is stated last, else the last one: exact decimal digits, or a reduced fraction `a/b`.
 * - `json`: members sorted, or one field by its dotted path; a field that is a text counts by its words.
 * - `text`: see `foldText`.
 * - `auto`: JSON that is the whole answer; else a letter or a number that is stated in so many words; else words.
 */
export function answerKey(text: string, form: AnswerForm): string {
  return answerKeyOver(text, form, () => jsonInText(text));
}

/** The same where what `jsonInText` finds in the text may be known already. */
export function answerKeyOver(text: string, form: AnswerForm, json: () => readonly JsonValue[]): string {
  switch (form.kind) {
    case 'choice':
      return choiceLetter(plainAnswer(text));
    case 'number':
      return bounded(lastNumber(plainAnswer(text)));
    case 'json':
      return jsonKey(json(), form.field);
    case 'text':
      return textKey(text);
    case 'auto':
      return autoKey(text, json);
  }
}
