import type { FastifyDynamicSwaggerOptions, SwaggerTransform } from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** How `openapi.yaml` is made from the routes: code-first from zod, committed, compared by a test. */

const zodToJsonConfig = {
  unrepresentable: 'throw',
  // zod writes a regular expression of 200 characters beside `format`; the format says the same.
  override: ({ jsonSchema }: { jsonSchema: { format?: unknown; pattern?: unknown } }) => {
    if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
  },
} as const;

const zodTransform = createJsonSchemaTransform({ zodToJsonConfig });

/** Hides what is not ours to document: routes of libraries, whose schemas are not zod. */
const transform: SwaggerTransform = (input) => {
  const { schema, url } = input;
  const parts = [schema?.body, schema?.params, schema?.querystring, schema?.headers];
  const ours =
    schema?.operationId !== undefined && parts.every((part) => part === undefined || part instanceof z.core.$ZodType);
  return ours ? zodTransform(input) : { schema: { ...schema, hide: true }, url };
};

const transformZodObject = createJsonSchemaTransformObject({ zodToJsonConfig });

/** Every zod schema with an id becomes a component, used or not; only those that the paths reach are kept. */
const transformObject: FastifyDynamicSwaggerOptions['transformObject'] = (input) => {
  const document = transformZodObject(input) as { components?: { schemas?: Record<string, unknown> } };
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (node: unknown) => {
    for (const [, name] of JSON.stringify(node).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name!)) continue;
      used.add(name!);
      visit(schemas[name!]);
    }
  };
  visit({ ...document, components: undefined });
  const kept = Object.fromEntries(
    Object.entries(schemas)
      .filter(([name]) => used.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return { ...document, components: { ...document.components, schemas: kept } } as ReturnType<
    NonNullable<FastifyDynamicSwaggerOptions['transformObject']>
  >;
};

export const openapiOptions: FastifyDynamicSwaggerOptions = {
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
      { name: 'Customers', description: 'Debtors, the people around them and how to reach them' },
      { name: 'Accounts', description: 'What is owed, since when' },
      { name: 'Imports', description: 'Files of accounts' },
      { name: 'API clients', description: 'Who may ask what' },
      { name: 'Operations', description: 'Health and metrics' },
    ],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, as `Authorization: Bearer ck_…`' },
      },
    },
    security: [{ apiKey: [] }],
  },
  transform,
  transformObject,
};
