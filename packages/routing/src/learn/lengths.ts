/** Answers before their usual length is known. */
const KNOWN_FROM = 20;
/** As many answers of a topic count as much as the model's other answers together. */
const PRIOR_ANSWERS = 10;
/** Models times topics that are kept. */
const CELLS_MAX = 16_384;
/** Of the logarithm, squared: answers that are always of one length still differ by a tenth now and then. */
const SPREAD_MIN = 0.01;

interface Cell {
  answers: number;
  /** Of the logarithm of tokens: mean, and sum of squares around it (Welford 1962). */
  mean: number;
  squares: number;
  tokens: number;
}

/** How long the answers of models are, in output tokens, by topic. */
export class Lengths {
  readonly #cells: Map<string, Cell> = new Map();

  /** What is no number of tokens says nothing. */
  add(model: string, topic: number | undefined, tokens: number): void {
    if (!(tokens >= 0 && tokens < Number.POSITIVE_INFINITY)) return;
    for (const key of [keyOf(model, undefined), keyOf(model, topic)]) {
      let cell = this.#cells.get(key);
      if (cell === undefined) {
        if (this.#cells.size >= CELLS_MAX) return;
        cell = { answers: 0, mean: 0, squares: 0, tokens: 0 };
        this.#cells.set(key, cell);
      }
      const value = Math.log1p(tokens);
      const off = value - cell.mean;
      cell.answers += 1;
      cell.mean += off / cell.answers;
      cell.squares += off * (value - cell.mean);
      cell.tokens += tokens;
      if (topic === undefined) return;
    }
  }

  /** Tokens to expect; `usual` where nothing is known. */
  expected(model: string, topic: number | undefined, usual: number): number {
    const all = this.#cells.get(keyOf(model, undefined));
    const of_all = mixed(all, usual);
    return topic === undefined ? of_all : mixed(this.#cells.get(keyOf(model, topic)), of_all);
  }

  /** How much longer an answer is than usual, in standard deviations, from -3 to 3; 0 where that is not known. */
  beyond(model: string, topic: number | undefined, tokens: number): number {
    if (!(tokens >= 0)) return 0;
    const of_topic = this.#cells.get(keyOf(model, topic));
    const cell =
      of_topic !== undefined && of_topic.answers >= KNOWN_FROM ? of_topic : this.#cells.get(keyOf(model, undefined));
    if (cell === undefined || cell.answers < KNOWN_FROM) return 0;
    const spread = Math.sqrt(Math.max(SPREAD_MIN, cell.squares / cell.answers));
    return Math.max(-3, Math.min(3, (Math.log1p(tokens) - cell.mean) / spread));
  }
}

function mixed(cell: Cell | undefined, usual: number): number {
  return cell === undefined ? usual : (cell.tokens + PRIOR_ANSWERS * usual) / (cell.answers + PRIOR_ANSWERS);
}

function keyOf(model: string, topic: number | undefined): string {
  return `${topic ?? ''} ${model}`;
}
