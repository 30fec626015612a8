import { configWarnings, systemClock } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { GenerationManager } from '../generation/manager.ts';
import type { RouterOptions } from '../options.ts';
import type { EventBus } from './event-bus.ts';

/** Says what in the configuration cannot work, of the present one and of each that follows. */
export function warnOf(manager: GenerationManager, bus: EventBus, { onProblem }: RouterOptions): void {
  if (onProblem === undefined) return;
  let told: ReadonlySet<string> = new Set();
  const warn = (): void => {
    const { keys } = manager.generation;
    const has = (tenant: string, key_id: string): boolean => keys.isActive({ kind: 'tenant', tenant, key_id });
    const found = configWarnings(manager.config, systemClock.now_ms(), { has });
    const words = found.map(({ path, message }) => `${path}: ${message}.`);
    for (const text of words) if (!told.has(text)) onProblem('config', new AtpError('config_invalid', text));
    told = new Set(words);
  };
  warn();
  bus.listen(({ type }) => {
    if (type === 'config.applied') warn();
  });
}
