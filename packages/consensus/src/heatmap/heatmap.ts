import { ANSWERS_MAX } from '../agreement/agreement.ts';
import { align } from '../agreement/lcs.ts';
import { type Token, tokensOf } from './tokens.ts';

/** Tokens of an answer that are compared, however few answers there are. */
const TOKENS_MAX = 4_096;
/** Steps of 32 tokens that all pairs may take together, some tens of milliseconds: of many answers less is compared. */
const STEPS_MAX = 16_777_216;

export interface HeatSpan {
  /** In UTF-16 units of the answer; spans follow each other without gaps. */
  readonly start: number;
  readonly end: number;
  /** Share of the other answers that say the same here, 0 to 1. */
  readonly share: number;
}

export interface LaneHeat {
  readonly lane: number;
  /** From the beginning of the answer to where it was compared; none when there is no other. */
  readonly spans: readonly HeatSpan[];
  /** Mean over compared tokens; undefined without any. */
  readonly share: number | undefined;
}

/** Where answers to one task differ, token by token. In the order of the answers. */
export interface Heatmap {
  readonly lanes: readonly LaneHeat[];
}

/** Tokens of each answer that so many of them may compare. */
function tokenLimit(answers: number): number {
  const pairs = Math.max(1, (answers * (answers - 1)) / 2);
  return Math.min(TOKENS_MAX, Math.floor(Math.sqrt((STEPS_MAX * 32) / pairs)));
}

/** Adds one to the tokens of both sides that are in their longest common subsequence. */
function countPair(a: readonly Token[], b: readonly Token[], inA: Uint8Array, inB: Uint8Array): void {
  let head = 0;
  while (head < a.length && head < b.length && a[head]?.word === b[head]?.word) head += 1;
  let tail = 0;
  const most = Math.min(a.length, b.length) - head;
  while (tail < most && a[a.length - 1 - tail]?.word === b[b.length - 1 - tail]?.word) tail += 1;
  const middle = (side: readonly Token[]): string[] => side.slice(head, side.length - tail).map(({ word }) => word);
  const aligned = align(middle(a), middle(b));
  const count = (into: Uint8Array, marks: Uint8Array): void => {
    for (let i = 0; i < into.length; i += 1) {
      const isShared = i < head || i >= into.length - tail || marks[i - head] === 1;
      if (isShared) into[i] = (into[i] ?? 0) + 1;
    }
  };
  count(inA, aligned.a);
  count(inB, aligned.b);
}

/** Runs of tokens with one share. A span reaches to the next, so that the space between belongs to the one before. */
function spansOf(tokens: readonly Token[], counts: Uint8Array, others: number): HeatSpan[] {
  const spans: HeatSpan[] = [];
  tokens.forEach(({ start, end }, at) => {
    const share = (counts[at] ?? 0) / others;
    const last = spans.at(-1);
    if (last?.share === share) {
      spans[spans.length - 1] = { ...last, end };
      return;
    }
    if (last !== undefined) spans[spans.length - 1] = { ...last, end: start };
    spans.push({ start: last === undefined ? 0 : start, end, share });
  });
  return spans;
}

/**
 * What of each answer the others say, too: tokens in a longest common subsequence of the two (the diff of lines, over
 * words), counted over all others. Of the first 64 answers; of 8 the first 4,096 tokens of each, of 64 the first 516.
 */
export function heatmapOf(answers: readonly { readonly lane: number; readonly text: string }[]): Heatmap {
  const compared = answers.slice(0, ANSWERS_MAX);
  const limit = tokenLimit(compared.length);
  const tokens = compared.map(({ text }) => tokensOf(text, limit));
  const counts = tokens.map(({ length }) => new Uint8Array(length));
  // Of several longest subsequences one is taken. Pairs are turned by their texts, so that lanes do not decide which.
  const order = compared
    .map((_, at) => at)
    .sort((i, j) => ((compared[i]?.text ?? '') < (compared[j]?.text ?? '') ? -1 : 1));
  order.forEach((i, at) => {
    for (const j of order.slice(at + 1)) {
      countPair(tokens[i] ?? [], tokens[j] ?? [], counts[i] ?? new Uint8Array(0), counts[j] ?? new Uint8Array(0));
    }
  });
  const others = compared.length - 1;
  const lanes = compared.map(({ lane }, at): LaneHeat => {
    const own = counts[at] ?? new Uint8Array(0);
    if (others === 0 || own.length === 0) return { lane, spans: [], share: undefined };
    const sum = own.reduce((total, count) => total + count, 0);
    return { lane, spans: spansOf(tokens[at] ?? [], own, others), share: sum / (own.length * others) };
  });
  return { lanes };
}
