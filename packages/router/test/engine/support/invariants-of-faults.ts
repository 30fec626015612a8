import type { Seams } from './seams.ts';
import type { World } from './world.ts';

/** What has to hold at rest although something threw. Returns what does not. */
export async function brokenByFault(world: World, seams: Seams): Promise<string[]> {
  const { engine, ledger, health, time, shared, upstreams } = world;
  const thrown = seams.thrown ?? '';
  // Without a working journal the client hears of its end all the same.
  const out = world.breaches.filter((breach) => !(thrown.startsWith('log.') && /told its end|last byte/.test(breach)));
  const zero = (what: string, count: number): void => void (count === 0 || out.push(`${what}: ${count} at rest`));
  zero('calls in flight', engine.in_flight);
  zero('open reservations', ledger.open.size);
  zero('exchanges', upstreams.live);
  zero('timers', time.pending);
  // What throws where it should give something back has not given it back.
  if (!/^shared\.(settle|release)$/.test(thrown)) zero('reservations in the shared store', shared?.open ?? 0);
  if (thrown !== 'health.record') zero('permits that nobody gave back', health.permits_out);
  for (const account of ledger.ids()) {
    const { in_flight, waiting } = engine.gate.load(account);
    zero(`calls at ${account}`, in_flight + waiting);
  }
  out.push(...ledger.breaches, ...health.breaches, ...(shared?.breaches ?? []));
  for (const { call_id, client } of world.submitted) {
    out.push(...client.breaches.map((breach) => `${call_id}: ${breach}`));
    if (client.ending === undefined) out.push(`${call_id}: never ended`);
    const opened = world.log.ofCall('call.opened', call_id).length;
    const ended = world.log.ofCall('call.ended', call_id).length;
    // An end that the journal did not take is made up for at the next start.
    const is_missing = thrown === 'log.append' && ended === opened - 1;
    if (opened > 1 || (ended !== opened && !is_missing)) out.push(`${call_id}: opened ${opened} times, ended ${ended}`);
  }
  let drained = false;
  void engine.drain().then(() => {
    drained = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  if (!drained) out.push('the router does not stop');
  return out;
}
