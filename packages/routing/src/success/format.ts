import { jsonDepth, type JsonValue } from '@atp-router/kernel';

export type AnswerFormat = 'json' | 'code' | 'list' | 'choice';
export const ANSWER_FORMATS: readonly AnswerFormat[] = ['json', 'code', 'list', 'choice'];

/** JSON that is nested deeper is taken for none. */
const DEPTH_MAX = 64;
/** Longer than this is no letter with a mark around it. */
const CHOICE_CHARS_MAX = 400;

/** Whether an answer has a form: 1 or 0. */
export function formatScore(answer: string, form: AnswerFormat): number {
  switch (form) {
    case 'json':
      return jsonOf(answer) === undefined ? 0 : 1;
    case 'code':
      return isCode(answer) ? 1 : 0;
    case 'list':
      return listItems(answer) >= 2 ? 1 : 0;
    case 'choice':
      return isChoice(answer) ? 1 : 0;
    default:
      return form satisfies never;
  }
}

/** JSON that is all of an answer, but for a fence around it. */
export function jsonOf(answer: string): { readonly value: JsonValue } | undefined {
  try {
    const value = JSON.parse(unfenced(answer)) as JsonValue;
    return jsonDepth(value, DEPTH_MAX) > DEPTH_MAX ? undefined : { value };
  } catch {
    return undefined;
  }
}

const FENCE = '```';

/** What is between the first fence and the last, if the answer begins with one. */
function unfenced(answer: string): string {
  const text = answer.trim();
  if (!text.startsWith(FENCE)) return text;
  const line_end = text.indexOf('\n');
  const close = text.lastIndexOf(FENCE);
  return line_end < 0 || close <= line_end ? text : text.slice(line_end + 1, close);
}

const OPEN = '([{';
const CLOSE = ')]}';

/**
 * Code is in fences that are closed, or is all of the answer; its brackets close in their order, outside of strings and line
 * comments. No language is parsed.
 */
function isCode(answer: string): boolean {
  const pieces = answer.split(FENCE);
  if (pieces.length % 2 === 0) return false;
  const blocks = pieces.length === 1 ? [answer] : pieces.filter((_, i) => i % 2 === 1);
  return blocks.some((block) => block.trim() !== '') && blocks.every(areBracketsClosed);
}

function areBracketsClosed(code: string): boolean {
  const open: number[] = [];
  let quote = '';
  for (let i = 0; i < code.length; i += 1) {
    const char = code[i] ?? '';
    if (quote !== '') {
      if (char === '\\') i += 1;
      // A single quote may be an apostrophe of a comment: it ends with its line.
      else if (char === quote || (char === '\n' && quote !== '`')) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if (char === '#' || (char === '/' && code[i + 1] === '/')) i = lineEnd(code, i);
    else if (OPEN.includes(char)) open.push(OPEN.indexOf(char));
    else if (CLOSE.includes(char) && open.pop() !== CLOSE.indexOf(char)) return false;
  }
  return open.length === 0 && quote !== '`';
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** Lines that begin with a mark or a number. */
function listItems(answer: string): number {
  return answer.split('\n').filter((line) => /^ {0,8}(?:[-*•+]|\d{1,3}[.)]) /.test(line)).length;
}

/** A letter from A to J: alone, in brackets, or behind "answer". */
function isChoice(answer: string): boolean {
  const text = answer.trim();
  if (/^[([*]{0,3}[A-Ja-j](?:[)\].:*]{1,4}(?:\s|$)|$)/.test(text)) return true;
  return /\banswer\b[^A-Za-z0-9]{0,4}(?:is\b)?[^A-Za-z0-9]{0,6}[A-J]\b/i.test(text.slice(-CHOICE_CHARS_MAX));
}
