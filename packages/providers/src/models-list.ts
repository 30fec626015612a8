import { AtpError, isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** The texts at `body[list][*][field]`: how every vendor lists its models. */
export function readModelIds(body: JsonObject, list: string, field: string): readonly string[] {
  const entries = body[list];
  if (!Array.isArray(entries)) {
    throw new AtpError('upstream_error', `The provider answered a list of models without "${list}".`, {
      origin: 'remote',
    });
  }
  const ids: string[] = [];
  for (const entry of entries as readonly JsonValue[]) {
    const id = isJsonObject(entry) ? entry[field] : undefined;
    if (typeof id === 'string' && id !== '') ids.push(id);
  }
  return ids;
}
