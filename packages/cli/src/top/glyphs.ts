import type { Gauge } from './flow.ts';
import { cut } from './text.ts';
import { type Line, padLine, type Span, type Style, span } from './spans.ts';

/** What bars and lines are drawn with. */
export interface Glyphs {
  readonly is_ascii: boolean;
  /** Parts of a cell that is filled from the left, in equal steps; the last is the whole cell. */
  readonly fill: readonly string[];
  /** Free, and may be used. */
  readonly free: string;
  /** Within the limit, but outside the narrowed window. */
  readonly barred: string;
  /** Heights, from nothing to the highest. */
  readonly heights: readonly string[];
  readonly more: string;
  /** Marks the column that rows are sorted by. */
  readonly sorted: string;
}

export const UNICODE: Glyphs = {
  is_ascii: false,
  fill: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  free: '·',
  barred: '╱',
  heights: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  more: '…',
  sorted: '▾',
};

export const ASCII: Glyphs = {
  is_ascii: true,
  fill: ['#'],
  free: '.',
  barred: 'x',
  heights: ['_', '.', ':', '-', '=', '+', '*', '#'],
  more: '~',
  sorted: 'v',
};

/** From this share of a window on it is nearly full, and full. */
const WARN_SHARE = 0.7;
const FULL_SHARE = 0.95;

function fillStyle(share: number): Style {
  return share >= FULL_SHARE ? 'bad' : share >= WARN_SHARE ? 'warn' : 'good';
}

function shareOf(part: number, whole: number): number {
  if (whole > 0) return Math.min(1, part / whole);
  return part > 0 ? 1 : 0;
}

/** A bar as long as the limit: what is held, what is free, and what the narrowed window bars. */
export function bar({ outstanding, window, limit }: Gauge, width: number, glyphs: Glyphs): Span[] {
  if (width <= 0 || limit === undefined) return [];
  const { fill } = glyphs;
  const whole = Math.max(limit, window ?? 0);
  const steps = Math.round(shareOf(outstanding, whole) * width * fill.length);
  // Something is seen as something.
  const seen = outstanding > 0 ? Math.max(1, steps) : 0;
  const cells = Math.floor(seen / fill.length);
  const part = seen % fill.length;
  const full = (fill.at(-1) ?? '').repeat(cells) + (part === 0 ? '' : (fill[part - 1] ?? ''));
  const used = cells + (part === 0 ? 0 : 1);
  const open = Math.max(used, Math.round(shareOf(window ?? whole, whole) * width));
  return [
    span(full, fillStyle(shareOf(outstanding, window ?? whole))),
    span(glyphs.free.repeat(open - used), 'dim'),
    span(glyphs.barred.repeat(width - open), 'warn'),
  ].filter(({ text }) => text !== '');
}

/** Shorter bars say nothing. */
export const BAR_MIN = 4;

/** `13/20<40`: held, window, and the limit that it was narrowed from. */
export function gaugeText({ outstanding, window, limit }: Gauge, words: (n: number) => string): string {
  if (limit === undefined || window === undefined) return words(outstanding);
  const bounds = window < limit ? `${words(window)}<${words(limit)}` : words(limit);
  return `${words(outstanding)}/${bounds}`;
}

/** A bar, where there is room, and the text right of it, which takes at least so much room that bars stand in line. */
export function gauge(value: Gauge, text: string, text_width: number, width: number, glyphs: Glyphs): Line {
  const fits = cut(text, width, glyphs.more);
  const padded = fits.padStart(text_width);
  const style = value.outstanding === 0 ? 'dim' : 'plain';
  const room = width - padded.length - 1;
  if (value.limit === undefined) return padLine([span(padded, style)], width, true);
  if (room >= BAR_MIN) return [...bar(value, room, glyphs), span(' '), span(padded, style)];
  // Where no bar is, the numbers say by their colour that a window is nearly full.
  const alarm = fillStyle(shareOf(value.outstanding, value.window ?? value.limit));
  return padLine([span(padded, alarm === 'good' ? style : alarm)], width, true);
}

/** One cell for each value, as high as its part of the highest; a blank where nothing is known. */
export function sparkline(values: readonly (number | undefined)[], highest: number, { heights }: Glyphs): string {
  const top = heights.length - 1;
  const height = (value: number): string => {
    const step = Math.ceil(shareOf(value, highest) * top);
    return heights[Math.min(top, step)] ?? '';
  };
  return values.map((value) => (value === undefined ? ' ' : height(value))).join('');
}
