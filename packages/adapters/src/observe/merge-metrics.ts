import type { MetricFamily } from './exposition.ts';
import { type MergeRule, ruleOf } from './merge-rules.ts';

/** What one process says. */
export interface ProcessMetrics {
  /** `owner`, `worker:1`, …: each once. */
  readonly process: string;
  readonly families: readonly MetricFamily[];
}

export const OWNER_PROCESS = 'owner';

/** One exposition of several processes, whatever their order: sums of fractions depend on it, so it is always the same. */
export function mergeMetrics(all: readonly ProcessMetrics[]): readonly MetricFamily[] {
  const merged = new Map<string, { readonly first: MetricFamily; readonly samples: Map<string, number> }>();
  for (const { process, families } of [...all].sort((a, b) => compare(a.process, b.process))) {
    for (const family of families) {
      const into = merged.get(family.name) ?? { first: family, samples: new Map<string, number>() };
      merged.set(family.name, into);
      take(family, ruleOf(family), process, into.samples);
    }
  }
  return [...merged.values()].map(({ first: { name, type, help }, samples }) => ({ name, type, help, samples }));
}

/** What has to go on counting when a process is gone: a sum that falls reads as a router that began anew. */
export function countsOf(families: readonly MetricFamily[]): readonly MetricFamily[] {
  return families.filter((family) => family.type !== 'gauge' && ruleOf(family) === 'sum');
}

function take({ samples }: MetricFamily, rule: MergeRule, process: string, into: Map<string, number>): void {
  if (rule === 'owner' && process !== OWNER_PROCESS) return;
  for (const [series, value] of samples) {
    if (rule === 'each') into.set(withProcess(series, process), value);
    else {
      const before = into.get(series);
      into.set(series, before === undefined ? value : joined(rule, before, value));
    }
  }
}

function joined(rule: Exclude<MergeRule, 'each'>, a: number, b: number): number {
  switch (rule) {
    case 'sum':
      return a + b;
    case 'owner':
      return b;
    case 'least':
      return Math.min(a, b);
    case 'most':
      return Math.max(a, b);
    case 'harmonic':
      return a === 0 || b === 0 ? 0 : 1 / (1 / a + 1 / b);
  }
}

function withProcess(series: string, process: string): string {
  const label = `process="${process}"`;
  const at = series.indexOf('{');
  return at === -1 ? `${series}{${label}}` : `${series.slice(0, at + 1)}${label},${series.slice(at + 1)}`;
}

/** The owner first, then workers by number, then others by name. */
function compare(a: string, b: string): number {
  return placeOf(a) - placeOf(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function placeOf(process: string): number {
  if (process === OWNER_PROCESS) return 0;
  const n = /^worker:(\d{1,6})$/.exec(process)?.[1];
  return n === undefined ? 1_000_000 : Number(n);
}
