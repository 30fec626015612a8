import { CborEncoder, decodeCbor, type Frame } from '@atp-router/wire';
import { End, optionsOf } from './end.ts';

/** How frames get from one end to the other. */
export type Way = 'as they are' | 'through CBOR';

/** Two sessions in one thread, one sending all the time: frames of both directions within the time, per second. */
export function joined(way: Way, is_signed: boolean, slice_ms: number): number {
  return run(way, is_signed, slice_ms, () => undefined);
}

/** The same, signed, for longer than a signer could go on if its nonces were kept for good: the whole, and its slowest second. */
export function lasting(way: Way, long_ms: number): { readonly per_second: number; readonly slowest: number } {
  let slowest = Number.POSITIVE_INFINITY;
  const per_second = run(way, true, long_ms, (frames) => {
    slowest = Math.min(slowest, frames);
  });
  return { per_second, slowest };
}

function run(way: Way, is_signed: boolean, slice_ms: number, onSecond: (frames: number) => void): number {
  let frames = 0;
  const cbor = new CborEncoder();
  const queue: { readonly to: End; readonly frame: Frame; readonly bytes: number }[] = [];
  const send =
    (to: () => End) =>
    (frame: Frame): void => {
      frames += 1;
      if (way === 'as they are') queue.push({ to: to(), frame, bytes: 200 });
      else {
        const bytes = cbor.encode(frame);
        queue.push({ to: to(), frame: decodeCbor(bytes), bytes: bytes.length });
      }
    };
  const client: End = new End(
    optionsOf('client', 'bench', is_signed),
    true,
    send(() => server),
  );
  const server: End = new End(
    optionsOf('server', 'bench', is_signed),
    false,
    send(() => client),
  );
  const started = performance.now();
  for (const end of [server, client]) end.handle({ type: 'connected', wall_ms: Date.now() });
  let second_ms = started;
  let told = 0;
  while (performance.now() - started < slice_ms) {
    if (performance.now() - second_ms >= 1_000) {
      onSecond(((frames - told) / (performance.now() - second_ms)) * 1_000);
      second_ms = performance.now();
      told = frames;
    }
    // What these cause comes in the next turn: else a sender with enough credit would never end.
    for (const { to, frame, bytes } of queue.splice(0)) to.frame(frame, bytes);
    client.timeout();
    server.timeout();
  }
  if (server.handed_on === 0) throw new Error('nothing arrived');
  return (frames / (performance.now() - started)) * 1_000;
}
