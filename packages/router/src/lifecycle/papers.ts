import type { EntityKind } from '@atp-router/ledger';
import {
  afterMove,
  type CustodyEntry,
  type Holding,
  type ManifestFile,
  type ModelStatus,
  type Move,
  statusOf,
} from '@atp-router/routing';
import type { Config } from '@atp-router/adapters';

/** Kept at hand of each; all of them are in the journal. */
const MOVES_MAX = 64;
const CUSTODY_MAX = 128;
const INCIDENTS_MAX = 32;

export interface Incident {
  readonly note: string;
  readonly by: string;
  readonly at_ms: number;
}

/** What was done with a model at run time: `value` of an entity of kind `papers`, whose id is the model's. */
export interface Papers {
  readonly holding: Holding;
  /** The latest, oldest first. */
  readonly moves: readonly Move[];
  readonly custody: readonly CustodyEntry[];
  readonly incidents: readonly Incident[];
  readonly manifest?: ManifestFile | undefined;
}

export const NO_PAPERS: Papers = { holding: [], moves: [], custody: [], incidents: [] };

interface Entity {
  readonly kind: EntityKind;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** All papers by the ids of their models. They are the router's own writing. */
export function allPapers(overlay: readonly Entity[]): ReadonlyMap<string, Papers> {
  const papers = overlay.filter(({ kind }) => kind === 'papers');
  return new Map(papers.map(({ id, value }) => [id, { ...NO_PAPERS, ...value } as Papers]));
}

export function papersOf(overlay: readonly Entity[], model: string): Papers {
  return allPapers(overlay.filter(({ id }) => id === model)).get(model) ?? NO_PAPERS;
}

export function withMove(papers: Papers, move: Move): Papers {
  const moves = [...papers.moves, move].slice(-MOVES_MAX);
  return { ...papers, holding: afterMove(papers.holding, move), moves };
}

export function withCustody(papers: Papers, entries: readonly CustodyEntry[]): Papers {
  return { ...papers, custody: [...papers.custody, ...entries].slice(-CUSTODY_MAX) };
}

export function withIncident(papers: Papers, incident: Incident): Papers {
  return { ...papers, incidents: [...papers.incidents, incident].slice(-INCIDENTS_MAX) };
}

/** The time of the last move; undefined: it was never moved. */
export function lastMoved_ms({ moves }: Papers): number | undefined {
  return moves.at(-1)?.at_ms;
}

/** The configuration with the statuses in force. */
export function withStatuses(config: Config, overlay: readonly Entity[]): Config {
  const papers = allPapers(overlay);
  if (papers.size === 0) return config;
  const models = config.models.map((model) => {
    const status: ModelStatus = statusOf(papers.get(model.id)?.holding ?? [], model.status);
    return status === model.status ? model : { ...model, status };
  });
  return { ...config, models };
}
