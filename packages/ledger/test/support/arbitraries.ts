import fc from 'fast-check';

/** Texts as records hold them, and such as would break a line that is not written with care. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom('small', 'acme', 'call_1', ''), weight: 60 },
  fc.constantFrom('a"b', '\\', '☃', '\n', '\ud800', '"idempotency":', '"type":"call.opened"'),
  fc.string(),
);
export const count: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.constantFrom(0, 1, 250), weight: 60 },
  fc.nat(),
  fc.maxSafeNat(),
);
/** Mostly to a tenth, as they are written. */
export const time: fc.Arbitrary<number> = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 1e7 }).map((n) => n / 10), weight: 60 },
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
);
export const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });
