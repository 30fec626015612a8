import { AuditGate } from './audit-gate.ts';
import type { Denial } from './host-types.ts';
import type { SessionHubOptions, SessionOwner } from './hub-types.ts';
import { isDenial, type RefusedFirst } from './session-refusals.ts';

const NOBODY: SessionOwner = { tenant: '', key_id: '' };

/** Who was not let in: for metrics, and for the journal, which not everybody may fill. */
export class Denials {
  readonly #options: Pick<SessionHubOptions, 'clock' | 'observer' | 'onEvent'>;
  readonly #gate = new AuditGate();

  constructor(options: Pick<SessionHubOptions, 'clock' | 'observer' | 'onEvent'>) {
    this.#options = options;
  }

  refused({ answer, owner, reason }: RefusedFirst, remote_address: string): void {
    const { session_id, payload } = answer;
    this.#options.observer.refused(payload?.content);
    if (isDenial(payload)) this.denied(owner ?? NOBODY, session_id, { reason }, remote_address);
  }

  denied({ tenant, key_id }: SessionOwner, session_id: string, denial: Denial, remote_address: string): void {
    const suppressed = this.#gate.admit(this.#options.clock.mono_ms());
    if (suppressed === undefined) return;
    const at = { tenant, key_id, session_id, remote_address };
    this.#options.onEvent({ type: 'session.denied', ...at, ...denial, error: 'ESEC', suppressed });
  }
}
