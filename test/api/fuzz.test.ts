import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROBLEMS } from '../../src/errors.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type ArbitraryOptions, arbitraryOf, nasty } from '../support/arbitrary.ts';
import { type FoundOperation, type OpenApi, openapiOf, operationsOf, type Schema } from '../support/contract.ts';
import { documentOf, rootFieldsOf } from '../support/graphql.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';

/** The same cases in every run; a failure prints its smallest case. Raise the number to look for more. */
const SETTINGS = { seed: Number(process.env.FUZZ_SEED ?? 20261123), numRuns: Number(process.env.FUZZ_RUNS ?? 700) };

let t: TestApp;
let openapi: OpenApi;
let options: ArbitraryOptions;
let template: string;

beforeAll(async () => {
  t = await buildTestApp();
  openapi = openapiOf(t.app);
  await makeDebtor(t, 'C1');
  await makeDebtor(t, 'C2', { phone: '13800138002' });
  const reserved = await t.call('POST', '/v1/contact-permissions', askFor('C1', { mode: 'reserve', requestId: 'r/1' }));
  await t.call('POST', '/v1/contact-attempts', reportOf('C1', 'a/1', '2026-11-23T09:00:00+08:00', 'placed'));
  await t.call('POST', '/v1/customers/C1/directives', { directiveId: 'D1', kind: 'dispute' });
  await t.call('POST', '/v1/api-clients', { clientId: 'k1', name: 'K', scopes: ['admin'] });
  template = (await t.call('GET', '/v1/imports/template')).body;
  const upload = await t.call('POST', '/v1/imports', template, { 'content-type': 'text/csv' });
  options = {
    known: {
      customerId: ['C1', 'C2', 'nobody'],
      accountId: ['C1-A1', 'C2-A1', 'A9'],
      accountIds: ['C1-A1', 'C2-A1'],
      partyId: ['self', 'friend'],
      contactPointId: ['m1', 'm2'],
      attemptId: ['a/1', 'a/2'],
      requestId: ['r/1', 'r/2', 'r/3'],
      reservationId: [reserved.body.reservationId, 'res_1'],
      decisionId: [reserved.body.decisionId, 'dec_1'],
      directiveId: ['D1', 'D2'],
      clientId: ['k1', 'k2'],
      importId: [upload.body.importId, 'imp_1'],
      collector: [{ kind: 'creditor', id: 'bank' }],
    },
    resolve: (schema) =>
      typeof schema.$ref === 'string'
        ? openapi.components.schemas[schema.$ref.replace('#/components/schemas/', '')]!
        : schema,
  };
});
afterAll(() => t.close());

interface Sent {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** `encodeURIComponent` refuses half a pair; a raw client does not. */
function encoded(value: unknown): string {
  return encodeURIComponent(textOf(value).toWellFormed().slice(0, 300));
}

/** A header that a client library would let through. */
function headerText(value: unknown): string {
  return textOf(value)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 500);
}

const HEADERS: readonly Record<string, string>[] = [
  { 'accept-language': 'x'.repeat(300) },
  { 'accept-language': 'de;q=x' },
  { 'accept-language': '' },
  { 'test-clock': '2026-11-23T23:00:00+08:00' },
  { 'test-clock': '1969-12-31T23:59:59Z' },
  { 'test-clock': 'now' },
  { 'x-request-id': '"' },
];
const headersOf: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ 'accept-language': 'en' }) },
  { weight: 1, arbitrary: fc.constantFrom(...HEADERS) },
);

function bodyOf({ operation }: FoundOperation): fc.Arbitrary<{ body: string | undefined; type?: string }> {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (!type || !content) return fc.constantFrom({ body: undefined }, { body: '{}', type: 'application/json' });
  if (type === 'text/csv') {
    const line = fc.constantFrom(...template.split('\r\n'), 'ID,LIMIT_BAL', 'a,"b', '1,2,3', '\0', '合计,1,2', ',,,');
    const file = fc.array(fc.oneof(line, nasty.map(textOf)), { maxLength: 5 });
    const types = fc.constantFrom('text/csv', 'text/csv; charset=gb18030', 'text/csv; charset=latin1', 'text/csv;;');
    const broken = fc
      .tuple(file, types)
      .map(([lines, sent]) => ({ body: lines.join('\n').toWellFormed(), type: sent }));
    return fc.oneof(broken, fc.constant({ body: template, type: 'text/csv; charset=utf-8' }));
  }
  const value = arbitraryOf(content.schema, options).map((one) => JSON.stringify(one) ?? '');
  const broken = fc.constantFrom('', '{', '{"a":1,}', '\u{feff}{}', '[1e999]', '{"__proto__":1}', '"\\ud800"', '[[[[');
  return fc.oneof(
    { weight: 30, arbitrary: value.map((body) => ({ body, type: 'application/json' })) },
    { weight: 1, arbitrary: broken.map((body) => ({ body, type: 'application/json' })) },
    { weight: 1, arbitrary: value.map((body) => ({ body, type: 'application/json; charset=utf-16' })) },
    { weight: 1, arbitrary: value.map((body) => ({ body, type: 'application/x-www-form-urlencoded' })) },
  );
}

/** One request of an operation. */
function requestOf(found: FoundOperation): fc.Arbitrary<Sent> {
  const parameters = found.operation.parameters ?? [];
  const named = Object.fromEntries(
    parameters.map(({ in: place, name, schema }) => [`${place} ${name}`, arbitraryOf(schema, options, name)]),
  );
  const needed = parameters.filter((one) => one.in === 'path').map(({ name }) => `path ${name}`);
  const values = fc.record(named, { requiredKeys: needed });
  return fc.tuple(values, headersOf, bodyOf(found)).map(([sent, headers, { body, type }]) => {
    const all: Record<string, string> = { ...headers, ...(type && { 'content-type': type }) };
    let url = found.path;
    const query: string[] = [];
    for (const [key, value] of Object.entries(sent)) {
      const [place, name] = key.split(' ') as [string, string];
      if (place === 'path') url = url.replace(`{${name}}`, () => encoded(value));
      else if (place === 'query') query.push(`${name}=${encoded(value)}`);
      else all[name] = headerText(value);
    }
    return {
      operation: found.operation.operationId,
      method: found.method,
      url: query.length > 0 ? `${url}?${query.join('&')}` : url,
      headers: all,
      body,
    };
  });
}

test('whatever is sent to REST, the answer is one that openapi.yaml declares, and never a 5xx', async () => {
  const operations = operationsOf(openapi).filter(({ path }) => path.startsWith('/v1/'));
  const seen = new Map<string, Set<number>>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(...operations.map(requestOf)), async ({ operation, method, url, headers, body }) => {
      // `call` compares status, media type and every field with the document.
      const { status, body: answer } = await t.call(method as 'GET', url, body, headers);
      expect(status, JSON.stringify(answer)).toBeLessThan(500);
      seen.set(operation, (seen.get(operation) ?? new Set()).add(status));
    }),
    SETTINGS,
  );
  // Fuzz that is always refused at the door finds nothing behind it.
  const reached = [...seen].filter(([, statuses]) => [...statuses].some((status) => status < 300)).map(([id]) => id);
  expect(operations.map(({ operation }) => operation.operationId).filter((id) => !reached.includes(id))).toEqual([]);
});

type GraphqlBody = { data?: unknown; errors?: { extensions?: { code?: string } }[] };

async function expectNoFailure(body: string): Promise<void> {
  const { status, body: answer } = await t.call('POST', '/graphql', body, { 'content-type': 'application/json' });
  const { errors = [] } = answer as GraphqlBody;
  const codes = errors.map(({ extensions }) => extensions?.code);
  expect(
    codes.filter((code) => code === undefined || !Object.hasOwn(PROBLEMS, code)),
    JSON.stringify(answer),
  ).toEqual([]);
  expect(codes, JSON.stringify(answer)).not.toContain('INTERNAL');
  expect([200, 400, 413], JSON.stringify(answer)).toContain(status);
}

/** The arguments of a GraphQL operation, made from the schemas that REST has for the same. */
function variablesOf(operation: string): fc.Arbitrary<Record<string, unknown>> {
  const { schema } = t.app.graphql;
  const field = rootFieldsOf(schema).find(({ name }) => name === operation)!;
  const inputs: Record<string, Schema> = {
    CustomerInput: { $ref: '#/components/schemas/PutCustomer' },
    AccountInput: { $ref: '#/components/schemas/PutAccount' },
  };
  const made = field.args.map(({ name, type }) => {
    const bare = type.toString().replace('!', '');
    const scalar = { type: bare === 'Int' ? 'integer' : 'string', ...(name === 'at' && { format: 'date-time' }) };
    const input = inputs[bare] ?? { $ref: `#/components/schemas/${bare}` };
    return [name, arbitraryOf(name === 'input' ? input : scalar, options, name)] as const;
  });
  return fc.record(Object.fromEntries(made), { requiredKeys: field.args.map(({ name }) => name) });
}

test('whatever is sent to GraphQL as variables, no operation fails', async () => {
  const { schema } = t.app.graphql;
  const requests = rootFieldsOf(schema).map(({ name: operation }) =>
    variablesOf(operation).map((variables) => JSON.stringify({ query: documentOf(schema, operation), variables })),
  );
  await fc.assert(fc.asyncProperty(fc.oneof(...requests), expectNoFailure), SETTINGS);
});

const DOCUMENTS = [
  '{ apiClients { clientId } }',
  'query A { customer(customerId: "C1") { name } } query B { __typename }',
  'mutation { releaseReservation(reservationId: "res_1", reason: "x") { status } }',
  'query($i: PermissionRequest!) { checkContact(input: $i) { permitted } }',
  'fragment F on Query { ...F } { ...F }',
  'subscription { x }',
  '{ __schema { types { name } } }',
  '{"kind":"Document","definitions":[{"kind":"OperationDefinition"}]}',
  '{}',
  'null',
  '5',
  '"\ud800"',
  `{ customer(customerId: ${'['.repeat(3000)} }`,
  '{'.repeat(3000),
];

/** Text near a document: cut, doubled or with a character changed. */
const nearDocument = fc
  .tuple(fc.constantFrom(...DOCUMENTS), fc.nat(60), fc.nat(60), fc.string({ maxLength: 3 }))
  .map(([text, from, to, inserted]) => text.slice(0, from) + inserted + text.slice(to));

test('whatever is sent to GraphQL as a document or a body, it does not fail', async () => {
  const body = fc.record(
    {
      query: fc.oneof(fc.constantFrom(...DOCUMENTS), nearDocument, nasty),
      variables: fc.oneof(fc.constant({ i: askFor('C1') }), nasty),
      operationName: fc.oneof(fc.constantFrom('A', 'B', 'C', null), nasty),
      extensions: nasty,
    },
    { requiredKeys: [] },
  );
  const any = fc.oneof(
    { weight: 9, arbitrary: body.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: nasty.map((value) => JSON.stringify(value) ?? '') },
  );
  await fc.assert(fc.asyncProperty(any, expectNoFailure), SETTINGS);
});
