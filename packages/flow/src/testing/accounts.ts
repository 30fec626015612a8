/** Accounts of the simulated world, by number: few, so that everything meets everything. */
export const TENANTS = 3;
const KEYS = 2;
export const SESSIONS = 2;

const LETTERS = ['a', 'b', 'c'] as const;
const TENANT_AT = 1;
const KEY_AT: number = TENANT_AT + TENANTS;
const SESSION_AT: number = KEY_AT + TENANTS * KEYS;
export const PROVIDER_AT: number = SESSION_AT + TENANTS * SESSIONS;

/** Models with the provider that runs them. */
const MODELS: readonly (readonly [provider: number, name: string])[] = [
  [0, 'p/m'],
  [0, 'p/n'],
  [1, 'q/m'],
];
export const MODEL_COUNT: number = MODELS.length;
const MODEL_AT: number = PROVIDER_AT + 2;

export const ACCOUNT_IDS: readonly string[] = [
  'global',
  ...LETTERS,
  ...LETTERS.flatMap((letter) => Array.from({ length: KEYS }, (_, i) => `${letter}/key${i}`)),
  ...LETTERS.flatMap((letter) => Array.from({ length: SESSIONS }, (_, i) => `${letter}/session${i}`)),
  ...['p', 'q'],
  ...MODELS.map(([, name]) => name),
];

/** global → tenant → key → session. */
export function tenantChain(tenant: number, key: number, session: number): readonly number[] {
  return [0, TENANT_AT + tenant, KEY_AT + tenant * KEYS + key, SESSION_AT + tenant * SESSIONS + session];
}

/** provider → model. */
export function modelChain(model: number): readonly number[] {
  return [PROVIDER_AT + (MODELS[model]?.[0] ?? 0), MODEL_AT + model];
}
