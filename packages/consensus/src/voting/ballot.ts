/** What a source said to one prompt: LaneAnswer without what a vote does not need. In the order of the fan-out. */
export interface Said {
  readonly source: string;
  /** Equal keys are equal answers. Empty or `-`: no vote. */
  readonly key: string;
}

/** One prompt as votes see it. Names of sources and answers are gone: only positions are left. */
export interface Ballot {
  /** Answers, each once, in the order of the first lane that gave it. */
  readonly keys: readonly string[];
  /** For each lane the index of its answer, -1 without one. */
  readonly lanes: readonly number[];
  /** One voice a source, whatever its clones: what most of them said, the first lane's at a tie. */
  readonly voices: readonly Voice[];
}

export interface Voice {
  readonly source: string;
  /** Index of an answer. */
  readonly choice: number;
  /** Lanes of this source that gave any answer. */
  readonly clones: number;
}

const BLANK = '-';
/** Two sums of weights that differ by less are a tie. */
const EPSILON = 1e-12;

export function ballotOf(answers: readonly Said[]): Ballot {
  const index = new Map<string, number>();
  const lanes = answers.map(({ key }) => {
    const text = key.trim();
    if (text === '' || text === BLANK) return -1;
    const known = index.get(text);
    if (known !== undefined) return known;
    index.set(text, index.size);
    return index.size - 1;
  });
  const by_source = new Map<string, number[]>();
  for (const [lane, { source }] of answers.entries()) {
    const choice = lanes[lane] ?? -1;
    if (choice < 0) continue;
    const own = by_source.get(source);
    if (own === undefined) by_source.set(source, [choice]);
    else own.push(choice);
  }
  const voices = [...by_source].map(([source, own]) => ({ source, choice: mostOf(own), clones: own.length }));
  return { keys: [...index.keys()], lanes, voices };
}

/** What stands there most often; what stood there first at a tie. */
function mostOf(choices: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const choice of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  let [best, most] = [choices[0] ?? -1, 0];
  for (const [choice, count] of counts) if (count > most) [best, most] = [choice, count];
  return best;
}

/** Index of the largest, the first at a tie. */
export function argmax(sums: Float64Array): number {
  let best = 0;
  for (const [index, sum] of sums.entries()) if (sum > (sums[best] ?? 0) + EPSILON) best = index;
  return best;
}
