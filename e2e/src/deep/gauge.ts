/**
 * Preloaded into the router of the soak: on request it collects garbage and tells what is left. Whether memory is flat
 * shows after a collection; what the process holds in between is the collector's choice.
 */
export interface MemoryReading {
  readonly heap_bytes: number;
  readonly external_bytes: number;
  readonly rss_bytes: number;
}

process.on('message', (message: { read?: string }) => {
  if (message.read !== 'memory') return;
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const memory: MemoryReading = { heap_bytes: heapUsed, external_bytes: external + arrayBuffers, rss_bytes: rss };
  process.send?.({ memory });
});
process.channel?.unref();
