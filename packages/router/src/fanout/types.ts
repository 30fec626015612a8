import type { FanoutPlan, Member } from '@atp-router/consensus';
import type { StageChain } from '@atp-router/call';
import type { GenEvent, GenRequest, IngressDialect } from '@atp-router/dialects';
import type { AtpError, JsonObject, Limits, Qos } from '@atp-router/kernel';
import type { CallHead, LaneRole } from '@atp-router/ledger';
import type { AutoChoice } from '../auto/auto-choice.ts';
import type { Target, WantedAttempt } from '../engine/target.ts';
import type { AttemptCodec } from '../relay/types.ts';

/** Told each event of a lane's answer, after the stages. */
export type LaneTap = (event: GenEvent) => void;

/** What of an admitted call the conversation with an upstream depends on. */
export interface CallFacts {
  readonly head: CallHead;
  readonly limits: Limits;
  readonly stages: StageChain<GenRequest, GenEvent> | undefined;
}

/** What an endpoint has to be able to do for a request that several agents are asked. */
export interface LaneFacet {
  readonly dialect: IngressDialect;
  readonly body: JsonObject;
  readonly include_usage: boolean;
  /** The request in the internal model, as the stages left it. Throws `AtpError`. */
  request(call: CallFacts): GenRequest;
  /** One attempt of a lane: what it answers goes to the tap, and none of it to the client. Throws `AtpError`. */
  codec(
    call: CallFacts,
    attempt: WantedAttempt,
    request: GenRequest,
    cap: number | undefined,
    tap: LaneTap,
  ): AttemptCodec;
}

/** Where a member is asked, and as what. */
export interface Voice {
  readonly targets: readonly Target[];
  /** Put before the client's own, in this order. */
  readonly system: readonly string[];
  readonly qos: Qos;
  /** What one target of a chain is told before that, as the agent it stands for. */
  systemOf?(target: Target): string | undefined;
}

/** What a policy makes of a call that several agents are asked. */
export interface Fanout {
  readonly policy: string;
  readonly plan: FanoutPlan;
  readonly facet: LaneFacet;
  /** Who of its members is not asked, and why, in words. */
  readonly chosen: readonly string[];
  /** The policy's own chain, which is tried when nothing comes of all lanes; undefined where it has none. */
  readonly chain: Voice | undefined;
  /** Present: it is a cascade, and this says whom to ask next. */
  readonly choice?: AutoChoice | undefined;
  /** Why a member cannot be asked, as an error of the catalogue. */
  voice(member: Member): Voice | AtpError;
}

/** Which lane an attempt is of, in records. */
export interface LaneRef {
  readonly lane: number;
  readonly role: LaneRole;
  /** Id of the persona, agent or model that is asked. */
  readonly source: string;
}

/** As what a lane of a plan is asked; those beyond its members were added later. */
export function roleOf(lane: number, { is_challenger }: Member, { members }: FanoutPlan): LaneRole {
  if (lane >= members.length) return 'escalation';
  return is_challenger ? 'challenger' : 'member';
}

/** Whose answers are reconciled; the others are asked about those answers. */
export function isMember(role: LaneRole): boolean {
  return role === 'member' || role === 'challenger' || role === 'escalation';
}
