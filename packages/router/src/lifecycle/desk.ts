import type { ModelConfig } from '@atp-router/adapters';
import { AtpError, type Clock } from '@atp-router/kernel';
import type { ModelCustody, ModelMoved, RouterEvent } from '@atp-router/ledger';
import {
  type CustodyEntry,
  type CustodyStep,
  custodyRefusal,
  type ManifestFile,
  type ModelStatus,
  type Move,
  type MoveCause,
  moveRefusal,
  type PapersState,
  rollbackTarget,
} from '@atp-router/routing';
import type { Changes } from '../admin/changes.ts';
import type { GenerationManager } from '../generation/manager.ts';
import { modelSpec } from '../generation/specs.ts';
import { lackingWords, stateOf } from './lacking.ts';
import { allPapers, NO_PAPERS, type Papers, papersOf, withCustody, withIncident, withMove } from './papers.ts';

export interface DeskParts {
  readonly manager: GenerationManager;
  readonly changes: Changes;
  readonly clock: Pick<Clock, 'now_ms'>;
}

/** Who does something, and what there is to say of it. */
export interface Act {
  readonly by: string;
  readonly note: string;
}

/** A model with its papers, as they are in force. */
export interface OnFile {
  readonly id: string;
  readonly status: ModelStatus;
  /** What the file, or whoever made the model, says. */
  readonly configured: ModelStatus;
  readonly papers: Papers;
  readonly state: PapersState;
}

/**
 * Where models are moved, and their papers are kept. Each act is one change of the overlay, with its events in the same
 * write to the journal: workers follow as they follow any entity, and a restart finds it.
 */
export class LifecycleDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  all(): readonly OnFile[] {
    const { config, overlay } = this.#parts.manager;
    const papers = allPapers(overlay);
    const declared = this.#declared();
    return config.models.map((model) => this.#onFile(model, papers.get(model.id), declared.get(model.id)));
  }

  /** Throws `not_found`. */
  find(id: string): OnFile {
    const { manager } = this.#parts;
    const model = manager.config.models.find((one) => one.id === id);
    if (model === undefined) throw new AtpError('not_found', `There is no model "${id.slice(0, 128)}".`);
    return this.#onFile(model, papersOf(manager.overlay, id), this.#declared().get(id));
  }

  #onFile(model: ModelConfig, papers: Papers = NO_PAPERS, configured: ModelStatus = 'active'): OnFile {
    const { id, status } = model;
    return { id, status, configured, papers, state: stateOf(modelSpec(model), papers, this.#parts.manager.config) };
  }

  /** Statuses as the file, or whoever made a model, says; the file goes before. */
  #declared(): ReadonlyMap<string, ModelStatus> {
    const { overlay, file_config } = this.#parts.manager;
    const made = overlay.flatMap(({ kind, id, value }) =>
      kind === 'model' ? [[id, (value['status'] ?? 'active') as ModelStatus] as const] : [],
    );
    return new Map([...made, ...file_config.models.map(({ id, status }) => [id, status] as const)]);
  }

  /** Forward to a status. `expected`: from this one only. */
  async move(
    id: string,
    to: ModelStatus,
    act: Act,
    why: { readonly cause: MoveCause; readonly numbers: Move['numbers'] } = BY_HAND,
    expected?: ModelStatus,
  ): Promise<OnFile> {
    return this.#change(id, act, ({ status }) => {
      if (expected !== undefined && status !== expected) throw conflict(`Model "${id}" is ${status} by now.`);
      const refused = moveRefusal(status, to);
      if (refused !== undefined) throw conflict(`Model "${id}" stays as it is: ${refused}.`);
      return { move: { from: status, to, ...why }, steps: [stepTo(to)] };
    });
  }

  /** Takes the last move back that holds. */
  async rollback(id: string, act: Act): Promise<OnFile> {
    return this.#change(id, act, ({ status, configured, papers }) => {
      const to = rollbackTarget(papers.holding, configured);
      if (to === undefined) throw conflict(`Model "${id}" was not moved at run time: there is nothing to take back.`);
      return { move: { from: status, to, cause: 'rollback', numbers: {} }, steps: ['rollback'] };
    });
  }

  /** Puts a manifest in force. Where signatures are required it has to have one that counts. */
  async deploy(id: string, manifest: ManifestFile, act: Act): Promise<OnFile> {
    return this.#change(id, act, (found) => {
      const { config } = this.#parts.manager;
      const model = config.models.find((one) => one.id === id);
      const papers = { ...found.papers, manifest };
      const state = model === undefined ? found.state : stateOf(modelSpec(model), papers, config);
      if (state.kind === 'invalid')
        throw conflict(`Model "${id}": the manifest is refused, for ${lackingWords(state)}.`);
      const steps: CustodyStep[] = state.kind === 'valid' ? ['sign', 'deploy'] : ['deploy'];
      return { steps, manifest, state };
    });
  }

  /** What was done elsewhere, of a manifest that need not be here yet. */
  async record(id: string, step: 'build' | 'scan', manifest_hash: string | undefined, act: Act): Promise<OnFile> {
    return this.#change(id, act, ({ state }) => {
      const own = state.kind === 'none' ? undefined : state.hash;
      return { steps: [step], manifest_hash: manifest_hash ?? own };
    });
  }

  async incident(id: string, act: Act): Promise<OnFile> {
    return this.#change(id, act, () => ({ steps: [], incident: true }));
  }

  async #change(id: string, act: Act, plan: (found: OnFile) => Planned): Promise<OnFile> {
    const { manager, changes, clock } = this.#parts;
    return changes.alone(async () => {
      const found = this.find(id);
      const planned = plan(found);
      const at_ms = clock.now_ms();
      const stamp = { ...act, at_ms };
      const state = planned.state ?? found.state;
      const hash = planned.manifest_hash ?? (state.kind === 'none' ? undefined : state.hash);
      let { papers } = found;
      const fresh: CustodyEntry[] = [];
      for (const step of planned.steps) {
        const required = manager.config.registry.require !== 'none';
        const refused = custodyRefusal(papers.custody, step, hash, required);
        if (refused !== undefined) throw conflict(`Model "${id}": ${refused}.`);
        fresh.push(entryOf(step, hash, state, stamp));
        papers = withCustody(papers, fresh.slice(-1));
      }
      if (planned.manifest !== undefined) papers = { ...papers, manifest: planned.manifest };
      if (planned.incident === true) papers = withIncident(papers, stamp);
      if (planned.move !== undefined) papers = withMove(papers, { ...planned.move, ...stamp });
      const value = { ...papers };
      const beside = eventsOf(id, planned, fresh, stamp);
      await changes.apply([{ op: 'put', entity: { kind: 'papers', id, value } }], act.by, 'conflict', beside);
      return this.find(id);
    });
  }
}

/** What an act comes to. */
interface Planned {
  readonly steps: readonly CustodyStep[];
  readonly move?: Pick<Move, 'from' | 'to' | 'cause' | 'numbers'>;
  readonly manifest?: ManifestFile;
  readonly state?: PapersState;
  readonly manifest_hash?: string | undefined;
  readonly incident?: boolean;
}

type Stamp = Act & { readonly at_ms: number };

const BY_HAND = { cause: 'operator', numbers: {} } as const;

function stepTo(to: ModelStatus): CustodyStep {
  if (to === 'deprecated') return 'retire';
  return to === 'active' ? 'promote' : 'demote';
}

/** A signature is the signer's own act, whoever brings it. */
function entryOf(step: CustodyStep, hash: string | undefined, state: PapersState, stamp: Stamp): CustodyEntry {
  const by = step === 'sign' && state.kind === 'valid' ? `signer:${state.signer}` : stamp.by;
  return { step, ...(hash !== undefined && { manifest_hash: hash }), ...stamp, by };
}

function eventsOf(
  model: string,
  { move }: Planned,
  custody: readonly CustodyEntry[],
  stamp: Stamp,
): { readonly events: readonly RouterEvent[]; readonly undo: readonly RouterEvent[] } {
  const steps = custody.map((entry): ModelCustody => ({ type: 'model.custody', model, ...entry }));
  if (move === undefined) return { events: steps, undo: [] };
  const moved: ModelMoved = { type: 'model.moved', model, ...move, ...stamp };
  const note = 'it did not come into force';
  const undo: ModelMoved = { ...moved, from: moved.to, to: moved.from, cause: 'rollback', numbers: {}, note };
  // A rollback that failed took nothing away: the move that it took back holds again.
  return { events: [moved, ...steps], undo: [move.cause === 'rollback' ? { ...undo, cause: 'operator' } : undo] };
}

function conflict(message: string): AtpError {
  return new AtpError('conflict', message);
}
