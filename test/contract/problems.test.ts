import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDb, createPool } from '../../src/db/database.ts';
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import type { TestDatabase } from '../support/database.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { packText } from '../support/pack.ts';
import { examineLate, incidentsOf } from '../support/reconciliation.ts';

/** The service as tests see it, one that is no sandbox and allows two requests a second, and one that has lost its database. */
let t: TestApp;
let strict: TestApp;
let lost: TestApp;
let importId: string;
let backtestId: string;
let incidentId: string;

beforeAll(async () => {
  t = await buildTestApp();
  strict = await buildTestApp({ database: t.database, sandbox: false, settings: { RATE_LIMIT_PER_SECOND: '2' } });
  lost = await buildTestApp({ database: nowhere() });
  await makeDebtor(t, 'C1');
  await makeDebtor(t, 'C2');
  for (const id of ['C3', 'C4', 'C5', 'C6'])
    await makeDebtor(t, id, { phone: id < 'C5' ? `1390013800${id[1]}` : '13900138005' });
  const csv = { 'content-type': 'text/csv' };
  const template = (await t.call('GET', '/v1/imports/template')).body as string;
  importId = (await t.call('POST', '/v1/imports', template, csv)).body.importId;
  await t.database.pool.query(`UPDATE imports SET status = 'completed' WHERE import_id = $1`, [importId]);
  backtestId = await makePolicy();
  incidentId = await makeClosedIncident();
});
afterAll(async () => {
  await lost?.close();
  await strict?.close();
  await t?.close();
});

/** Nobody listens on port 1. */
function nowhere(): TestDatabase {
  const url = 'postgres://nobody@localhost:1/nothing';
  const pool = createPool({ url, maxConnections: 1, statementTimeoutMs: 1000 }, { warn: () => undefined });
  return { url, pool, db: createDb(pool), drop: () => pool.end() };
}

type Door = () => Promise<TestAnswer>;

const MUTATE = {
  createApiClient: 'mutation($i: NewApiClient!) { createApiClient(input: $i) { clientId } }',
  putAccount: 'mutation($id: ID!, $i: AccountInput!) { putAccount(accountId: $id, input: $i) { accountId } }',
  putCustomer: 'mutation($id: ID!, $i: CustomerInput!) { putCustomer(customerId: $id, input: $i) { customerId } }',
  report: 'mutation($i: AttemptReport!) { reportContactAttempt(input: $i) { attemptId } }',
  directive: 'mutation($id: ID!, $i: NewDirective!) { recordDirective(customerId: $id, input: $i) { directiveId } }',
  pay: 'mutation($id: ID!, $i: NewPayment!) { recordPayment(accountId: $id, input: $i) { paymentId } }',
  charge: 'mutation($id: ID!, $i: NewCharge!) { recordCharge(accountId: $id, input: $i) { chargeId } }',
  entry: 'mutation($id: ID!, $i: NewCaseEntry!) { recordCaseEntry(customerId: $id, input: $i) { entryId } }',
  release: 'mutation($id: ID!) { releaseReservation(reservationId: $id, reason: "test") { status } }',
  close: 'mutation($id: ID!) { closeIncident(incidentId: $id, reason: "once more") { status } }',
  merge: 'mutation($i: NewCustomerMerge!) { mergeCustomers(input: $i) { mergeId } }',
  mergeCandidate:
    'mutation($id: ID!) { mergeDuplicateCandidate(candidateId: $id, survivorId: "C5", reason: "x") { mergeId } }',
  cancel: 'mutation($id: ID!) { cancelImport(importId: $id) { status } }',
  pause: 'mutation($id: ID!) { pauseImport(importId: $id) { status } }',
  ask: 'mutation($i: PermissionRequest!) { requestContactPermission(input: $i) { permitted } }',
};
const POLICY = packText({ version: '2027-01-01', effectiveUntil: '2027-02-01' });
const LATER = packText({ version: '2027-06-01' });
const policyPath = (rest = '', version = '2027-01-01') => `/v1/policy-packs/zz-test/versions/${version}${rest}`;
const policy = (operation: string, rest = '') =>
  `mutation { ${operation}(pack: "zz-test", version: "2027-01-01"${rest}) { status } }`;
const BACKTEST = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' };

/** A contact that nobody had asked for, and an end to it. */
async function makeClosedIncident(): Promise<string> {
  await t.call('POST', '/v1/contact-attempts', reportOf('C1', 'unasked', '2026-11-23T08:30:00+08:00', 'busy'));
  await examineLate(t);
  const [incident] = await incidentsOf(t);
  await t.call('POST', `/v1/incidents/${incident!.incidentId}/close`, { reason: 'once' });
  return incident!.incidentId;
}

/** A version in review, and one that would leave a gap after it; both from the admin, who may then do nothing more. */
async function makePolicy(): Promise<string> {
  const other = { authorization: `Bearer ${await t.keyWith(['policy:write', 'policy:publish'])}` };
  const add = (source: string, pack = 'zz-test') => t.call('POST', `/v1/policy-packs/${pack}/versions`, { source });
  const review = { decision: 'approve', comment: 'read' };
  await add(POLICY);
  await t.call('POST', policyPath('/submit'));
  await t.call('POST', policyPath('/review'), review, other);
  await t.call('POST', policyPath('/publish'), {}, other);
  await add(LATER);
  await add(packText({ pack: 'zz-other', version: '2027-01-01' }), 'zz-other');
  await t.call('POST', '/v1/policy-packs/zz-other/versions/2027-01-01/submit');
  const { backtestId } = (await t.call('POST', policyPath('/backtests'), BACKTEST)).body;
  await t.database.pool.query(`UPDATE backtests SET status = 'completed' WHERE backtest_id = $1`, [backtestId]);
  return backtestId as string;
}
const CHECK = 'query($i: PermissionRequest!) { checkContact(input: $i) { permitted } }';

const account = (customerId: string) => ({
  customerId,
  currency: 'CNY',
  asOf: '2026-11-20T00:00:00+08:00',
  balances: { principal: '1.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
});
const customerWith = (phone: string, role = 'debtor') => ({
  name: '张三',
  parties: [
    { partyId: 'self', role, name: '张三', contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: phone }] },
  ],
});
const client = (clientId: string, name = 'x') => ({ clientId, name, scopes: ['admin'] });
const attempt = (outcome: string) => reportOf('C1', 'conflict', '2026-11-23T09:00:00+08:00', outcome);
const payment = (amount: string) => ({ paymentId: 'conflict', amount, postedOn: '2026-11-20' });
const fee = (amount: string) => ({ chargeId: 'conflict', kind: 'other_fee', amount, postedOn: '2026-11-20' });
const dispute = (amount: string) => ({ directiveId: 'D-conflict', kind: 'dispute', details: { amount } });
const merging = (mergedId: string, reason: string) => ({
  mergeId: `M-${mergedId}`,
  survivorId: 'C1',
  mergedId,
  reason,
});

/** That of two customers with one name and one number. */
async function dismissedCandidate(): Promise<string> {
  const { items } = (await t.call('GET', '/v1/duplicate-candidates?customerId=C6')).body;
  const { candidateId } = items[0];
  await t.call('POST', `/v1/duplicate-candidates/${candidateId}/dismiss`, { reason: 'two people' });
  return candidateId as string;
}

const note = (text: string) => ({ entryId: 'E-conflict', kind: 'note', details: { text } });
const placement = (entryId: string) => ({
  entryId,
  kind: 'placement',
  accountId: 'C1-A1',
  details: { collectorId: 'vendor-7', mandate: 'all' },
});
const json = { 'content-type': 'application/json' };

/** Sends the first, which must succeed, and gives the answer to the second. */
async function second(first: Promise<TestAnswer>, then: Door): Promise<TestAnswer> {
  const answer = await first;
  expect(answer.body.errors ?? [], JSON.stringify(answer.body)).toEqual([]);
  return then();
}

async function settledReservation(attemptId: string, phone: string, customerId: string): Promise<string> {
  await makeDebtor(t, customerId, { phone });
  const reserved = await t.call('POST', '/v1/contact-permissions', askFor(customerId, { mode: 'reserve' }));
  const { reservationId } = reserved.body;
  const report = reportOf(customerId, attemptId, '2026-11-23T10:00:00+08:00', 'no_answer', { reservationId });
  expect((await t.call('POST', '/v1/contact-attempts', report)).status).toBe(201);
  return reservationId as string;
}

/** Runs while the lock of one Idempotency-Key is held, as a twin that is still running holds it. */
async function whileRunning(key: string, door: Door): Promise<TestAnswer> {
  const twin = await t.database.pool.connect();
  const rowId = `admin/createApiClient/${key}`;
  await twin.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', [rowId]);
  try {
    return await door();
  } finally {
    await twin.query('SELECT pg_advisory_unlock(hashtextextended($1, 1))', [rowId]);
    twin.release();
  }
}

/** One more than the client may send in a second; the clock of the limiter is the wall's, so a new second may begin. */
async function tooMany(door: Door): Promise<TestAnswer> {
  for (let sent = 0; sent < 20; sent += 1) {
    const answer = await door();
    if (answer.status === 429) return answer;
  }
  throw new Error('never limited');
}

async function broken(door: (app: TestApp) => Promise<TestAnswer>): Promise<TestAnswer> {
  const { decider } = t.services;
  const fail = async () => Promise.reject(new Error('secret of the database'));
  Object.assign(t.services, { decider: { check: fail, record: fail } });
  try {
    return await door(t);
  } finally {
    Object.assign(t.services, { decider });
  }
}

/** How each code of the catalogue comes about, through both doors; null where GraphQL has no such thing. */
const CASES: Record<ProblemCode, { rest: Door; graphql: Door | null }> = {
  VALIDATION_FAILED: {
    rest: () => t.call('POST', '/v1/contact-permissions', askFor('C1', { channel: 'fax' })),
    graphql: () => t.graphql(CHECK, { i: askFor('C1', { channel: 'fax' }) }),
  },
  MALFORMED_JSON: {
    rest: () => t.call('POST', '/v1/contact-permissions', '{"customerId":', json),
    graphql: () => t.call('POST', '/graphql', '{"query":', json),
  },
  TEST_CLOCK_REFUSED: {
    rest: () => strict.call('GET', '/v1/api-clients', undefined, { 'test-clock': '2026-11-23T08:00:00+08:00' }),
    graphql: () => strict.graphql('{ apiClients { clientId } }', {}, { 'test-clock': '2026-11-23T08:00:00+08:00' }),
  },
  UNAUTHENTICATED: {
    rest: () => t.call('GET', '/v1/api-clients', undefined, { authorization: '' }),
    graphql: () => t.graphql('{ apiClients { clientId } }', {}, { authorization: 'Bearer ck_nobody' }),
  },
  FORBIDDEN: {
    rest: async () =>
      t.call('GET', '/v1/api-clients', undefined, { authorization: `Bearer ${await t.keyWith(['contact:check'])}` }),
    graphql: async () =>
      t.graphql('{ apiClients { clientId } }', {}, { authorization: `Bearer ${await t.keyWith(['contact:check'])}` }),
  },
  NOT_FOUND: {
    rest: () => t.call('GET', '/v1/customers/nobody'),
    graphql: () => t.graphql('{ customer(customerId: "nobody") { name } }'),
  },
  METHOD_NOT_ALLOWED: {
    rest: () => t.call('DELETE', '/v1/customers/C1'),
    graphql: () => t.call('GET', '/graphql?query=%7B__typename%7D'),
  },
  IDEMPOTENCY_IN_PROGRESS: {
    rest: () =>
      whileRunning('twin-rest', () =>
        t.call('POST', '/v1/api-clients', client('twin'), { 'idempotency-key': 'twin-rest' }),
      ),
    graphql: () =>
      whileRunning('twin-graphql', () =>
        t.graphql(MUTATE.createApiClient, { i: client('twin') }, { 'idempotency-key': 'twin-graphql' }),
      ),
  },
  CLIENT_EXISTS: {
    rest: () =>
      second(t.call('POST', '/v1/api-clients', client('once')), () =>
        t.call('POST', '/v1/api-clients', client('once')),
      ),
    graphql: () => t.graphql(MUTATE.createApiClient, { i: client('admin') }),
  },
  ACCOUNT_OF_OTHER_CUSTOMER: {
    rest: () => t.call('PUT', '/v1/accounts/C1-A1', account('C2')),
    graphql: () => t.graphql(MUTATE.putAccount, { id: 'C1-A1', i: account('C2') }),
  },
  ATTEMPT_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.report, { i: attempt('no_answer') }), () =>
        t.call('POST', '/v1/contact-attempts', attempt('busy')),
      ),
    graphql: () => t.graphql(MUTATE.report, { i: attempt('voicemail') }),
  },
  PAYMENT_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.pay, { id: 'C1-A1', i: payment('1') }), () =>
        t.call('POST', '/v1/accounts/C1-A1/payments', payment('2')),
      ),
    graphql: () => t.graphql(MUTATE.pay, { id: 'C1-A1', i: payment('3') }),
  },
  CHARGE_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.charge, { id: 'C1-A1', i: fee('1') }), () =>
        t.call('POST', '/v1/accounts/C1-A1/charges', fee('2')),
      ),
    graphql: () => t.graphql(MUTATE.charge, { id: 'C1-A1', i: fee('3') }),
  },
  DIRECTIVE_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.directive, { id: 'C1', i: dispute('1') }), () =>
        t.call('POST', '/v1/customers/C1/directives', dispute('2')),
      ),
    graphql: () => t.graphql(MUTATE.directive, { id: 'C1', i: dispute('3') }),
  },
  MERGE_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.merge, { i: merging('C3', 'first') }), () =>
        t.call('POST', '/v1/customer-merges', merging('C3', 'other')),
      ),
    graphql: () => t.graphql(MUTATE.merge, { i: merging('C3', 'yet another') }),
  },
  CUSTOMERS_MERGED: {
    rest: () =>
      second(t.graphql(MUTATE.merge, { i: merging('C4', 'once') }), () =>
        t.call('POST', '/v1/customer-merges', { ...merging('C4', 'twice'), mergeId: 'M-again' }),
      ),
    graphql: () => t.graphql(MUTATE.merge, { i: { ...merging('C4', 'twice'), mergeId: 'M-again' } }),
  },
  CANDIDATE_SETTLED: {
    rest: async () => {
      const candidateId = await dismissedCandidate();
      return t.call('POST', `/v1/duplicate-candidates/${candidateId}/merge`, { survivorId: 'C5', reason: 'x' });
    },
    graphql: async () => t.graphql(MUTATE.mergeCandidate, { id: await dismissedCandidate() }),
  },
  CASE_ENTRY_CONFLICT: {
    rest: () =>
      second(t.graphql(MUTATE.entry, { id: 'C1', i: note('one') }), () =>
        t.call('POST', '/v1/customers/C1/case-entries', note('two')),
      ),
    graphql: () => t.graphql(MUTATE.entry, { id: 'C1', i: note('three') }),
  },
  PLACEMENT_OVERLAP: {
    rest: () =>
      second(t.graphql(MUTATE.entry, { id: 'C1', i: placement('P1') }), () =>
        t.call('POST', '/v1/customers/C1/case-entries', placement('P2')),
      ),
    graphql: () => t.graphql(MUTATE.entry, { id: 'C1', i: placement('P3') }),
  },
  RESERVATION_SETTLED: {
    rest: async () => {
      const id = await settledReservation('settled-1', '13800138011', 'S1');
      return t.call('POST', `/v1/reservations/${id}/release`, { reason: 'test' });
    },
    graphql: async () => t.graphql(MUTATE.release, { id: await settledReservation('settled-2', '13800138012', 'S2') }),
  },
  FOUR_EYES: {
    rest: () =>
      t.call('POST', '/v1/policy-packs/zz-other/versions/2027-01-01/review', { decision: 'approve', comment: 'mine' }),
    graphql: () =>
      t.graphql(
        'mutation { reviewPolicyVersion(pack: "zz-other", version: "2027-01-01", decision: "approve", comment: "mine") { status } }',
      ),
  },
  POLICY_VERSION_EXISTS: {
    rest: () => t.call('POST', '/v1/policy-packs/zz-test/versions', { source: `${POLICY}\n` }),
    graphql: () =>
      t.graphql('mutation($s: String!) { createPolicyVersion(pack: "zz-test", source: $s) { status } }', {
        s: `${POLICY}\n`,
      }),
  },
  POLICY_STATE: {
    rest: () => t.call('POST', policyPath('/submit')),
    graphql: () => t.graphql(policy('submitPolicyVersion')),
  },
  POLICY_TIMELINE: {
    rest: () => t.call('POST', policyPath('/submit', '2027-06-01')),
    graphql: () => t.graphql(policy('submitPolicyVersion').replace('2027-01-01', '2027-06-01')),
  },
  BACKTEST_NOT_CANCELLABLE: {
    rest: () => t.call('POST', policyPath(`/backtests/${backtestId}/cancel`)),
    graphql: () => t.graphql(policy('cancelPolicyBacktest', `, backtestId: "${backtestId}"`)),
  },
  PRECONDITION_REQUIRED: {
    rest: () => t.call('PUT', policyPath('', '2027-06-01'), { source: LATER }),
    graphql: () =>
      t.graphql(
        'mutation($s: String!) { replacePolicyVersion(pack: "zz-test", version: "2027-06-01", source: $s) { status } }',
        { s: LATER },
      ),
  },
  PACK_INVALID: {
    rest: () => t.call('POST', '/v1/policy-packs/zz-test/versions', { source: 'pack: zz-test' }),
    graphql: () => t.graphql('mutation { createPolicyVersion(pack: "zz-test", source: "pack: zz-test") { status } }'),
  },
  INCIDENT_SETTLED: {
    rest: () => t.call('POST', `/v1/incidents/${incidentId}/close`, { reason: 'once more' }),
    graphql: () => t.graphql(MUTATE.close, { id: incidentId }),
  },
  IMPORT_STATE: {
    rest: () => t.call('POST', `/v1/imports/${importId}/pause`),
    graphql: () => t.graphql(MUTATE.pause, { id: importId }),
  },
  IMPORT_NOT_CANCELLABLE: {
    rest: () => t.call('POST', `/v1/imports/${importId}/cancel`),
    graphql: () => t.graphql(MUTATE.cancel, { id: importId }),
  },
  PRECONDITION_FAILED: {
    rest: () => t.call('PUT', '/v1/customers/C1', customerWith('13800138000'), { 'if-match': '"v999"' }),
    graphql: null,
  },
  PAYLOAD_TOO_LARGE: {
    rest: () => t.call('PUT', '/v1/customers/C1', { name: 'x'.repeat(2_000_000) }),
    graphql: () => t.graphql('x'.repeat(2_000_000)),
  },
  UNSUPPORTED_MEDIA_TYPE: {
    rest: () => t.call('PUT', '/v1/customers/C1', '<x/>', { 'content-type': 'application/xml' }),
    graphql: () => t.call('POST', '/graphql', '<x/>', { 'content-type': 'application/xml' }),
  },
  IDEMPOTENCY_CONFLICT: {
    rest: () =>
      second(t.call('POST', '/v1/api-clients', client('key'), { 'idempotency-key': 'same-key-1' }), () =>
        t.call('POST', '/v1/api-clients', client('key', 'y'), { 'idempotency-key': 'same-key-1' }),
      ),
    graphql: () => t.graphql(MUTATE.createApiClient, { i: client('key', 'z') }, { 'idempotency-key': 'same-key-1' }),
  },
  UNPROCESSABLE: {
    rest: () => t.call('PUT', '/v1/customers/C9', customerWith('13800138000', 'contact')),
    graphql: () => t.graphql(MUTATE.putCustomer, { id: 'C9', i: customerWith('13800138000', 'contact') }),
  },
  PHONE_INVALID: {
    rest: () => t.call('PUT', '/v1/customers/C9', customerWith('12345')),
    graphql: () => t.graphql(MUTATE.putCustomer, { id: 'C9', i: customerWith('12345') }),
  },
  RATE_LIMITED: {
    rest: () => tooMany(() => strict.call('GET', '/v1/api-clients')),
    graphql: () => tooMany(() => strict.graphql('{ apiClients { clientId } }')),
  },
  INTERNAL: {
    rest: () => broken((app) => app.call('POST', '/v1/contact-permissions', askFor('C1'))),
    graphql: () => broken((app) => app.graphql(CHECK, { i: askFor('C1') })),
  },
  UNAVAILABLE: {
    rest: () => lost.call('GET', '/v1/api-clients'),
    graphql: () => lost.graphql('{ apiClients { clientId } }'),
  },
};

/** Where nothing could be executed, the HTTP status says it; what an operation answers is 200. */
const REFUSED_BEFORE: readonly ProblemCode[] = [
  'MALFORMED_JSON',
  'TEST_CLOCK_REFUSED',
  'UNAUTHENTICATED',
  'METHOD_NOT_ALLOWED',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
];

describe.each(Object.keys(CASES) as ProblemCode[])('%s', (code) => {
  const { rest, graphql } = CASES[code];
  const { status, title } = PROBLEMS[code];

  test('over REST is a problem of its status', async () => {
    const answer = await rest();
    expect(answer.body).toMatchObject({ code, status, title, requestId: answer.headers['x-request-id'] });
    expect(answer.body.type).toBe(`/problems/${code.toLowerCase().replaceAll('_', '-')}`);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expectHeaders(code, answer);
  });

  if (graphql === null) return;
  test('over GraphQL is the same code', async () => {
    const answer = await graphql();
    expect(answer.body.errors, JSON.stringify(answer.body)).toHaveLength(1);
    expect(answer.body.errors[0].extensions).toMatchObject({ code, status, requestId: answer.headers['x-request-id'] });
    expect(Object.values(answer.body.data ?? {}).filter((value) => value !== null)).toEqual([]);
    expect(answer.status).toBe(REFUSED_BEFORE.includes(code) ? status : 200);
    if (answer.status !== 200) expectHeaders(code, answer);
  });
});

function expectHeaders(code: ProblemCode, { headers }: TestAnswer): void {
  if (code === 'UNAUTHENTICATED') expect(headers['www-authenticate']).toMatch(/^Bearer realm=/);
  if (code === 'METHOD_NOT_ALLOWED') expect(headers.allow).toMatch(/^(GET, HEAD, PUT|POST)$/);
  if (['RATE_LIMITED', 'UNAVAILABLE', 'IDEMPOTENCY_IN_PROGRESS'].includes(code))
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
}

test('what is not ours says nothing about itself, and is in the log', async () => {
  const before = t.logged.length;
  const answers = [await CASES.INTERNAL.rest(), await CASES.INTERNAL.graphql!()];
  expect(JSON.stringify(answers)).not.toContain('secret');
  const lines = t.logged.slice(before).filter((line) => line.includes('secret of the database'));
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 50, code: 'INTERNAL' });
});

test('a database that goes away in the middle is 503, and the next request finds it again', async () => {
  const holder = await t.database.pool.connect();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
  const waiting = t.call('GET', '/v1/customers/C1');
  await expect
    .poll(async () => {
      const { rowCount } = await t.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rowCount;
    })
    .toBe(1);
  expect((await waiting).body).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
  await holder.query('ROLLBACK');
  holder.release();
  expect((await t.call('GET', '/v1/customers/C1')).status).toBe(200);
});
