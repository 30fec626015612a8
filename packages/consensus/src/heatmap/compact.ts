import type { Heatmap, HeatSpan } from './heatmap.ts';

/** Spans of one lane in an audit record. */
const SPANS_MAX = 256;
/** Steps, in percent, that shares are rounded to: the first with which there are no more spans than that. */
const STEPS = [1, 10, 25, 50, 100] as const;

/** A heatmap as audit records keep it. */
export interface CompactHeatmap {
  readonly lanes: readonly {
    readonly lane: number;
    /** Length in UTF-16 units and share in percent, one span after the other from the beginning of the answer. */
    readonly spans: readonly (readonly [chars: number, share_percent: number])[];
    /** There were more: the last one stands for the rest, with its mean. */
    readonly is_cut: boolean;
  }[];
}

type Run = readonly [chars: number, share_percent: number];

function runsOf(spans: readonly HeatSpan[], step: number): Run[] {
  const runs: Run[] = [];
  for (const { start, end, share } of spans) {
    const percent = Math.round((share * 100) / step) * step;
    const last = runs.at(-1);
    if (last?.[1] === percent) runs[runs.length - 1] = [last[0] + end - start, percent];
    else runs.push([end - start, percent]);
  }
  return runs;
}

function cut(runs: readonly Run[]): Run[] {
  const rest = runs.slice(SPANS_MAX - 1);
  const chars = rest.reduce((sum, [length]) => sum + length, 0);
  const mean = rest.reduce((sum, [length, percent]) => sum + length * percent, 0) / Math.max(1, chars);
  return [...runs.slice(0, SPANS_MAX - 1), [chars, Math.round(mean)]];
}

/** The heatmap in at most 256 spans a lane. */
export function compactHeatmap(heatmap: Heatmap): CompactHeatmap {
  return {
    lanes: heatmap.lanes.map(({ lane, spans }) => {
      for (const step of STEPS) {
        const runs = runsOf(spans, step);
        if (runs.length <= SPANS_MAX) return { lane, spans: runs, is_cut: false };
      }
      return { lane, spans: cut(runsOf(spans, 100)), is_cut: true };
    }),
  };
}

/** The spans of a lane of an audit record, as `heatmapOf` gave them but for the rounding. */
export function spansOfCompact(lane: CompactHeatmap['lanes'][number]): HeatSpan[] {
  let start = 0;
  return lane.spans.map(([chars, percent]) => {
    const span = { start, end: start + chars, share: percent / 100 };
    start += chars;
    return span;
  });
}
