export { first_win } from './first-win.ts';
export { majority } from './majority.ts';
export { self_consistency } from './self-consistency.ts';
