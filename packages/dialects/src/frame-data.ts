import { AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';

/** The JSON of a stream frame; malformed data is the provider's fault and ends the stream. */
export function parseData(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new AtpError('upstream_error', 'The provider sent a stream frame that is not valid JSON.', {
      origin: 'remote',
      cause,
    });
  }
  if (!isJsonObject(value)) {
    throw new AtpError('upstream_error', 'The provider sent a stream frame that is not a JSON object.', {
      origin: 'remote',
    });
  }
  return value;
}
