/** So many of the latest tasks make the health of an agent. */
const SAMPLES_MAX = 256;

/** How the latest tasks went. */
export class Latencies {
  #samples: { readonly latency_ms: number; readonly is_ok: boolean }[] = [];

  add(latency_ms: number, is_ok: boolean): void {
    this.#samples.push({ latency_ms, is_ok });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Nothing where nothing is known yet. */
  summary(): { readonly p50_ms?: number; readonly p95_ms?: number; readonly error_rate?: number } {
    const count = this.#samples.length;
    if (count === 0) return {};
    const sorted = this.#samples.map(({ latency_ms }) => latency_ms).sort((left, right) => left - right);
    // Nearest rank.
    const at = (share: number): number => Math.round(sorted[Math.ceil(share * count) - 1] ?? 0);
    const failed = this.#samples.filter(({ is_ok }) => !is_ok).length;
    return { p50_ms: at(0.5), p95_ms: at(0.95), error_rate: failed / count };
  }
}
