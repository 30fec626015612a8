/** What energy something took and what that emitted, as far as it is known. What is absent is not known; it is not zero. */
export interface Footprint {
  /** Energy in joules, the data centre's own share included, to a thousandth. */
  readonly energy_joules?: number | undefined;
  /** Carbon dioxide and what warms like it, in milligrams, to a thousandth. */
  readonly co2e_mg?: number | undefined;
}
