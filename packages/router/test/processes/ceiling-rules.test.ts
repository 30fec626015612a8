import { describe, expect, test } from 'vitest';
import { AccountLedger } from '@atp-router/flow';
import { Ceilings } from '../../src/engine/ceilings.ts';
import { isFollowed, isTold, isToldFar } from '../../src/processes/ceiling-rules.ts';
import { OwnerCeilings } from '../../src/processes/owner-ceilings.ts';
import { ceilingChange } from '../../src/processes/shared-view.ts';

const ACCOUNT = 'deployment:p/m';

function twoWorkers(reason: string): Ceilings {
  const ceilings = new Ceilings(new AccountLedger(), () => undefined);
  const owner = new OwnerCeilings(ceilings);
  owner.tell('w1', ceilingChange(ACCOUNT, reason, 3));
  owner.tell('w2', ceilingChange(ACCOUNT, reason, 5));
  return ceilings;
}

describe('what two workers tell of an account', () => {
  test('adds up where it is what agents bear', () => expect(twoWorkers('agents').of(ACCOUNT, 'agents')).toBe(8));

  test('is the least where estimates were bad', () => expect(twoWorkers('estimates').of(ACCOUNT, 'estimates')).toBe(3));

  test.each(['answers', 'of another version', 'constructor'])('is nothing to the owner: %s', (reason) => {
    expect([...twoWorkers(reason).entries()]).toEqual([]);
  });
});

test('each reason takes one way: down to the workers, or up to the owner, and there on to other machines', () => {
  const ways = (['answers', 'agents', 'estimates'] as const).map((reason) => [
    isFollowed(reason),
    isTold(reason),
    isToldFar(reason),
  ]);
  expect(ways).toEqual([
    [true, false, false],
    [true, false, false],
    [false, true, true],
  ]);
  expect([isFollowed('toString'), isToldFar('toString')]).toEqual([false, false]);
});
