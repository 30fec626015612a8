import { CBOR, FRAGMENTS, SEALS } from './bytes.ts';
import { ERRORS, FORMS } from './forms.ts';
import type { Mutant } from './mutant.ts';
import { OPENING } from './opening.ts';

export const MUTANTS: readonly Mutant[] = [...FORMS, ...CBOR, ...SEALS, ...FRAGMENTS, ...ERRORS, ...OPENING];
