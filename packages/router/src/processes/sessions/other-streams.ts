import { type Forwarder, type HttpExchange, openForwarder, type OtherStreams } from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import { type Seat, workerHttpSocket } from '../seat.ts';

/** A post is answered as soon as its frames were handed on: who needs longer is not well. */
const HEAD_MS = 30_000;
/** Events say that they live every 25 s. */
const IDLE_MS = 60_000;
/** To one worker at a time: as many as it has connections over plain HTTP, of which each has one request that lasts. */
const PASSED_MAX = 4_096;

/** The worker's number in front of an id. */
const NAMED = /^w([1-9]\d{0,5})-/;

export interface StreamsElsewhere extends OtherStreams {
  close(): Promise<void>;
}

/**
 * Requests for connections over plain HTTP that other workers have, whose number their ids begin with; undefined in a process
 * that has no others beside it. `fail`: answers where that worker does not.
 */
export function streamsElsewhere(
  { role, shared_dir, config }: Seat,
  fail: (exchange: HttpExchange, error: AtpError) => void,
): StreamsElsewhere | undefined {
  if (role.kind !== 'worker') return undefined;
  /** By number: as many as there are workers. */
  const forwarders = new Map<number, Forwarder>();
  const forwarderTo = (n: number): Forwarder => {
    const there = forwarders.get(n);
    if (there !== undefined) return there;
    const made = openForwarder({
      ...{ path: workerHttpSocket(shared_dir, n), requests_max: PASSED_MAX },
      ...{ head_timeout_ms: HEAD_MS, idle_timeout_ms: IDLE_MS },
    });
    forwarders.set(n, made);
    return made;
  };
  return {
    prefix: `w${role.n}-`,
    pass: (exchange, id) => {
      const n = Number(NAMED.exec(id)?.[1] ?? role.n);
      if (n === role.n || n > config.workers) return false;
      forwarderTo(n).pass(exchange, (error) => fail(exchange, error));
      return true;
    },
    close: async () => {
      await Promise.all([...forwarders.values()].map((forwarder) => forwarder.close()));
    },
  };
}
