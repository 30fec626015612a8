import type { World } from './world.ts';

/** What was broken, and what the journal says of the calls that it names. */
export function report(seed: number, world: World, broken: readonly string[], file: string): string {
  const named = new Set(broken.flatMap((rule) => rule.match(/call_[0-9a-z]+/g) ?? []));
  const events = world.log.events.filter((event) => 'call_id' in event && named.has(event.call_id));
  return [
    `History ${seed} breaks ${broken.length} rules at ${world.time.mono_ms()} ms:`,
    ...broken.slice(0, 10).map((rule) => rule.slice(0, 2_000)),
    `Replay it with ATP_SEED=${seed} npx vitest run packages/router/test/engine/${file}`,
    ...events.slice(-20).map((event) => JSON.stringify(event).slice(0, 1_000)),
  ].join('\n');
}
