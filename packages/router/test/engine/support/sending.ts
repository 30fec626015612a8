import type { AttemptStarted, CallOpened } from '@atp-router/ledger';
import type { KillSwitches } from '@atp-router/routing';
import type { CallCaps } from '../../../src/engine/purse.ts';
import { billedFor, type Billing, exchangesOf } from './billing.ts';
import type { FakeClient } from './fake-client.ts';
import type { FakeLog } from './fake-log.ts';
import type { Served } from './fake-upstream.ts';

/** What is known of a call when something is sent for it. */
export interface Sender {
  /** Undefined: nobody asked for it. */
  readonly client: FakeClient | undefined;
  readonly limits_money: boolean;
  readonly is_fanout: boolean;
}

/** What must not be so at the moment at which something goes to an upstream. */
export function brokenSend(
  served: Served,
  { call_id, attempt }: CallOpened | AttemptStarted,
  { client, limits_money, is_fanout }: Sender,
  kills: KillSwitches,
): string[] {
  const out: string[] = [];
  if (`up-${attempt.model}` !== served.upstream_model) {
    out.push(`${call_id} promised ${attempt.model} and asked for ${served.upstream_model}`);
  }
  // What a fan-out tells its client before its end is what will not change.
  if (client?.begun !== undefined && !is_fanout) out.push(`${call_id} sent again after its answer had begun`);
  if (client?.ending !== undefined) out.push(`${call_id} sent after its end`);
  if (limits_money && attempt.price === undefined) {
    out.push(`${call_id} has a budget in money and went to ${attempt.model}, which has no price`);
  }
  if (kills.model(attempt.model) || kills.provider(attempt.provider)) {
    out.push(`${call_id} was sent to ${attempt.model} at ${attempt.provider}, which is switched off`);
  }
  return out;
}

/**
 * What a call has used, what its attempts may use, and what is promised now keep within its own bounds. Of what runs only what
 * was promised counts: answers may outgrow that.
 */
export function overCaps(
  { call_id, attempt }: CallOpened | AttemptStarted,
  caps: CallCaps,
  billing: Billing,
): string[] {
  let usd_nanos: number = attempt.reserved_usd_nanos;
  let tokens = attempt.in_tokens + attempt.out_tokens;
  let used_usd_nanos = 0;
  let used_tokens = 0;
  for (const served of exchangesOf(billing, call_id)) {
    const intent = billing.intents.get(served)?.attempt;
    if (served.state === 'open' && intent !== undefined) {
      usd_nanos += intent.reserved_usd_nanos;
      tokens += intent.in_tokens + intent.out_tokens;
    } else {
      const billed = billedFor(billing, served);
      used_usd_nanos += billed.usd_nanos;
      used_tokens += billed.tokens;
    }
  }
  const out: string[] = [];
  const say = (held: number, used: number, cap: number, unit: string): void => {
    if (held + used > cap) out.push(`${call_id} holds ${held} and has used ${used} ${unit} of its ${cap}`);
  };
  say(usd_nanos, used_usd_nanos, caps.usd_nanos, 'nano-dollars');
  say(tokens, used_tokens, caps.tokens, 'tokens');
  return out;
}

/** The end of a call is told when the journal has been asked for it, and a good one when it is written. */
export function brokenEnding(call_id: string, client: FakeClient, log: FakeLog): string[] {
  if (log.ofCall('call.opened', call_id).length === 0) return [];
  const { serving } = log;
  const ended = log.ofCall('call.ended', call_id).at(-1);
  // The record of a session, and what it teaches, are right behind that of its call.
  const is_own = serving !== undefined && ENDS.has(serving.type) && 'call_id' in serving && serving.call_id === call_id;
  if (!is_own || ended === undefined)
    return [`the client of ${call_id} was told its end before the journal was asked for it`];
  if (client.ending === 'fail' || log.isWritten(ended)) return [];
  return [`the client of ${call_id} got its last byte before its record was written`];
}

const ENDS: ReadonlySet<string> = new Set(['call.ended', 'consensus.ended', 'consensus.learned']);
