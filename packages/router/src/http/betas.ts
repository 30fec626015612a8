import { AtpError } from '@atp-router/kernel';

const BETAS = /^[A-Za-z0-9._:-]+(?:\s*,\s*[A-Za-z0-9._:-]+)*$/;
/** Dozens of names; Anthropic's own clients send half a dozen. */
const CHARS_MAX = 1_024;

/** Anthropic's `anthropic-beta`, which goes on to providers of its shape. Throws `invalid_request` naming the header. */
export function readBetas(header: (name: string) => string | undefined): string | undefined {
  const value = header('anthropic-beta')?.trim();
  if (value === undefined || value === '') return undefined;
  if (value.length <= CHARS_MAX && BETAS.test(value)) return value;
  const message = `Header "anthropic-beta" must be names separated by commas, ${CHARS_MAX} characters at most.`;
  throw new AtpError('invalid_request', message, { param: 'anthropic-beta' });
}
