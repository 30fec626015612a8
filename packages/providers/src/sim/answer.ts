import { type JsonObject, logNormal, type Rng } from '@atp-router/kernel';
import { drawsFor } from './draw.ts';
import { findingsFor } from './findings.ts';
import type { RequestView } from './request-view.ts';
import { valueFor } from './schema-value.ts';
import type { SimParams } from './types.ts';
import { jsonTokens, prose, SIM_PREFIX, sumAnswer, tokensOf } from './words.ts';

/** One token of an answer, or the head of a tool call. */
export type Piece =
  | { readonly kind: 'thought'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: 'args'; readonly index: number; readonly text: string };

export interface Alternative {
  readonly pieces: readonly Piece[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
}

export interface Answer {
  readonly alternatives: readonly Alternative[];
  readonly correct: boolean;
  readonly completion_tokens: number;
  readonly reasoning_tokens: number;
}

/** No simulated answer is longer, whatever the distribution says. */
const TOKENS_MAX = 32_768;

/** What the simulated model says: all of it follows from the hash of seed and content. */
export function answerTo(view: RequestView, params: SimParams, hash: number): Answer {
  const correct = drawsFor(hash, 'quality').next() < params.quality;
  const alternatives = Array.from({ length: view.n }, (_, i) =>
    alternative(view, params, correct, drawsFor(hash, `choice ${i}`), `${hash.toString(36)}_${i}`),
  );
  let completion_tokens = 0;
  let reasoning_tokens = 0;
  for (const { pieces } of alternatives) {
    completion_tokens += pieces.length;
    reasoning_tokens += pieces.filter((piece) => piece.kind === 'thought').length;
  }
  return { alternatives, correct, completion_tokens, reasoning_tokens };
}

function alternative(view: RequestView, params: SimParams, correct: boolean, rng: Rng, id: string): Alternative {
  const limit = view.max_tokens ?? TOKENS_MAX;
  const wanted = Math.min(
    TOKENS_MAX,
    Math.max(1, Math.round(logNormal(rng, params.out_tokens.p50, params.out_tokens.p95))),
  );
  const thoughts = thoughtsOf(view, rng, limit);
  const calls = view.tools.filter((tool) => tool.called);
  const body: Piece[] =
    calls.length > 0
      ? calls.flatMap((tool, index) => [
          { kind: 'call', index, id: `call_sim_${id}_${index}`, name: tool.name },
          ...jsonTokens(JSON.stringify(valueFor(objectSchema(tool.parameters), rng))).map(
            (text): Piece => ({ kind: 'args', index, text }),
          ),
        ])
      : textOf(view, wanted, correct, rng).map((text) => ({ kind: 'text', text }));
  const pieces = [...thoughts, ...body];
  const is_cut = pieces.length > limit;
  const kept = is_cut ? pieces.slice(0, limit) : pieces;
  const stopped = calls.length > 0 ? undefined : stopAt(kept, view);
  if (stopped !== undefined) return { pieces: stopped, finish: 'stop' };
  return { pieces: kept, finish: is_cut ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop' };
}

/** Arguments are an object even where the declaration forgets to say so. */
function objectSchema(parameters: JsonObject): JsonObject {
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : parameters;
}

function thoughtsOf(view: RequestView, rng: Rng, limit: number): Piece[] {
  if (!view.thinks) return [];
  // At least half of the limit is left for the answer.
  const tokens = Math.min(Math.floor(limit / 2), 8 + Math.floor(rng.next() * 24));
  if (tokens === 0) return [];
  return [SIM_PREFIX, ...tokensOf(prose(rng, tokens - 1))].map((text) => ({ kind: 'thought', text }));
}

function textOf(view: RequestView, wanted: number, correct: boolean, rng: Rng): string[] {
  if (view.format.type === 'json_schema') return jsonTokens(JSON.stringify(valueFor(view.format.schema, rng)));
  if (view.format.type === 'json_object') {
    const answer = sumAnswer(view.prompt, correct) ?? prose(rng, Math.min(wanted, 64));
    return jsonTokens(JSON.stringify({ simulated: true, answer }));
  }
  const found = findingsFor(view.prompt, correct, rng);
  if (found !== undefined) return [SIM_PREFIX, ...jsonTokens(JSON.stringify(found))];
  const sum = sumAnswer(view.prompt, correct);
  return [SIM_PREFIX, ...tokensOf(sum === undefined ? prose(rng, Math.max(1, wanted - 1)) : `${sum}.`)];
}

/** The pieces before the first stop sequence; the mark of the simulation is not searched and always stays. */
function stopAt(pieces: readonly Piece[], view: RequestView): readonly Piece[] | undefined {
  if (view.stop.length === 0) return undefined;
  const is_marked = view.format.type === 'text';
  const start = pieces.findIndex((piece) => piece.kind === 'text');
  if (start < 0) return undefined;
  const first = start + (is_marked ? 1 : 0);
  const texts = pieces.slice(first).map((piece) => ('text' in piece ? piece.text : ''));
  const whole = texts.join('');
  const at = Math.min(
    ...view.stop.map((stop) => whole.indexOf(stop)).map((i) => (i < 0 ? Number.POSITIVE_INFINITY : i)),
  );
  if (at === Number.POSITIVE_INFINITY) return undefined;
  const kept: Piece[] = [...pieces.slice(0, first)];
  let left = at;
  for (const text of texts) {
    if (left <= 0) break;
    kept.push({ kind: 'text', text: text.slice(0, left) });
    left -= text.length;
  }
  return kept;
}
