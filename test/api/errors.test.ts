import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_BATCH_BYTES } from '../../src/contact/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type FoundOperation, openapiOf, operationsOf } from '../support/contract.ts';
import { askFor, makeDebtor } from '../support/make.ts';

let t: TestApp;
let operations: FoundOperation[];
beforeAll(async () => {
  t = await buildTestApp({ settings: { RATE_LIMIT_PER_SECOND: '100000', AUTH_FAILURES_PER_MINUTE: '0' } });
  // FreeSWITCH is told everything at 200, in XML: adapters.test.ts.
  operations = operationsOf(openapiOf(t.app)).filter(
    ({ path, operation }) => path.startsWith('/v1/') && operation.operationId !== 'getFreeswitchDialplan',
  );
  await makeDebtor(t, 'C1');
});
afterAll(() => t.close());

/** The path with an id that is of the right shape and nobody's. */
function unknown(path: string): string {
  return path
    .replace('{version}', '2026-01-01')
    .replace('{row}', '1')
    .replace('{statementOn}', '2026-11-05')
    .replaceAll(/\{[^}]+\}/g, 'nobody');
}

function takesJson({ operation }: FoundOperation): boolean {
  return operation.requestBody?.content['application/json'] !== undefined;
}

const JSON_TYPE = { 'content-type': 'application/json' };

describe('every operation', () => {
  test('is refused without a key, with a wrong one, and with one that is not sent as Bearer', async () => {
    for (const { method, path } of operations) {
      for (const authorization of ['', 'Bearer ck_0123456789abcdef_x', `Basic ${t.keys.admin}`, 'Bearer ']) {
        const headers = { authorization, accept: 'application/json' };
        const answer = await t.call(method as 'GET', unknown(path), undefined, headers);
        expect(answer.status, `${method} ${path}`).toBe(401);
        expect(answer.body.code).toBe('UNAUTHENTICATED');
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="collections-rules", Basic /);
      }
    }
  });

  test('with an id says 404 for one that is nobody’s, and 400 for one that is none', async () => {
    const bodies: Record<string, unknown> = {
      releaseReservation: { reason: 'x' },
      correctContactAttempt: { outcome: 'busy' },
      recordDirective: { kind: 'cease' },
      recordCaseEntry: { entryId: 'E1', kind: 'note', details: { text: 'x' } },
      explainIncident: { reason: 'x' },
      closeIncident: { reason: 'x' },
      undoCustomerMerge: { reason: 'x' },
      mergeDuplicateCandidate: { survivorId: 'C1', reason: 'x' },
      dismissDuplicateCandidate: { reason: 'x' },
      createDialerUrlToken: { route: 'events' },
      revokeDialerUrlTokens: { route: 'events' },
      replayContactPermission: { as: 'exact' },
      recordPayment: { paymentId: 'P1', amount: '1.00', postedOn: '2026-11-20' },
      recordCustomerPayment: { paymentId: 'P1', amount: '1.00', currency: 'CNY', postedOn: '2026-11-20' },
      recordCharge: { chargeId: 'K1', kind: 'purchase', amount: '1.00', postedOn: '2026-11-20' },
      recordRateChange: { changeId: 'R1', from: '2026-11-20', dailyRate: '0.0005' },
      changeWebhookEndpoint: { enabled: false },
      releaseImport: { reason: 'x' },
      resubmitImportRow: { cells: { name: 'x' } },
      replayWebhookEvents: { since: '2026-11-23T09:00:00+08:00' },
    };
    const withId = operations.filter(({ method, path }) => /\{\w+Id\}/.test(path) && method !== 'PUT');
    expect(withId.length).toBeGreaterThan(8);
    for (const found of withId) {
      const body = takesJson(found) ? (bodies[found.operation.operationId] ?? {}) : undefined;
      const missing = await t.call(found.method as 'GET', unknown(found.path), body);
      expect([missing.status, missing.body.code], found.operation.operationId).toEqual([404, 'NOT_FOUND']);
      expect(missing.body.errors[0].code).toBe('UNKNOWN_REFERENCE');
      const wrong = await t.call(found.method as 'GET', found.path.replaceAll(/\{[^}]+\}/g, 'no%20id'), body);
      expect([wrong.status, wrong.body.errors[0].code], found.operation.operationId).toEqual([400, 'INVALID_FORMAT']);
    }
  });

  test('with a body says what is wrong with it: no JSON, no object, an unknown field, another media type, too much', async () => {
    // A vendor's record has a shape of its own, and most of its fields are unknown.
    const withBody = operations.filter((found) => takesJson(found) && !found.path.startsWith('/v1/adapters/'));
    expect(withBody.length).toBeGreaterThan(8);
    for (const { method, path, operation } of withBody) {
      const send = async (body: unknown, headers = {}) => {
        const { status, body: problem } = await t.call(method as 'POST', unknown(path), body, headers);
        return [operation.operationId, status, problem.code, problem.errors[0]?.pointer, problem.errors[0]?.code];
      };
      const refused = (...rest: unknown[]) => [operation.operationId, ...rest];
      expect(await send('{"a":', JSON_TYPE)).toEqual(refused(400, 'MALFORMED_JSON', undefined, undefined));
      expect(await send('', JSON_TYPE)).toEqual(refused(400, 'MALFORMED_JSON', undefined, undefined));
      // A payment is reversed without a word.
      if (operation.operationId !== 'reversePayment')
        expect(await send(undefined)).toEqual(refused(400, 'VALIDATION_FAILED', '', 'INVALID_TYPE'));
      expect(await send([])).toEqual(refused(400, 'VALIDATION_FAILED', '', 'INVALID_TYPE'));
      expect(await send('null', JSON_TYPE)).toEqual(refused(400, 'VALIDATION_FAILED', '', 'INVALID_TYPE'));
      expect(await send('<a/>', { 'content-type': 'text/xml' })).toEqual(
        refused(415, 'UNSUPPORTED_MEDIA_TYPE', undefined, undefined),
      );
      const tooMuch = operation.operationId === 'requestContactPermissions' ? MAX_BATCH_BYTES : 1_100_000;
      expect(await send({ note: 'x'.repeat(tooMuch) })).toEqual(
        refused(413, 'PAYLOAD_TOO_LARGE', undefined, undefined),
      );
      const stranger = await t.call(method as 'POST', unknown(path), { 'a/b~c': 1 });
      expect(stranger.status).toBe(400);
      expect(stranger.body.errors).toContainEqual({
        pointer: '/a~1b~0c',
        code: 'UNKNOWN_FIELD',
        message: 'Unknown field a/b~c.',
      });
    }
  });

  test('takes no method that it does not name, and names those it takes', async () => {
    for (const path of new Set(operations.map((one) => one.path))) {
      const known = operations.filter((one) => one.path === path).map(({ method }) => method);
      const other = (['DELETE', 'PATCH', 'PUT'] as const).find((method) => !known.includes(method))!;
      const answer = await t.call(other as 'DELETE', unknown(path));
      expect([answer.status, answer.body.code], path).toEqual([405, 'METHOD_NOT_ALLOWED']);
      const allowed = String(answer.headers.allow).split(', ');
      expect(
        known.filter((method) => !allowed.includes(method)),
        path,
      ).toEqual([]);
    }
  });
});

test('a path that nobody serves is 404, whatever the method', async () => {
  for (const path of ['/', '/v1', '/v1/', '/v2/customers/C1', '/v1/customers', '/v1/customers/a/b/c', '/graphql/x']) {
    for (const method of ['GET', 'POST'] as const) {
      const answer = await t.call(method, path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'NOT_FOUND']);
    }
  }
});

test('a path that cannot be decoded, and an id that is too long, are no crash', async () => {
  expect((await t.call('GET', '/v1/customers/%E0%A4%A')).body).toMatchObject({
    status: 400,
    code: 'VALIDATION_FAILED',
  });
  expect((await t.call('GET', `/v1/customers/${'x'.repeat(65)}`)).body).toMatchObject({ status: 400 });
  expect((await t.call('GET', `/v1/customers/${'x'.repeat(5000)}`)).status).toBeLessThan(500);
});

test('every problem with the body is told at once, each with its pointer', async () => {
  const body = { ...askFor('C1'), channel: 'fax', at: '2026-11-23T10:00:00', automated: 'no', vip: true };
  const { body: problem } = await t.call('POST', '/v1/contact-permissions', body);
  expect(problem.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code])).toEqual([
    ['/at', 'INVALID_FORMAT'],
    ['/channel', 'INVALID_VALUE'],
    ['/automated', 'INVALID_TYPE'],
    ['/vip', 'UNKNOWN_FIELD'],
  ]);
});

test('a body of unknown fields is answered with a hundred of them, not with all', async () => {
  const body = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`field${index}`, index]));
  const { body: problem } = await t.call('POST', '/v1/contact-permissions', body);
  expect(problem.errors).toHaveLength(100);
});

test('text that cannot be stored is refused with its pointer, not changed', async () => {
  for (const reason of ['a\0b', 'half \ud83d of a pair']) {
    const answer = await t.call('POST', '/v1/reservations/res_1/release', { reason });
    expect([answer.status, answer.body.errors]).toEqual([
      400,
      [{ pointer: '/reason', code: 'INVALID_FORMAT', message: 'must be text without NUL' }],
    ]);
  }
  const nested = { attemptId: 'x', customerId: 'C1', channel: 'voice', startedAt: '2026-11-23T09:00:00+08:00' };
  const recording = { ...nested, outcome: 'busy', recording: { uri: 'file:///\0' } };
  const answer = await t.call('POST', '/v1/contact-attempts', recording);
  expect(answer.body.errors[0].pointer).toBe('/recording/uri');
  const client = { clientId: 'nul', name: '\0', scopes: ['admin'] };
  expect((await t.call('POST', '/v1/api-clients', client)).status).toBe(400);
});

test('what the caller wrote is neither in a log line nor in the detail, whatever it was', async () => {
  const before = t.logged.length;
  const number = '13912345678';
  await t.call('POST', '/v1/contact-permissions', askFor('C1', { [number]: number, address: number }));
  await t.call('GET', `/v1/customers/${number}`, undefined, { authorization: '' });
  await t.call('PUT', '/v1/customers/C1', `{"name":"${number}"`, JSON_TYPE);
  const refused = await t.call('PUT', '/v1/customers/C1', { name: number, residentId: number, parties: number });
  expect(JSON.stringify(refused.body)).not.toContain(number);
  const query = 'query($i: PermissionRequest!) { checkContact(input: $i) { permitted } }';
  const variables = { i: askFor('C1', { [number]: 1, address: 5, customerId: { number } }) };
  const graphql = await t.graphql(query, variables);
  expect(graphql.body.errors[0].extensions.code).toBe('VALIDATION_FAILED');
  expect(graphql.body.errors[0].extensions.errors).toHaveLength(3);
  expect(t.logged.slice(before).join('\n')).not.toContain(number);
  expect(t.logged.length).toBeGreaterThan(before + 5);
});

test('the request id is echoed where it is one, and made otherwise', async () => {
  const sent = await t.call('GET', '/v1/customers/nobody', undefined, { 'x-request-id': 'crm-7:42' });
  expect([sent.headers['x-request-id'], sent.body.requestId]).toEqual(['crm-7:42', 'crm-7:42']);
  for (const id of ['no id', 'x'.repeat(101), '"><script>']) {
    const made = await t.call('GET', '/v1/customers/nobody', undefined, { 'x-request-id': id });
    expect(made.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.body.requestId).toBe(made.headers['x-request-id']);
  }
});

test('answers are not cached, not guessed at, and no problem is one of JSON alone', async () => {
  const { headers } = await t.call('GET', '/v1/customers/C1');
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
});

test('probes and pages need no key and are not counted by the rate limit', async () => {
  const limited = await buildTestApp({ database: t.database, settings: { RATE_LIMIT_PER_SECOND: '1' } });
  const paths = ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs/'];
  for (const path of [...paths, ...paths]) {
    expect((await limited.call('GET', path, undefined, { authorization: '' })).status, path).toBe(200);
  }
  const answers = await Promise.all(Array.from({ length: 6 }, () => limited.call('GET', '/v1/customers/C1')));
  expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(4);
  await limited.close();
});
