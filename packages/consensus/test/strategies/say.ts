import type { Reconciled, Strategy, StrategySettings, Verdict, View } from '../../src/index.ts';
import { type Outcome, SETTINGS, type Scene, viewOf } from './scenes.ts';

/** One whole answer whose text says its key. */
export const said = (
  key: string,
  text: string = key === '' ? 'I cannot say.' : `It is ${key}.`,
): NonNullable<Outcome> => ({
  text,
  key,
  findings: undefined,
  confidence: undefined,
  is_partial: false,
});

export interface Told {
  readonly settings?: Partial<StrategySettings>;
  /** Of each lane's source; 1 unless said. */
  readonly weights?: readonly number[];
  /** Lanes that share a number are clones; each is its own unless said. */
  readonly sources?: readonly number[];
  readonly challengers?: readonly number[];
  readonly order?: readonly number[];
  readonly documents?: Scene['documents'];
}

/** A scene in which each lane says what is given for it: a key, an answer, or nothing. */
export function sceneOf(lanes: readonly (string | Outcome)[], told: Told = {}): Scene {
  const sources = told.sources ?? lanes.map((_, lane) => lane);
  return {
    members: sources.map((source, lane) => ({ source, is_challenger: told.challengers?.includes(lane) === true })),
    settings: { ...SETTINGS, ...told.settings },
    weights: told.weights ?? sources.map(() => 1),
    outcomes: lanes.map((lane) => (typeof lane === 'string' ? said(lane) : lane)),
    order: told.order ?? lanes.map((_, lane) => lane),
    documents: told.documents ?? [],
    seed: 1,
  };
}

export function decide(strategy: Strategy, scene: Scene, ended: number, changes: Partial<View> = {}): Verdict {
  return strategy.decide(viewOf(scene, ended, changes));
}

/** The result once all lanes have ended. */
export function resultOf(strategy: Strategy, scene: Scene, changes: Partial<View> = {}): Reconciled {
  const verdict = decide(strategy, scene, scene.order.length, changes);
  if (verdict.kind !== 'done') throw new Error(`no result but ${JSON.stringify(verdict)}`);
  return verdict.result;
}
