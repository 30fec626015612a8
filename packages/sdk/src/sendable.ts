import { isFrameError } from '@atp-router/wire';
import { AtpTaskError } from './errors.ts';

/** The error for whoever gave what cannot be sent. It names the place, and holds no value of the program. */
export function unsendable(what: string, thrown: unknown): AtpTaskError {
  const fault = isFrameError(thrown) ? thrown : undefined;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const details = fault?.toContent().details;
  return new AtpTaskError({ code: 'EPROTO', reason: `${what} cannot be sent: ${why}.`, ...(details && { details }) });
}
