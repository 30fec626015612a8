import { createHash } from 'node:crypto';
import type { RouterMetrics } from '@atp-router/adapters';
import type { Engine } from '../engine/engine.ts';
import type { GenerationManager } from '../generation/manager.ts';
import { Trials } from '../lifecycle/shadow/trials.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { RouterOptions } from '../options.ts';
import { Signals } from '../success/signals.ts';
import { Validators } from '../success/validators.ts';
import { type ObservationParts, type Observations, openObservations } from './open-observations.ts';
import { watchAll } from './watch-all.ts';

/** Who watches calls: what is observed is copied, and shadow models are asked, by calls of the engine itself. */
export async function openWatchers(
  { onProblem }: Pick<RouterOptions, 'onProblem'>,
  engine: Engine,
  manager: GenerationManager,
  {
    bus,
    ...parts
  }: Pick<ObservationParts, 'seat'> & {
    readonly bus: EventBus;
    readonly metrics: Pick<RouterMetrics, 'observations' | 'success'>;
  },
): Promise<Observations> {
  const { ambient, live } = engine.parts;
  const generation = () => manager.generation;
  const observations = await openObservations({
    ...{ ...parts, bus, ambient, generation, config: () => manager.config },
    onProblem: (problem) => onProblem?.('observations', problem),
  });
  const submit = engine.submit.bind(engine);
  const trials = new Trials({ ambient, log: bus, live, generation, submit });
  bus.listen((event) => trials.observe(event));
  const { clock } = ambient;
  const validators = new Validators({
    ...{ clock, log: bus, series: parts.metrics.success, later: (run) => void setImmediate(run) },
  });
  bus.listen((event) => validators.observe(event));
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const signals = new Signals({ clock, log: bus, series: parts.metrics.success, hash });
  bus.listen((event) => signals.observe(event));
  engine.attach(watchAll([observations.recorder, validators, signals, trials]));
  return observations;
}
