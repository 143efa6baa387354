import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildUnconnectedApp,
  compile,
  createAjv,
  mismatches,
  type OpenApi,
  openapiOf,
  operationsOf,
  responseOf,
  type Schema,
  yamlOf,
} from '../support/contract.ts';

let app: FastifyInstance;
let openapi: OpenApi;
beforeAll(async () => {
  app = await buildUnconnectedApp();
  openapi = openapiOf(app);
});
afterAll(() => app.close());

test('openapi.yaml is what the routes say', async () => {
  await expect(yamlOf(openapi), 'run `npm run contracts` and read the difference').toMatchFileSnapshot(
    '../../openapi.yaml',
  );
});

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(openapi) as unknown as Record<string, unknown>);
  expect(result).toEqual({ valid: true });
  expect((openapi as unknown as { openapi: string }).openapi).toBe('3.1.0');
});

/** What contract.md promises of the features that are there. */
const EXPECTED = [
  'PUT /v1/customers/{customerId}',
  'GET /v1/customers/{customerId}',
  'PUT /v1/accounts/{accountId}',
  'GET /v1/accounts/{accountId}',
  'POST /v1/imports',
  'GET /v1/imports/{importId}',
  'GET /v1/imports/{importId}/rejections',
  'GET /v1/imports/template',
  'POST /v1/contact-permissions',
  'POST /v1/contact-permissions/batch',
  'POST /v1/contact-permissions/stream',
  'POST /v1/contact-permissions/simulate',
  'POST /v1/contact-permissions/{decisionId}/replay',
  'GET /v1/contact-permissions',
  'GET /v1/contact-permissions/{decisionId}',
  'GET /v1/reservations/{reservationId}',
  'POST /v1/reservations/{reservationId}/release',
  'POST /v1/contact-attempts',
  'GET /v1/contact-attempts/{attemptId}',
  'PATCH /v1/contact-attempts/{attemptId}',
  'POST /v1/customers/{customerId}/directives',
  'GET /v1/customers/{customerId}/directives',
  'POST /v1/customers/{customerId}/directives/{directiveId}/end',
  'POST /v1/customers/{customerId}/case-entries',
  'GET /v1/customers/{customerId}/timeline',
  'GET /v1/customers/{customerId}/picture',
  'PUT /v1/accounts/{accountId}/statements/{statementOn}',
  'GET /v1/policy-packs',
  'POST /v1/policy-packs/{pack}/versions',
  'GET /v1/policy-packs/{pack}/versions/{version}',
  'POST /v1/policy-packs/{pack}/versions/{version}/publish',
  'POST /v1/policy-packs/{pack}/versions/{version}/backtests',
  'POST /v1/api-clients',
  'POST /v1/api-clients/{clientId}/rotate',
  'POST /v1/api-clients/{clientId}/revoke',
  'PUT /v1/dialers/{dialerId}',
  'GET /v1/dialers/{dialerId}',
  'POST /v1/adapters/genesys-ocs',
  'GET /livez',
  'GET /readyz',
  'GET /metrics',
];

test('the promised operations are there', () => {
  const operations = operationsOf(openapi).map(({ method, path }) => `${method} ${path}`);
  expect(EXPECTED.filter((one) => !operations.includes(one))).toEqual([]);
});

describe('every operation', () => {
  test('has an id of its own, a summary and a tag that is described', () => {
    const operations = operationsOf(openapi).map(({ operation }) => operation);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const tags = (openapi as unknown as { tags: { name: string; description: string }[] }).tags;
    const described = tags.filter(({ description }) => description.length > 0).map(({ name }) => name);
    for (const { operationId, summary, tags } of operations) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(summary, operationId).toMatch(/^[A-Z].{9,}[^.]$/);
      expect(tags, operationId).toHaveLength(1);
      expect(described, operationId).toContain(tags![0]);
    }
  });

  test('declares its success and each problem it can have, with a schema', () => {
    for (const { method, path, operation } of operationsOf(openapi).filter(({ path }) => path.startsWith('/v1/'))) {
      // FreeSWITCH is told everything at 200, since at any other status it dials from its disk.
      if (operation.operationId === 'getFreeswitchDialplan') continue;
      const statuses = Object.keys(operation.responses).map(Number);
      const needed = [401, 403, 429, 500, 503];
      // A JSON body is what could be malformed, too large, of another media type; parameters and headers have a shape.
      if (operation.requestBody || operation.parameters) needed.push(400);
      if (method !== 'GET') needed.push(413, 415);
      if (path.includes('{') && method !== 'PUT') needed.push(404);
      expect(statuses, operation.operationId).toEqual(expect.arrayContaining(needed));
      expect(statuses.filter((status) => status < 300).length, operation.operationId).toBeGreaterThan(0);
      for (const status of statuses) {
        const response = responseOf(openapi, operation, status)!;
        const where = `${operation.operationId} ${status}`;
        expect(response.description, where).toMatch(/^(?!Default)./);
        const media = Object.entries(response.content ?? {});
        if (status === 304) {
          expect(media, where).toEqual([]);
          continue;
        }
        const [type, { schema }] = media[0]!;
        // A report on many rows is lines of JSON, or a table.
        const others = type === 'application/x-ndjson' ? ['text/csv'] : DIALER_TYPES;
        expect(media.slice(1).filter(([other]) => !others.includes(other))).toEqual([]);
        // To Genesys OCS a refusal is a 409; it is a decision and no problem.
        const isProblem = status >= 400 && where !== 'validateForGenesysOcs 409';
        if (isProblem) expect([type, schema], where).toEqual(['application/problem+json', PROBLEM_SCHEMA]);
        else expect(schema, where).not.toEqual({});
      }
    }
  });
});

/** What dialers that cannot read JSON are also answered in, beside the JSON that stands first. */
const DIALER_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'application/json'];

const PROBLEM_SCHEMA = { $ref: '#/components/schemas/Problem' };

/** Every schema of the document with the way to it, and every object that is none skipped. */
function schemasIn(node: unknown, way: string): [string, Schema][] {
  if (Array.isArray(node)) return node.flatMap((entry, index) => schemasIn(entry, `${way}/${index}`));
  if (node === null || typeof node !== 'object') return [];
  const inner = Object.entries(node)
    .filter(([key]) => !['examples', 'example', 'default', 'enum'].includes(key))
    .flatMap(([key, value]) => schemasIn(value, `${way}/${key}`));
  const isSchema =
    /\/(schema|items|additionalProperties|anyOf\/\d+|allOf\/\d+|oneOf\/\d+)$|\/(properties|schemas)\/[^/]+$/.test(way);
  return isSchema ? [[way, node as Schema], ...inner] : inner;
}

test('no schema lets anything pass, but for what is stored as it came', () => {
  const open = schemasIn(openapi, '')
    .filter(([, schema]) => Object.keys(schema).every((key) => key === 'description'))
    .map(([way]) => way.replace('/components/schemas/', ''));
  expect(open).toEqual([
    'CaseEntry/properties/details/additionalProperties',
    'Directive/properties/details/additionalProperties',
    'ImportSource/properties/document/anyOf/0/additionalProperties',
    'NewCaseEntry/properties/details/additionalProperties',
    'NewDirective/properties/details/additionalProperties',
    'PolicyVersion/properties/document/additionalProperties',
    'RecordedDecision/properties/record/properties/request/additionalProperties',
    'RecordedDecision/properties/record/properties/facts/additionalProperties',
    'ReplayDifference/properties/recorded/anyOf/0',
    'ReplayDifference/properties/replayed/anyOf/0',
  ]);
});

test('an object is open nowhere else, and no component is unused', () => {
  const loose = schemasIn(openapi, '')
    .filter(([, schema]) => schema.type === 'object' && schema.additionalProperties === undefined)
    .map(([way]) => way);
  expect(loose).toEqual([]);
  const text = JSON.stringify(openapi);
  for (const kind of ['schemas', 'responses'] as const) {
    for (const name of Object.keys(openapi.components[kind])) {
      expect(text, `#/components/${kind}/${name}`).toContain(`"#/components/${kind}/${name}"`);
    }
  }
});

test('every example fits its schema, and every body that is sent has one', () => {
  const ajv = createAjv(openapi);
  const examples = schemasIn(openapi, '').flatMap(([way, schema]) =>
    ((schema.examples ?? []) as unknown[]).map((example) => ({ way, schema, example })),
  );
  expect(examples.length).toBeGreaterThan(5);
  for (const { way, schema, example } of examples) expect(mismatches(compile(ajv, schema), example), way).toEqual([]);
  for (const { operation } of operationsOf(openapi)) {
    const body = operation.requestBody?.content['application/json']?.schema;
    const schema = body && openapi.components.schemas[String(body.$ref).replace('#/components/schemas/', '')];
    if (body) expect(schema?.examples, `${operation.operationId}: give its zod schema examples`).toBeDefined();
  }
});
