import { type Contribution, Origins } from '@atp-router/kernel';
import { type Drift, DRIFT_SETTINGS, type DriftSettings, watched } from '../drift/drift-watch.ts';
import { Insight } from './insight.ts';
import { type Layout, withShown } from './layout.ts';
import { pairOf, type SharedSettings, sharedFor, type TenantLearned } from './learned.ts';
import { LengthView } from './lengths.ts';
import { type Lesson, lessonsOf, type RouteRecord, wrongOf } from './record.ts';
import { type ModelScore, scoresOf } from './scores.ts';
import type { RegressionSums } from './sums.ts';
import { both } from './together.ts';
import { readTenants, tenantsState, type TenantsState } from './tenants-state.ts';
import { NAME_CHARS_MAX, Tenants } from './tenants.ts';

/** Whose task it is, and when. */
export interface RouteAt {
  readonly tenant: string;
  /** Hours since the epoch, a whole number: what was learned fades by them. */
  readonly tick: number;
  /** What this tenant has seen counts for others that share, too, and what they have seen for it. */
  readonly share: boolean;
}

export interface KnowledgeSettings {
  /** Ticks after which an observation counts half. */
  readonly half_life: number;
  readonly shared: SharedSettings;
  readonly drift: DriftSettings;
}

/** Of which model it was found out that it has changed. */
export interface ModelDrift extends Drift {
  readonly model: string;
}

/**
 * Half of it is gone after thirty days, as of what consensus learns: providers change what stands behind a name every few months. A
 * tenant outweighs all others together with its thousandth observation of a model, and another never counts for more than a fifth of that.
 */
export const KNOWLEDGE_SETTINGS: KnowledgeSettings = {
  half_life: 720,
  shared: { each: 200, all: 1_000 },
  drift: DRIFT_SETTINGS,
};

/** One more observation of a thing and one more of so many change little: then it is worked out anew what they say. */
const FIT_PART = 32;
/** Ticks after which what has faded is looked at again: one day. */
const FADED_AFTER = 24;
/** What others share is looked at again when there is so much more of it. */
const SHARED_GROWTH = 1.1;
/** Tenants for whom it is kept worked out what they know; for others it is worked out again. */
const VIEWS_MAX = 64;

/** What a tenant goes by. */
export interface Known {
  /** What is learned later does not change it. */
  readonly insight: Insight;
  readonly lengths: LengthView;
  /** Sums of its own tasks, and of others' as far as they count for it. */
  readonly own: TenantLearned;
  readonly shared: TenantLearned;
}

/** What one tenant knows, worked out. */
interface View extends Known {
  insight: Insight;
  readonly shared_seen: number;
  readonly tick: number;
  /** Observations since that are not in it yet, by model or pair. */
  readonly waiting: Map<string, number>;
}

/** Of sums that have changed: `key` is a model, or a pair; undefined: there was no place for them. */
type Seen = (key: string, sums: RegressionSums | undefined) => void;

/** What a process knows of models: what its own tasks taught, and what others' did. Decisions rest on the sums of both. */
export class RouteKnowledge {
  readonly #layout: Layout;
  readonly #settings: KnowledgeSettings;
  readonly #first: Insight;
  readonly #others: Origins<Tenants> = new Origins();
  #own: Tenants;
  /** Of all origins. The same as `#own` while there are no others. */
  #sum: Tenants;
  /** The one that was asked for longest ago first. */
  readonly #views: Map<string, View> = new Map();
  /** Views that have to be worked out anew once their tenant's next task is over, so that no decision has to wait for it. */
  readonly #old: Set<string> = new Set();
  /** Observations of tenants that share. */
  #shared_seen = 0;
  #now = 0;

  constructor(layout: Layout, settings: KnowledgeSettings) {
    this.#layout = layout;
    this.#settings = settings;
    this.#first = new Insight(layout);
    this.#own = this.empty();
    this.#sum = this.#own;
  }

  of(at: RouteAt): Known {
    return this.#view(at);
  }

  /** Share of its tasks of which a tenant is told what was right, as if it had been told of `before` more. */
  told(tenant: string, before: number): number {
    const learned = this.#sum.get(tenant);
    return Math.min(1, ((learned?.told ?? 0) + before) / ((learned?.tasks ?? 0) + before));
  }

  /** Takes in what needs no word on who was right. */
  observe(record: RouteRecord, at: RouteAt): void {
    const { features, topic, answers, kind } = record;
    this.#learn(at, (learned, weight, seen) => {
      learned.tasks += weight;
      for (const { model, out_tokens } of answers) {
        if (model.length <= NAME_CHARS_MAX) learned.addLength(model, topic, out_tokens, weight);
      }
      for (const lesson of wrongOf(record)) seen(lesson.model, learned.addLesson(lesson, features, weight, kind));
      const [one, ...others] = answers.filter(({ choice }) => choice !== undefined);
      for (const { model, choice } of others) {
        const pair = pairOf(one?.model ?? '', model);
        seen(pair, learned.addAccord(pair, features, one?.length ?? 0, choice === one?.choice, weight));
      }
    });
  }

  /** Takes in how right the result was. Returns what it has given away of the one that gave it; undefined: nothing. */
  learn(record: RouteRecord, right: number, at: RouteAt, counts: number = 1): ModelDrift | undefined {
    const lessons = lessonsOf(record, right);
    const { features, kind } = record;
    const of_result = counts < 1 ? undefined : lessons.find(({ model }) => model === record.taken);
    const drift = this.#watch(of_result, record, at);
    this.#learn(at, (learned, at_tick, seen) => {
      const weight = at_tick * counts;
      learned.told += weight;
      if (drift !== undefined) for (const [key, sums] of learned.changed(drift.model)) seen(key, sums);
      for (const lesson of lessons) seen(lesson.model, learned.addLesson(lesson, features, weight, kind));
    });
    return drift;
  }

  /** Takes back what was learned with the same. */
  unlearn(record: RouteRecord, right: number, at: RouteAt, counts: number): void {
    const { features, kind } = record;
    this.#learn(at, (learned, at_tick, seen) => {
      const weight = at_tick * counts;
      learned.told = Math.max(0, learned.told - weight);
      for (const one of lessonsOf(record, right)) seen(one.model, learned.removeLesson(one, features, weight, kind));
    });
  }

  /**
   * Whether who gave a result is still what it was. It is held against what is known by now, not against what was expected
   * then: words that come late, on results from before a change was found out, are no second change.
   */
  #watch(lesson: Lesson | undefined, { features }: RouteRecord, { tenant }: RouteAt): ModelDrift | undefined {
    const learned = this.#own.get(tenant);
    const view = this.#views.get(tenant);
    if (lesson === undefined || learned === undefined || view === undefined) return undefined;
    const { model, shown, right } = lesson;
    const { drift: settings } = this.#settings;
    if ((learned.models.get(model)?.n ?? 0) < settings.known) return undefined;
    const { mean } = view.insight.chance(model, withShown(features, this.#layout, shown), 0);
    const { state, drift } = watched(learned.driftOf(model), right - mean, settings);
    learned.drifts.set(model, state);
    return drift && { model, ...drift };
  }

  /** How right models were, for one tenant or for all, as all processes know it. */
  scores(tenant: string | undefined): readonly ModelScore[] {
    const one = tenant === undefined ? undefined : this.#sum.get(tenant);
    const all = tenant === undefined ? [...this.#sum.entries()].map(([, learned]) => learned) : one ? [one] : [];
    return scoresOf(all, this.#now, this.#layout.topics);
  }

  /** What this process has learned itself. */
  record(): TenantsState {
    return tenantsState(this.#own);
  }

  /** In place of all that this process has learned itself so far. */
  restore(state: TenantsState): void {
    this.#own = readTenants(state, this.empty());
    for (const [, { tick }] of this.#own.entries()) this.#now = Math.max(this.#now, tick);
    this.#sumUp();
  }

  /** What other origins have learned; of whom it is new. */
  merge(contributions: readonly Contribution<Tenants>[]): ReadonlySet<string> {
    const changed = this.#others.take(contributions);
    if (changed.size > 0) this.#sumUp();
    return changed;
  }

  /** Topics are told apart in another way now. */
  forgetTopics(): void {
    this.#own.forgetTopics();
    for (const { value } of this.#others.all()) value.forgetTopics();
    this.#sumUp();
  }

  empty(): Tenants {
    return new Tenants(this.#layout, this.#settings.half_life);
  }

  #learn({ tenant, tick, share }: RouteAt, take: (learned: TenantLearned, weight: number, seen: Seen) => void): void {
    if (tenant.length > NAME_CHARS_MAX) return;
    this.#now = Math.max(this.#now, tick);
    const waiting = new Map<string, number>();
    for (const tenants of this.#sum === this.#own ? [this.#own] : [this.#own, this.#sum]) {
      const learned = tenants.of(tenant, tick, share, (gone) => this.#drop(gone));
      learned.share = share;
      take(learned, learned.at(tick), (key, sums) => {
        if (sums !== undefined) waiting.set(key, sums.n);
      });
    }
    if (share) this.#shared_seen += waiting.size;
    this.#renew({ tenant, tick, share }, waiting);
  }

  /** Works out anew what has changed by more than a little. */
  #renew(at: RouteAt, seen: ReadonlyMap<string, number>): void {
    const { tenant, tick, share } = at;
    const view = this.#views.get(tenant);
    if (view === undefined) return;
    const has_grown = share && this.#shared_seen > SHARED_GROWTH * view.shared_seen;
    if (has_grown || tick - view.tick >= FADED_AFTER || this.#old.has(tenant)) {
      this.#views.set(tenant, this.#made(at));
      this.#old.delete(tenant);
      return;
    }
    const due: string[] = [];
    for (const [key, n] of seen) {
      const waiting = (view.waiting.get(key) ?? 0) + 1;
      if (waiting < 1 + n / FIT_PART) view.waiting.set(key, waiting);
      else {
        view.waiting.delete(key);
        due.push(key);
      }
    }
    if (due.length === 0) return;
    const { own, shared } = view;
    view.insight = view.insight.with(both(own.models, shared.models, due), both(own.accords, shared.accords, due));
  }

  #view(at: RouteAt): View {
    const { tenant } = at;
    const view = this.#views.get(tenant) ?? this.#made(at);
    this.#views.delete(tenant);
    this.#views.set(tenant, view);
    for (const [oldest] of this.#views) {
      if (this.#views.size <= VIEWS_MAX) break;
      this.#drop(oldest);
    }
    return view;
  }

  #made({ tenant, tick, share }: RouteAt): View {
    const known = this.#sum.get(tenant);
    const own = known ?? this.empty().of(tenant, tick, share);
    // Once something is learned of it, what it is told apart by is there.
    if (known === undefined) this.#old.add(tenant);
    const nobody = this.empty().of(tenant, own.tick, share);
    const shared = share ? sharedFor(tenant, this.#sum.entries(), nobody, this.#settings.shared) : nobody;
    const models = both(own.models, shared.models);
    const insight = this.#first.with(models, both(own.accords, shared.accords));
    const lengths = new LengthView(own.lengths, share ? shared.lengths : undefined);
    return { insight, lengths, own, shared, shared_seen: this.#shared_seen, tick: own.tick, waiting: new Map() };
  }

  #drop(tenant: string): void {
    this.#views.delete(tenant);
    this.#old.delete(tenant);
  }

  #sumUp(): void {
    const others = this.#others.all();
    this.#sum = others.length === 0 ? this.#own : this.empty();
    if (others.length > 0) for (const { value } of [{ value: this.#own }, ...others]) this.#add(value);
    this.#shared_seen = 0;
    for (const [, { share, models }] of this.#sum.entries()) {
      if (share) for (const { n } of models.values()) this.#shared_seen += n;
    }
    for (const tenant of this.#views.keys()) this.#old.add(tenant);
  }

  /** What is of a later time than any that is known here is taken as of now: nobody's clock makes others forget. */
  #add(tenants: Tenants): void {
    for (const [tenant, learned] of tenants.entries()) {
      const tick = this.#now === 0 ? learned.tick : Math.min(learned.tick, this.#now);
      const is_new = this.#sum.get(tenant) === undefined;
      const sum = this.#sum.of(tenant, tick, learned.share);
      sum.at(tick);
      // It shares where all processes know it to.
      sum.share = learned.share && (is_new || sum.share);
      sum.add(learned);
    }
  }
}
