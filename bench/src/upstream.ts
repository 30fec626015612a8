import { Child } from './child.ts';
import type { NativeTools } from './native.ts';
import { STREAM_CHUNKS, STREAM_PACE_MS } from './scenarios.ts';

export interface Upstream {
  readonly child: Child;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** Resolves when it listens. `onStarted`: who ends it, whatever happens until then. */
export async function startUpstream(
  tools: NativeTools,
  prefix: readonly string[],
  onStarted: (child: Child) => void,
): Promise<Upstream> {
  const paced = ['-chunks', String(STREAM_CHUNKS), '-pace-ms', String(STREAM_PACE_MS)];
  const child = new Child([...prefix, tools.upstream, ...paced]);
  onStarted(child);
  const [, address = ''] = await child.line(/^listening (\S+)$/);
  return { child, address };
}
