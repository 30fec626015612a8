import { expect, test } from 'vitest';
import { isCorrection } from '../../src/index.ts';

test.each([
  ['No, that was last year.', true],
  ['That’s wrong', true],
  ['  try again', true],
  ['Das stimmt nicht.', true],
  ['Nordic countries?', false],
  ['Wrongly put, or not?', false],
  ['Thanks! And the next one?', false],
  ['', false],
])('%j', (message, is_one) => {
  expect(isCorrection(message)).toBe(is_one);
});
