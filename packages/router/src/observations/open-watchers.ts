import { createHash, randomBytes } from 'node:crypto';
import { type RouterMetrics, runProgram } from '@atp-router/adapters';
import { toAtpError } from '@atp-router/kernel';
import type { LearnedStore } from '@atp-router/ledger';
import type { Engine } from '../engine/engine.ts';
import type { GenerationManager } from '../generation/manager.ts';
import { Trials } from '../lifecycle/shadow/trials.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { RouterOptions } from '../options.ts';
import { CommandChecks } from '../success/command-checks.ts';
import { HangUps } from '../success/hang-ups.ts';
import { Judge } from '../success/judge.ts';
import { Signals } from '../success/signals.ts';
import { Validators } from '../success/validators.ts';
import { Words } from '../success/words.ts';
import { type ObservationParts, type Observations, openObservations } from './open-observations.ts';
import { watchAll } from './watch-all.ts';

/** Bytes of what nobody can guess: 128 bits. */
const NONCE_BYTES = 16;

/** Who watches calls: what is observed is copied, and shadow models and judges are asked, by calls of the engine itself. */
export async function openWatchers(
  { onProblem }: Pick<RouterOptions, 'onProblem'>,
  engine: Engine,
  manager: GenerationManager,
  {
    bus,
    learned,
    ...parts
  }: Pick<ObservationParts, 'seat'> & {
    readonly bus: EventBus;
    readonly learned: Pick<LearnedStore, 'words'>;
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
  const commands = new CommandChecks({
    ...{ series: parts.metrics.success, run: runProgram, path: process.env['PATH'] ?? '' },
  });
  const validators = new Validators({
    ...{ clock, log: bus, series: parts.metrics.success, commands, later: (run) => void setImmediate(run) },
  });
  bus.listen((event) => validators.observe(event));
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const signals = new Signals({ clock, log: bus, series: parts.metrics.success, hash });
  bus.listen((event) => signals.observe(event));
  const is_draining = (): boolean => engine.is_draining;
  const hang_ups = new HangUps({ clock, log: bus, series: parts.metrics.success, is_draining });
  bus.listen((event) => hang_ups.observe(event));
  const words = new Words({
    ...{ store: learned, series: parts.metrics.success, is_judged: () => generation().routing.judge !== undefined },
    onProblem: (error) => onProblem?.('projection', toAtpError(error)),
  });
  bus.listen((event) => words.observe(event));
  const judge = new Judge({
    ...{ ambient, log: bus, live, generation, submit, series: parts.metrics.success, words },
    nonce: () => randomBytes(NONCE_BYTES).toString('hex'),
  });
  bus.listen((event) => judge.observe(event));
  engine.attach(watchAll([observations.recorder, validators, signals, hang_ups, judge, trials]));
  const close = (): Promise<void> => {
    commands.close();
    return observations.close();
  };
  return { ...observations, close };
}
