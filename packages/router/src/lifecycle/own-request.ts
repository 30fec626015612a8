import { foldEvents, type GenEvent, type GenRequest } from '@atp-router/dialects';
import type { PromptSize } from '@atp-router/flow';
import type { AtpError } from '@atp-router/kernel';
import type { RequestFacts } from '@atp-router/routing';
import type { ClientSink } from '../engine/client.ts';
import type { Ambient } from '../engine/ports.ts';
import type { CallRequest, ComparableRequest } from '../engine/request.ts';
import type { CallFacts } from '../fanout/types.ts';
import { type Said, saidIn } from './shadow/compare.ts';

/** Whoever takes longer beside answers is too slow for anybody. */
const DEADLINE_MS = 120_000;
/** Pieces of an answer that are kept; of a longer one the rest is not looked at. */
const EVENTS_MAX = 100_000;

export type OwnEnd = { readonly kind: 'said'; readonly said: Said | undefined } | { readonly kind: 'failed' };

/** What the router asks on its own account. */
export interface OwnQuestion {
  /** Who pays: an account of the operator's. */
  readonly tenant: string;
  /** As endpoint and key in the records of the call. */
  readonly endpoint: string;
  /** Id of the model. */
  readonly model: string;
  /** Why only that one is asked, whatever policy matches. */
  readonly why: Pick<CallRequest, 'shadow'> | Pick<CallRequest, 'is_alone'>;
  readonly needs: readonly string[];
  readonly prompt: PromptSize;
  readonly max_output_tokens: number | undefined;
  texts(): readonly string[];
  /** The request; the stages see what it is made of as one of this call. Throws `AtpError`. */
  request(call: CallFacts): GenRequest;
}

/**
 * A call of the router's own that comes of a client's: as the operator, in the worst tier, with nobody who waits for it. Its labels
 * are those of the client's, or all that the tenant may send.
 */
export function ownRequest(
  { facet, options: { via } }: ComparableRequest,
  { tenant, endpoint, model, why, needs, prompt, max_output_tokens, texts, request }: OwnQuestion,
  facts: Pick<RequestFacts, 'data_scopes' | 'tenant'>,
  { clock, call_ids }: Pick<Ambient, 'clock' | 'call_ids'>,
  onEnd: (call_id: string, end: OwnEnd) => void,
): CallRequest {
  const started_ms = clock.now_ms();
  const now_mono_ms = clock.mono_ms();
  const call_id = call_ids.next(started_ms);
  const events: GenEvent[] = [];
  const keep = (event: GenEvent): void => {
    if (events.length < EVENTS_MAX) events.push(event);
  };
  const labels = facts.data_scopes.length > 0 ? facts.data_scopes : [...(facts.tenant.data_scopes ?? [])];
  return {
    ...{ call_id, endpoint, tenant, key_id: endpoint, kind: 'generate', model },
    ...{ stream: true, needs, prompt, choices: 1, hosted_tools: undefined, max_output_tokens, ...why },
    options: { qos: 'bronze', data_scopes: labels, deadline_ms: DEADLINE_MS, ...(via !== undefined && { via }) },
    sink: new SilentSink((error) => {
      if (error !== undefined) onEnd(call_id, { kind: 'failed' });
      else {
        const choice = foldEvents(events).choices[0];
        onEnd(call_id, { kind: 'said', said: choice && saidIn(choice) });
      }
    }),
    ...{ started_ms, started_mono_ms: now_mono_ms, deciding_since_mono_ms: now_mono_ms },
    bodyHash: () => '',
    promptTexts: texts,
    prepare(call, attempt, output_cap) {
      // A further attempt begins anew.
      events.length = 0;
      const asked = { ...request(call), stream: true, include_usage: true, n: 1 };
      return facet.codec(call, attempt, asked, output_cap, keep);
    },
  };
}

/** There is nobody to be told. */
class SilentSink implements ClientSink {
  readonly #onEnd: (error: AtpError | Error | undefined) => void;

  constructor(onEnd: (error: AtpError | Error | undefined) => void) {
    this.#onEnd = onEnd;
  }

  answer(): void {
    this.#onEnd(undefined);
  }

  begin(): void {}

  write(): boolean {
    return true;
  }

  end(): void {
    this.#onEnd(undefined);
  }

  fail(error: AtpError): void {
    this.#onEnd(error);
  }

  cut(): void {
    this.#onEnd(new Error('the call was cut'));
  }

  onDrain(): void {}

  onGone(): void {}
}
