/** A mistake that sessions or strategies could make. */
export interface Fault {
  readonly name: string;
  /** Words of what the oracle says of it. */
  readonly found_by: string;
  /** Makes it; what is returned mends it. */
  readonly make: () => () => void;
}

type Method<C, K extends keyof C> = C[K] extends (...args: infer Args) => infer Result
  ? (this: C, ...args: Args) => Result
  : never;

/** One method is another one, until it is mended. `change` gets the right one. */
export function broken<C extends object, K extends keyof C>(
  of: C,
  method: K,
  change: (right: Method<C, K>) => Method<C, K>,
): () => void {
  const right = of[method];
  of[method] = change(right as Method<C, K>) as C[K];
  return () => {
    of[method] = right;
  };
}

export function together(...undos: readonly (() => void)[]): () => void {
  return () => {
    for (const undo of undos) undo();
  };
}
