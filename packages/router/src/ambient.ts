import { systemClock, systemRng, systemTimers } from '@atp-router/adapters';
import { idSource } from '@atp-router/kernel';
import type { Ambient } from './engine/ports.ts';

/** Time, chance and ids as a router that runs has them. */
export function systemAmbient(): Ambient {
  const rng = systemRng();
  return { clock: systemClock, timers: systemTimers, rng, call_ids: idSource('call_', rng) };
}
