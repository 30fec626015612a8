export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One metric of a scrape: its lines, read. */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  /** As it stands in its line, escapes included. */
  readonly help: string;
  /** Values by the text of their series: name and labels as written. */
  readonly samples: ReadonlyMap<string, number>;
}

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram']);

/**
 * Reads the Prometheus text format 0.0.4 as `MetricRegistry` writes it: the samples of a metric follow its type, the same
 * labels always stand in the same order, and no sample has a time. What is not understood is left out.
 */
export function parseMetrics(text: string): readonly MetricFamily[] {
  const families: MetricFamily[] = [];
  const helps = new Map<string, string>();
  let samples: Map<string, number> | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('# ')) {
      const [, word = '', name = '', rest = ''] = /^# (\w+) (\S+) ?(.*)$/.exec(line) ?? [];
      if (word === 'HELP') helps.set(name, rest);
      else if (word === 'TYPE') {
        samples = undefined;
        if (!TYPES.has(rest)) continue;
        samples = new Map();
        families.push({ name, type: rest as MetricType, help: helps.get(name) ?? '', samples });
      }
    } else {
      const at = line.lastIndexOf(' ');
      const value = readValue(line.slice(at + 1));
      if (at > 0 && value !== undefined) samples?.set(line.slice(0, at), value);
    }
  }
  return families;
}

export function writeMetrics(families: Iterable<MetricFamily>): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of families) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [series, value] of samples) lines.push(`${series} ${textOf(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function readValue(text: string): number | undefined {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN' || text === 'Nan') return Number.NaN;
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? undefined : value;
}

/** A value as the format has it. */
export function textOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
