import { type MetricRegistry, type Pipe, type PipeHandlers, systemTimers } from '@atp-router/adapters';
import type { SessionsElsewhere } from '../../atp/hub-types.ts';
import type { OnProblem } from '../../options.ts';
import { isCarriage } from './carriage.ts';
import { CarriedHere, type Desk } from './carried-here.ts';
import { SEEK_OUTCOMES, Seeker } from './seeker.ts';

export interface WorkerSessionsParts {
  readonly n: number;
  /** How many workers there are. */
  readonly workers: number;
  readonly shared_dir: string;
  readonly version: string;
  readonly registry: MetricRegistry;
  readonly onProblem: OnProblem | undefined;
}

/** A worker's part in that a client finds its session at whichever worker it comes to. */
export class WorkerSessions {
  readonly elsewhere: SessionsElsewhere;
  readonly #here: CarriedHere = new CarriedHere();

  constructor({ n, workers, shared_dir, version, registry, onProblem }: WorkerSessionsParts) {
    const counter = registry.counter({
      name: 'atp_session_connections_sought_total',
      help: 'Connections that resumed a session of another process, by what came of it.',
      labels: ['outcome'],
    });
    // An increase from nothing is no increase to Prometheus.
    const by_outcome = new Map(SEEK_OUTCOMES.map((outcome) => [outcome, counter.series(outcome)]));
    const seeker = new Seeker({
      ...{ timers: systemTimers, shared_dir, version, onProblem },
      others: Array.from({ length: workers }, (_, i) => i + 1).filter((one) => one !== n),
      onOutcome: (outcome) => by_outcome.get(outcome)?.inc(),
    });
    registry.live({
      ...{ name: 'atp_session_connections_carried', type: 'gauge' },
      help: 'Connections whose frames go to a session of another process.',
      read: () => [{ labels: [], value: seeker.size }],
    });
    this.elsewhere = seeker;
  }

  /** Answers others from here on. */
  open(desk: Desk): void {
    this.#here.open(desk);
  }

  /** A conversation that another worker has begun; undefined: it is not about sessions. */
  take(pipe: Pipe, hello: unknown): PipeHandlers | undefined {
    return isCarriage(hello) ? this.#here.take(pipe, hello) : undefined;
  }
}
