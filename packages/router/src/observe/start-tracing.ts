import { type Config, otlpTracing, type Tracing } from '@atp-router/adapters';
import type { GenerationManager } from '../generation/manager.ts';
import type { EventBus } from './event-bus.ts';
import { upstreamFinder } from './traced-upstreams.ts';

/** Spans of calls, where the configuration says whom to send them to. */
export function startTracing(
  config: Config,
  version: string,
  node_id: string,
  manager: GenerationManager,
  bus: EventBus,
): Tracing | undefined {
  const { otlp } = config.telemetry;
  if (otlp === undefined) return undefined;
  const tracing = otlpTracing({ ...otlp, version, node_id, upstreamOf: upstreamFinder(manager) });
  bus.listen((event) => {
    if (event.type === 'call.ended') tracing.onCallEnded(event);
    else if (event.type === 'consensus.ended') tracing.onConsensusEnded(event);
  });
  return tracing;
}
