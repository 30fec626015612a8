import { expect, test } from 'vitest';
import { cpuBetweenUs, type ProcessStat, parseBusy, parsePeak, parseStat, treeOf } from '../src/procfs.ts';

test('parseStat survives a command name with spaces and parentheses', () => {
  const line =
    '42 (my (odd) name) S 7 42 42 0 -1 4194304 100 0 0 0 11 22 3 4 20 0 1 0 100 1000 10 18446744073709551615 0';
  expect(parseStat(line)).toEqual({ pid: 42, ppid: 7, own_ticks: 33, waited_ticks: 7 });
});

test('treeOf finds all descendants and nobody else', () => {
  const one = (pid: number, ppid: number): ProcessStat => ({ pid, ppid, own_ticks: 0, waited_ticks: 0 });
  const all = [one(1, 0), one(9, 5), one(5, 3), one(3, 1), one(4, 1), one(6, 3)];
  expect(treeOf(3, all).map(({ pid }) => pid)).toEqual([3, 5, 6, 9]);
  expect(treeOf(77, all)).toEqual([]);
});

test('cpuBetweenUs is exact while the threads stay, and falls back to process totals when they change', () => {
  const before = {
    ticks: 100,
    threads: new Map([
      ['1/1', 5_000],
      ['1/2', 1_000],
    ]),
  };
  const same = {
    ticks: 101,
    threads: new Map([
      ['1/1', 9_000],
      ['1/2', 1_500],
    ]),
  };
  expect(cpuBetweenUs(before, same)).toBe(4.5);
  const threadEnded = { ticks: 103, threads: new Map([['1/1', 9_000]]) };
  expect(cpuBetweenUs(before, threadEnded)).toBe(30_000);
  const threadReplaced = {
    ticks: 104,
    threads: new Map([
      ['1/1', 9_000],
      ['1/3', 9_000],
    ]),
  };
  expect(cpuBetweenUs(before, threadReplaced)).toBe(40_000);
  expect(cpuBetweenUs({ ticks: 1, threads: new Map() }, { ticks: 3, threads: new Map() })).toBe(20_000);
});

test('parsePeak and parseBusy read their fields', () => {
  expect(parsePeak('Name:\tx\nVmPeak:\t  999 kB\nVmHWM:\t   12 kB\nVmRSS:\t 5 kB\n')).toBe(12 * 1024);
  expect(parsePeak('')).toBe(0);
  expect(parseBusy('cpu  1 2 4 1000 1000 8 16 32 0 0\ncpu0 9 9 9 9\n')).toBe(1 + 2 + 4 + 8 + 16 + 32);
});
