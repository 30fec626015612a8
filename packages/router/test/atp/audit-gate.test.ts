import { expect, test } from 'vitest';
import { AuditGate } from '../../src/atp/audit-gate.ts';

test('a burst is let in, then so many each second, and the next one tells how many were not', () => {
  const gate = new AuditGate();
  const at = (mono_ms: number, count: number): (number | undefined)[] =>
    Array.from({ length: count }, () => gate.admit(mono_ms));
  expect(at(1_000, 25)).toEqual([...Array(20).fill(0), ...Array(5).fill(undefined)]);
  expect(at(1_100, 2)).toEqual([5, undefined]);
  expect(at(1_000_000, 21).filter((suppressed) => suppressed !== undefined)).toEqual([1, ...Array(19).fill(0)]);
});
