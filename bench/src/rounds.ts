import { setTimeout as delay } from 'node:timers/promises';
import { type Bench, measure, type Sample, warmUp } from './measure.ts';
import { machineBusyUs } from './procfs.ts';
import type { Scenario } from './scenarios.ts';
import type { MissingTarget, RunningTarget } from './target.ts';

/** Long enough for V8 to have compiled the path of both kinds of request. */
const WARM_UP_SECONDS_MAX = 3;
const QUIET_SHARE_MAX = 0.1;
const QUIET_SAMPLE_MS = 300;

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly wait_quiet_seconds: number;
  readonly scenarios: readonly Scenario[];
}

export interface Outcome {
  readonly samples: readonly Sample[];
  readonly failed: readonly MissingTarget[];
}

/**
 * Runs the scenarios round by round, in each round every target right after the other, so that what disturbs the
 * machine for longer than a run disturbs all of them. A target that fails is reported and left out from then on.
 */
export async function runRounds(
  plan: Plan,
  bench: Bench,
  targets: readonly RunningTarget[],
  say: (text: string) => void,
): Promise<Outcome> {
  const samples: Sample[] = [];
  const failures = new Map<RunningTarget, MissingTarget>();
  const attempt = async (target: RunningTarget, what: string, work: () => Promise<void>): Promise<void> => {
    if (failures.has(target)) return;
    try {
      await work();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      failures.set(target, { name: target.name, missing: `failed in ${what}: ${why}` });
      say(`${target.name} FAILED in ${what} and is left out from here on: ${why}\n${target.stderr()}`);
    }
  };
  for (const target of targets) {
    say(`warming up ${target.name}`);
    for (const scenario of kindsOf(plan.scenarios)) {
      const seconds = Math.min(WARM_UP_SECONDS_MAX, 2 * plan.seconds);
      await attempt(target, 'warm-up', () => warmUp(bench, target, scenario, seconds));
    }
  }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const scenario of plan.scenarios) {
      for (const target of targets) {
        await untilQuiet(plan.wait_quiet_seconds);
        await attempt(target, `round ${round} of ${scenario.id}`, async () => {
          const sample = await measure(bench, target, scenario, round, plan.seconds);
          samples.push(sample);
          say(progress(sample, plan.rounds));
        });
      }
    }
  }
  return { samples, failed: [...failures.values()] };
}

/** Waits while something else keeps the machine busy, but never longer than asked. */
async function untilQuiet(limit_seconds: number): Promise<void> {
  const give_up_ms = performance.now() + limit_seconds * 1000;
  while (performance.now() < give_up_ms) {
    const [busy_us, at_ms] = [machineBusyUs(), performance.now()];
    await delay(QUIET_SAMPLE_MS);
    const share = (machineBusyUs() - busy_us) / ((performance.now() - at_ms) * 1000);
    if (share <= QUIET_SHARE_MAX) return;
  }
}

/** The first scenario of each kind of body. */
function kindsOf(scenarios: readonly Scenario[]): readonly Scenario[] {
  return scenarios.filter((one, index) => scenarios.findIndex((other) => other.body === one.body) === index);
}

function progress(sample: Sample, rounds: number): string {
  const { scenario, target, round, units_per_s, p50_us, p99_us, cpu_us_per_unit, errors } = sample;
  const shares = [sample.target_share, sample.generator_share, sample.upstream_share, sample.other_share]
    .map((share) => `${Math.round(share * 100)} %`)
    .join(' / ');
  const first = sample.load.first_error;
  return [
    `${round}/${rounds} ${scenario.padEnd(10)} ${target.padEnd(6)} ${units_per_s.toFixed(0).padStart(6)}/s`,
    `p50 ${p50_us.toFixed(0)} p99 ${p99_us.toFixed(0)} µs, ${cpu_us_per_unit.toFixed(1)} µs CPU each`,
    `CPU of target / generator / upstream / others ${shares}`,
    ...(sample.kept_up === false ? ['rate not sustained'] : []),
    ...(errors > 0 ? [`${errors} errors${first === undefined ? '' : `, first: ${first}`}`] : []),
  ].join('; ');
}
