/** What is thrown at a seam. */
export class Thrown extends Error {}

type Method = (...args: unknown[]) => unknown;

/**
 * The places where something that the engine did not write itself runs in the middle of a call. Each use of one is a
 * crossing; one crossing, counted over all, can be made to throw before anything else happens there.
 */
export class Seams {
  /** Names of the seams, in the order in which they were crossed. */
  readonly crossed: string[] = [];
  readonly #throws_at: number | undefined;

  constructor(throws_at?: number) {
    this.#throws_at = throws_at;
  }

  /** The seam that threw. */
  get thrown(): string | undefined {
    return this.#throws_at === undefined ? undefined : this.crossed[this.#throws_at];
  }

  cross(name: string): void {
    this.crossed.push(name);
    if (this.crossed.length - 1 === this.#throws_at) throw new Thrown(`thrown at ${name}`);
  }

  /** `target`, with these methods as seams. What they give back can be put behind seams as well. */
  over<T extends object>(
    name: string,
    target: T,
    methods: readonly (keyof T & string)[],
    inner: (method: string, result: unknown) => unknown = (_method, result) => result,
  ): T {
    return new Proxy(target, {
      get: (_target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const is_seam = (methods as readonly (string | symbol)[]).includes(key);
          if (is_seam) this.cross(`${name}.${String(key)}`);
          const result = (value as Method).apply(target, args);
          return is_seam && result !== undefined ? inner(String(key), result) : result;
        };
      },
      // Getters and plain fields are the target's own.
      set: (_target, key, value) => Reflect.set(target, key, value, target),
    });
  }
}
