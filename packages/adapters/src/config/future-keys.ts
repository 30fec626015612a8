/**
 * Keys and values that are planned but do nothing yet. They are refused by name, so that nobody believes that a guard
 * or a limit is at work when it is not. A key moves from here into the schema together with its behaviour.
 * The path is that of the surrounding mapping, with `[]` for any index.
 */
const FUTURE_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': [
    'agp',
    'alerts',
    'cache',
    'console',
    'experiments',
    'federation',
    'guard',
    'guards',
    'identity',
    'learning',
    'mcp',
    'memory',
    'nats',
    'oidc',
    'peers',
    'plugins',
    'redis',
    'router',
    'scheduler',
    'semantic_cache',
    'slo',
    'stages',
    'tuner',
    'validators',
    'valkey',
    'wire',
  ],
  listen: ['http3', 'mcp', 'quic', 'unix', 'ws'],
  'models[]': ['carbon', 'custody', 'licence', 'license', 'manifest', 'shadow', 'signature'],
  'agents[]': ['clones', 'compliance', 'persona', 'tools'],
  'policies[]': [
    'cascade',
    'challenger',
    'champion',
    'exploration',
    'fan_out',
    'guards',
    'personas',
    'quality',
    'strategy',
    'validators',
  ],
  'tenants[]': ['certificates', 'guards', 'memory', 'oidc', 'semantic_cache'],
  store: ['replicas'],
  telemetry: ['metrics', 'prompts'],
};

const FUTURE_VALUES: Readonly<Record<string, readonly string[]>> = {
  'store.type': ['nats', 'redis', 'valkey'],
};

export function isFutureKey(parent: string, key: string): boolean {
  return Object.hasOwn(FUTURE_KEYS, parent) && (FUTURE_KEYS[parent]?.includes(key) ?? false);
}

export function isFutureValue(path: string, value: unknown): value is string {
  return (
    typeof value === 'string' && Object.hasOwn(FUTURE_VALUES, path) && (FUTURE_VALUES[path]?.includes(value) ?? false)
  );
}

/** For the reference in the documentation: each path with its refused keys or values. */
export function futureKeys(): readonly { readonly path: string; readonly words: readonly string[] }[] {
  return [...Object.entries(FUTURE_KEYS), ...Object.entries(FUTURE_VALUES)].map(([path, words]) => ({ path, words }));
}
