import { STRATEGY_KINDS } from '../../src/index.ts';
import { describeStrategy } from './suite.ts';
import { made } from './tools.ts';

for (const kind of STRATEGY_KINDS) describeStrategy(made(kind));
