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
    `\`${part.command}\`, ${Math.round(part.seconds)} s, at ${part.commit}`,
    '',
    ...table(part.facts),
    '',
    ...part.problems.slice(0, 50).map((problem) => `- ${problem.split('\n')[0]}`),
    ...(part.problems.length === 0 ? [] : ['']),
  ];
}

const SECTION = /^## ([a-z]+): (passed|FAILED)$/m;

/** The sections of an earlier report by part, in their order. */
function sectionsOf(report: string): Map<string, string> {
  const texts = report.split(/^(?=## )/m).filter((text) => SECTION.test(text));
  return new Map(texts.map((text) => [SECTION.exec(text)?.[1] ?? '', `${text.trimEnd()}\n`]));
}

/**
 * The report of a long run, as it is committed to `docs/reports/`. With an `earlier` one of the day, parts that were run again
 * take the place of what it says of them.
 */
export function renderReport(day: string, command: string, parts: readonly PartResult[], earlier = ''): string {
  const sections = sectionsOf(earlier);
  for (const part of parts) sections.set(part.name, `${section(part).join('\n').trimEnd()}\n`);
  const failed = [...sections].filter(([, text]) => SECTION.exec(text)?.[2] === 'FAILED').map(([name]) => name);
  return [
    `# Long checks, ${day}`,
    '',
    failed.length === 0 ? 'All passed.' : `Failed: ${failed.join(', ')}.`,
    '',
    `Made by \`${command}\`${earlier === '' ? '' : ', and before that by the commands of the other parts'}.`,
    '',
    ...table(machineFacts()),
    '',
    ...sections.values(),
  ].join('\n');
}
