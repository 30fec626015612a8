import { INTERVAL_MS, type Load, marginOf, type Rank, type TunerKind } from '@atp-router/flow/tune';
import { type Column, table } from '../print/table.ts';
import { count, printable } from '../print/text.ts';

/** Windows of a run, one an interval. */
export type Windows = ReadonlyMap<TunerKind, readonly number[]>;

/** What somebody at a terminal wants of a comparison: who wins, by how much, and what it looked like. */
export function comparison(file: string, load: Load, ranks: readonly Rank[], windows: Windows): string {
  return [header(file, load), results(ranks), '\n', verdict(ranks, load), '\n', picture(load, ranks, windows)].join('');
}

function header(file: string, { about, arrivals, duration_ms, train_ms, goal }: Load): string {
  const name = file === '-' ? 'standard input' : printable(file);
  const scored = `scored on the last ${seconds(duration_ms - train_ms)}`;
  return [
    `${name}: ${count(arrivals.length, 'call')} in ${seconds(duration_ms)}, ${scored}\n`,
    about === '' ? '' : `${wrapped(printable(about))}\n`,
    `wanted: p95 within ${Math.round(goal.p95_ms)} ms; all of ${Math.round(goal.capacity_tokens_per_s)} tokens/s is worth 1\n\n`,
  ].join('');
}

const COLUMNS: readonly Column[] = [
  ['TUNER', 'tuner'],
  ['SCORE', 'score'],
  ['', 'bar'],
  ['TOKENS/S', 'goodput'],
  ['LATE', 'late'],
  ['TIMEOUTS', 'timeouts'],
  ['REFUSED', 'refused'],
  ['P50', 'p50'],
  ['P95', 'p95'],
  ['P99', 'p99'],
  ['WAIT P50', 'wait_p50'],
  ['WAIT P95', 'wait_p95'],
  ['WINDOW', 'window'],
];

function results(ranks: readonly Rank[]): string {
  const rows = ranks.map(({ tuner, worst }) => ({
    tuner,
    score: worst.score.toFixed(3),
    bar: bar(worst.score),
    goodput: Math.round(worst.goodput_tokens_per_s),
    late: `${(worst.missed_share * 100).toFixed(1)} %`,
    timeouts: worst.timeouts,
    refused: worst.refused,
    p50: ms(worst.latency.p50_ms),
    p95: ms(worst.latency.p95_ms),
    p99: ms(worst.latency.p99_ms),
    wait_p50: ms(worst.wait.p50_ms),
    wait_p95: ms(worst.wait.p95_ms),
    window: worst.mean_window.toFixed(1),
  }));
  return table(rows, COLUMNS);
}

function verdict(ranks: readonly Rank[], { train_ms }: Load): string {
  const learned = ranks.find(({ tuner }) => tuner === 'learned');
  return [won(ranks), learned === undefined ? '' : honest(learned, train_ms)].join('');
}

function won(ranks: readonly Rank[]): string {
  const [first, second] = ranks;
  if (first === undefined || second === undefined) return '';
  const margin = marginOf(ranks);
  if (margin > 0) return `${first.tuner} wins by ${margin.toFixed(3)}, ${second.tuner} is next.\n`;
  return 'Nobody wins: the worst run of the first is not above the best of the others.\n';
}

/** How the learned one was judged. */
function honest({ worst, best, seeds }: Rank, train_ms: number): string {
  const range = `${worst.score.toFixed(3)} to ${best.score.toFixed(3)}`;
  return (
    `learned went ${worst.epochs} times through the first ${seconds(train_ms)} and is scored on what comes after, which it had\n` +
    `not seen. Its ${count(seeds, 'seed')} scored ${range}; the row is the worst of them.\n`
  );
}

const PICTURE_CHARS = 72;
const NAME_CHARS = 8;
const LEVELS = '▁▂▃▄▅▆▇█';

/** Windows over time, and below them what the fleet works on at full speed. */
function picture(load: Load, ranks: readonly Rank[], windows: Windows): string {
  const places = placesOf(load);
  const rows = ranks.map(({ tuner }): readonly [string, readonly number[]] => [tuner, windows.get(tuner) ?? []]);
  const all: readonly (readonly [string, readonly number[]])[] = [...rows, ['fleet', places]];
  const squeezed = all.map(([name, values]) => [name, squeeze(values)] as const);
  const top = Math.max(1, ...squeezed.flatMap(([, values]) => values));
  const lines = squeezed.map(
    ([name, values]) => `${name.padEnd(NAME_CHARS)}${values.map((value) => level(value / top)).join('')}\n`,
  );
  const parts = squeezed[0]?.[1].length ?? 0;
  const scored = `${' '.repeat(NAME_CHARS + Math.floor((parts * load.train_ms) / load.duration_ms))}↑ scored from here\n`;
  return `windows over time; fleet: calls that it works on at full speed; █ is ${Math.round(top)}\n${lines.join('')}${scored}`;
}

function placesOf({ duration_ms, fleet, profile }: Load): readonly number[] {
  const places: number[] = [];
  let [servers, next] = [fleet.servers, 0];
  for (let at_ms = 0; at_ms < duration_ms; at_ms += INTERVAL_MS) {
    for (let change = profile[next]; change !== undefined && change.at_ms <= at_ms; change = profile[next]) {
      servers = change.servers;
      next += 1;
    }
    places.push(servers * fleet.knee);
  }
  return places;
}

/** Means of so many parts. */
function squeeze(values: readonly number[]): readonly number[] {
  const parts = Math.min(PICTURE_CHARS, values.length);
  return Array.from({ length: parts }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / parts), Math.floor(((i + 1) * values.length) / parts));
    return part.reduce((sum, value) => sum + value, 0) / Math.max(1, part.length);
  });
}

function level(share: number): string {
  return LEVELS[Math.min(LEVELS.length - 1, Math.max(0, Math.ceil(share * LEVELS.length) - 1))] ?? '';
}

const BAR_CHARS = 20;

function bar(score: number): string {
  return '█'.repeat(Math.round(Math.min(1, Math.max(0, score)) * BAR_CHARS));
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function seconds(value_ms: number): string {
  return `${Math.round(value_ms / 1_000)} s`;
}

const LINE_CHARS = 110;

/** Words on lines that fit a terminal. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + word.length >= LINE_CHARS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
