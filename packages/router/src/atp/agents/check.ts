import type { ProviderConfig, UpstreamCaller, UpstreamHandler, UpstreamRequest } from '@atp-router/adapters';
import type { AdapterEstimateContent } from '@atp-router/wire';
import { isOpenTo } from './admission.ts';
import type { AgentHub, ReachableAgent } from './agent-hub.ts';
import { promisesUsage } from './capability.ts';
import type { AgentCheck, CheckedSentence } from './checked.ts';
import type { DispatchOutcome } from './exchange-parts.ts';
import { exchangeWith } from './exchange-with.ts';
import { AGENT_FAULTS, type AgentFault } from './faults.ts';

/** Somebody waits at a terminal; an agent that needs longer for one word is not well. */
const SILENCE_MS = 15_000;

/** From the question to the end of the stream. Signs of work prolong no check: one word is soon said. */
const CHECK_MS = 60_000;

/** What came of the dispatch, for the sentences. */
interface Seen {
  estimate: AdapterEstimateContent | undefined;
  estimate_ms: number;
  pieces: number;
  fault: AgentFault | undefined;
  outcome: DispatchOutcome | undefined;
  words: string | undefined;
  /** It was not done in time. */
  is_late: boolean;
}

/**
 * Asks an agent for an estimate and one word, and says by sentence how it kept to the rules. Billed to nobody. Never
 * throws, and is done within `CHECK_MS`.
 */
export async function checkAgent(hub: AgentHub, reached: ReachableAgent): Promise<AgentCheck> {
  const { id, capability, tenant, key_id } = reached.agent;
  const { clock } = hub.options;
  const began_ms = clock.mono_ms();
  const provider = hub.options.providers().find((one) => isOpenTo(one, tenant, key_id));
  const seen = provider === undefined ? undefined : await exchange(hub, provider, reached);
  const sentences = seen === undefined ? [NOWHERE] : judged(seen, promisesUsage(capability));
  const ok = sentences.every(({ outcome }) => outcome !== 'failed') && seen?.outcome === 'ok';
  if (ok) hub.judge(id, { type: 'checked' });
  const latency_ms = Math.round(clock.mono_ms() - began_ms);
  return { id, adapter_id: capability.adapter_id, tenant, ok, latency_ms, sentences };
}

/** Resolves when the agent owes nothing more. */
function exchange(hub: AgentHub, provider: ProviderConfig, reached: ReachableAgent): Promise<Seen> {
  const { tenant, capability } = reached.agent;
  const model = capability.adapter_id;
  const caller: UpstreamCaller = {
    ...{ tenant, qos: 'bronze', upstream_model: model, stream: true, task_type: undefined, data_scopes: [], via: [] },
    ...{ deadline_ms: undefined, expected: { tokens: 0, usd_micros: 0 }, budget: {} },
  };
  const messages = [{ role: 'user', content: 'This is a check. Answer with the word "ready".' }];
  const request: UpstreamRequest = {
    ...{ origin: '', path: '', method: 'POST', headers: [] },
    body: JSON.stringify({ model, messages, max_output_tokens: 16, stream: true }),
    ...{ head_timeout_ms: SILENCE_MS, idle_timeout_ms: SILENCE_MS },
  };
  const seen: Seen = {
    estimate: undefined,
    estimate_ms: 0,
    pieces: 0,
    fault: undefined,
    outcome: undefined,
    words: undefined,
    is_late: false,
  };
  return new Promise((resolve) => {
    const handler: UpstreamHandler = {
      onHead: () => undefined,
      onData: () => {
        seen.pieces += 1;
      },
      onEnd: () => undefined,
      onFail: ({ verdict }) => {
        seen.words = verdict?.error.message;
      },
    };
    const done = (): void => {
      deadline.cancel();
      resolve(seen);
    };
    const exchange = exchangeWith(hub, provider, reached, request, caller, handler, {
      onFault: (fault) => {
        seen.fault = fault;
      },
      onEstimate: (latency_ms, estimate) => {
        seen.estimate = estimate;
        seen.estimate_ms = latency_ms;
      },
      onOutcome: (outcome) => {
        seen.outcome = outcome;
      },
      // What it is told behind this comes within the same turn.
      onEnd: () => queueMicrotask(done),
    });
    const deadline = hub.options.timers.after(CHECK_MS, () => {
      seen.is_late = true;
      seen.words = `It was not done after ${CHECK_MS / 1_000} s.`;
      exchange.cancel();
      // Of one that has answered, and only does not end its stream, nothing is cancelled.
      done();
    });
    if (exchange.begin()) return;
    seen.words = 'Its session takes no further stream now: it is busy, paused or draining.';
    done();
  });
}

const NOWHERE: CheckedSentence = {
  ...{ sentence: 'A2', says: 'Its key may register agents at a provider.', outcome: 'failed' },
};

type Step = 'estimate' | 'stream' | 'final' | 'usage';

const STEPS: readonly (readonly [Step, sentence: string, says: string])[] = [
  ['estimate', 'A6', 'It says in time what a task will need.'],
  ['stream', 'A9', 'It answers with pieces of `ask`, in order, and does not fall silent.'],
  ['final', 'A10', 'It ends with one result, and nothing behind it.'],
  ['usage', 'A10', 'It reports usage, as it promised.'],
];

const STEP_OF: Readonly<Record<AgentFault, Step>> = {
  ...{
    no_estimate: 'estimate',
    bad_estimate: 'estimate',
    silent: 'stream',
    out_of_order: 'stream',
    bad_chunk: 'stream',
    unreadable: 'stream',
  },
  ...{ bad_final: 'final', no_final: 'final', after_final: 'final', no_usage: 'usage' },
  // Not of a check, which has no budget.
  over_budget: 'final',
};

function judged(seen: Seen, usage_promised: boolean): CheckedSentence[] {
  const failed = failedStep(seen);
  const at = failed === undefined ? STEPS.length : STEPS.findIndex(([step]) => step === failed);
  return STEPS.map(([step, sentence, says], i) => {
    if (i > at || (step === 'usage' && !usage_promised)) return { sentence, says, outcome: 'skipped' };
    if (i === at) return { sentence, says, outcome: 'failed', detail: wordsOf(seen) };
    return { sentence, says, outcome: 'passed', ...detailOf(step, seen) };
  });
}

/** Who declines, or goes, has failed at what came next. */
function failedStep({ fault, outcome, estimate, is_late }: Seen): Step | undefined {
  if (fault !== undefined) return STEP_OF[fault];
  if (outcome === 'ok') return is_late ? 'final' : undefined;
  return estimate === undefined ? 'estimate' : 'stream';
}

function wordsOf({ fault, words }: Seen): string {
  return fault === undefined ? (words ?? 'It did not answer.') : `It ${AGENT_FAULTS[fault].words}.`;
}

function detailOf(step: Step, { estimate, estimate_ms, pieces }: Seen): { readonly detail?: string } {
  if (step === 'estimate' && estimate !== undefined) {
    const { in_tokens, out_tokens, usd_micros } = estimate;
    return {
      detail: `${in_tokens} + ${out_tokens} tokens, ${usd_micros} micro-dollars, in ${Math.round(estimate_ms)} ms`,
    };
  }
  // The last one is the result.
  return step === 'stream' ? { detail: `${Math.max(0, pieces - 1)} pieces` } : {};
}
