/** What is kept of what was asked and answered, of tenants that have it so. */
export interface ObservationsConfig {
  readonly sample: number;
  readonly retention_days: number;
  readonly max_bytes: number;
  readonly segment_bytes: number;
}
