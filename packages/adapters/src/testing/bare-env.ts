/**
 * What a Node child of a test needs of this process's environment, and no more: keys of real providers must never reach a test.
 * Node's own compile cache, where this process has one, spares every further child the reading of the same sources.
 */
export function bareEnv(): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of ['PATH', 'TMPDIR', 'NODE_COMPILE_CACHE']) {
    const value = process.env[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
}
