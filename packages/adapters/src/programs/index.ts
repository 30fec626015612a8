export { type ProgramEnd, type ProgramRun, runProgram } from './run-program.ts';
