export { createRouter, type Router, type RouterOptions } from './create-router.ts';
