import { AtpError } from '@atp-router/kernel';
import { LineCounter, parseDocument } from 'yaml';
import { describeSyntax } from './syntax.ts';

const ALIASES_MAX = 100;

/**
 * Plain data of a YAML 1.2 or JSON text, references (`${…}`) left as they are. Throws `invalid_request` with the place
 * of the first fault, in words that quote nothing of the text.
 */
export function readDocument(text: string): unknown {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const fault = describeSyntax([...doc.errors, ...doc.warnings], text)[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.offset);
    throw new AtpError('invalid_request', `line ${line}, column ${col}: ${fault.message}; expected ${fault.expected}`);
  }
  return doc.toJS({ maxAliasCount: ALIASES_MAX });
}
