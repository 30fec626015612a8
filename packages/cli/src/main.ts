#!/usr/bin/env node
import { run } from './run.ts';
import { processTerminal } from './terminal.ts';

const code = await run(process.argv.slice(2), processTerminal());
// Ends now, whatever a library left open; but not before everything printed is handed over.
process.stdout.write('', () => process.exit(code));
