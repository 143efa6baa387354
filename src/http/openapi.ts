import { STATUS_CODES } from 'node:http';
import type { FastifyDynamicSwaggerOptions, SwaggerTransform } from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import type { z } from 'zod';
import { FORM_TYPE } from './form.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body as a form, where the route takes it as JSON or as a form. */
    readonly formBody?: z.ZodType;
  }
}

/** How `openapi.yaml` is made from the routes: code-first from zod, committed, compared by a test. */

const zodToJsonConfig = { unrepresentable: 'throw' } as const;
const zodTransform = createJsonSchemaTransform({ zodToJsonConfig });
const zodTransformObject = createJsonSchemaTransformObject({ zodToJsonConfig });

/** Routes of ours have an operationId; their schemas are zod under /v1, and plain where the root answers by itself. */
const transform: SwaggerTransform = (input) => {
  const { url } = input;
  if (input.schema?.operationId === undefined) return { schema: { hide: true }, url };
  // A copy, because YAML would write one array that many operations share as an alias.
  const schema = { ...input.schema, tags: [...(input.schema.tags ?? [])] };
  if (!url.startsWith('/v1/')) return { schema, url };
  const { formBody } = input.route.config ?? {};
  const transformed = zodTransform({ ...input, schema });
  if (formBody === undefined) return transformed;
  const form = zodTransform({ ...input, schema: { ...schema, body: formBody } });
  const content = {
    'application/json': { schema: transformed.schema.body },
    [FORM_TYPE]: { schema: form.schema.body },
  };
  return { schema: { ...transformed.schema, body: { content } }, url };
};

type Node = Record<string, unknown>;
interface Response extends Node {
  description?: string;
  content?: Node;
}
interface Operation extends Node {
  parameters?: { name: string }[];
  responses: Record<string, Response>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Node> } & Node;
}

const transformObject: FastifyDynamicSwaggerOptions['transformObject'] = (input) => {
  const generated = zodTransformObject(input) as unknown as Document;
  for (const path of Object.values(generated.paths)) {
    const isVersioned = Object.values(path).some((operation) => takes(operation, 'if-match'));
    for (const operation of Object.values(path)) describeAnswers(operation, isVersioned);
  }
  const { schemas, responses } = { schemas: generated.components.schemas, responses: problemResponses(generated) };
  const document = { ...generated, components: { ...generated.components, responses } };
  return tidy(withUsedSchemas(document, schemas)) as ReturnType<
    NonNullable<FastifyDynamicSwaggerOptions['transformObject']>
  >;
};

function takes(operation: Operation, header: string): boolean {
  return (operation.parameters ?? []).some(({ name }) => name === header);
}

/** Names each success, with the headers it carries. */
function describeAnswers(operation: Operation, isVersioned: boolean): void {
  const headers = {
    ...(isVersioned && { ETag: header('Version of the resource, for If-Match') }),
    ...(takes(operation, 'idempotency-key') && {
      'Idempotent-Replayed': header('`true`: the first answer to this key, again'),
    }),
  };
  const { 200: ok, 201: created } = operation.responses;
  for (const [status, response] of Object.entries(operation.responses)) {
    if (Number(status) >= 300) continue;
    if (response.description === 'Default Response') response.description = STATUS_CODES[status]!;
    if (Object.keys(headers).length > 0) response.headers = headers;
  }
  if (ok && created) ok.description = 'It existed before';
}

function header(description: string): Node {
  return { description, schema: { type: 'string' } };
}

const PROBLEM_HEADERS: Record<string, Node> = {
  401: { 'WWW-Authenticate': header('How to authenticate') },
  429: { 'Retry-After': header('Seconds') },
  503: { 'Retry-After': header('Seconds') },
};

/** Moves the problems, which are the same for all operations, to the components: `#/components/responses/Problem404`. */
function problemResponses(document: Document): Record<string, Response> {
  const responses: Record<string, Response> = {};
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (!response.content?.['application/problem+json']) continue;
      const headers = PROBLEM_HEADERS[status];
      // Routes for dialers also tell problems in the formats that those read.
      const others = Object.keys(response.content)
        .slice(1)
        .map((type) => type.replace(/^.*[/-]/, ''));
      const name = `Problem${status}${others.length > 0 ? `As${others.map(capital).join('')}` : ''}`;
      responses[name] = { ...response, ...(headers && { headers }) };
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return Object.fromEntries(Object.entries(responses).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

/**
 * Every zod schema with an id becomes two components, used or not: `X` as answers have it and `XInput` as requests do.
 * Keeps those that are referred to, under their own name where only one of the two is.
 */
function withUsedSchemas(document: object, schemas: Record<string, Node>): object {
  const used = new Set<string>();
  const visit = (node: unknown) => {
    for (const [, name] of JSON.stringify(node).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name!)) continue;
      used.add(name!);
      visit(schemas[name!]);
    }
  };
  visit({ ...document, components: { ...(document as Document).components, schemas: undefined } });
  const nameOf = (name: string) => {
    const own = name.replace(/Input$/, '');
    return used.has(own) ? name : own;
  };
  const kept = [...used].map((name) => [nameOf(name), schemas[name]!] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const whole = {
    ...document,
    components: { ...(document as Document).components, schemas: Object.fromEntries(kept) },
  };
  const renamed = JSON.stringify(whole).replaceAll(
    /"#\/components\/schemas\/([^"]+)"/g,
    (_, name: string) => `"#/components/schemas/${nameOf(name)}"`,
  );
  return JSON.parse(renamed) as object;
}

/** Says the same as zod in fewer lines. */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(tidy);
  if (node === null || typeof node !== 'object') return node;
  const entries = Object.entries(node).map(([key, value]) => [key, VALUES.has(key) ? value : tidy(value)]);
  const schema = Object.fromEntries(entries) as Node;
  // A regular expression of 200 characters beside `format`, and the bounds of what a double can count.
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if ((schema.propertyNames as Node | undefined)?.type === 'string') delete schema.propertyNames;
  const [first, second] = (schema.anyOf ?? []) as Node[];
  if (SCALARS.has(first?.type) && first?.enum === undefined && second?.type === 'null') {
    delete schema.anyOf;
    return { ...first, ...schema, type: [first?.type, 'null'] };
  }
  return schema;
}

const SCALARS = new Set<unknown>(['string', 'integer', 'number', 'boolean']);

/** Keys that hold values, not schemas. */
const VALUES = new Set(['default', 'enum', 'example', 'examples']);

/** With what is sent to others beside what is answered here. */
export const openapiOptions = (webhooks: Record<string, object>): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Collections-rules service',
      version: '1',
      description:
        'Asked before a bank or its dialers act on an overdue credit-card account. A refusal is a successful answer: 200 with `permitted: false`. Anything that is not 2xx means: do not contact.',
    },
    servers: [{ url: '/', description: 'This service' }],
    tags: [
      { name: 'Contact permission', description: 'May this person be contacted now; why not, and when next?' },
      { name: 'Contact attempts', description: 'What happened, reported early, late or twice' },
      { name: 'Directives', description: 'What the debtor, the bank or a court has said' },
      { name: 'Case entries', description: 'What is known of a customer besides contacts and money' },
      { name: 'Customers', description: 'Debtors, the people around them and how to reach them' },
      { name: 'Duplicates', description: 'Customers who are one person, and those who may be' },
      { name: 'Accounts', description: 'What is owed, since when' },
      { name: 'Payments', description: 'What moves an account: payments, charges, rates; its ledger and its buckets' },
      { name: 'Imports', description: 'Files of accounts' },
      { name: 'Reconciliation', description: 'Was every contact permitted, and every permission reported?' },
      { name: 'Policy packs', description: 'The rules as data: drafts, review, publication, back-tests' },
      { name: 'API clients', description: 'Who may ask what' },
      { name: 'Dialers', description: 'What is known of each dialer: field names, result codes, prefixes, URL tokens' },
      { name: 'Adapters', description: 'The same decisions and reports in the shapes of dialer platforms' },
      { name: 'Webhooks', description: 'Where events are sent, what was sent, and sending it again' },
      { name: 'Operations', description: 'Health and metrics' },
    ],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, as `Authorization: Bearer ck_…`' },
        basic: { type: 'http', scheme: 'basic', description: 'The client id as the user, its API key as the password' },
        urlToken: {
          type: 'apiKey',
          in: 'query',
          name: 'token',
          description: 'For a dialer that cannot send a header: a token of one route',
        },
      },
    },
    webhooks: webhooks as Record<string, OpenAPIV3_1.PathItemObject>,
    security: [{ apiKey: [] }, { basic: [] }],
  },
  transform,
  transformObject,
});
