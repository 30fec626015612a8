import { join } from 'node:path';
import { configReference } from '../../src/config/index.ts';

export const DOCUMENT: string = join(import.meta.dirname, '../../../../docs/operations/configuration.md');
const BEGIN = '<!-- reference: begin -->';
const END = '<!-- reference: end -->';

/** The document with its generated part made anew. */
export function withReference(document: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the document needs the lines "${BEGIN}" and "${END}"`);
  return `${document.slice(0, begin + BEGIN.length)}\n${configReference()}\n${document.slice(end)}`;
}
