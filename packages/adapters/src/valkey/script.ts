import { hash } from 'node:crypto';

/** What the server runs, and the name that it has there: the SHA-1 of its text. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** `flags`: what the server is told of it before it runs it. */
export function scriptOf(flags: '' | 'allow-oom' | 'no-writes', body: string): Script {
  const text = `#!lua${flags === '' ? '' : ` flags=${flags}`}\n${body.trimStart()}`;
  return { text, sha: hash('sha1', text, 'hex') };
}
