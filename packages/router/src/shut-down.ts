import { holdProcess, type HttpServerHandle, systemTimers } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import { errorPayload } from '@atp-router/wire';
import type { FrameWays } from './atp/add-frames.ts';
import type { Core } from './core.ts';

/** For what is left of answers to leave after their calls have ended: the journal, and a slow network. */
const ANSWERED_MS = 5_000;

/** Stops accepting, lets calls finish within the grace time, ends the rest, flushes and closes everything. */
export async function shutDown(reason: string, core: Core, server: HttpServerHandle, ways: FrameWays): Promise<void> {
  const { engine, hub, bus, manager, sessions, member } = core;
  // Calls of clients without a connection end by timers.
  const release = holdProcess();
  server.stopAccepting();
  ways.sockets.stop();
  ways.streams.stop();
  hub.leave();
  const drained = Promise.all([engine.drain(), member?.carrier?.idle()]);
  // Sessions that are kept are a successor's: it says what becomes of them.
  if (sessions === undefined) void hub.drain();
  const timer = systemTimers.after(manager.config.shutdown.grace_ms, () => {
    engine.abortAll(new AtpError('draining', 'The router was shut down before the call was done.'));
    member?.carrier?.abortAll();
  });
  await drained;
  timer.cancel();
  // A call has ended when it is on its way to the journal; the rest of its answer follows when it is there.
  await hub.answered(ANSWERED_MS);
  // What they were asked has been answered; a session is no reason to wait longer than for a slow network.
  if (sessions !== undefined) hub.suspend();
  else {
    await hub.drain(ANSWERED_MS);
    hub.abortAll(errorPayload('EDRAINING'));
  }
  bus.append({ type: 'node.stopped', reason });
  // A journal that cannot be written must not keep the process from ending.
  await bus.written().catch(() => undefined);
  await server.close();
  await closeParts(core);
  release();
}

/** Gives back what a core holds: connections, threads, the data directory. */
export async function closeParts({
  member,
  ledger,
  shared,
  sessions,
  transports,
  tracing,
  counter,
  learning,
  observations,
  carbon,
  local,
}: Core): Promise<void> {
  carbon?.close();
  await member?.leave();
  await observations.close();
  await learning.keeper.close();
  await shared?.close();
  await sessions?.close();
  await Promise.all([transports.close(), tracing?.shutdown(), ledger.close(), counter.close(), local?.close()]);
}
