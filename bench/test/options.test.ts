import { expect, test } from 'vitest';
import { parseOptions, UsageError } from '../src/options.ts';

test('defaults run everything', () => {
  expect(parseOptions([])).toMatchObject({
    rounds: 5,
    seconds: 4,
    targets: ['direct', 'nginx', 'bare', 'router', 'workers2'],
    targets_explicit: false,
    scenarios: ['closed64', 'closed1', 'open1k', 'open2k5', 'open5k', 'streams300'],
    pin: false,
    wait_quiet_seconds: 0,
  });
});

test('quick shortens, and an explicit number wins over it', () => {
  expect(parseOptions(['--quick'])).toMatchObject({ rounds: 2, seconds: 1 });
  expect(parseOptions(['--quick', '--rounds', '3'])).toMatchObject({ rounds: 3, seconds: 1 });
});

test('lists keep the order of the tables', () => {
  const { targets, scenarios, targets_explicit } = parseOptions([
    '--targets=router,bare',
    '--scenarios=open1k, closed64',
  ]);
  expect(targets).toEqual(['bare', 'router']);
  expect(scenarios).toEqual(['closed64', 'open1k']);
  expect(targets_explicit).toBe(true);
});

test.each([
  [['--rounds', '0'], /--rounds 0: expected a whole number from 1 to 100/],
  [['--rounds', '1.5'], /whole number/],
  [['--seconds', ''], /--seconds/],
  [['--seconds', 'x'], /from 0.5 to 600/],
  [['--targets', 'bare,ngnix'], /--targets ngnix: expected some of direct, nginx, bare, router/],
  [['--scenarios', 'fast'], /expected some of closed64/],
  [['--unknown'], /unknown/i],
  [['stray'], /stray/],
])('%j is refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(message);
});
