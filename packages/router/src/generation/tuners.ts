import { readFileSync } from 'node:fs';
import type { Config, TunerConfig } from '@atp-router/adapters';
import type { AimdOptions } from '@atp-router/flow';
import { gateLearned, learnedTuner, pidTuner, type Proof, staticTuner, type Tuner } from '@atp-router/flow/tune';
import { AtpError, unreachable } from '@atp-router/kernel';
import type { TunerSpec } from '../engine/tuned-windows.ts';
import { deploymentOf, windowOptions } from './flow-limits.ts';

/** For a tuner that needs no measure of it. */
const SOME_CAPACITY = 1_000;

/**
 * The tuners of deployments, by account, as they are configured at the start. The learned one has to prove itself first: it
 * replays its recorded load, and is refused when it does not beat PID there. Throws `config_invalid`.
 */
export function tunersOf(config: Config): ReadonlyMap<string, TunerSpec> {
  const tuners = new Map<string, TunerSpec>();
  for (const [i, tuner] of config.flow.tuners.entries()) {
    const model = config.models.find(({ id }) => id === tuner.model);
    const provider = config.providers.find(({ id }) => id === model?.provider);
    if (model === undefined || provider === undefined) continue;
    const max = model.max_concurrency ?? provider.max_concurrency;
    tuners.set(deploymentOf(model), specOf(tuner, config, max, `flow.tuners[${i}]`));
  }
  return tuners;
}

function specOf(tuner: TunerConfig, config: Config, max: number, path: string): TunerSpec {
  const goal = { p95_ms: tuner.latency_ms, capacity_tokens_per_s: tuner.capacity_tokens_per_s ?? SOME_CAPACITY };
  const { latency_ms, kind } = tuner;
  switch (kind) {
    case 'static':
      return { latency_ms, make: (configured) => staticTuner(configured) };
    case 'pid':
      return { latency_ms, make: (configured) => pidTuner(configured, goal) };
    case 'learned': {
      const { options, state } = proofOf(tuner, config, max, path);
      return { latency_ms, make: (configured) => beginningWith(learnedTuner(configured, goal, options), state) };
    }
    default:
      return unreachable(kind);
  }
}

/** It goes on with what it has learned on its load. */
function beginningWith<S>(tuner: Tuner<S>, state: S): Tuner<S> {
  return { ...tuner, begin: () => ({ ...tuner.begin(), state }) };
}

function proofOf(
  { proof, latency_ms, capacity_tokens_per_s }: TunerConfig,
  config: Config,
  max: number,
  path: string,
): Proof {
  const factors: AimdOptions = { ...windowOptions(config), base: Math.min(config.flow.aimd.base, max), max };
  const goal = capacity_tokens_per_s === undefined ? undefined : { p95_ms: latency_ms, capacity_tokens_per_s };
  const verdict = gateLearned(textOf(proof ?? '', path), { factors, ...(goal && { goal }) });
  if (verdict.ok) return verdict.proof;
  throw new AtpError('config_invalid', `${path}: the learned tuner may not run with this proof. ${verdict.reason}`, {
    param: path,
  });
}

function textOf(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new AtpError('config_invalid', `${path}.proof: the file cannot be read (${why}). Name a recorded load.`, {
      param: `${path}.proof`,
      cause,
    });
  }
}
