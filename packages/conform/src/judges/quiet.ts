import { covers, has, isMessage, mainLane } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';

const SECOND_MS = 1_000;
/** What every run can wait for. */
const SHORT_S = 3;
/** The longest that a slow run waits for one timer. */
const LONG_S = 120;

/** Skips what takes longer than this run may. */
function mayTake(probe: Probe, seconds: number, what: string): void {
  skipUnless(seconds <= LONG_S, `It takes ${what} of ${seconds} s, longer than any run.`);
  skipUnless(probe.slow || seconds <= SHORT_S, `It takes ${what} of ${seconds} s (--slow).`);
}

const isBeat = (peer: Peer): Promise<{ readonly frame: Peer['history'][number]['frame'] }> =>
  peer.expect('a heartbeat', (one) => has(one, 'HB'), (peer.hello.interval_s ?? 10) * SECOND_MS + 3_000);

/** Heartbeats repeat the window. */
async function s24(probe: Probe): Promise<void> {
  const peer = await probe.open({ window: { max_parallel: 7 } });
  const { interval_s = 10 } = peer.hello;
  mayTake(probe, interval_s, 'an interval');
  const { frame } = await isBeat(peer);
  const [told, granted] = [frame.window, peer.answer?.window].map((window) => JSON.stringify(window));
  assert(told === granted, `the window ${granted} in the heartbeat`, String(told));
}

/** Heartbeats, and an end that reads nothing for three of them closes the connection. */
async function s26(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const { interval_s = 10 } = peer.hello;
  mayTake(probe, interval_s, 'an interval');
  const { frame: bare } = await isBeat(peer);
  assert(bare.payload?.content === undefined, 'a heartbeat without content while there are no lanes', () =>
    JSON.stringify(bare),
  );
  await peer.stream();
  const start_ms = performance.now();
  const { frame } = await isBeat(peer);
  const is_right = has(frame, 'CTRL') && frame.stream_id === '0' && frame.payload?.type === 'control.window_update';
  assert(is_right, 'HB|CTRL on stream 0 with a control.window_update', () => JSON.stringify(frame));
  assert(covers(frame, mainLane('1'), 0), 'the acknowledgements of its lanes in it', () => JSON.stringify(frame));
  if (!probe.slow) return;
  const close = await peer.ws.events.take((one) => one.type === 'close', (3 * interval_s + 5) * SECOND_MS);
  const after_s = (performance.now() - start_ms) / SECOND_MS;
  assert(close !== undefined, 'the connection closed after three intervals of silence', 'it is open');
  assert(after_s > 2 * interval_s, 'three intervals before that', `${after_s.toFixed(1)} s`);
}

/** An idle session is ended by the server. */
async function s27(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const { idle_fin_s = 300, interval_s = 10 } = peer.hello;
  mayTake(probe, idle_fin_s, 'an idle time');
  const beat = setInterval(() => peer.control(['HB'], { type: 'control.window_update' }), interval_s * SECOND_MS);
  try {
    const fits = (one: Peer['history'][number]['frame']): boolean =>
      isMessage(one) && has(one, 'FIN') && one.stream_id === '0';
    await peer.expect('FIN of the server on stream 0', fits, (idle_fin_s + 5) * SECOND_MS);
  } finally {
    clearInterval(beat);
  }
}

export const QUIET: readonly Sentence[] = [
  { id: 'S24', level: 'L1', title: 'Heartbeats repeat the window', judge: s24 },
  {
    id: 'S26',
    level: 'L1',
    title: 'Heartbeats come in their interval, and silence for three ends the connection',
    judge: s26,
  },
  { id: 'S27', level: 'L1', title: 'A session without activity is ended with FIN by the server', judge: s27 },
];
