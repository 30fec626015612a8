import type { JsonObject } from '@atp-router/kernel';
import { at } from './admin-paths.ts';
import { flag, int, list, num, orNull, record, ref, text } from './schema.ts';

export const CACHE_PATHS: JsonObject = {
  ...at('/cache', {
    get: {
      ...{ id: 'listCaches', tag: 'observe', summary: 'Answers that are kept to be given again, by tenant.' },
      description: 'Counts of all processes since their start; no word of a prompt or an answer.',
      query: { tenant: text('Only this one.') },
      answer: ref('CacheList'),
    },
  }),
  ...at('/cache/{tenant}', {
    delete: {
      ...{
        id: 'clearCache',
        tag: 'observe',
        summary: 'Forget the answers of a tenant, and what was learned from them.',
      },
      answer: ref('CacheCleared'),
    },
  }),
};

export const CACHE_SCHEMAS: JsonObject = {
  CacheList: record({
    data: list(
      record({
        tenant: text('Tenant.'),
        entries: int('Answers that are kept.'),
        bytes: int('What they take, about.'),
        threshold: orNull(num('Similarity from which on answers are given again; null: only for the same text.')),
        exact: int('Requests that were answered with what the same text had got.'),
        similar: int('The same, of a similar text.'),
        miss: int('Requests that were asked.'),
        compared_same: int('Of these, answers that were the same as what a similar text had got.'),
        compared_different: int('And that were not.'),
      }),
      'Tenants that have something.',
    ),
  }),
  CacheCleared: record({ tenant: text('Tenant.'), cleared: flag('There was something.') }),
};
