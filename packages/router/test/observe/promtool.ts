import { spawnSync } from 'node:child_process';

/** Prometheus' own checker; Debian has it in the package `prometheus`, which scripts/install-services.sh installs. */
const COMMAND = 'promtool';

export const has_promtool: boolean = spawnSync(COMMAND, ['--version']).status === 0;

export interface Checked {
  readonly status: number | null;
  /** Everything it said. */
  readonly output: string;
}

export function promtool(words: readonly string[], more: { readonly input?: string; readonly cwd?: string }): Checked {
  const { status, stdout, stderr } = spawnSync(COMMAND, words, { ...more, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
