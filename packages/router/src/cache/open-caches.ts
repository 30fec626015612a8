import { randomUUID } from 'node:crypto';
import { type Config, type RouterMetrics, systemClock } from '@atp-router/adapters';
import { AffinityDesk } from '../affinity/affinity-desk.ts';
import type { EngineParts } from '../engine/parts.ts';
import type { EventBus } from '../observe/event-bus.ts';

/** What is known of caches elsewhere. Begins empty. */
export function openCaches(config: Config, metrics: RouterMetrics, bus: EventBus): Pick<EngineParts, 'affinity'> {
  const affinity = new AffinityDesk(config.routing.affinity, randomUUID(), systemClock, (...told) =>
    metrics.affinity.told(...told),
  );
  bus.listen((event) => affinity.observe(event));
  return { affinity };
}
