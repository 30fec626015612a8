import type { Engine } from '../engine/engine.ts';
import type { GenerationManager } from '../generation/manager.ts';
import { Trials } from '../lifecycle/shadow/trials.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { RouterOptions } from '../options.ts';
import { type ObservationParts, type Observations, openObservations } from './open-observations.ts';
import { watchAll } from './watch-all.ts';

/** Who watches calls: what is observed is copied, and shadow models are asked, by calls of the engine itself. */
export async function openWatchers(
  { onProblem }: Pick<RouterOptions, 'onProblem'>,
  engine: Engine,
  manager: GenerationManager,
  { bus, ...parts }: Pick<ObservationParts, 'seat' | 'metrics'> & { readonly bus: EventBus },
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
  engine.attach(watchAll([observations.recorder, trials]));
  return observations;
}
