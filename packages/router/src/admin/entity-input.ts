import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** The only form in which a secret may be sent: a name of it. `Bearer ` and the like may stand before. */
const REFERENCE = /^(?:[A-Za-z]{1,32} )?\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]{1,4096})\}$/;

type Kind = 'tenant' | 'model' | 'provider';

/**
 * A tenant, model or provider as it is stored: as sent, with its id. What it means is checked with the whole
 * configuration. Throws `invalid_request` for what may not come in through the API: secrets in clear, references outside
 * of secrets (they would show a file or a variable to whoever reads the entity), keys of a tenant.
 */
export function entityInput(
  kind: Kind,
  body: JsonObject,
  path_id: string | undefined,
): { id: string; value: JsonObject } {
  const id = body['id'] ?? path_id;
  if (typeof id !== 'string' || id === '') {
    throw new AtpError('invalid_request', `The ${kind} needs an "id".`, { param: 'id' });
  }
  if (path_id !== undefined && id !== path_id) {
    throw new AtpError(
      'invalid_request',
      `The "id" of the body is not that of the path. Leave it out or make it equal.`,
      {
        param: 'id',
      },
    );
  }
  if (kind === 'tenant' && body['keys'] !== undefined) {
    throw new AtpError('invalid_request', 'Keys of a tenant are made with POST /admin/v1/keys, one by one.', {
      param: 'keys',
    });
  }
  checkSecrets(kind, body);
  return { id, value: { ...body, id } };
}

/** Secrets are named, and nothing else is. */
function checkSecrets(kind: Kind, body: JsonObject): void {
  const { api_key, headers, signing_keys, ...rest } = body;
  if (kind === 'provider') {
    if (api_key !== undefined) checkSecret(api_key, 'api_key');
    if (isJsonObject(headers))
      for (const [name, value] of Object.entries(headers)) checkSecret(value, `headers.${name}`);
    refuseReferences(signing_keys === undefined ? rest : { ...rest, signing_keys }, '');
  } else if (kind === 'tenant' && Array.isArray(signing_keys)) {
    const { signing_keys: _keys, ...others } = body;
    refuseReferences(others, '');
    for (const [i, key] of signing_keys.entries()) checkSigningKey(key, `signing_keys[${i}]`);
  } else refuseReferences(body, '');
}

function checkSigningKey(key: JsonValue, path: string): void {
  if (!isJsonObject(key)) return;
  const { secret, ...rest } = key;
  if (secret !== undefined) checkSecret(secret, `${path}.secret`);
  refuseReferences(rest, path);
}

function checkSecret(value: JsonValue | undefined, path: string): void {
  if (typeof value === 'string' && REFERENCE.test(value)) return;
  const message = `"${path}" must name a secret, not hold it: \${ENV_VARIABLE} or \${file:path}. Nothing was stored.`;
  throw new AtpError('invalid_request', message, { param: path });
}

function refuseReferences(value: JsonValue | undefined, path: string): void {
  if (typeof value === 'string' && value.includes('${')) {
    const message = `"${path}" may not hold \${…}: references are for secrets: "api_key" and "headers" of providers, "signing_keys" of tenants.`;
    throw new AtpError('invalid_request', message, { param: path });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    refuseReferences(child as JsonValue, path === '' ? key : `${path}.${key}`);
  }
}
