import type { Rule } from '../tree.ts';
import { noConsole, noGlobalFetch, noSkippedTests, noSleeps } from './calls.ts';
import { decisionRecords, markdownLinks } from './docs.ts';
import { fileLength, fileLengthMax, functionLength } from './length.ts';
import { completeLockFile } from './lock.ts';
import {
  internalDependencies,
  knownRooms,
  packageManifest,
  packageReadme,
  projectReferences,
  pureProjects,
} from './packages.ts';
import { noModuleLet, noModuleMutable, pureGlobals } from './pure.ts';
import { noEscapes, noLeftovers, noMachinePaths, noRegistryHosts } from './text.ts';

export const RULES: readonly Rule[] = [
  fileLength,
  fileLengthMax,
  functionLength,
  packageReadme,
  packageManifest,
  internalDependencies,
  projectReferences,
  knownRooms,
  pureProjects,
  completeLockFile,
  pureGlobals,
  noModuleLet,
  noModuleMutable,
  noConsole,
  noGlobalFetch,
  noSkippedTests,
  noSleeps,
  noLeftovers,
  noEscapes,
  noMachinePaths,
  noRegistryHosts,
  decisionRecords,
  markdownLinks,
];
