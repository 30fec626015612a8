import { collectDefaultMetrics, Registry } from 'prom-client';
import { type MetricType, textOf } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';

/** Gauges of the process to which prom-client gives the names of counters. */
const MISNAMED: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** A metric as its `# HELP` and `# TYPE` lines and the documents describe it. */
export interface MetricInfo {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
}

/** One value of a metric that is read at scrape time; `labels` in the order of the metric's label names. */
export interface Sample {
  readonly labels: readonly string[];
  readonly value: number;
}

/** Named values of one metric, made when they are first counted. */
export interface Family<T> {
  /** The series with these label values, in the order of the metric's label names. Keep it: finding it costs more than counting. */
  series(...labels: string[]): T;
}

export interface CounterOptions extends Omit<MetricInfo, 'type' | 'labels'> {
  readonly labels?: readonly string[];
  /** Counted in a unit so many times smaller than the one that the name says. */
  readonly divisor?: number;
}

export interface HistogramOptions extends Omit<MetricInfo, 'type' | 'labels'> {
  readonly labels?: readonly string[];
  readonly buckets: readonly number[];
}

export interface LiveOptions extends Omit<MetricInfo, 'labels'> {
  readonly type: 'counter' | 'gauge';
  readonly labels?: readonly string[];
  /** Called once for each scrape. */
  read(): Iterable<Sample>;
}

interface Metric {
  readonly info: MetricInfo;
  write(lines: string[]): void;
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of one process in the Prometheus text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Those of the process itself (`process_*`, `nodejs_*`)
 * come from prom-client; the router's own are counted in plain numbers, because prom-client validates and hashes labels
 * at each observation, which took several microseconds of every call.
 */
export class MetricRegistry {
  readonly content_type: string = CONTENT_TYPE;
  readonly #metrics: Map<string, Metric> = new Map();
  readonly #before: (() => void)[] = [];
  readonly #process: Registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#process });
    // `promtool check metrics` refuses them.
    for (const name of MISNAMED) this.#process.removeSingleMetric(name);
  }

  counter({ name, help, labels = [], divisor = 1 }: CounterOptions): Family<Counter> {
    const family = new Series(labels, () => new Counter());
    this.#add({ name, help, labels, type: 'counter' }, (lines) => {
      for (const [text, counter] of family.all) lines.push(`${name}${braced(text)} ${textOf(counter.value / divisor)}`);
    });
    return family;
  }

  histogram({ name, help, labels = [], buckets }: HistogramOptions): Family<Histogram> {
    const family = new Series(labels, () => new Histogram(buckets));
    this.#add({ name, help, labels, type: 'histogram' }, (lines) => {
      for (const [text, histogram] of family.all) writeHistogram(lines, name, text, histogram);
    });
    return family;
  }

  /** A metric whose values are read when somebody scrapes. */
  live({ name, help, type, labels = [], read }: LiveOptions): void {
    this.#add({ name, help, type, labels }, (lines) => {
      for (const sample of read()) {
        lines.push(`${name}${braced(labelText(labels, sample.labels))} ${textOf(sample.value)}`);
      }
    });
  }

  /** Runs at the beginning of each scrape, before any value is read. */
  beforeScrape(run: () => void): void {
    this.#before.push(run);
  }

  /** The router's own metrics, by name. */
  list(): readonly MetricInfo[] {
    return [...this.#metrics.values()].map((metric) => metric.info).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async render(): Promise<string> {
    for (const run of this.#before) run();
    const lines: string[] = [];
    for (const { info, write } of this.#metrics.values()) {
      lines.push(`# HELP ${info.name} ${escaped(info.help)}`, `# TYPE ${info.name} ${info.type}`);
      write(lines);
    }
    return `${lines.join('\n')}\n${await this.#process.metrics()}`;
  }

  #add(info: MetricInfo, write: (lines: string[]) => void): void {
    if (this.#metrics.has(info.name)) throw new Error(`metric ${info.name} is registered twice`);
    this.#metrics.set(info.name, { info, write });
  }
}

/** Series by the text of their labels, so that the same labels are the same series whoever asks. */
class Series<T> implements Family<T> {
  readonly all: Map<string, T> = new Map();
  readonly #names: readonly string[];
  readonly #make: () => T;

  constructor(names: readonly string[], make: () => T) {
    this.#names = names;
    this.#make = make;
  }

  series(...labels: string[]): T {
    const text = labelText(this.#names, labels);
    const known = this.all.get(text);
    if (known !== undefined) return known;
    const made = this.#make();
    this.all.set(text, made);
    return made;
  }
}

function writeHistogram(lines: string[], name: string, text: string, { bounds, counts, sum }: Histogram): void {
  const lead = text === '' ? '' : `${text},`;
  let below = 0;
  for (let i = 0; i < bounds.length; i += 1) {
    below += counts[i] ?? 0;
    lines.push(`${name}_bucket{${lead}le="${textOf(bounds[i] ?? 0)}"} ${below}`);
  }
  const count = below + (counts[bounds.length] ?? 0);
  lines.push(`${name}_bucket{${lead}le="+Inf"} ${count}`);
  lines.push(`${name}_sum${braced(text)} ${textOf(sum)}`, `${name}_count${braced(text)} ${count}`);
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length !== values.length) throw new Error(`${values.length} values for the labels ${names.join(', ')}`);
  return names.map((name, i) => `${name}="${escaped(values[i] ?? '').replaceAll('"', '\\"')}"`).join(',');
}

function braced(text: string): string {
  return text === '' ? '' : `{${text}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
