/** A mistake that the scheduler or its ledger could make. */
export interface Fault {
  readonly name: string;
  /** Makes it; what is returned mends it. */
  readonly make: () => () => void;
  /** A history that shows it, where it is too rare for the first ones. */
  readonly seed?: number;
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
