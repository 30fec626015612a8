import { availableParallelism, cpus, release, totalmem } from 'node:os';
import type { PartResult } from './part.ts';

const GIB = 1_073_741_824;

/** What a reader needs to compare the numbers. No name and no path of the machine. */
export function machineFacts(): readonly (readonly [string, string])[] {
  return [
    ['CPU', `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`],
    ['memory', `${Math.round(totalmem() / GIB)} GiB`],
    ['system', `${process.platform} ${release()}`],
    ['Node', process.version],
  ];
}

function table(facts: readonly (readonly [string, string])[]): string[] {
  return ['| | |', '|---|---|', ...facts.map(([label, value]) => `| ${label} | ${value} |`)];
}

function section(part: PartResult): string[] {
  const verdict = part.problems.length === 0 ? 'passed' : 'FAILED';
  return [
    `## ${part.name}: ${verdict}`,
    '',
    `\`${part.command}\`, ${Math.round(part.seconds)} s`,
    '',
    ...table(part.facts),
    '',
    ...part.problems.slice(0, 50).map((problem) => `- ${problem.split('\n')[0]}`),
    ...(part.problems.length === 0 ? [] : ['']),
  ];
}

/** The report of a long run, as it is committed to `docs/reports/`. */
export function renderReport(day: string, command: string, parts: readonly PartResult[]): string {
  const failed = parts.filter((part) => part.problems.length > 0).map((part) => part.name);
  return [
    `# Long checks, ${day}`,
    '',
    failed.length === 0 ? 'All passed.' : `Failed: ${failed.join(', ')}.`,
    '',
    `Made by \`${command}\`.`,
    '',
    ...table(machineFacts()),
    '',
    ...parts.flatMap(section),
  ].join('\n');
}
