import { Complaints } from '@atp-router/kernel';
import { expect, test } from 'vitest';

test('the first is told at once, and later ones once in a minute with how many they were', () => {
  let ms = 0;
  const told: string[] = [];
  const complaints = new Complaints({ mono_ms: () => ms }, ({ message }) => told.push(message));
  for (; ms < 120_000; ms += 1_000) complaints.about(`At ${ms}.`);
  expect(told).toEqual(['At 0.', 'At 60000. The same or the like came 59 times more since it was told last.']);
});
