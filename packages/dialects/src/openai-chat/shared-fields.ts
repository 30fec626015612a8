import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';

/** Fields that OpenAI's two shapes spell alike and that no other has. */
const ALIKE = ['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier'] as const;

interface SharedFields {
  readonly fields: JsonObject;
  /** Names of the client's fields that are said with them. */
  readonly said: ReadonlySet<string>;
}

function alike(extra: JsonObject): { fields: Record<string, JsonValue | undefined>; said: Set<string> } {
  const fields: Record<string, JsonValue | undefined> = {};
  for (const name of ALIKE) if (extra[name] !== undefined && extra[name] !== null) fields[name] = extra[name];
  return { fields, said: new Set(Object.keys(fields)) };
}

/** What a Responses client said, in the words of Chat Completions. */
export function fromResponses(extra: JsonObject): SharedFields {
  const { fields, said } = alike(extra);
  const text = isJsonObject(extra['text']) ? extra['text'] : {};
  if (typeof text['verbosity'] === 'string') {
    fields['verbosity'] = text['verbosity'];
    if (Object.keys(text).length === 1) said.add('text');
  }
  return { fields, said };
}

/** What a client of Chat Completions said, in the words of Responses. */
export function fromChat(extra: JsonObject): SharedFields {
  const { fields, said } = alike(extra);
  if (typeof extra['verbosity'] === 'string') {
    fields['text'] = { verbosity: extra['verbosity'] };
    said.add('verbosity');
  }
  return { fields, said };
}
