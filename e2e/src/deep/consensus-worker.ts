import { playHistory, reportOf, tallyOf } from '@atp-router/consensus/testing';
import { playAll } from './histories.ts';

playAll({ play: (seed) => playHistory(seed), tally: tallyOf(), reportOf });
