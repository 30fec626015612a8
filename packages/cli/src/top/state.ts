import { type Sort, SORTS } from './sorts.ts';
import type { Flow, PerTier } from './flow.ts';
import { type History, isRestarted, type Rates, ratesBetween, remember, type Sample } from './rates.ts';

export const VIEWS = ['all', 'accounts', 'tenants'] as const;
export type View = (typeof VIEWS)[number];

/** What the command line says; it does not change while it runs. */
export interface Target {
  readonly url: string;
  readonly interval_ms: number;
  /** Only this tenant is shown. */
  readonly tenant: string | undefined;
}

/** What is known of the router. */
export interface Known {
  readonly sample: Sample | undefined;
  readonly rates: Rates | undefined;
  readonly history: History;
}

type Link =
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly message: string; readonly faults: number; readonly again_at_ms: number };

export interface TopState {
  readonly target: Target;
  readonly view: View;
  readonly sort: Sort;
  readonly is_help: boolean;
  /** Rows of the list above the first that is shown. */
  readonly scroll: number;
  readonly known: Known;
  /** What is shown instead while it is paused; the rest goes on. */
  readonly frozen: Known | undefined;
  readonly link: Link;
  /** The user has had enough. */
  readonly is_over: boolean;
}

export function initialState(target: Target, sort: Sort): TopState {
  return {
    ...{ target, view: 'all', sort, is_help: false, scroll: 0, frozen: undefined, is_over: false },
    known: { sample: undefined, rates: undefined, history: [] },
    link: { kind: 'up' },
  };
}

/** What is to be seen now. */
export function seen({ known, frozen }: TopState): Known {
  return frozen ?? known;
}

/** The router answered. What is remembered of an earlier life of it is forgotten. */
export function answered(state: TopState, flow: Flow, at_ms: number): TopState {
  const { sample: before, history } = state.known;
  const sample = { at_ms, flow };
  const old = before !== undefined && isRestarted(before.flow, flow) ? [] : history;
  const moment = { at_ms, waiting: waitingOf(flow) };
  const known = { sample, rates: ratesBetween(before, sample), history: remember(old, moment) };
  return { ...state, known, link: { kind: 'up' } };
}

function waitingOf({ tiers }: Flow): PerTier {
  const of = (qos: keyof PerTier): number => tiers.find((tier) => tier.qos === qos)?.waiting ?? 0;
  return { gold: of('gold'), silver: of('silver'), bronze: of('bronze') };
}

const AGAIN_MIN_MS = 1_000;
/** Somebody is watching: a router that is back should be seen soon. */
const AGAIN_MAX_MS = 30_000;

/** The router could not be asked. It is asked again later, and later each time, without end. */
export function failed(state: TopState, message: string, at_ms: number): TopState {
  const faults = state.link.kind === 'down' ? state.link.faults + 1 : 1;
  const first_ms = Math.max(AGAIN_MIN_MS, state.target.interval_ms);
  const pause_ms = Math.min(Math.max(AGAIN_MAX_MS, first_ms), first_ms * 2 ** Math.min(faults - 1, 10));
  const history = remember(state.known.history, { at_ms, waiting: undefined });
  const link = { kind: 'down', message, faults, again_at_ms: at_ms + pause_ms } as const;
  return { ...state, known: { ...state.known, rates: undefined, history }, link };
}

/** How far the list that is shown can be scrolled, and by how much at a time. */
export interface Reach {
  readonly scroll_max: number;
  readonly page: number;
}

/** A key, by the name that `keyName` gives. Keys that mean nothing change nothing. */
export function pressed(state: TopState, key: string, reach: Reach): TopState {
  const { scroll, view, sort, is_help } = state;
  const to = (row: number): TopState => ({ ...state, scroll: Math.max(0, Math.min(reach.scroll_max, row)) });
  const turned = (by: number): TopState => ({ ...state, view: after(VIEWS, view, by), scroll: 0, is_help: false });
  // From where it is seen to be, in case the list has become shorter.
  const from = Math.min(scroll, reach.scroll_max);
  switch (key) {
    case 'q':
    case 'ctrl-c':
      return { ...state, is_over: true };
    case 'escape':
      return { ...state, is_help: false };
    case '?':
    case 'h':
      return { ...state, is_help: !is_help };
    case 'p':
    case 'space':
      return { ...state, frozen: state.frozen === undefined ? state.known : undefined };
    case 's':
      return { ...state, sort: after(SORTS, sort, 1), scroll: 0 };
    case 'S':
      return { ...state, sort: after(SORTS, sort, -1), scroll: 0 };
    case 'tab':
      return turned(1);
    case 'shift-tab':
      return turned(-1);
    case '1':
    case '2':
    case '3':
      return { ...state, view: VIEWS[Number(key) - 1] ?? view, scroll: 0, is_help: false };
    case 'up':
    case 'k':
      return to(from - 1);
    case 'down':
    case 'j':
      return to(from + 1);
    case 'pageup':
      return to(from - reach.page);
    case 'pagedown':
      return to(from + reach.page);
    case 'home':
    case 'g':
      return to(0);
    case 'end':
    case 'G':
      return to(reach.scroll_max);
    default:
      return state;
  }
}

function after<T>(all: readonly T[], one: T, by: number): T {
  return all[(all.indexOf(one) + by + all.length) % all.length] ?? one;
}
