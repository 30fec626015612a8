import type { Mutant } from './mutant.ts';
import { OPENING } from './opening.ts';

export const MUTANTS: readonly Mutant[] = [...OPENING];
