export { checkProvider, type ProviderCheck } from './admin/provider-check.ts';
export { type Bootstrapped, bootstrap, countKeys, createKey, DEFAULT_TENANT, type MadeKey } from './bootstrap.ts';
export { createRouter, type Router } from './create-router.ts';
export type { OnProblem, ProblemSource, ProcessRole, RouterOptions, WorkerStart } from './options.ts';
export { createKeyOffline, type OfflineOptions } from './offline.ts';
export { ADMIN_OWNER } from './generation/overlay.ts';
export { boundsOf, type CostBounds } from './explain/bounds.ts';
export { ASSUMED, questionOf } from './explain/question.ts';
export { type Considered, type Decision, type PolicyQuestion, PolicyView } from './explain/policy-view.ts';
