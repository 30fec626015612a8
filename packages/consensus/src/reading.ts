import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { LaneAnswer, Provenance } from './answer.ts';
import { answerKeyOver } from './answer-key.ts';
import type { AliasTable } from './findings/aliases.ts';
import { findingsAmong } from './findings/read.ts';
import type { AnswerForm } from './plan.ts';
import { jsonInText } from './text/json-in-text.ts';

/** Where an answer in words says how sure it is: at its end. */
const CONFIDENCE_CHARS = 400;
const CONFIDENCE = /\bconfidence\W{1,4}(\d{1,3}(?:\.\d{1,6})?)[ \t]?(%?)/gi;
/** Results of tests that are looked at. */
const TESTS_MAX = 1_000;

/** What strategies need to know of the text of an answer. Never throws, whatever it says. */
export function readAnswer(
  text: string,
  from: Provenance,
  form: AnswerForm,
  aliases: AliasTable,
): Pick<LaneAnswer, 'key' | 'findings' | 'findings_left_out' | 'confidence' | 'tests_failed'> {
  const values = jsonInText(text);
  const { findings, left_out } = findingsAmong(values, from, aliases);
  const said = values.filter(isJsonObject);
  return {
    key: answerKeyOver(text, form, () => values),
    findings,
    ...(left_out > 0 && { findings_left_out: left_out }),
    confidence: said.map(confidenceIn).find((one) => one !== undefined) ?? confidenceSaid(text),
    tests_failed: said.map(failedIn).find((one) => one !== undefined),
  };
}

function confidenceIn({ confidence }: JsonObject): number | undefined {
  return typeof confidence === 'number' && confidence >= 0 && confidence <= 1 ? confidence : undefined;
}

/** The last one that is said in words: `Confidence: 0.8`, `confidence 80 %`. */
function confidenceSaid(text: string): number | undefined {
  let found: number | undefined;
  for (const [, digits, percent] of text.slice(-CONFIDENCE_CHARS).matchAll(CONFIDENCE)) {
    const value = Number(digits) / (percent === '%' ? 100 : 1);
    if (value >= 0 && value <= 1) found = value;
  }
  return found;
}

/** `tests_passed: false`, or one of `tests` that has not passed; undefined where nothing is said of tests. */
function failedIn({ tests_passed, tests }: JsonObject): boolean | undefined {
  if (typeof tests_passed === 'boolean') return !tests_passed;
  if (!Array.isArray(tests)) return undefined;
  const results = (tests as readonly JsonValue[])
    .slice(0, TESTS_MAX)
    .map(passedOf)
    .filter((one) => one !== undefined);
  return results.length === 0 ? undefined : results.includes(false);
}

function passedOf(test: JsonValue): boolean | undefined {
  if (!isJsonObject(test)) return undefined;
  const { passed, status } = test;
  if (typeof passed === 'boolean') return passed;
  if (status === 'passed' || status === 'pass' || status === 'ok') return true;
  return status === 'failed' || status === 'fail' || status === 'error' ? false : undefined;
}
