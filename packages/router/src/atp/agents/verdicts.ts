import type { TransportVerdict } from '@atp-router/adapters';
import type { AimdTrouble } from '@atp-router/flow';
import { AtpError, clip, type ErrorCode } from '@atp-router/kernel';
import { REASSEMBLY_LIMITS, type WireErrorContent } from '@atp-router/wire';
import { AGENT_FAULTS, type AgentFault } from './faults.ts';
import type { Nobody } from './roster.ts';
import type { Excess } from './usage-bound.ts';

/** Whose failure it is. */
export interface Blamed {
  readonly provider: string;
  readonly agent: string;
  /**
   * Whether it counts for the circuit of the model. Circuits are those of all tenants: only agents that work for all of them
   * may open one.
   */
  readonly counts_for_breaker: boolean;
}

/** Retry hint for an agent that is busy: long enough not to hammer. */
const BUSY_RETRY_MS = 1_000;

const NOBODY: Readonly<Record<Nobody, readonly [ErrorCode, string]>> = {
  none: ['no_models_available', 'is connected for this tenant. Start it, or name another model'],
  non_compliant: ['no_models_available', 'keeps to the protocol. `atp agents check` says what is wrong'],
  unready: ['no_models_available', 'is well: those that are connected say that they are degraded or down'],
  busy: ['backpressure', 'takes more work now. Retry shortly'],
};

/** No agent can be given the work; nothing was sent. */
export function nobody(why: Nobody, { provider, agent }: Blamed): TransportVerdict {
  const [code, words] = NOBODY[why];
  const retry = why === 'busy' ? { retry_after_ms: BUSY_RETRY_MS } : {};
  const error = new AtpError(code, `No agent "${agent}" at provider "${provider}" ${words}.`, retry);
  return { scope: 'target', counts_for_breaker: false, error, ...retry };
}

/** The agent needs more than the attempt may use: this router's own decision. `set_by`: whose limit it is. */
export function tooDear(
  { of, needs, left }: Excess,
  set_by: 'call' | 'tenant' | undefined,
  { provider, agent }: Blamed,
): TransportVerdict {
  const limit = set_by === 'tenant' ? "the tenant's budget for the day" : OWN_LIMITS[of];
  const message = `Agent "${agent}" at provider "${provider}" expects to need ${needs}, and ${limit} leaves ${left}. Raise it, or ask for less.`;
  return { scope: 'target', counts_for_breaker: false, error: new AtpError('budget_exhausted', message) };
}

const OWN_LIMITS: Readonly<Record<Excess['of'], string>> = {
  tokens: "the call's own limit on tokens (`max_tokens` of the budget, or the policy's)",
  usd_micros: "the call's own limit on money (`x-atp-max-usd`, `max_usd_micros`, or the policy's budget)",
};

/** The request cannot be put into a frame. */
export function unsendable(cause: unknown, { agent }: Blamed): TransportVerdict {
  const message = `The request cannot be sent to agent "${agent}": it has a number, a depth, a size or a way ("meta.via") beyond that of frames.`;
  return { scope: 'target', counts_for_breaker: false, error: new AtpError('untranslatable', message, { cause }) };
}

/** The agent broke a rule before its result was there. */
export function faulty(fault: AgentFault, blamed: Blamed): TransportVerdict {
  const { words } = AGENT_FAULTS[fault];
  return remote(FAULT_CODES[fault] ?? 'upstream_error', words, 'transient', blamed);
}

const FAULT_CODES: { readonly [F in AgentFault]?: ErrorCode } = {
  no_estimate: 'upstream_timeout',
  silent: 'upstream_timeout',
  no_final: 'stream_truncated',
};

/** Its session ended, or did not come back in time. */
export function gone(blamed: Blamed): TransportVerdict {
  return remote('upstream_error', 'is no longer connected', 'transient', blamed);
}

/** A message of its was more than one may be. It is not asked again: the same work would come to the same end. */
export function tooLarge(blamed: Blamed): TransportVerdict {
  const { message_bytes } = REASSEMBLY_LIMITS;
  const words = `sent a message of more than ${message_bytes} bytes, which is the most that one may have (W61). Ask for a shorter answer`;
  return { ...remote('upstream_error', words, 'target', blamed), counts_for_breaker: false };
}

type Told = readonly [ErrorCode, TransportVerdict['scope'], is_failure: boolean];

/** What an agent's own error means here. Codes of the catalogue, told in `details.error`, are not believed: it is closed on this side. */
const TOLD: Readonly<Record<string, Told>> = {
  // Between agent and router: the client has sent neither's frames.
  EPROTO: ['upstream_error', 'target', false],
  EBUDGET: ['budget_exhausted', 'target', false],
  EWINDOW: ['rate_limited', 'transient', false],
  EWINDOW_AGENT: ['rate_limited', 'transient', false],
  EPREEMPT: ['rate_limited', 'transient', false],
  EDRAINING: ['backpressure', 'transient', false],
  ETIMEOUT: ['upstream_timeout', 'transient', true],
  EAGENTDOWN: ['upstream_error', 'transient', true],
  EPOLICY: ['upstream_rejected', 'target', false],
};

const REASON_CHARS_MAX = 500;

/** The agent declines, or says that it failed. */
export function declined({ code, reason, retry_after_ms }: WireErrorContent, blamed: Blamed): TransportVerdict {
  const [to, scope, is_failure] = (Object.hasOwn(TOLD, code) ? TOLD[code] : undefined) ?? unknown();
  const verdict = remote(to, `says: ${clip(reason, REASON_CHARS_MAX)}`, scope, blamed, retry_after_ms);
  return is_failure ? verdict : { ...verdict, counts_for_breaker: false };
}

/** What a failure says of what its agent bears: that it was not done in time, or that the agent has too much; undefined: nothing. */
export function troubleOf({ error }: TransportVerdict): AimdTrouble | undefined {
  if (error.code === 'upstream_timeout') return 'timeout';
  return error.code === 'rate_limited' ? 'ecn' : undefined;
}

function unknown(): Told {
  return ['upstream_error', 'transient', true];
}

function remote(
  code: ErrorCode,
  words: string,
  scope: TransportVerdict['scope'],
  { provider, agent, counts_for_breaker }: Blamed,
  retry_after_ms?: number,
): TransportVerdict {
  const retry = retry_after_ms === undefined ? {} : { retry_after_ms };
  const text = `Agent "${agent}" at provider "${provider}" ${words}`;
  const error = new AtpError(code, /[.!?]$/.test(text) ? text : `${text}.`, {
    ...{ origin: 'remote', details: { provider, agent } },
    ...retry,
  });
  return { scope, counts_for_breaker, error, ...retry };
}
