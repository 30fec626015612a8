import type { Usage } from '@atp-router/kernel';
import type { Draw } from '@atp-router/kernel/testing';
import { type Answer, embeddingOf, errorOf, framesOf, type Shape, type WireFrame, wholeOf } from './wire.ts';

/** One thing that an upstream does, so many milliseconds after the thing before. */
export type Step = { readonly after_ms: number } & (
  | { readonly kind: 'head'; readonly status: number; readonly retry_after?: string | undefined }
  | {
      readonly kind: 'data';
      readonly bytes: string;
      /** What a reader has learnt when these bytes are there. */
      readonly text: string;
      readonly usage?: Usage | undefined;
      readonly finish: boolean;
      /** These bytes end in the middle of a frame. */
      readonly partial: boolean;
    }
  | { readonly kind: 'end' }
  | { readonly kind: 'break'; readonly failure: 'connect' | 'reset' | 'truncated' }
);

/** Steps that do not end with `end` or `break` end in silence. */
export interface Script {
  readonly fate: Fate;
  readonly steps: readonly Step[];
  readonly fails_at_once: boolean;
  /** All of the text that this upstream would send. */
  readonly full_text: string;
  readonly streams: boolean;
}

export type Fate =
  | 'good'
  | 'good, then reset'
  | 'refused'
  | 'error status'
  | 'no head'
  | 'cut'
  | 'stall'
  | 'error in the stream'
  | 'nonsense';

/** What a reader takes for one token is four letters, and no piece shares letters with another. */
function pieceOf(draw: Draw, tag: string): string {
  const letters = draw.int(1, draw.chance(0.1) ? 400 : 20) * 4;
  return tag.repeat(Math.ceil(letters / tag.length)).slice(0, letters);
}

function drawAnswer(draw: Draw): Answer {
  const tag = `${draw.int(100, 999)}${draw.one('a', 'b', 'c', 'd')}`;
  return answerOf(
    draw,
    Array.from({ length: draw.int(1, 8) }, () => pieceOf(draw, tag)),
  );
}

/** With what its upstream reports of it, which need not be so. */
export function answerOf(draw: Draw, pieces: readonly string[]): Answer {
  const counted = pieces.join('').length / 4;
  const in_tokens = draw.int(1, 300);
  const out_tokens = Math.max(1, counted + draw.int(-3, 40));
  const usage: Usage = {
    in_tokens,
    out_tokens,
    cached_in_tokens: draw.chance(0.3) ? draw.int(0, in_tokens) : 0,
    cache_write_tokens: 0,
    reasoning_tokens: draw.chance(0.3) ? draw.int(0, out_tokens) : 0,
    ...(draw.chance(0.05) ? { in_tokens: draw.one(Number.MAX_SAFE_INTEGER, 1_000_000_001) } : {}),
  };
  return { pieces, usage, reports: draw.one('never', 'at the end', 'at the end', 'always') };
}

/** `inputs`: texts that are to be embedded. */
export function drawScript(
  draw: Draw,
  shape: Shape,
  kind: 'embed' | 'whole' | 'stream',
  answer: Answer = drawAnswer(draw),
  inputs: number = 1,
): Script {
  const fate = drawFate(draw);
  const full_text = kind === 'embed' ? '' : answer.pieces.join('');
  const base = { fate, fails_at_once: false, full_text, streams: kind === 'stream' };
  const head_ms = draw.one(0, 1, 5, draw.int(0, 900));
  switch (fate) {
    case 'refused':
      return {
        ...base,
        fails_at_once: draw.chance(0.3),
        steps: [{ after_ms: head_ms, kind: 'break', failure: 'connect' }],
      };
    case 'error status':
      return { ...base, steps: errorSteps(draw, shape, head_ms) };
    case 'no head':
      return { ...base, steps: draw.chance(0.5) ? [] : [{ after_ms: head_ms, kind: 'break', failure: 'reset' }] };
    default: {
      const frames = kind === 'stream' ? framesOf(shape, answer) : [wholeFrame(shape, kind, answer, inputs)];
      return {
        ...base,
        steps: [{ after_ms: head_ms, kind: 'head', status: 200 }, ...bodySteps(draw, shape, fate, frames)],
      };
    }
  }
}

function drawFate(draw: Draw): Fate {
  if (draw.chance(0.55)) return 'good';
  return draw.one(
    'good, then reset',
    'refused',
    'error status',
    'error status',
    'no head',
    'cut',
    'stall',
    'error in the stream',
    'nonsense',
  );
}

function wholeFrame(shape: Shape, kind: 'embed' | 'whole', answer: Answer, inputs: number): WireFrame {
  const reported = answer.reports !== 'never';
  const bytes = kind === 'embed' ? embeddingOf(answer.usage, reported, inputs) : wholeOf(shape, answer);
  const embedded = { ...answer.usage, out_tokens: 0, cached_in_tokens: 0, reasoning_tokens: 0 };
  const usage = kind === 'embed' ? embedded : answer.usage;
  return { bytes, text: kind === 'embed' ? '' : answer.pieces.join(''), finish: true, ...(reported ? { usage } : {}) };
}

function errorSteps(draw: Draw, shape: Shape, head_ms: number): Step[] {
  const status = draw.one(400, 401, 404, 429, 429, 500, 503);
  const retry_after = status === 429 && draw.chance(0.5) ? String(draw.int(0, 20)) : undefined;
  return [
    { after_ms: head_ms, kind: 'head', status, retry_after },
    { after_ms: 0, kind: 'data', bytes: errorOf(shape, false), text: '', finish: false, partial: false },
    { after_ms: 0, kind: 'end' },
  ];
}

function bodySteps(draw: Draw, shape: Shape, fate: Fate, frames: readonly WireFrame[]): Step[] {
  const data = split(draw, frames);
  if (fate.startsWith('good') && draw.chance(0.25)) unend(data);
  if (fate === 'good') return [...data, { after_ms: draw.one(0, 3), kind: 'end' }];
  if (fate === 'good, then reset') return [...data, { after_ms: draw.one(0, 3), kind: 'break', failure: 'truncated' }];
  const sent = data.slice(0, draw.int(0, data.length - 1));
  if (fate === 'stall') return sent;
  if (fate === 'cut') {
    const end: Step = draw.chance(0.5)
      ? { after_ms: 0, kind: 'end' }
      : { after_ms: 0, kind: 'break', failure: 'truncated' };
    return [...sent, end];
  }
  const bytes = fate === 'nonsense' ? 'data: {"choices": nonsense\n\n' : errorOf(shape, true);
  return [
    ...sent,
    { after_ms: 0, kind: 'data', bytes, text: '', finish: false, partial: false },
    { after_ms: 0, kind: 'end' },
  ];
}

/** Some servers do not end their last frame: what is missing is a blank line, or the end of its line too. */
function unend(data: (Step & { kind: 'data' })[]): void {
  const last = data.at(-1);
  if (last !== undefined) data[data.length - 1] = { ...last, bytes: last.bytes.replace(/\n{1,2}$/, '') };
}

/**
 * Cuts the bytes of all frames into chunks, anywhere but before the blank line, without which a frame is whole at the end. A
 * frame counts with the chunk that has its last byte.
 */
function split(draw: Draw, frames: readonly WireFrame[]): (Step & { kind: 'data' })[] {
  const style = draw.one('frames', 'anywhere', 'at once');
  const gap_ms = draw.one(0, 1, 10, 60);
  const steps: (Step & { kind: 'data' })[] = [];
  let bytes = '';
  let text = '';
  let usage: Usage | undefined;
  let finish = false;
  const flush = (partial: boolean): void => {
    steps.push({ after_ms: draw.chance(0.5) ? 0 : gap_ms, kind: 'data', bytes, text, usage, finish, partial });
    bytes = '';
    text = '';
    usage = undefined;
    finish = false;
  };
  for (const frame of frames) {
    const cut = style === 'anywhere' ? draw.int(0, frame.bytes.length - 3) : 0;
    bytes += frame.bytes.slice(0, cut);
    if (cut > 0) flush(true);
    bytes += frame.bytes.slice(cut);
    text += frame.text;
    usage = frame.usage ?? usage;
    finish ||= frame.finish === true;
    if (style === 'frames') flush(false);
  }
  if (bytes !== '') flush(false);
  return steps;
}
