import { IntensitySource, registerCarbonGauge, type RouterMetrics, systemClock } from '@atp-router/adapters';
import type { ProcessRole, RouterOptions } from '../options.ts';

/** Begins to read what intensities are; calls do not wait for it. Undefined: there is no source, or this process runs no calls. */
export function openIntensities(
  { config, onProblem }: RouterOptions,
  role: ProcessRole['kind'],
  { registry }: RouterMetrics,
): IntensitySource | undefined {
  const { source: settings } = config.carbon;
  const source =
    settings === undefined || role === 'owner'
      ? undefined
      : new IntensitySource(settings, {
          clock: systemClock,
          on_problem: (problem) => onProblem?.('carbon', problem),
        });
  registerCarbonGauge(registry, () => source?.age_s);
  void source?.refresh();
  return source;
}
