/** What a prompt asks for, told by plain signs of how it is written. A closed list: labels of metrics and rows of scores are made of it. */
export const TEXT_KINDS = [
  'tools',
  'code',
  'translation',
  'summary',
  'extraction',
  'math',
  'choice',
  'writing',
  'question',
  'chat',
  'other',
] as const;
export type TextKind = (typeof TEXT_KINDS)[number];

export function isTextKind(value: unknown): value is TextKind {
  return TEXT_KINDS.includes(value as TextKind);
}

/** Characters (UTF-16) that are looked at, half of them from the end: what is asked stands at one of both. */
export const KIND_CHARS = 4_096;
/** A prompt of so few characters that is no question and asks for nothing is talk. */
const CHAT_CHARS = 160;
/** Signs of arithmetic or code that make a text one: one alone is in prose, too. */
const SIGNS_MIN = 2;

const CODE_FENCE = /```|~~~/;
const CODE_WORDS =
  /\b(?:function|python|javascript|typescript|java|sql|regex|bash|rust|golang|compile[rs]?|refactor|stack ?trace|unit tests?|segfault|api endpoint|source code|pseudocode|write (?:a|the) (?:script|program|class))\b/i;
const CODE_SIGNS =
  /[;{][ \t]*$|^[ \t]*(?:def|class|import|from|const|let|var|public|private|return|if|for|while|#include)\b.*[:;{(]|=>|==|::|\(\)|<\/\w/gm;
const TRANSLATION = /\btranslat(?:e[ds]?|ing|ions?)\b|\bübersetz|\btradui|\btraduc|翻译|翻訳/i;
const SUMMARY =
  /\bsummar(?:y|i[sz]e[ds]?|i[sz]ing|ies)\b|\btl;?dr\b|\bkey (?:points|takeaways)\b|\bin (?:one|two|three) sentences?\b/i;
const EXTRACTION =
  /\bextract\b|\bas (?:valid )?(?:json|csv|yaml|xml)\b|\b(?:json|csv) (?:object|array|schema|format|with)\b|\breturn (?:only )?(?:valid )?json\b|\blist all (?:the )?(?:names|dates|entities)\b/i;
const MATH_WORDS =
  /\b(?:calculate|compute|solve|equations?|integral|derivative|polynomial|probability|matrix|eigenvalues?|theorem|prove that|how many|how much|percent|average|sum of|square root|logarithm|triangle|radius|velocity|acceleration|joules?|volts?|moles?)\b/gi;
const MATH_SIGNS =
  /\\(?:frac|int|sum|sqrt|cdot|times|left|mathrm)|\$[^$\n]{1,80}\$|\d\s*[-+*/^×÷=]\s*[\dx(]|\d\s?%|\b\d+(?:\.\d+)?\s?(?:cm|mm|km|kg|m\/s|ft|lb|°c|°f|ev|hz|mol|atm|psi)\b/gi;
const OPTIONS = /^[ \t]*\(?[A-J][.):][ \t]+\S/gm;
const CLASSIFY =
  /\b(?:classif(?:y|ication)|categori[sz]e|which of the following|multiple[- ]choice|sentiment|true or false|label (?:the|this|each))\b/i;
const WRITING =
  /\b(?:write|draft|compose|rewrite|rephrase|proofread)\b.{0,40}\b(?:story|poem|essay|email|e-mail|letter|article|blog|speech|song|ad|post|review|paragraph|message|text)\b/i;
const QUESTION =
  /[?？]|^[ \t]*(?:who|what|when|where|why|how|which|is|are|can|could|does|do|did|should|would|will|explain|describe|define|tell me|name)\b/im;

/**
 * The first of the kinds that there are signs of, in the order of how surely they say it. `uses_tools`: the request brings tools.
 * Reads a bounded part of the text in linear time.
 */
export function textKindOf(text: string, uses_tools: boolean = false): TextKind {
  if (uses_tools) return 'tools';
  const half = KIND_CHARS / 2;
  const read = text.length <= KIND_CHARS ? text : `${text.slice(0, half)}\n${text.slice(-half)}`;
  if (read.trim() === '') return 'other';
  if (CODE_FENCE.test(read) || countOf(read, CODE_SIGNS) + (CODE_WORDS.test(read) ? 1 : 0) >= SIGNS_MIN) return 'code';
  if (TRANSLATION.test(read)) return 'translation';
  if (SUMMARY.test(read)) return 'summary';
  if (EXTRACTION.test(read)) return 'extraction';
  if (countOf(read, MATH_SIGNS) + countOf(read, MATH_WORDS) >= SIGNS_MIN) return 'math';
  if (CLASSIFY.test(read) || countOf(read, OPTIONS) >= SIGNS_MIN) return 'choice';
  if (WRITING.test(read)) return 'writing';
  if (CODE_WORDS.test(read)) return 'code';
  if (QUESTION.test(read)) return 'question';
  return read.length <= CHAT_CHARS ? 'chat' : 'other';
}

/** How often it is there; no more are counted than say what they have to say. */
function countOf(text: string, signs: RegExp): number {
  let count = 0;
  for (const _ of text.matchAll(signs)) {
    count += 1;
    if (count === SIGNS_MIN) break;
  }
  return count;
}
