import {
  compare,
  DEFAULT_SEEDS,
  type Load,
  marginOf,
  rank,
  replay,
  TUNER_KINDS,
  type TunerKind,
} from '@atp-router/flow/tune';
import { type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { comparison, type Windows } from './print.ts';
import { loadOf } from './load-file.ts';

export interface ReplayOptions {
  readonly tuner: TunerKind | 'all';
  readonly seed: number;
  readonly json?: boolean;
}

/** Plays a load through tuners and prints what each made of it. */
export async function replayLoad(cli: Cli, file: string, options: ReplayOptions): Promise<void> {
  const load = await loadOf(file, cli.terminal);
  const { tuner, seed } = options;
  const kinds = tuner === 'all' ? TUNER_KINDS : [tuner];
  const results = compare(
    load,
    kinds,
    DEFAULT_SEEDS.map((_, i) => seed + i),
  );
  if (results.every(({ answered, timeouts, refused }) => answered + timeouts + refused === 0))
    throw nothingScored(load);
  const ranks = rank(results);
  const { about, duration_ms, train_ms, goal } = load;
  const answer = {
    ...{ about, calls: load.arrivals.length, duration_ms, train_ms, objective: goal },
    winner: ranks.length > 1 && marginOf(ranks) > 0 ? ranks[0]?.tuner : null,
    margin: ranks.length > 1 ? marginOf(ranks) : null,
    results,
  };
  show(cli, options, answer, () => comparison(file, load, ranks, windowsOf(load, kinds, seed)));
}

/** All tuners are equal at nothing: that is no comparison. */
function nothingScored({ arrivals, duration_ms, train_ms }: Load): CliError {
  const last_ms = arrivals.at(-1)?.at_ms ?? 0;
  return new CliError(
    EXIT.usage,
    `nothing was scored: no call of this load ends in the part that is, from train_ms ${train_ms} to duration_ms ${duration_ms}. ` +
      `Its last call comes at ${last_ms} ms. Record a longer load, or write a smaller train_ms into its first line.`,
  );
}

/** How each window moved. */
function windowsOf(load: Load, kinds: readonly TunerKind[], seed: number): Windows {
  return new Map(
    kinds.map((kind) => {
      const windows: number[] = [];
      replay(load, kind, seed, ({ window }) => windows.push(window));
      return [kind, windows];
    }),
  );
}
