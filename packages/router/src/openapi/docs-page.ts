import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { anchorOf, type DocumentedOperation, operationHtml } from './docs-operation.ts';
import { schemaHtml } from './docs-schema.ts';
import { DOCS_SCRIPT, DOCS_STYLE } from './docs-assets.ts';
import { escapeHtml, prose } from './html.ts';

/**
 * The document as one HTML page that needs nothing else: it is written here, not in the browser, so it reads without
 * scripts. The only script narrows the list of contents.
 */
export function docsPage(document: JsonObject): string {
  const info = isJsonObject(document['info']) ? document['info'] : {};
  const groups = groupsOf(document);
  const title = escapeHtml(String(info['title'] ?? ''));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} API</title>
<style>${DOCS_STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top"><h1>${title} <span class="version">${escapeHtml(String(info['version'] ?? ''))}</span></h1>
<p>${prose(String(info['description'] ?? ''))} <a href="/openapi.json">OpenAPI document</a></p></header>
<div class="page">
<nav aria-label="Endpoints">
<label for="filter">Filter</label><input id="filter" type="search" autocomplete="off" placeholder="path or word">
<p id="count" role="status"></p>
${groups.map(contentsHtml).join('')}
<section><h2><a href="#schemas">Schemas</a></h2></section>
</nav>
<main id="main" tabindex="-1">
${groups.map(groupHtml).join('\n')}
${schemasHtml(document)}
</main>
</div>
<script>${DOCS_SCRIPT}</script>
</body>
</html>
`;
}

interface Group {
  readonly name: string;
  readonly description: string;
  readonly operations: readonly DocumentedOperation[];
}

function groupsOf(document: JsonObject): Group[] {
  const operations = operationsOf(document);
  const tags = Array.isArray(document['tags']) ? document['tags'].filter(isJsonObject) : [];
  return tags.map((tag) => {
    const name = String(tag['name']);
    const own = operations.filter(({ spec }) => Array.isArray(spec['tags']) && spec['tags'].includes(name));
    return { name, description: String(tag['description'] ?? ''), operations: own };
  });
}

export function operationsOf(document: JsonObject): DocumentedOperation[] {
  const paths = isJsonObject(document['paths']) ? document['paths'] : {};
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(isJsonObject(item) ? item : {}).flatMap(([method, spec]) =>
      isJsonObject(spec) ? [{ method, path, spec }] : [],
    ),
  );
}

function contentsHtml({ name, operations }: Group): string {
  const links = operations.map((operation) => {
    const { method, path, spec } = operation;
    const words = `${method} ${path} ${String(spec['summary'])}`.toLowerCase();
    return `<li data-words="${escapeHtml(words)}"><a href="#${anchorOf(operation)}"><span class="verb ${escapeHtml(method)}">${escapeHtml(method.toUpperCase())}</span> <span class="short">${escapeHtml(path.replace(/^\/(admin\/)?v1/, ''))}</span></a></li>`;
  });
  return `<section><h2>${escapeHtml(name)}</h2><ul>${links.join('')}</ul></section>`;
}

function groupHtml({ name, description, operations }: Group): string {
  const id = `tag-${escapeHtml(name)}`;
  return `<section class="group" aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(name)}</h2><p>${prose(description)}</p>
${operations.map(operationHtml).join('\n')}</section>`;
}

function schemasHtml(document: JsonObject): string {
  const components = isJsonObject(document['components']) ? document['components'] : {};
  const schemas = isJsonObject(components['schemas']) ? components['schemas'] : {};
  const all = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => {
      const about = isJsonObject(schema) && typeof schema['description'] === 'string' ? schema['description'] : '';
      return `<details class="schema" id="schema-${escapeHtml(name)}"><summary><h3>${escapeHtml(name)}</h3></summary>${about === '' ? '' : `<p>${prose(about)}</p>`}${schemaHtml(schema)}</details>`;
    });
  return `<section class="group" aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${all.join('\n')}</section>`;
}
