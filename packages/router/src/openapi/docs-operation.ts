import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { schemaHtml, typeHtml } from './docs-schema.ts';
import { escapeHtml, prose } from './html.ts';

/** One operation of the document. */
export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly spec: JsonObject;
}

export function anchorOf({ spec }: DocumentedOperation): string {
  return `op-${escapeHtml(String(spec['operationId']))}`;
}

/** An operation as a section of the page. */
export function operationHtml(operation: DocumentedOperation): string {
  const { method, path, spec } = operation;
  const { summary, description, parameters, requestBody, responses } = spec;
  const id = anchorOf(operation);
  return `<article class="op" id="${id}" aria-labelledby="${id}-h">
<h3 id="${id}-h"><span class="verb ${escapeHtml(method)}">${escapeHtml(method.toUpperCase())}</span> <code class="path">${pathHtml(path)}</code></h3>
<p class="summary">${prose(String(summary ?? ''))}</p>
${typeof description === 'string' ? `<p>${prose(description)}</p>` : ''}
<p class="who">${whoHtml(spec['security'])}</p>
${parametersHtml(parameters)}${bodyHtml(requestBody)}${responsesHtml(responses)}</article>`;
}

/** Long paths may wrap after a slash. */
function pathHtml(path: string): string {
  return escapeHtml(path).replaceAll('/', '/<wbr>');
}

const WHO: Readonly<Record<string, string>> = {
  tenant_key: 'a tenant key as bearer token',
  tenant_x_api_key: 'one in <code>x-api-key</code>',
  admin_key: 'an admin key as bearer token',
};

function whoHtml(security: JsonValue | undefined): string {
  const options = Array.isArray(security) ? security.filter(isJsonObject) : [];
  const names = options.flatMap((option) => Object.keys(option));
  if (names.length === 0) return 'Open to all.';
  const words = names.map((name) => WHO[name] ?? escapeHtml(name)).join(' or ');
  return options.some((option) => Object.keys(option).length === 0) ? `May need ${words}.` : `Needs ${words}.`;
}

function parametersHtml(parameters: JsonValue | undefined): string {
  const rows = (Array.isArray(parameters) ? parameters : []).filter(isJsonObject).map((parameter) => {
    const { name, description, required, schema } = parameter;
    const must = required === true ? ' <span class="must">required</span>' : '';
    return `<tr><th scope="row"><code>${escapeHtml(String(name))}</code>${must}</th><td>${escapeHtml(String(parameter['in']))}</td><td>${isJsonObject(schema) ? typeHtml(schema) : ''}</td><td>${prose(String(description ?? ''))}</td></tr>`;
  });
  if (rows.length === 0) return '';
  const head = ['Name', 'In', 'Type', 'Meaning'].map((word) => `<th scope="col">${word}</th>`).join('');
  return `<h4>Parameters</h4><div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function bodyHtml(body: JsonValue | undefined): string {
  const content = isJsonObject(body) && isJsonObject(body['content']) ? body['content']['application/json'] : undefined;
  if (!isJsonObject(content)) return '';
  const { schema, example } = content;
  const sample =
    example === undefined
      ? ''
      : `<pre tabindex="0" aria-label="Example">${escapeHtml(JSON.stringify(example, null, 2))}</pre>`;
  return `<h4>Body</h4>${contentHtml(schema)}${sample}`;
}

function responsesHtml(responses: JsonValue | undefined): string {
  if (!isJsonObject(responses)) return '';
  const items = Object.entries(responses).map(([status, response]) => {
    if (!isJsonObject(response)) return '';
    const content = isJsonObject(response['content']) ? response['content'] : {};
    const forms = Object.entries(content).map(
      ([type, form]) =>
        `<dd><code>${escapeHtml(type)}</code> ${isJsonObject(form) ? contentHtml(form['schema']) : ''}</dd>`,
    );
    const code = status === 'default' ? 'Error' : status;
    return `<dt>${escapeHtml(code)} <span class="about">${prose(String(response['description'] ?? ''))}</span></dt>${forms.join('')}`;
  });
  return `<h4>Answers</h4><dl>${items.join('')}</dl>`;
}

/** A named schema is linked, not repeated. */
function contentHtml(schema: JsonValue | undefined): string {
  if (!isJsonObject(schema)) return '';
  return isJsonObject(schema['properties']) ? schemaHtml(schema) : `<span class="type">${typeHtml(schema)}</span>`;
}
