import { parseArgs } from 'node:util';
import { SCENARIO_IDS, type ScenarioId } from './scenarios.ts';
import { TARGET_NAMES, type TargetName } from './target.ts';

export interface Options {
  readonly rounds: number;
  /** Length of one measured run. */
  readonly seconds: number;
  readonly targets: readonly TargetName[];
  /** Whether the targets were named by the user: one of these that is missing is then an error, not a note. */
  readonly targets_explicit: boolean;
  readonly scenarios: readonly ScenarioId[];
  /** Targets on core 0, generator and upstream on core 1. */
  readonly pin: boolean;
  /** How long to wait before each run for the rest of the machine to become idle; then it runs all the same. */
  readonly wait_quiet_seconds: number;
  readonly json_path: string | undefined;
  readonly report_path: string | undefined;
}

export const USAGE: string = `usage: npm run bench -- [options]
  --rounds N          interleaved rounds (default 5; 1..100)
  --seconds N         length of one measured run (default 4; 0.5..600)
  --targets a,b       of ${TARGET_NAMES.join(',')} (default: all that are there)
  --scenarios a,b     of ${SCENARIO_IDS.join(',')} (default: all)
  --quick             2 rounds of 1 second: shows that it works, not how fast it is
  --pin               targets on core 0, generator and upstream on core 1 (needs taskset)
  --wait-quiet N      before each run wait up to N seconds for the rest of the machine to be idle (default 0; 0..600)
  --json FILE         every run and the summary as JSON
  --report FILE       the summary as Markdown`;

/** A mistake of the caller; shown without a stack trace. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Reads the command line; throws `UsageError` with what is wrong and what is allowed. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  const quick = values.quick === true;
  return {
    rounds: inRange('rounds', values.rounds, quick ? 2 : 5, 1, 100, true),
    seconds: inRange('seconds', values.seconds, quick ? 1 : 4, 0.5, 600, false),
    targets: pick('targets', values.targets, TARGET_NAMES),
    targets_explicit: values.targets !== undefined,
    scenarios: pick('scenarios', values.scenarios, SCENARIO_IDS),
    pin: values.pin === true,
    wait_quiet_seconds: inRange('wait-quiet', values['wait-quiet'], 0, 0, 600, false),
    json_path: values.json,
    report_path: values.report,
  };
}

type Values = Partial<
  Record<'rounds' | 'seconds' | 'targets' | 'scenarios' | 'json' | 'report' | 'wait-quiet', string>
> &
  Partial<Record<'quick' | 'pin', boolean>>;

function parse(args: readonly string[]): { values: Values } {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    rounds: text,
    seconds: text,
    targets: text,
    scenarios: text,
    json: text,
    report: text,
    'wait-quiet': text,
    quick: flag,
    pin: flag,
  };
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function inRange(
  name: string,
  given: string | undefined,
  fallback: number,
  min: number,
  max: number,
  whole: boolean,
): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (given.trim() === '' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw new UsageError(`--${name} ${given}: expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
  }
  return value;
}

function pick<T extends string>(name: string, given: string | undefined, known: readonly T[]): readonly T[] {
  if (given === undefined) return known;
  const wanted = given.split(',').map((part) => part.trim());
  const unknown = wanted.find((part) => !known.some((one) => one === part));
  if (unknown !== undefined) throw new UsageError(`--${name} ${unknown}: expected some of ${known.join(', ')}`);
  return known.filter((one) => wanted.includes(one));
}
