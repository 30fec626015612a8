import { foldEvents, type GenEvent } from '@atp-router/dialects';
import type { AtpError } from '@atp-router/kernel';
import type { ModelEntry, RequestFacts } from '@atp-router/routing';
import type { ClientSink } from '../../engine/client.ts';
import type { Ambient } from '../../engine/ports.ts';
import type { CallRequest, ComparableRequest } from '../../engine/request.ts';
import { SHADOW_TENANT } from '../../generation/accounts.ts';
import { type Said, saidIn } from './compare.ts';

/** As endpoint and key in the records of calls that the router asks of itself. */
const SHADOW = 'shadow';
/** A shadow that takes longer is too slow for anybody. */
const DEADLINE_MS = 120_000;
/** Pieces of an answer that are kept; of a longer one the rest is not compared. */
const EVENTS_MAX = 100_000;

export type ShadowEnd = { readonly kind: 'said'; readonly said: Said | undefined } | { readonly kind: 'failed' };

/**
 * The client's request as a call of its own that asks one shadow: as the operator, in the worst tier, with nobody who waits
 * for it. Its labels are those of the client's, or all that the tenant may send.
 */
export function shadowRequest(
  of: ComparableRequest,
  model: ModelEntry,
  facts: RequestFacts,
  { clock, call_ids }: Pick<Ambient, 'clock' | 'call_ids'>,
  onEnd: (call_id: string, end: ShadowEnd) => void,
): CallRequest {
  const started_ms = clock.now_ms();
  const now_mono_ms = clock.mono_ms();
  const call_id = call_ids.next(started_ms);
  const { facet, needs, prompt, max_output_tokens } = of;
  const events: GenEvent[] = [];
  const keep = (event: GenEvent): void => {
    if (events.length < EVENTS_MAX) events.push(event);
  };
  const labels = facts.data_scopes.length > 0 ? facts.data_scopes : [...(facts.tenant.data_scopes ?? [])];
  const { via } = of.options;
  return {
    ...{ call_id, endpoint: SHADOW, tenant: SHADOW_TENANT, key_id: SHADOW, kind: 'generate', model: model.id },
    ...{ stream: true, needs, prompt, choices: 1, hosted_tools: undefined, max_output_tokens, shadow: model.id },
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
    promptTexts: of.promptTexts,
    prepare(call, attempt, output_cap) {
      // A further attempt begins anew.
      events.length = 0;
      const asked = { ...facet.request(call), stream: true, include_usage: true, n: 1 };
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
