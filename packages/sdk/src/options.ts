import { ringOf } from './link-session.ts';
import type { ClientOptions } from './types.ts';

/** Throws for options with which no connection can come about: to try them again would only take time. */
export function checkOptions({ url, key, signing_keys = [] }: ClientOptions): void {
  if (typeof url !== 'string' || !/^https?:\/\/[^\s/?#]+/.test(url))
    throw new TypeError(`"url" is not the address of a router, such as http://127.0.0.1:7443: ${JSON.stringify(url)}`);
  if (typeof key !== 'function' && (typeof key !== 'string' || key === ''))
    throw new TypeError('"key" is empty or no text: give an API key of the router, or a function that gets one.');
  ringOf(signing_keys);
}
