/** Answers before their usual length is known. */
const KNOWN_FROM = 20;
/** As many answers of a topic count as much as the model's other answers together. */
const PRIOR_ANSWERS = 10;
/** Of the logarithm, squared: answers that are always of one length still differ by a tenth now and then. */
const SPREAD_MIN = 0.01;
/** More tokens than any answer has, so that sums stay numbers. */
const TOKENS_MAX = 1e9;

/** Answers of a model, or of a model on a topic. */
export interface LengthSums {
  readonly n: number;
  readonly tokens: number;
  /** Of the logarithm of tokens, and of its square. */
  readonly logs: number;
  readonly squares: number;
}

/** How long the answers of models are, in output tokens, by topic: sums that can be added. */
export class Lengths {
  /** By topic, `ALL` for all together, then by model: no key is made for a look. */
  readonly #cells: Map<number, Map<string, LengthSums>> = new Map();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  of(model: string, topic: number | undefined): LengthSums | undefined {
    return this.#cells.get(topic ?? ALL)?.get(model);
  }

  has(model: string, topic: number | undefined): boolean {
    return this.of(model, topic) !== undefined;
  }

  add(model: string, topic: number | undefined, more: LengthSums, factor: number = 1): void {
    let of_topic = this.#cells.get(topic ?? ALL);
    if (of_topic === undefined) {
      of_topic = new Map();
      this.#cells.set(topic ?? ALL, of_topic);
    }
    const cell = of_topic.get(model);
    if (cell === undefined) this.#size += 1;
    of_topic.set(model, {
      n: (cell?.n ?? 0) + factor * more.n,
      tokens: (cell?.tokens ?? 0) + factor * more.tokens,
      logs: (cell?.logs ?? 0) + factor * more.logs,
      squares: (cell?.squares ?? 0) + factor * more.squares,
    });
  }

  /** What is less than `least` is as good as nothing, and goes. */
  times(factor: number, least: number): void {
    for (const of_topic of this.#cells.values()) {
      for (const [model, cell] of of_topic) {
        if (cell.n * factor >= least) of_topic.set(model, scaled(cell, factor));
        else if (of_topic.delete(model)) this.#size -= 1;
      }
    }
  }

  /** Of models alone: topics are told apart in another way now. */
  forgetTopics(): void {
    for (const topic of this.#cells.keys()) if (topic !== ALL) this.#cells.delete(topic);
    this.#size = this.#cells.get(ALL)?.size ?? 0;
  }

  *entries(): Generator<readonly [model: string, topic: number | undefined, cell: LengthSums]> {
    for (const [topic, of_topic] of this.#cells)
      for (const [model, cell] of of_topic) yield [model, topic === ALL ? undefined : topic, cell];
  }
}

/** In place of a topic: of all together. */
const ALL = -1;

/** One answer; undefined: it is no number of tokens, and says nothing. */
export function lengthOf(tokens: number): LengthSums | undefined {
  if (!(tokens >= 0 && tokens < TOKENS_MAX)) return undefined;
  const log = Math.log1p(tokens);
  return { n: 1, tokens, logs: log, squares: log * log };
}

export function scaled({ n, tokens, logs, squares }: LengthSums, factor: number): LengthSums {
  return { n: n * factor, tokens: tokens * factor, logs: logs * factor, squares: squares * factor };
}

/** Lengths as somebody knows them: what it has seen itself, and what others have that counts for it. */
export class LengthView {
  readonly #own: Lengths;
  readonly #others: Lengths | undefined;

  constructor(own: Lengths, others?: Lengths) {
    this.#own = own;
    this.#others = others;
  }

  /** Tokens to expect; `usual` where nothing is known. */
  expected(model: string, topic: number | undefined, usual: number): number {
    const of_all = mixed(this.#of(model, undefined), usual);
    return topic === undefined ? of_all : mixed(this.#of(model, topic), of_all);
  }

  /** Tokens to expect of one of whom nothing is known: as the others' answers have. */
  usual(models: readonly string[], before: number): number {
    let [n, tokens] = [PRIOR_ANSWERS, PRIOR_ANSWERS * before];
    for (const model of models) {
      const cell = this.#of(model, undefined);
      n += cell?.n ?? 0;
      tokens += cell?.tokens ?? 0;
    }
    return tokens / n;
  }

  /** How much longer an answer is than usual, in standard deviations, from -3 to 3; 0 where that is not known. */
  beyond(model: string, topic: number | undefined, tokens: number): number {
    if (!(tokens >= 0)) return 0;
    const of_topic = this.#of(model, topic);
    const cell = of_topic !== undefined && of_topic.n >= KNOWN_FROM ? of_topic : this.#of(model, undefined);
    if (cell === undefined || cell.n < KNOWN_FROM) return 0;
    const mean = cell.logs / cell.n;
    const spread = Math.sqrt(Math.max(SPREAD_MIN, cell.squares / cell.n - mean * mean));
    return Math.max(-3, Math.min(3, (Math.log1p(tokens) - mean) / spread));
  }

  #of(model: string, topic: number | undefined): LengthSums | undefined {
    const own = this.#own.of(model, topic);
    const other = this.#others?.of(model, topic);
    if (own === undefined || other === undefined) return own ?? other;
    const { n, tokens, logs, squares } = own;
    return { n: n + other.n, tokens: tokens + other.tokens, logs: logs + other.logs, squares: squares + other.squares };
  }
}

function mixed(cell: LengthSums | undefined, usual: number): number {
  return cell === undefined ? usual : (cell.tokens + PRIOR_ANSWERS * usual) / (cell.n + PRIOR_ANSWERS);
}
