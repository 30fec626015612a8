/** Entries at once, and each second from then on: an attacker must not fill the disk with what it is refused. */
const BURST = 20;
const PER_SECOND = 10;

/** Lets a bounded rate of entries into the audit log, and counts the others for the next one that it lets in. */
export class AuditGate {
  #tokens = BURST;
  #at_mono_ms = 0;
  #suppressed = 0;

  /** How many entries were left out since the last one; undefined: leave this one out, too. */
  admit(mono_ms: number): number | undefined {
    this.#tokens = Math.min(BURST, this.#tokens + ((mono_ms - this.#at_mono_ms) / 1_000) * PER_SECOND);
    this.#at_mono_ms = mono_ms;
    if (this.#tokens < 1) {
      this.#suppressed += 1;
      return undefined;
    }
    this.#tokens -= 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
