import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CustodyEntry, CUSTODY_STEPS, type CustodyStep, custodyRefusal, readManifest } from '@atp-router/routing';

const entry = (step: CustodyStep, manifest_hash?: string): CustodyEntry => ({
  ...{ step, by: 'root', note: '', at_ms: 1 },
  ...(manifest_hash !== undefined && { manifest_hash }),
});

it('where signatures are required, no log has a deployment without a signature, or a promotion without a deployment', () => {
  const wish = fc.record({ step: fc.constantFrom(...CUSTODY_STEPS), hash: fc.constantFrom('a', 'b', undefined) });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 40 }), (wishes) => {
      const log: CustodyEntry[] = [];
      for (const { step, hash } of wishes) {
        if (custodyRefusal(log, step, hash, true) === undefined) log.push(entry(step, hash));
      }
      for (const [i, { step, manifest_hash }] of log.entries()) {
        const before = log
          .slice(0, i)
          .filter((one) => one.manifest_hash === manifest_hash)
          .map((one) => one.step);
        if (step === 'deploy') expect(before).toContain('sign');
        if (step === 'promote') expect(before).toContain('deploy');
        if (step === 'build' || step === 'scan' || step === 'sign') expect(before).not.toContain('deploy');
        if (before.at(-1) === 'retire') expect(step).toBe('rollback');
      }
    }),
    { numRuns: 500 },
  );
});

it('says what is missing, and asks for no signature where none is required', () => {
  expect(custodyRefusal([], 'deploy', 'abc', false)).toBeUndefined();
  expect(custodyRefusal([], 'promote', undefined, false)).toBeUndefined();
  expect(custodyRefusal([], 'deploy', 'abc', true)).toContain('"deploy" of manifest abc… needs "sign" before it');
  expect(custodyRefusal([], 'sign', undefined, false)).toContain('no manifest');
});

it('reads anything that JSON can hold, and refuses what is no manifest with words', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const given of [value, { manifest: value }, { manifest: {}, signature: value }]) {
        const read = readManifest(given);
        expect(read.ok).toBe(false);
        if (!read.ok) expect([read.complaints.length > 0, read.complaints.length <= 8]).toEqual([true, true]);
      }
    }),
  );
});

it('takes a member for one only where it is its own', () => {
  const read = readManifest(JSON.parse('{"manifest":{"__proto__":{"version":1},"version":1}}'));
  expect(read.ok).toBe(false);
});
