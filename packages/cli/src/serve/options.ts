/** What the command line says of a start. */
export interface ServeOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly workers?: number;
  readonly json?: boolean;
}
