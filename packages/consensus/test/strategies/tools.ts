import {
  aliasTable,
  hashedEmbedder,
  ScoreTable,
  type Strategy,
  type StrategyKind,
  type StrategyTools,
  strategyOf,
  Vectors,
} from '../../src/index.ts';

const TOOLS: StrategyTools = {
  vectors: new Vectors(hashedEmbedder()),
  aliases: aliasTable(),
  scores: new ScoreTable(),
  cluster: undefined,
};

export const made = (kind: StrategyKind, tools: Partial<StrategyTools> = {}): Strategy =>
  strategyOf(kind, { ...TOOLS, ...tools });
