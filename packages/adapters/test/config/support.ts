import { type CheckResult, checkConfig, type Config, type Problem } from '../../src/config/index.ts';

export type Values = Readonly<Record<string, string>>;

export function check(text: string, env: Values = {}, files: Values = {}): CheckResult {
  return checkConfig(text, { env: (name) => env[name], file: (path) => files[path] });
}

export function problems(text: string, env: Values = {}, files: Values = {}): readonly Problem[] {
  const result = check(text, env, files);
  return result.ok ? [] : result.problems;
}

export function valid(text: string, env: Values = {}, files: Values = {}): Config {
  const result = check(text, env, files);
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result.config;
}

/** A small file in which one line can be replaced by a wrong one: nine lines, then what the caller adds. */
export const SMALL: readonly string[] = [
  'providers:',
  '  - id: up',
  '    type: openai',
  '    api_key: sk-test',
  'models:',
  '  - id: small',
  '    provider: up',
  '    context: 8000',
  '    price: { in_usd_per_mtok: 0.25, out_usd_per_mtok: 2 }',
];

/** `SMALL` with lines put in after line `after` (counted from 1). */
export function insert(after: number, ...lines: string[]): string {
  return [...SMALL.slice(0, after), ...lines, ...SMALL.slice(after)].join('\n');
}

/** `SMALL` with line `at` (counted from 1) replaced. */
export function replace(at: number, ...lines: string[]): string {
  return [...SMALL.slice(0, at - 1), ...lines, ...SMALL.slice(at)].join('\n');
}

export function append(...lines: string[]): string {
  return insert(SMALL.length, ...lines);
}
