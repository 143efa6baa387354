import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PROBLEMS } from '../../src/errors.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type ArbitraryOptions, arbitraryOf, nasty } from '../support/arbitrary.ts';
import { type FoundOperation, type OpenApi, openapiOf, operationsOf, type Schema } from '../support/contract.ts';
import { documentOf, rootFieldsOf } from '../support/graphql.ts';
import { CORE_SOURCE, workOff } from '../support/imports.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { makePolicies } from '../support/policies.ts';
import { callFile, examineLate, incidentsOf, sendCalls } from '../support/reconciliation.ts';
import { deliveriesOf, emit, eventOf, makeEndpoint, relay } from '../support/webhooks.ts';

/** The same cases in every run; a failure prints its smallest case. Raise the number to look for more. */
const SETTINGS = { seed: Number(process.env.FUZZ_SEED ?? 20261124), numRuns: Number(process.env.FUZZ_RUNS ?? 700) };

vi.setConfig({ testTimeout: 60_000 });

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
  await t.call('POST', '/v1/customers/C1/case-entries', { entryId: 'E1', kind: 'note', details: { text: 'x' } });
  await t.call('POST', '/v1/api-clients', { clientId: 'k1', name: 'K', scopes: ['admin', 'contact:report'] });
  // Nobody takes the key of this one away.
  await t.call('POST', '/v1/api-clients', { clientId: 'k3', name: 'K', scopes: ['contact:check', 'contact:report'] });
  await t.call('POST', '/v1/api-clients', { clientId: 'k4', name: 'K', scopes: ['contact:report'] });
  await t.call('PUT', '/v1/dialers/d1', { clientId: 'k3', platform: 'vicidial' });
  // Nobody listens there.
  const { endpointId } = await makeEndpoint(t, 'http://127.0.0.1:1/');
  await emit(t, eventOf('fuzz', 1));
  await relay(t);
  const eventId = (await deliveriesOf(t, endpointId))[0]!.eventId;
  await t.call('POST', '/v1/accounts/C1-A1/payments', { paymentId: 'P1', amount: '1.00', postedOn: '2026-11-20' });
  const policies = await makePolicies(t, 'zz-fuzz');
  template = (await t.call('GET', '/v1/imports/template')).body;
  const upload = await t.call('POST', '/v1/imports', template, { 'content-type': 'text/csv' });
  const csv = { 'content-type': 'text/csv' };
  // In every state, since each step leads out of one.
  await t.call('PUT', '/v1/import-sources/core', CORE_SOURCE);
  const files = [template, `${template}TOTAL,7,0`, template.replace('13800138000', 'none')];
  const importIds: string[] = [];
  for (let no = 0; no < 30; no += 1) {
    const { body } = await t.call('POST', '/v1/imports', `${files[no % 3]}${'\r\n'.repeat(no)}`, csv);
    if (no % 3 > 0) await workOff(t, body.importId);
    importIds.push(body.importId);
  }
  for (const id of ['u/1', 'u/2', 'u/3', 'u/4', 'u/5', 'u/6'])
    await t.call('POST', '/v1/contact-attempts', reportOf('C2', id, '2026-11-23T09:00:00+08:00', 'busy'));
  await examineLate(t);
  const incidents = await incidentsOf(t);
  const calls = await sendCalls(t, CALLS);
  for (const id of ['F1', 'F2', 'F3', 'F4']) await makeDebtor(t, id, { phone: '13800138003' });
  const candidates = await t.call('GET', '/v1/duplicate-candidates');
  type Candidate = { readonly candidateId: string; readonly customerIds: readonly string[] };
  const isLast = ({ customerIds }: Candidate) => customerIds.join() === 'F3,F4';
  const [last, others] = [
    candidates.body.items.filter(isLast),
    candidates.body.items.filter((one: Candidate) => !isLast(one)),
  ];
  // Once dismissed, a candidate cannot be merged.
  OWN_WORLD.mergeDuplicateCandidate = {
    candidateId: [last[0].candidateId],
    survivorId: ['F3', 'F4'],
    reason: ['a slip'],
  };
  const search = await t.call('POST', '/v1/duplicate-searches', {});
  options = {
    known: {
      customerId: ['C1', 'C2', 'nobody'],
      accountId: ['C1-A1', 'C2-A1', 'A9'],
      accountIds: ['C1-A1', 'C2-A1'],
      partyId: ['self', 'friend'],
      contactPointId: ['m1', 'm2'],
      attemptId: ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6'],
      requestId: ['r/1', 'r/2', 'r/3', 'r/4', 'r/5', 'r/6', 'r/7', 'r/8'],
      reservationId: [reserved.body.reservationId, 'res_1'],
      decisionId: [reserved.body.decisionId, 'dec_1'],
      directiveId: ['D1', 'D2'],
      entryId: ['E1', 'E1', 'E2', 'E3'],
      statementOn: ['2026-11-05', '2026-10-05'],
      kinds: ['payment,contact_attempt', 'incident', 'rumour'],
      clientId: ['k1', 'k2'],
      dialerId: ['d1', 'd2'],
      route: ['events', 'pre-dial'],
      importId: [upload.body.importId, ...importIds, 'imp_1'],
      row: [1, 2],
      cells: [{ phone: '13800138000' }, { phone: 'none' }, {}],
      endpointId: [endpointId, 'whe_1'],
      eventId: [eventId, eventId, 'evt_1'],
      'if-match': ['*', '*', '"v1"', 'v1'],
      eventTypes: [null, ['import.completed']],
      url: ['http://127.0.0.1:1/', 'https://nobody.invalid/'],
      incidentId: [...incidents.map(({ incidentId }) => incidentId), 'inc_1'],
      reason: ['a slip'],
      mergeId: ['M1', 'M2'],
      survivorId: ['F1', 'F2', 'F3', 'F4'],
      mergedId: ['C2', 'F2'],
      candidateId: [...others.map(({ candidateId }: Candidate) => candidateId), 'dup_1'],
      searchId: [search.body.searchId, 'dse_1'],
      phone: ['13800138000', '13800138003'],
      residentId: ['11010519491231002X', null],
      timeZone: ['Asia/Shanghai'],
      uploadId: [calls.body.uploadId, 'cru_1'],
      collectorId: ['bank', 'vendor-7', 'nobody'],
      vendor: ['vendor-7'],
      collector: [{ kind: 'creditor', id: 'bank' }],
      pack: [policies.pack],
      version: policies.versions,
      source: policies.sources,
      backtestId: [policies.backtestId, 'bkt_1'],
      paymentId: ['P1', 'P2', 'P3', 'P4', 'P5'],
      chargeId: ['K1', 'K2', 'K3', 'K4'],
      changeId: ['R1', 'R2', 'R3', 'R4'],
      postedOn: ['2026-11-20', '2026-11-21', '2026-10-01'],
      reversedOn: [null, '2026-11-22'],
      on: ['2026-11-23', '2026-12-31'],
      currency: ['CNY'],
      annualRate: [null, '0.15'],
      sampleRate: [0.5, 1],
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

const CALLS = callFile([{ started_at: '2026-11-23T09:00:00+08:00', number: '13800138000', vendor_call_id: 'c-1' }]);

function bodyOf({ operation }: FoundOperation): fc.Arbitrary<{ body: string | undefined; type?: string }> {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (!type || !content) return fc.constantFrom({ body: undefined }, { body: '{}', type: 'application/json' });
  if (type === 'text/csv') {
    const valid = operation.operationId === 'uploadCallRecords' ? CALLS : template;
    const line = fc.constantFrom(...valid.split('\r\n'), 'ID,LIMIT_BAL', 'a,"b', '1,2,3', '\0', '合计,1,2', ',,,');
    const file = fc.array(fc.oneof(line, nasty.map(textOf)), { maxLength: 5 });
    const types = fc.constantFrom('text/csv', 'text/csv; charset=gb18030', 'text/csv; charset=latin1', 'text/csv;;');
    const broken = fc
      .tuple(file, types)
      .map(([lines, sent]) => ({ body: lines.join('\n').toWellFormed(), type: sent }));
    return fc.oneof(broken, fc.constant({ body: valid, type: 'text/csv; charset=utf-8' }));
  }
  if (type === 'application/x-ndjson') {
    const line = arbitraryOf(content.schema.items as Schema, options).map((one) => JSON.stringify(one) ?? '');
    const lines = fc.array(fc.oneof({ weight: 9, arbitrary: line }, { weight: 1, arbitrary: nasty.map(textOf) }), {
      maxLength: 5,
    });
    const types = fc.constantFrom(type, type, type, `${type}; charset=utf-8`, 'application/json');
    return fc.tuple(lines, types).map(([sent, as]) => ({ body: sent.join('\n').toWellFormed(), type: as }));
  }
  const world = OWN_WORLD[operation.operationId];
  const value = arbitraryOf(content.schema, world ? { ...options, known: world } : options).map(
    (one) => JSON.stringify(one) ?? '',
  );
  const broken = fc.constantFrom('', '{', '{"a":1,}', '\u{feff}{}', '[1e999]', '{"__proto__":1}', '"\\ud800"', '[[[[');
  return fc.oneof(
    { weight: 30, arbitrary: value.map((body) => ({ body, type: 'application/json' })) },
    { weight: 1, arbitrary: broken.map((body) => ({ body, type: 'application/json' })) },
    { weight: 1, arbitrary: value.map((body) => ({ body, type: 'application/json; charset=utf-16' })) },
    { weight: 1, arbitrary: value.map((body) => ({ body, type: 'application/x-www-form-urlencoded' })) },
  );
}

/** Elsewhere these names are of instants and times of day. */
const DAYS = { from: ['2026-11-20'], to: ['2026-11-24', '2026-11-20'] };

/** Elsewhere the source is the text of a policy. */
const MAPPINGS = { source: ['default', 'uci', 'core'] };

/** A customer's whole story and a dialer's whole description keep the ids of their examples, which belong together. */
const OWN_WORLD: Record<string, ArbitraryOptions['known']> = {
  simulateContact: {},
  // A key that others need is not taken away.
  revokeApiClient: { clientId: ['k4'] },
  createDialerUrlToken: { dialerId: ['d1'], route: ['events', 'pre-dial'], overlapSeconds: [0, 60] },
  putImportSource: {
    source: ['core', 'core', 'default'],
    columns: [CORE_SOURCE.columns],
    defaults: [CORE_SOURCE.defaults],
    controlSum: ['本金', null],
    'if-match': ['*', '"v1"'],
  },
  putDialer: {
    clientId: ['k3'],
    // The other one stays one that hands out tokens.
    dialerId: ['d2'],
    platform: ['freeswitch'],
    'if-match': ['*', '"v1"'],
    allowedNetworks: [['203.0.113.0/24'], []],
  },
};

/** One request of an operation. */
function requestOf(found: FoundOperation): fc.Arbitrary<Sent> {
  const parameters = found.operation.parameters ?? [];
  // What the others need is not deleted.
  const known = found.method === 'DELETE' ? { ...options, known: {} } : options;
  const own = found.path.startsWith('/v1/collectors/')
    ? DAYS
    : /^\/v1\/import(s|-sources)/.test(found.path)
      ? MAPPINGS
      : {};
  const dated = { ...known, known: OWN_WORLD[found.operation.operationId] ?? { ...known.known, ...own } };
  const named = Object.fromEntries(
    parameters.map(({ in: place, name, schema }) => [`${place} ${name}`, arbitraryOf(schema, dated, name)]),
  );
  const needed = parameters.filter((one) => one.in === 'path').map(({ name }) => `path ${name}`);
  const values = fc.record(named, { requiredKeys: needed });
  return fc.tuple(values, headersOf, bodyOf(found)).map(([sent, headers, { body, type }]) => {
    const all: Record<string, string> = { ...headers, ...(type && { 'content-type': type }) };
    let url = found.path;
    const query: string[] = [];
    for (const [key, value] of Object.entries(sent)) {
      const [place, name] = key.split(' ') as [string, string];
      // A client takes a lone dot for a way through the path, and never sends it.
      if (place === 'path') url = url.replace(`{${name}}`, () => encoded(value).replace(/^\.{1,2}$/, '_'));
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
    { ...SETTINGS, numRuns: Math.max(SETTINGS.numRuns, 80 * operations.length) },
  );
  // Fuzz that is always refused at the door finds nothing behind it; a vendor's record says nothing of its fields.
  const named = operations
    .filter(({ method, path }) => method !== 'DELETE' && !path.startsWith('/v1/adapters/'))
    // A text, a version and a tag that agree are not met by chance.
    .filter(({ operation }) => operation.operationId !== 'replacePolicyVersion');
  const reached = [...seen].filter(([, statuses]) => [...statuses].some((status) => status < 300)).map(([id]) => id);
  expect(named.map(({ operation }) => operation.operationId).filter((id) => !reached.includes(id))).toEqual([]);
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
    StatementInput: { $ref: '#/components/schemas/PutStatement' },
    DialerInput: { $ref: '#/components/schemas/PutDialer' },
    JSON: { $ref: '#/components/schemas/PutImportSource' },
  };
  const made = field.args.map(({ name, type }) => {
    const isList = type.toString().startsWith('[');
    const bare = type.toString().replaceAll(/[[\]!]/g, '');
    const scalar = { type: bare === 'Int' ? 'integer' : 'string', ...(name === 'at' && { format: 'date-time' }) };
    const input = inputs[bare] ?? { $ref: `#/components/schemas/${bare}` };
    const one = name === 'input' || name === 'items' ? input : scalar;
    return [name, arbitraryOf(isList ? { type: 'array', items: one } : one, options, name)] as const;
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
