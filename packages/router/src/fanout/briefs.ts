import type { Document, FollowUp, Member } from '@atp-router/consensus';
import type { GenRequest } from '@atp-router/dialects';
import { NO_PROMPT } from '@atp-router/flow';
import { AtpError, type Price } from '@atp-router/kernel';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import { reservedPrice } from '../engine/hosted-tools.ts';
import { type CallCaps, NO_CAPS } from '../engine/purse.ts';
import { documentsOf } from './documents.ts';
import type { LaneWork } from './lane-call.ts';
import { askedOf, followUp, inWordsOf, toFilter, withText } from './prompts.ts';
import { longest, OUT_TOKENS_MIN, type Shares, sharesOf } from './shares.ts';
import type { Fanout, LaneRef, Voice } from './types.ts';

/** What the first lane is expected to take: the call's funds begin with it. */
export interface FirstDemand {
  readonly in_tokens: number;
  readonly out_tokens: number;
  readonly price: Price | undefined;
}

export type Brief = Omit<LaneWork, 'tap'>;

/** What each lane of one call is asked, by whom, and how long its answer may be. */
export class LaneBriefs {
  readonly documents: readonly Document[];
  readonly #call: AdmittedCall;
  readonly #fanout: Fanout;
  readonly #env: EngineEnv;
  readonly #request: GenRequest;
  readonly #voices: Map<Member, Voice | AtpError> = new Map();
  readonly #shares: Shares;

  /** Throws `AtpError` for a request that cannot be read. */
  constructor(call: AdmittedCall, fanout: Fanout, env: EngineEnv) {
    this.#call = call;
    this.#fanout = fanout;
    this.#env = env;
    this.#request = fanout.facet.request(call);
    this.documents = documentsOf(this.#request);
    const { plan } = fanout;
    this.#shares = sharesOf(
      plan,
      call.caps,
      plan.members.map((member) => this.#asking(member)),
    );
  }

  /** Undefined: none can be asked at all. */
  get first(): FirstDemand | undefined {
    for (const [i, member] of this.#fanout.plan.members.entries()) {
      const voice = this.#voice(member);
      const most = this.#shares.lanes[i];
      if (voice instanceof AtpError || most === undefined) continue;
      const { in_tokens, price } = this.#asking(member);
      const id = voice.targets[0]?.model.id ?? '';
      const out_tokens = this.#env.estimator.guardedOutTokens(id, voice.qos, Math.min(most, this.#wanted));
      return { in_tokens, price, out_tokens };
    }
    return undefined;
  }

  /** It is asked in the words of the filter only. */
  isBehindFilter({ is_external }: Member): boolean {
    return is_external === true && this.#fanout.plan.filter !== undefined;
  }

  /** What a member is asked; why it cannot be. `filtered`: what the filter has made of the client's words. */
  lane(ref: LaneRef, member: Member, filtered: string | undefined): Brief | AtpError {
    if (this.isBehindFilter(member) && filtered === undefined) return notFiltered(member.source);
    const voice = this.#voice(member);
    if (voice instanceof AtpError) return voice;
    if (filtered !== undefined) return this.#filtered(ref, member, voice, filtered);
    const { lanes, share } = this.#shares;
    const most = ref.role === 'escalation' ? longest(this.#asking(member), share) : lanes[ref.lane];
    if (most === undefined || most < OUT_TOKENS_MIN) return nothingLeft(ref);
    const request = askedOf(this.#request, member, voice, this.#fanout.plan);
    const size = withText(this.#call.prompt, voice.system);
    return briefOf(ref, voice, request, size, Math.min(most, this.#wanted), share);
  }

  /** The prompt is the filter's, of any length: whether it fits, and what of the lane's share it leaves, is known only now. */
  #filtered(ref: LaneRef, member: Member, voice: Voice, filtered: string): Brief | AtpError {
    // Of the client's own prompt nothing is left.
    const size = withText(NO_PROMPT, [...voice.system, filtered], 1);
    const targets = voice.targets.filter(({ model: { id, context } }) => {
      return context === undefined || this.#env.estimator.inTokens(id, size) < context;
    });
    if (targets.length === 0) {
      const message = `What the filter has written does not fit the context of "${ref.source}" (lane ${ref.lane}).`;
      return new AtpError('prompt_too_large', message);
    }
    const fitting = { ...voice, targets };
    const is_dropped = ref.role !== 'escalation' && this.#shares.lanes[ref.lane] === undefined;
    const { share } = this.#shares;
    const most = is_dropped ? 0 : longest(this.#askingOf(fitting, size), share);
    if (most < OUT_TOKENS_MIN) return nothingLeft(ref);
    const request = askedOf(inWordsOf(filtered, this.#request), member, fitting, this.#fanout.plan);
    return briefOf(ref, fitting, request, size, Math.min(most, this.#wanted), share);
  }

  /** What a strategy asks beyond its lanes; why it cannot be asked. */
  followUp({ prompt, role, source }: FollowUp, lane: number): Brief | AtpError {
    const { arbiter, members } = this.#fanout.plan;
    const member = role === 'arbiter' ? arbiter?.member : this.#memberOf(source, members);
    if (member === undefined) return new AtpError('policy_denied', `The policy names no ${role}.`);
    // It would see what members have said who saw the client's own words.
    if (this.isBehindFilter(member)) return notFiltered(member.source);
    const voice = this.#voice(member);
    if (voice instanceof AtpError) return voice;
    const size = withText(this.#call.prompt, [...voice.system, prompt], 1);
    const { share, arbiter_usd_nanos } = this.#shares;
    const caps = role === 'arbiter' ? { usd_nanos: arbiter_usd_nanos, tokens: share.tokens } : share;
    const most = longest(this.#askingOf(voice, size), caps);
    if (most < OUT_TOKENS_MIN) return tooDear(role);
    const request = followUp(this.#request, voice, prompt);
    return briefOf({ lane, role, source: member.source }, voice, request, size, most, caps);
  }

  /** What goes before members that are not to see the client's words. */
  filter(lane: number): Brief | AtpError {
    const { filter } = this.#fanout.plan;
    if (filter === undefined) return new AtpError('policy_denied', 'The policy names no filter.');
    // It would be the first to take the client's own words away.
    if (filter.is_external === true) return notFiltered(filter.source);
    const voice = this.#voice(filter);
    if (voice instanceof AtpError) return voice;
    const size = withText(this.#call.prompt, voice.system);
    const { share } = this.#shares;
    const most = longest(this.#askingOf(voice, size), share);
    if (most < OUT_TOKENS_MIN) return tooDear('filter');
    const ref = { lane, role: 'filter', source: filter.source } as const;
    return briefOf(ref, voice, toFilter(this.#request, filter, voice), size, most, share);
  }

  /** What the policy's own chain is asked when nothing has come of the lanes. */
  fallback(lane: number): Brief | AtpError {
    const { chain, plan, policy } = this.#fanout;
    if (chain === undefined) return new AtpError('policy_denied', 'The policy has no chain to fall back on.');
    const { targets } = chain;
    const here = plan.filter === undefined ? targets : targets.filter(({ model }) => model.is_local === true);
    if (here.length === 0) return notFiltered(policy);
    const request = { ...this.#request, stream: true, include_usage: true, n: 1 };
    const ref = { lane, role: 'fallback', source: `policy:${policy}` } as const;
    return briefOf(ref, { ...chain, targets: here }, request, this.#call.prompt, this.#wanted, NO_CAPS);
  }

  #memberOf(source: string | undefined, members: readonly Member[]): Member | undefined {
    if (source === undefined) return undefined;
    const known = members.find((member) => member.source === source);
    const judge = this.#fanout.plan.judge;
    return known ?? (judge?.source === source ? judge : undefined);
  }

  #voice(member: Member): Voice | AtpError {
    let voice = this.#voices.get(member);
    if (voice === undefined) {
      voice = this.#fanout.voice(member);
      this.#voices.set(member, voice);
    }
    return voice;
  }

  #asking(member: Member): { in_tokens: number; price: Price | undefined } {
    const voice = this.#voice(member);
    if (voice instanceof AtpError) return { in_tokens: 0, price: undefined };
    return this.#askingOf(voice, withText(this.#call.prompt, voice.system));
  }

  #askingOf(voice: Voice, prompt: Brief['prompt']): { in_tokens: number; price: Price | undefined } {
    const target = voice.targets[0];
    if (target === undefined) return { in_tokens: 0, price: undefined };
    const in_tokens = this.#env.estimator.inTokens(target.model.id, prompt);
    return { in_tokens, price: reservedPrice(target, this.#call) };
  }

  get #wanted(): number {
    return this.#call.max_output_tokens ?? Number.POSITIVE_INFINITY;
  }
}

function nothingLeft({ lane, source }: LaneRef): AtpError {
  return new AtpError('budget_exhausted', `The budget of the call leaves nothing for lane ${lane} ("${source}").`);
}

/** `most`: output tokens, `Infinity` where nothing binds. */
function briefOf(
  ref: LaneRef,
  voice: Voice,
  request: GenRequest,
  prompt: Brief['prompt'],
  most: number,
  share: CallCaps,
): Brief {
  if (!Number.isFinite(most)) return { ref, voice, request, prompt, share, max_output_tokens: undefined };
  return { ref, voice, prompt, share, max_output_tokens: most, request: { ...request, max_output_tokens: most } };
}

function tooDear(role: string): AtpError {
  return new AtpError('budget_exhausted', `What the ${role} may cost is less than its prompt costs.`);
}

function notFiltered(source: string): AtpError {
  return new AtpError(
    'policy_denied',
    `"${source}" is asked behind the filter of the policy only, which gave nothing for it.`,
  );
}
