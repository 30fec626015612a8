import { answerKey } from '@atp-router/consensus';
import { AtpError } from '@atp-router/kernel';
import type {
  ConsensusLearned,
  FeedbackGiven,
  LearnedStore,
  RouteCompared,
  RouteDecided,
  RouteFeedback,
  RouterEvent,
} from '@atp-router/ledger';
import type { Clock } from '@atp-router/kernel';
import { comparedWith, fourDigits } from '@atp-router/routing';
import { formOf } from './answer-form.ts';
import { feedbackEvent, type Given, type Said } from './feedback-event.ts';

/** Feedback as a client gives it. */
export type FeedbackInput =
  | Extract<Said, { kind: 'score' | 'lanes' }>
  /** The right answer, in any words that the answers' form can read. */
  | { readonly kind: 'label'; readonly label: string };

export interface FeedbackOf {
  readonly call_id: string;
  readonly tenant: string;
  readonly key_id: string;
  readonly input: FeedbackInput;
}

export interface FeedbackDone {
  readonly repeated: boolean;
  /** How right the result was by it, 0 to 1; undefined: it says nothing of that. */
  readonly score: number | undefined;
  /** Lanes of which it says something. */
  readonly lanes: number;
}

export interface DeskParts {
  readonly store: Pick<LearnedStore, 'session' | 'route' | 'claim' | 'words'>;
  readonly append: (event: RouterEvent) => void;
  readonly written: () => Promise<void>;
  readonly clock: Clock;
  readonly hash: (text: string) => string;
  /** Hashes of the answers of a session. Throws where another router sealed them with a key of its own. */
  readonly open: (sealed: string) => readonly string[];
  readonly hashOfKey: (call_id: string, key: string) => string;
}

/** Takes feedback on calls that are over, that asked several agents or that `auto` has chosen for, each key's once. */
export class FeedbackDesk {
  readonly #parts: DeskParts;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Resolves when it is in the journal. Throws `AtpError`. */
  async give({ call_id, tenant, key_id, input }: FeedbackOf): Promise<FeedbackDone> {
    const { store, clock, hash, append, written } = this.#parts;
    // Requests of others are not there.
    const of_tenant = <T extends { readonly tenant: string }>(one: T | undefined): T | undefined =>
      one?.tenant === tenant ? one : undefined;
    const session = of_tenant(await store.session(call_id));
    const route = of_tenant(await store.route(call_id));
    const body_hash = hash(JSON.stringify(input));
    const now_ms = clock.now_ms();
    const given = { key_id, body_hash, now_ms };
    const of_session = session && feedbackEvent(session, this.#said(session, input), given);
    const of_route = route && routeFeedback(route, input, of_session, given, await this.#isFirst(call_id));
    if (of_session === undefined && of_route === undefined) throw unknownCall(call_id);
    const claimed = await store.claim({ call_id, key_id, body_hash, now_ms });
    if (claimed === 'other') {
      const message = `This key has given other feedback on "${call_id}" before. Feedback cannot be changed.`;
      throw new AtpError('conflict', message, { param: 'request_id' });
    }
    // Whoever claimed it may be gone, and nothing of it in any journal.
    if (claimed === 'pending') throw beingGiven(call_id);
    if (claimed === 'mine') {
      for (const event of [of_session, of_route]) if (event !== undefined) append(event);
      await written();
    }
    return doneOf(of_session, of_route, claimed === 'given');
  }

  /** Nobody has said anything of it before. What others say of the same call is no further call that models are compared on. */
  async #isFirst(call_id: string): Promise<boolean> {
    return !(await this.#parts.store.words(call_id)).some(({ by }) => by === undefined);
  }

  #said(session: ConsensusLearned, input: FeedbackInput): Said {
    if (input.kind === 'score') return input;
    if (input.kind === 'lanes') return checkedLanes(session, input);
    const key = answerKey(input.label, formOf(session.answer));
    if (key === '') {
      const message = `No answer of the form "${session.answer}" can be read of the label: say it as an agent would.`;
      throw new AtpError('invalid_request', message, { param: 'label' });
    }
    const choice = this.#hashes(session).indexOf(this.#parts.hashOfKey(session.call_id, key));
    return { kind: 'label', choice: choice < 0 ? undefined : choice };
  }

  #hashes({ call_id, sealed }: ConsensusLearned): readonly string[] {
    try {
      return this.#parts.open(sealed);
    } catch {
      const message = `The answers of "${call_id}" were sealed by another router. Give "score" or "lanes", or ask that router.`;
      throw new AtpError('conflict', message, { param: 'label' });
    }
  }
}

/** What is said of whom `auto` has chosen: how right the result was. Undefined: nothing of that. */
function routeFeedback(
  decided: RouteDecided,
  input: FeedbackInput,
  of_session: FeedbackGiven | undefined,
  { key_id, body_hash, now_ms }: Given,
  is_first: boolean,
): RouteFeedback | undefined {
  const { call_id, tenant, lesson, at_ms: decided_ms } = decided;
  const right = input.kind === 'score' ? input.score : of_session?.score;
  if (right !== undefined) {
    const compared = is_first ? comparedOf(decided, right) : undefined;
    return {
      type: 'route.feedback',
      ...{ call_id, tenant, key_id, body_hash, right, ...(compared !== undefined && { compared }) },
      ...{ lesson, decided_ms, at_ms: now_ms },
    };
  }
  if (of_session !== undefined) return undefined;
  const message = `Request "${call_id}" asked one model, whose words are not kept: say how right its answer was as "score", from 0 to 1.`;
  throw new AtpError('invalid_request', message, { param: input.kind });
}

/** What is thought that the model would have come to that savings are told against. */
function comparedOf(decided: RouteDecided, right: number): RouteCompared | undefined {
  const { first, plan, propensity, candidates, baseline, outcome } = decided;
  if (outcome !== 'ok') return undefined;
  const seen = candidates.map(({ model, chance }) => ({ model, chance, cost_usd: 0 }));
  const of = { candidates: seen, is_single: plan === 'single', first, propensity };
  const compared = comparedWith(baseline.model, of, right);
  return compared && { first, right: fourDigits(compared.right), weight: fourDigits(compared.weight) };
}

function unknownCall(call_id: string): AtpError {
  const message = `There is no request "${call_id.slice(0, 100)}" of this tenant that asked several agents or said "auto", or it is older than a day.`;
  return new AtpError('not_found', message, { param: 'request_id' });
}

/** The tables follow the journal within moments; a claim that leads to nothing is free after `FEEDBACK_CLAIM_MS`. */
const PENDING_RETRY_MS = 1_000;

function beingGiven(call_id: string): AtpError {
  const message = `Feedback of this key on "${call_id}" is being written. Retry to learn whether it was.`;
  return new AtpError('backpressure', message, { retry_after_ms: PENDING_RETRY_MS });
}

function checkedLanes({ lanes }: ConsensusLearned, said: Extract<Said, { kind: 'lanes' }>): Said {
  const known = new Map(lanes.map((one) => [one.lane, one]));
  for (const { lane } of said.lanes) {
    const one = known.get(lane);
    if (one === undefined) throw wrongLane(`The request has no lane ${lane}: its lanes are 0 to ${lanes.length - 1}.`);
    // Taken, it would say nothing, and stand in the way of what the same key has to say.
    if (!hasSpoken(one))
      throw wrongLane(`Lane ${lane} ("${one.source}") gave no answer that could be right or wrong. Leave it out.`);
  }
  return said;
}

function hasSpoken({ choice, in_time, is_partial }: ConsensusLearned['lanes'][number]): boolean {
  return choice >= 0 || in_time === true || is_partial;
}

function wrongLane(message: string): AtpError {
  return new AtpError('invalid_request', message, { param: 'lanes' });
}

function doneOf(session: FeedbackGiven | undefined, route: RouteFeedback | undefined, repeated: boolean): FeedbackDone {
  const lanes = session?.lanes.filter(({ right }) => right !== undefined).length ?? 0;
  return { repeated, score: session?.score ?? route?.right, lanes };
}
