import { type Counter, type Histogram, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

export type EmbedOutcome = 'ok' | 'error' | 'timeout' | 'cancelled';
export type EmbedMaker = 'model' | 'onnx';

const SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of the vectors of answers. All labels are closed sets. */
export class EmbedSeries {
  readonly #requests: Lazy<Lazy<Counter>>;
  readonly #seconds: Lazy<Histogram>;
  readonly #texts: Lazy<Counter>;
  readonly #fallbacks: Lazy<Counter>;

  constructor(registry: MetricRegistry) {
    const requests = registry.counter({
      name: 'atp_embedding_requests_total',
      help: 'Requests for the vectors of answers, by who makes them (`model`, `onnx`) and by what came of it.',
      labels: ['maker', 'outcome'],
    });
    this.#requests = new Lazy((maker) => new Lazy((outcome) => requests.series(maker, outcome)));
    const seconds = registry.histogram({
      name: 'atp_embedding_seconds',
      help: 'How long those took that brought vectors.',
      labels: ['maker'],
      buckets: SECONDS,
    });
    this.#seconds = new Lazy((maker) => seconds.series(maker));
    const texts = registry.counter({
      name: 'atp_embedding_texts_total',
      help: 'Texts that got a vector, by where it came from: made now, or kept from before (`cache`).',
      labels: ['source'],
    });
    this.#texts = new Lazy((source) => texts.series(source));
    const fallbacks = registry.counter({
      name: 'atp_embedding_fallbacks_total',
      help: 'Sessions that compared words although there is an embedder, by reason.',
      labels: ['reason'],
    });
    this.#fallbacks = new Lazy((reason) => fallbacks.series(reason));
  }

  request(maker: EmbedMaker, outcome: EmbedOutcome, seconds: number): void {
    this.#requests.get(maker).get(outcome).inc();
    if (outcome === 'ok') this.#seconds.get(maker).observe(seconds);
  }

  texts(source: 'made' | 'cache', count: number): void {
    this.#texts.get(source).inc(count);
  }

  fellBack(reason: string): void {
    this.#fallbacks.get(reason).inc();
  }
}
