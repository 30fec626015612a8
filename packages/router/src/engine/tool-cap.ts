/** What one call may use of a tool that runs at the provider. */
export interface ToolCap {
  readonly uses: number | undefined;
  readonly usd_nanos: number | undefined;
}

export type ToolCaps = ReadonlyMap<string, ToolCap>;
