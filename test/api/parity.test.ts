import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scope } from '../../src/context.ts';
import { buildTestApp, type TestAnswer, type TestApp, type TestHeaders } from '../support/app.ts';
import { documentOf, rootFieldsOf } from '../support/graphql.ts';
import { CORE_SOURCE, workOff } from '../support/imports.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { packText } from '../support/pack.ts';
import { examineLate, incidentsOf, sendCalls } from '../support/reconciliation.ts';
import { emit, eventOf, makeEndpoint, relay } from '../support/webhooks.ts';

let t: TestApp;
let importId: string;
let pausedId: string;
let heldId: string;
let quarantinedId: string;
let reservationId: string;
let decisionId: string;
let backtestId: string;
let endpointId: string;
let endedId: string;
let eventId: string;
let incidentId: string;
let uploadId: string;
let searchId: string;
/** Of two pairs of customers with one name and one number. */
let candidateIds: string[];
/** Who may not be one and the same in the life of a policy version. */
let author: TestHeaders;
let publisher: TestHeaders;

beforeAll(async () => {
  t = await buildTestApp();
  await makeDebtor(t, 'C1');
  await makeDebtor(t, 'C2', { phone: '13800138002' });
  const csv = (await t.call('GET', '/v1/imports/template')).body as string;
  importId = await imported(csv);
  pausedId = await imported(csv.replaceAll('C1', 'C3'));
  heldId = await imported(`${csv}TOTAL,7,0`);
  quarantinedId = await imported(csv.replace('13800138000', 'none'));
  await workOff(t, heldId);
  await workOff(t, quarantinedId);
  const dialers = { clientId: 'dialers', name: 'Dialers', scopes: ['contact:check', 'contact:report'] };
  await t.call('POST', '/v1/api-clients', dialers);
  const reserved = await t.call('POST', '/v1/contact-permissions', askFor('C2', { mode: 'reserve' }));
  ({ reservationId, decisionId } = reserved.body);
  author = { authorization: `Bearer ${await t.keyWith(['policy:read', 'policy:write'])}` };
  publisher = { authorization: `Bearer ${await t.keyWith(['policy:write', 'policy:publish'])}` };
  await t.call('POST', '/v1/policy-packs/zz-test/versions', { source: POLICY }, author);
  const draft = await t.call('GET', policyPath(), undefined, author);
  policyTag = String(draft.headers.etag);
  backtestId = (await t.call('POST', policyPath('/backtests'), BACKTEST, author)).body.backtestId;
  await makeDebtor(t, 'C8', { phone: '13800138008' });
  await t.call('POST', '/v1/contact-attempts', reportOf('C8', 'call/8', '2026-11-23T09:00:00+08:00', 'no_answer'));
  await examineLate(t);
  incidentId = (await incidentsOf(t))[0]!.incidentId;
  uploadId = (await sendCalls(t, 'started_at,number\r\n2026-11-23T09:00:00+08:00,13800138008')).body.uploadId;
  const phones = {
    D1: '13800138041',
    D2: '13800138042',
    D3: '13800138043',
    D4: '13800138043',
    D5: '13800138045',
    D6: '13800138045',
  };
  for (const [id, phone] of Object.entries(phones)) await makeDebtor(t, id, { phone });
  candidateIds = await Promise.all(
    ['D3', 'D5'].map(
      async (id) => (await t.call('GET', `/v1/duplicate-candidates?customerId=${id}`)).body.items[0].candidateId,
    ),
  );
  searchId = (await t.call('POST', '/v1/duplicate-searches', {})).body.searchId;
  ({ endpointId } = await makeEndpoint(t, NOBODY));
  ({ endpointId: endedId } = await makeEndpoint(t, NOBODY));
  await emit(t, eventOf('parity', 1));
  await relay(t);
  const { body } = await t.call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries`);
  eventId = body.items.at(-1).eventId;
});
afterAll(() => t.close());

async function imported(csv: string): Promise<string> {
  return (await t.call('POST', '/v1/imports', csv, { 'content-type': 'text/csv' })).body.importId;
}

/** Where nobody listens. */
const NOBODY = 'http://127.0.0.1:1/';

type Variables = Readonly<Record<string, unknown>>;

interface Call {
  readonly rest: readonly ['GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', string, unknown?];
  readonly graphql: readonly [string, Variables];
  readonly headers?: TestHeaders;
}

interface BothAnswers {
  readonly rest: TestAnswer;
  readonly graphql: TestAnswer;
}

/** The same through both doors, REST first. */
async function ask({
  rest: [method, path, body],
  graphql: [operation, variables],
  headers = {},
}: Call): Promise<BothAnswers> {
  return {
    rest: await t.call(method, path, body, headers),
    graphql: await t.graphql(documentOf(t.app.graphql.schema, operation), variables, headers),
  };
}

/** What REST answered, with the items of a list as the list itself, and what GraphQL answered for the field. */
function dataOf({ rest, graphql }: BothAnswers, operation: string): [unknown, unknown] {
  expect(rest.status, JSON.stringify(rest.body)).toBeLessThan(300);
  expect(graphql.body.errors, JSON.stringify(graphql.body)).toBeUndefined();
  const data = graphql.body.data[operation];
  return [Array.isArray(data) ? rest.body.items : rest.body, data];
}

type Problem = { code: string; status: number; errors: { pointer: string; code: string }[] };

/** Code, status and what is wrong with which field. */
function problemOf({ code, status, errors }: Problem) {
  return { code, status, errors: errors.map((error) => `${error.pointer} ${error.code}`) };
}

function problemsOf({ rest, graphql }: BothAnswers) {
  expect(rest.status).toBeGreaterThanOrEqual(400);
  expect(graphql.body.errors, JSON.stringify(graphql.body)).toHaveLength(1);
  return [problemOf(rest.body), problemOf(graphql.body.errors[0].extensions)] as const;
}

const permission = (input: Record<string, unknown>, operation = 'requestContactPermission'): Call => ({
  rest: ['POST', '/v1/contact-permissions', input],
  graphql: [operation, { input }],
});
const permissions = (items: readonly unknown[], operation = 'requestContactPermissions'): Call => ({
  rest: ['POST', '/v1/contact-permissions/batch', { items }],
  graphql: [operation, { items }],
});
const directive = (customerId: string, input: Record<string, unknown>): Call => ({
  rest: ['POST', `/v1/customers/${customerId}/directives`, input],
  graphql: ['recordDirective', { customerId, input }],
});
const merging = (input: Record<string, unknown>): Call => ({
  rest: ['POST', '/v1/customer-merges', input],
  graphql: ['mergeCustomers', { input }],
});
const mergingCandidate = (candidateId: string, survivorId: string): Call => ({
  rest: ['POST', `/v1/duplicate-candidates/${candidateId}/merge`, { survivorId, reason: 'one card' }],
  graphql: ['mergeDuplicateCandidate', { candidateId, survivorId, reason: 'one card' }],
});
const caseEntry = (input: Record<string, unknown>): Call => ({
  rest: ['POST', '/v1/customers/C8/case-entries', input],
  graphql: ['recordCaseEntry', { customerId: 'C8', input }],
});
const COMPLAINT = { receivedVia: 'regulator', subject: 'called at work', collectorId: 'vendor-7' };
const statement = (accountId: string, input: Record<string, unknown>): Call => ({
  rest: ['PUT', `/v1/accounts/${accountId}/statements/2026-11-05`, input],
  graphql: ['putStatement', { accountId, statementOn: '2026-11-05', input }],
});
const STATEMENT = {
  previousBalance: '7000.00',
  paymentsTotal: '500.00',
  newCharges: '1800.00',
  adjustments: '-1.00',
  interest: '110.50',
  statementBalance: '8410.50',
  minimumDue: '841.05',
  dueOn: '2026-11-25',
};
const report = (input: Record<string, unknown>): Call => ({
  rest: ['POST', '/v1/contact-attempts', input],
  graphql: ['reportContactAttempt', { input }],
});

const payment = (operation: string, path: string, input: Record<string, unknown>): Call => ({
  rest: ['POST', `/v1/accounts/C2-A1/${path}`, input],
  graphql: [operation, { accountId: 'C2-A1', input }],
});
const reversal = (paymentId: string, input: Record<string, unknown>): Call => ({
  rest: ['POST', `/v1/accounts/C2-A1/payments/${paymentId}/reversal`, input],
  graphql: ['reversePayment', { accountId: 'C2-A1', paymentId, input }],
});
const customerPayment = (input: Record<string, unknown>): Call => ({
  rest: ['POST', '/v1/customers/C1/payments', input],
  graphql: ['recordCustomerPayment', { customerId: 'C1', input }],
});
const interest = (segments: readonly unknown[]): Call => ({
  rest: ['POST', '/v1/interest-calculations', { dailyRate: '0.0005', segments }],
  graphql: ['calculateInterest', { input: { dailyRate: '0.0005', segments } }],
});
const penalty = (input: Record<string, unknown>): Call => ({
  rest: ['POST', '/v1/penalty-calculations', input],
  graphql: ['calculatePenalty', { input }],
});

const resubmission = (cells: Record<string, string>): Call => ({
  rest: ['POST', `/v1/imports/${quarantinedId}/rows/1/resubmission`, { cells }],
  graphql: ['resubmitImportRow', { importId: quarantinedId, row: 1, cells }],
});
const importSource = (source: string, input: object): Call => ({
  rest: ['PUT', `/v1/import-sources/${source}`, input],
  graphql: ['putImportSource', { source, input }],
});

const POLICY_VERSION = '2027-01-01';
const POLICY = packText({ version: POLICY_VERSION });
const BACKTEST = { from: '2026-11-01T00:00:00+08:00', to: '2026-11-23T00:00:00+08:00' };
let policyTag: string;
const policyPath = (rest = '', version = POLICY_VERSION) => `/v1/policy-packs/zz-test/versions/${version}${rest}`;
/** A call about that version, whose body stands as arguments in GraphQL. */
const policy = (
  operation: string,
  method: Call['rest'][0],
  rest: string,
  body?: Record<string, unknown>,
  headers: TestHeaders = {},
  version = POLICY_VERSION,
): Call => ({
  rest: [method, policyPath(rest, version), body],
  graphql: [operation, { pack: 'zz-test', version, ...body }],
  headers,
});

const ofInput = (path: string, operation: string, input: Record<string, unknown>): Call => ({
  rest: ['POST', path, input],
  graphql: [operation, { input }],
});
const SIMULATION = {
  customer: {
    customerId: 'Z1',
    name: '张三',
    parties: [
      {
        partyId: 'self',
        role: 'debtor',
        name: '张三',
        contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: '13800138000' }],
      },
    ],
  },
  attempts: [reportOf('Z1', 'z/1', '2026-11-23T09:50:00+08:00', 'no_answer')],
  request: { ...askFor('Z1'), accountIds: undefined },
};

/** Situations, and the reason that each is refused with; null for a permission. */
const GOLDEN: readonly { name: string; reason: string | null; input: Record<string, unknown>; before?: Call }[] = [
  { name: 'an ordinary call by day', reason: null, input: askFor('C1') },
  { name: 'a message by day', reason: null, input: askFor('C1', { channel: 'sms', automated: true }) },
  {
    name: 'a letter',
    reason: null,
    input: { customerId: 'C1', channel: 'letter', collector: { kind: 'creditor', id: 'bank' } },
  },
  { name: 'a call at night', reason: 'CALLING_HOURS', input: askFor('C1', { at: '2026-11-23T22:30:00+08:00' }) },
  {
    name: 'a call at 22:00, to the second',
    reason: 'CALLING_HOURS',
    input: askFor('C1', { at: '2026-11-23T22:00:00+08:00' }),
  },
  {
    name: 'a call to the friend about the debt',
    reason: 'THIRD_PARTY',
    input: askFor('C1', { partyId: 'friend', contactPointId: 'm2' }),
  },
  {
    name: 'a call without a number to show',
    reason: 'CALLER_NUMBER',
    input: askFor('C1', { callerNumber: undefined }),
  },
  { name: 'a call that is not recorded', reason: 'RECORDING_REQUIRED', input: askFor('C1', { recording: false }) },
  {
    name: 'a number that is nobody’s',
    reason: 'INVALID_CONTACT_POINT',
    input: askFor('C1', { contactPointId: undefined, address: '13899999999' }),
  },
  { name: 'a second call at once', reason: 'MINIMUM_GAP', input: askFor('C2') },
  {
    name: 'a message after it was declined',
    reason: 'CHANNEL_OPT_OUT',
    input: askFor('C1', { channel: 'sms' }),
    before: directive('C1', { directiveId: 'no-sms', kind: 'channel_opt_out', channel: 'sms' }),
  },
  {
    name: 'a call to a number that was declined',
    reason: 'ADDRESS_OPT_OUT',
    input: askFor('C1'),
    before: directive('C1', { directiveId: 'no-m1', kind: 'address_opt_out', contactPointId: 'm1' }),
  },
  {
    name: 'a call after a death',
    reason: 'DECEASED',
    input: askFor('C1'),
    before: directive('C1', { directiveId: 'dead', kind: 'deceased' }),
  },
];

describe('the same decision', () => {
  test.each(GOLDEN)('$name: $reason', async ({ input, reason, before }) => {
    if (before) dataOf(await ask(before), 'recordDirective');
    for (const operation of ['requestContactPermission', 'checkContact']) {
      const [rest, graphql] = dataOf(await ask(permission(input, operation)), operation) as Record<string, unknown>[];
      expect(rest!.reasonCode).toBe(reason);
      expect(rest!.permitted).toBe(reason === null);
      expect({ ...graphql, decisionId: null }).toEqual({ ...rest, decisionId: null });
      expect(rest!.decisionId).not.toBe(graphql!.decisionId);
    }
  });

  test('of a query takes no slot, and says so when it is asked to', async () => {
    const input = askFor('C2', { mode: 'reserve', requestId: 'by-query' });
    const { body } = await t.graphql(documentOf(t.app.graphql.schema, 'checkContact'), { input });
    expect(problemOf(body.errors[0].extensions)).toEqual({
      code: 'VALIDATION_FAILED',
      status: 400,
      errors: ['/mode INVALID_VALUE'],
    });
  });

  test('in either language', async () => {
    const english = { ...permission(askFor('C2')), headers: { 'accept-language': 'en' } };
    const [rest, graphql] = dataOf(await ask(english), 'requestContactPermission') as Record<string, unknown>[];
    expect(graphql!.reasonText).toBe(rest!.reasonText);
    expect(rest!.reasonText).toMatch(/^[\x20-\x7e]+$/);
  });

  test('and the same slot, when a reservation is repeated through the other door', async () => {
    await makeDebtor(t, 'C3', { phone: '13800138003' });
    const call = permission(askFor('C3', { mode: 'reserve', requestId: 'dialer/1' }));
    const [rest, graphql] = dataOf(await ask(call), 'requestContactPermission') as Record<string, unknown>[];
    expect(rest!.reservationId).toMatch(/^res_/);
    expect(graphql).toEqual(rest);
    const refused = permission(askFor('C3', { mode: 'reserve', requestId: 'dialer/2' }));
    const [first, again] = dataOf(await ask(refused), 'requestContactPermission') as Record<string, unknown>[];
    expect(first).toMatchObject({ permitted: false, reasonCode: 'MINIMUM_GAP', reservationId: null });
    expect(again).toEqual(first);
  });
});

const account = {
  customerId: 'C2',
  currency: 'CNY',
  asOf: '2026-11-21T00:00:00+08:00',
  balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
};
const customer = {
  name: '王五',
  parties: [
    {
      partyId: 'self',
      role: 'debtor',
      name: '王五',
      contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: '13800138009' }],
    },
  ],
};
/** An operation on an endpoint that takes nothing else. */
function endpointOperation(name: string, method: Call['rest'][0], rest: string, idOf = () => endpointId) {
  const callOn = (id: string): Call => ({
    rest: [method, `/v1/webhook-endpoints/${id}${rest}`],
    graphql: [name, { endpointId: id }],
  });
  const refused = { call: () => callOn('whe_1'), problem: 'NOT_FOUND' };
  return { call: () => callOn(idOf()), scope: 'admin' as const, refused };
}

const client = { clientId: 'twin', name: 'Twin', scopes: ['contact:check'] };

/**
 * For each operation one call that succeeds, made through both doors, and what a call with a wrong shape, on something
 * that is not there, or without the scope is refused with. A repeat is the same answer, so both doors must agree.
 */
const OPERATIONS: Readonly<
  Record<
    string,
    {
      call: () => Call;
      /** What differs between a call and its repeat, by its own nature. */
      varying?: readonly string[];
      scope: Scope;
      refused: { call: () => Call; problem: string };
    }
  >
> = {
  putCustomer: {
    call: () => ({
      rest: ['PUT', '/v1/customers/C9', customer],
      graphql: ['putCustomer', { customerId: 'C9', input: customer }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => {
        const input = { ...customer, parties: [{ partyId: 'self', role: 'debtor', contactPoints: ['m1'], vip: true }] };
        return { rest: ['PUT', '/v1/customers/C9', input], graphql: ['putCustomer', { customerId: 'C9', input }] };
      },
      problem: 'VALIDATION_FAILED',
    },
  },
  customer: {
    call: () => ({ rest: ['GET', '/v1/customers/C2'], graphql: ['customer', { customerId: 'C2' }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/customers/no%20id'], graphql: ['customer', { customerId: 'no id' }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  putAccount: {
    call: () => ({
      rest: ['PUT', '/v1/accounts/C2-A2', account],
      graphql: ['putAccount', { accountId: 'C2-A2', input: account }],
    }),
    scope: 'accounts:write',
    refused: {
      call: () => {
        const input = { ...account, asOf: '2026-11-21T00:00:00', balances: { ...account.balances, fees: '1.005' } };
        return { rest: ['PUT', '/v1/accounts/C2-A2', input], graphql: ['putAccount', { accountId: 'C2-A2', input }] };
      },
      problem: 'VALIDATION_FAILED',
    },
  },
  account: {
    call: () => ({ rest: ['GET', '/v1/accounts/C2-A1'], graphql: ['account', { accountId: 'C2-A1' }] }),
    scope: 'accounts:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/accounts/none'], graphql: ['account', { accountId: 'none' }] }),
      problem: 'NOT_FOUND',
    },
  },
  accounts: {
    call: () => ({ rest: ['GET', '/v1/customers/C2/accounts'], graphql: ['accounts', { customerId: 'C2' }] }),
    scope: 'accounts:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/customers/nobody/accounts'], graphql: ['accounts', { customerId: 'nobody' }] }),
      problem: 'NOT_FOUND',
    },
  },
  recordPayment: {
    call: () => payment('recordPayment', 'payments', { paymentId: 'P1', amount: '100.00', postedOn: '2026-11-20' }),
    scope: 'accounts:write',
    refused: {
      call: () => payment('recordPayment', 'payments', { paymentId: 'P9', amount: '1.005', postedOn: '2026-11-20' }),
      problem: 'UNPROCESSABLE',
    },
  },
  payments: {
    call: () => ({
      rest: ['GET', '/v1/accounts/C2-A1/payments?limit=1'],
      graphql: ['payments', { accountId: 'C2-A1', limit: 1 }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/accounts/C2-A1/payments?limit=0'],
        graphql: ['payments', { accountId: 'C2-A1', limit: 0 }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  payment: {
    call: () => ({
      rest: ['GET', '/v1/accounts/C2-A1/payments/P1'],
      graphql: ['payment', { accountId: 'C2-A1', paymentId: 'P1' }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/accounts/C2-A1/payments/none'],
        graphql: ['payment', { accountId: 'C2-A1', paymentId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  reversePayment: {
    call: () => reversal('P1', { kind: 'chargeback', reversedOn: '2026-11-22' }),
    scope: 'accounts:write',
    refused: { call: () => reversal('P1', { kind: 'reversal' }), problem: 'PAYMENT_CONFLICT' },
  },
  recordCustomerPayment: {
    call: () => customerPayment({ paymentId: 'P2', amount: '50.00', currency: 'CNY', postedOn: '2026-11-20' }),
    scope: 'accounts:write',
    refused: {
      call: () => customerPayment({ paymentId: 'P3', amount: '50.00', currency: 'EUR', postedOn: '2026-11-20' }),
      problem: 'UNPROCESSABLE',
    },
  },
  recordCharge: {
    call: () =>
      payment('recordCharge', 'charges', { chargeId: 'K1', kind: 'purchase', amount: '9.00', postedOn: '2026-11-20' }),
    scope: 'accounts:write',
    refused: {
      call: () =>
        payment('recordCharge', 'charges', { chargeId: 'K2', kind: 'waiver', amount: '9.00', postedOn: '2026-11-20' }),
      problem: 'VALIDATION_FAILED',
    },
  },
  recordRateChange: {
    call: () => payment('recordRateChange', 'rate-changes', { changeId: 'R1', from: '2026-12-01', annualRate: '0.15' }),
    scope: 'accounts:write',
    refused: {
      call: () => payment('recordRateChange', 'rate-changes', { changeId: 'R2', from: '2026-12-01' }),
      problem: 'VALIDATION_FAILED',
    },
  },
  accountLedger: {
    call: () => ({
      rest: ['GET', '/v1/accounts/C2-A1/ledger?on=2026-12-31'],
      graphql: ['accountLedger', { accountId: 'C2-A1', on: '2026-12-31' }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/accounts/C2-A1/ledger?on=2030-12-31'],
        graphql: ['accountLedger', { accountId: 'C2-A1', on: '2030-12-31' }],
      }),
      problem: 'UNPROCESSABLE',
    },
  },
  delinquencyHistory: {
    call: () => ({
      rest: ['GET', '/v1/accounts/C2-A1/delinquency-history'],
      graphql: ['delinquencyHistory', { accountId: 'C2-A1' }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/accounts/none/delinquency-history'],
        graphql: ['delinquencyHistory', { accountId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  calculateInterest: {
    call: () => interest([{ balance: '1000.00', days: 24 }]),
    scope: 'repayment:read',
    refused: { call: () => interest([{ balance: '1000.001', days: 24 }]), problem: 'UNPROCESSABLE' },
  },
  calculatePenalty: {
    call: () => penalty({ minimumDue: '1200.00', paid: '200.00', rate: '0.05' }),
    scope: 'repayment:read',
    refused: { call: () => penalty({ minimumDue: '-1', paid: '0', rate: '0.05' }), problem: 'VALIDATION_FAILED' },
  },
  requestContactPermission: {
    call: () => permission(askFor('C2')),
    varying: ['decisionId'],
    scope: 'contact:check',
    refused: {
      call: () => permission({ ...askFor('C2'), channel: 'fax', accountIds: [], collector: { kind: 'bank', id: 'b' } }),
      problem: 'VALIDATION_FAILED',
    },
  },
  checkContact: {
    call: () => permission(askFor('C2'), 'checkContact'),
    varying: ['decisionId'],
    scope: 'contact:check',
    refused: { call: () => permission(askFor('C2', { accountIds: ['none'] }), 'checkContact'), problem: 'NOT_FOUND' },
  },
  requestContactPermissions: {
    call: () => permissions([askFor('C2'), askFor('nobody')]),
    // Each decision has an id of its own, and GraphQL has null where REST has nothing; contact-batch.test.ts compares them.
    varying: ['results'],
    scope: 'contact:check',
    refused: { call: () => permissions([]), problem: 'VALIDATION_FAILED' },
  },
  checkContacts: {
    call: () => permissions([askFor('C2')], 'checkContacts'),
    varying: ['results'],
    scope: 'contact:check',
    refused: {
      call: () => permissions(Array(1001).fill(askFor('C2')), 'checkContacts'),
      problem: 'VALIDATION_FAILED',
    },
  },
  simulateContact: {
    call: () => ofInput('/v1/contact-permissions/simulate', 'simulateContact', SIMULATION),
    varying: ['decisionId'],
    scope: 'contact:check',
    refused: {
      call: () =>
        ofInput('/v1/contact-permissions/simulate', 'simulateContact', {
          ...SIMULATION,
          request: { ...SIMULATION.request, partyId: 'nobody' },
        }),
      problem: 'NOT_FOUND',
    },
  },
  explainContact: {
    call: () =>
      ofInput('/v1/contact-permissions/explain', 'explainContact', askFor('C2', { at: '2026-11-23T22:30:00+08:00' })),
    varying: ['decisionId'],
    scope: 'contact:check',
    refused: {
      call: () => ofInput('/v1/contact-permissions/explain', 'explainContact', askFor('C2', { address: '1' })),
      problem: 'VALIDATION_FAILED',
    },
  },
  contactBudget: {
    call: () => ofInput('/v1/contact-budgets', 'contactBudget', { ...askFor('C2'), days: 3, contacts: 4 }),
    scope: 'contact:check',
    refused: {
      call: () => ofInput('/v1/contact-budgets', 'contactBudget', { ...askFor('C2'), days: 32 }),
      problem: 'VALIDATION_FAILED',
    },
  },
  replayContactPermission: {
    call: () => ({
      rest: ['POST', `/v1/contact-permissions/${decisionId}/replay`, { as: 'as_known_now' }],
      graphql: ['replayContactPermission', { decisionId, as: 'as_known_now' }],
    }),
    scope: 'policy:read',
    refused: {
      call: () => {
        const body = { as: 'exact', policyVersion: 'none@2026-01-01' };
        return {
          rest: ['POST', `/v1/contact-permissions/${decisionId}/replay`, body],
          graphql: ['replayContactPermission', { decisionId, ...body }],
        };
      },
      problem: 'NOT_FOUND',
    },
  },
  differingDecisions: {
    call: () => ({ rest: ['GET', '/v1/differing-decisions?limit=2'], graphql: ['differingDecisions', { limit: 2 }] }),
    scope: 'policy:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/differing-decisions?cursor=x'],
        graphql: ['differingDecisions', { cursor: 'x' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  contactPermission: {
    call: () => ({
      rest: ['GET', `/v1/contact-permissions/${decisionId}`],
      graphql: ['contactPermission', { decisionId }],
    }),
    scope: 'contact:check',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/contact-permissions/dec_1'],
        graphql: ['contactPermission', { decisionId: 'dec_1' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  reservation: {
    call: () => ({ rest: ['GET', `/v1/reservations/${reservationId}`], graphql: ['reservation', { reservationId }] }),
    scope: 'contact:check',
    refused: {
      call: () => ({ rest: ['GET', '/v1/reservations/res%00'], graphql: ['reservation', { reservationId: 'res\0' }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  releaseReservation: {
    call: () => ({
      rest: ['POST', `/v1/reservations/${reservationId}/release`, { reason: 'hung up' }],
      graphql: ['releaseReservation', { reservationId, reason: 'hung up' }],
    }),
    scope: 'contact:check',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/reservations/${reservationId}/release`, { reason: ' ' }],
        graphql: ['releaseReservation', { reservationId, reason: ' ' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  reportContactAttempt: {
    call: () => report(reportOf('C2', 'call/1', '2026-11-23T09:30:00+08:00', 'no_answer')),
    scope: 'contact:report',
    refused: {
      call: () => report(reportOf('C2', 'call/2', '2026-11-24T09:30:00+08:00', 'no_answer')),
      problem: 'UNPROCESSABLE',
    },
  },
  contactAttempt: {
    call: () => ({
      rest: ['GET', '/v1/contact-attempts/call%2F1'],
      graphql: ['contactAttempt', { attemptId: 'call/1' }],
    }),
    scope: 'contact:report',
    refused: {
      call: () => ({ rest: ['GET', '/v1/contact-attempts/none'], graphql: ['contactAttempt', { attemptId: 'none' }] }),
      problem: 'NOT_FOUND',
    },
  },
  correctContactAttempt: {
    call: () => ({
      rest: ['PATCH', '/v1/contact-attempts/call%2F1', { outcome: 'busy', note: 'heard it' }],
      graphql: ['correctContactAttempt', { attemptId: 'call/1', input: { outcome: 'busy', note: 'heard it' } }],
    }),
    varying: ['corrections'],
    scope: 'contact:report',
    refused: {
      call: () => ({
        rest: ['PATCH', '/v1/contact-attempts/call%2F1', {}],
        graphql: ['correctContactAttempt', { attemptId: 'call/1', input: {} }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  recordDirective: {
    call: () => directive('C2', { directiveId: 'D1', kind: 'dispute', details: { amount: '100.00' } }),
    scope: 'customers:write',
    refused: {
      call: () =>
        directive('C2', { kind: 'hours_consent', details: { windows: [{ from: '23:00', to: '22:00' }], x: 1 } }),
      problem: 'VALIDATION_FAILED',
    },
  },
  directives: {
    call: () => ({ rest: ['GET', '/v1/customers/C2/directives'], graphql: ['directives', { customerId: 'C2' }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/customers/nobody/directives'],
        graphql: ['directives', { customerId: 'nobody' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  endDirective: {
    call: () => ({
      rest: ['POST', '/v1/customers/C2/directives/D1/end', { at: '2026-11-23T09:59:00+08:00' }],
      graphql: ['endDirective', { customerId: 'C2', directiveId: 'D1', at: '2026-11-23T09:59:00+08:00' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/customers/C2/directives/D1/end', { at: '2027-01-01T00:00:00Z' }],
        graphql: ['endDirective', { customerId: 'C2', directiveId: 'D1', at: '2027-01-01T00:00:00Z' }],
      }),
      problem: 'UNPROCESSABLE',
    },
  },
  recordCaseEntry: {
    call: () => caseEntry({ entryId: 'E1', kind: 'complaint', details: COMPLAINT }),
    scope: 'customers:write',
    refused: {
      call: () =>
        caseEntry({ entryId: 'E2', kind: 'complaint', details: { ...COMPLAINT, receivedVia: 'pigeon', x: 1 } }),
      problem: 'VALIDATION_FAILED',
    },
  },
  caseEntries: {
    call: () => ({
      rest: ['GET', '/v1/customers/C8/case-entries?kind=complaint&limit=1'],
      graphql: ['caseEntries', { customerId: 'C8', kind: 'complaint', limit: 1 }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/customers/C8/case-entries?kind=rumour'],
        graphql: ['caseEntries', { customerId: 'C8', kind: 'rumour' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  caseEntry: {
    call: () => ({
      rest: ['GET', '/v1/customers/C8/case-entries/E1'],
      graphql: ['caseEntry', { customerId: 'C8', entryId: 'E1' }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/customers/C8/case-entries/none'],
        graphql: ['caseEntry', { customerId: 'C8', entryId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  endCaseEntry: {
    call: () => ({
      rest: ['POST', '/v1/customers/C8/case-entries/E1/end', { outcome: 'upheld', text: 'sorry' }],
      graphql: ['endCaseEntry', { customerId: 'C8', entryId: 'E1', outcome: 'upheld', text: 'sorry' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/customers/C8/case-entries/E1/end', { outcome: 'withdrawn' }],
        graphql: ['endCaseEntry', { customerId: 'C8', entryId: 'E1', outcome: 'withdrawn' }],
      }),
      problem: 'CASE_ENTRY_CONFLICT',
    },
  },
  putStatement: {
    call: () => statement('C8-A1', STATEMENT),
    scope: 'accounts:write',
    refused: { call: () => statement('C8-A1', { ...STATEMENT, interest: '0.001' }), problem: 'UNPROCESSABLE' },
  },
  statements: {
    call: () => ({
      rest: ['GET', '/v1/accounts/C8-A1/statements'],
      graphql: ['statements', { accountId: 'C8-A1' }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/accounts/none/statements'], graphql: ['statements', { accountId: 'none' }] }),
      problem: 'NOT_FOUND',
    },
  },
  customerTimeline: {
    call: () => ({
      rest: ['GET', '/v1/customers/C8/timeline?kinds=contact_attempt,incident,statement'],
      graphql: ['customerTimeline', { customerId: 'C8', kinds: 'contact_attempt,incident,statement' }],
    }),
    scope: 'accounts:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/customers/C8/timeline?limit=0&kinds=rumour'],
        graphql: ['customerTimeline', { customerId: 'C8', limit: 0, kinds: 'rumour' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  customerPicture: {
    call: () => ({ rest: ['GET', '/v1/customers/C8/picture'], graphql: ['customerPicture', { customerId: 'C8' }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/customers/nobody/picture'],
        graphql: ['customerPicture', { customerId: 'nobody' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  imports: {
    call: () => ({ rest: ['GET', '/v1/imports?limit=1'], graphql: ['imports', { limit: 1 }] }),
    // Sealed anew each time.
    varying: ['nextCursor'],
    scope: 'imports:write',
    refused: {
      call: () => ({ rest: ['GET', '/v1/imports?limit=201'], graphql: ['imports', { limit: 201 }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  import: {
    call: () => ({ rest: ['GET', `/v1/imports/${importId}`], graphql: ['import', { importId }] }),
    scope: 'imports:write',
    refused: {
      call: () => ({ rest: ['GET', '/v1/imports/imp_1'], graphql: ['import', { importId: 'imp_1' }] }),
      problem: 'NOT_FOUND',
    },
  },
  pauseImport: {
    call: () => ({ rest: ['POST', `/v1/imports/${pausedId}/pause`], graphql: ['pauseImport', { importId: pausedId }] }),
    scope: 'imports:write',
    refused: {
      call: () => ({ rest: ['POST', '/v1/imports/imp_1/pause'], graphql: ['pauseImport', { importId: 'imp_1' }] }),
      problem: 'NOT_FOUND',
    },
  },
  resumeImport: {
    call: () => ({
      rest: ['POST', `/v1/imports/${pausedId}/resume`],
      graphql: ['resumeImport', { importId: pausedId }],
    }),
    scope: 'imports:write',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/imports/${quarantinedId}/resume`],
        graphql: ['resumeImport', { importId: quarantinedId }],
      }),
      problem: 'IMPORT_STATE',
    },
  },
  releaseImport: {
    call: () => ({
      rest: ['POST', `/v1/imports/${heldId}/release`, { reason: 'counted by hand' }],
      graphql: ['releaseImport', { importId: heldId, reason: 'counted by hand' }],
    }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/imports/${importId}/release`, { reason: '' }],
        graphql: ['releaseImport', { importId, reason: '' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  resubmitImportRow: {
    call: () => resubmission({ phone: 'still none' }),
    // Each time is one more.
    varying: ['resubmissions'],
    scope: 'imports:write',
    refused: { call: () => resubmission({ colour: 'red' }), problem: 'UNPROCESSABLE' },
  },
  importSources: {
    call: () => ({ rest: ['GET', '/v1/import-sources'], graphql: ['importSources', {}] }),
    scope: 'imports:write',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/import-sources'],
        graphql: ['importSources', {}],
        headers: { 'test-clock': 'yesterday' },
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  importSource: {
    call: () => ({ rest: ['GET', '/v1/import-sources/default'], graphql: ['importSource', { source: 'default' }] }),
    scope: 'imports:write',
    refused: {
      call: () => ({ rest: ['GET', '/v1/import-sources/core'], graphql: ['importSource', { source: 'core' }] }),
      problem: 'NOT_FOUND',
    },
  },
  putImportSource: {
    call: () => importSource('parity', CORE_SOURCE),
    scope: 'admin',
    refused: {
      call: () => importSource('parity', { ...CORE_SOURCE, columns: [{ name: '客户号', field: 'customer.id' }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  cancelImport: {
    call: () => ({ rest: ['POST', `/v1/imports/${importId}/cancel`], graphql: ['cancelImport', { importId }] }),
    scope: 'imports:write',
    refused: {
      call: () => ({ rest: ['POST', '/v1/imports/imp_1/cancel'], graphql: ['cancelImport', { importId: 'imp_1' }] }),
      problem: 'NOT_FOUND',
    },
  },
  createPolicyVersion: {
    call: () => ({
      rest: ['POST', '/v1/policy-packs/zz-test/versions', { source: POLICY }],
      graphql: ['createPolicyVersion', { pack: 'zz-test', source: POLICY }],
      headers: author,
    }),
    scope: 'policy:write',
    refused: {
      call: () => {
        const source = POLICY.replace('max: 3', 'maximum: 3');
        return {
          rest: ['POST', '/v1/policy-packs/zz-test/versions', { source }],
          graphql: ['createPolicyVersion', { pack: 'zz-test', source }],
        };
      },
      problem: 'PACK_INVALID',
    },
  },
  replacePolicyVersion: {
    call: () =>
      policy('replacePolicyVersion', 'PUT', '', { source: `${POLICY}\n` }, { ...author, 'if-match': policyTag }),
    scope: 'policy:write',
    refused: {
      call: () => policy('replacePolicyVersion', 'PUT', '', { source: POLICY }),
      problem: 'PRECONDITION_REQUIRED',
    },
  },
  setPolicyShadow: {
    call: () => policy('setPolicyShadow', 'POST', '/shadow', { enabled: true }, author),
    scope: 'policy:write',
    refused: {
      call: () => policy('setPolicyShadow', 'POST', '/shadow', { enabled: true }, {}, 'none'),
      problem: 'VALIDATION_FAILED',
    },
  },
  submitPolicyVersion: {
    call: () => policy('submitPolicyVersion', 'POST', '/submit', undefined, author),
    scope: 'policy:write',
    refused: {
      call: () => policy('submitPolicyVersion', 'POST', '/submit', undefined, {}, '2031-01-01'),
      problem: 'NOT_FOUND',
    },
  },
  reviewPolicyVersion: {
    call: () => policy('reviewPolicyVersion', 'POST', '/review', { decision: 'approve', comment: 'read' }, publisher),
    scope: 'policy:write',
    refused: {
      call: () => policy('reviewPolicyVersion', 'POST', '/review', { decision: 'perhaps', comment: ' ' }),
      problem: 'VALIDATION_FAILED',
    },
  },
  publishPolicyVersion: {
    call: () => policy('publishPolicyVersion', 'POST', '/publish', {}, publisher),
    scope: 'policy:publish',
    refused: {
      call: () => policy('publishPolicyVersion', 'POST', '/publish', {}, {}, '2031-01-01'),
      problem: 'NOT_FOUND',
    },
  },
  createPolicyBacktest: {
    call: () => ({
      rest: ['POST', policyPath('/backtests'), BACKTEST],
      graphql: ['createPolicyBacktest', { pack: 'zz-test', version: POLICY_VERSION, input: BACKTEST }],
      headers: { ...author, 'idempotency-key': 'the-same-test' },
    }),
    scope: 'policy:write',
    refused: {
      call: () => {
        const input = { ...BACKTEST, to: '2026-12-24T00:00:00+08:00' };
        return {
          rest: ['POST', policyPath('/backtests'), input],
          graphql: ['createPolicyBacktest', { pack: 'zz-test', version: POLICY_VERSION, input }],
        };
      },
      problem: 'UNPROCESSABLE',
    },
  },
  policyBacktest: {
    call: () => ({
      rest: ['GET', policyPath(`/backtests/${backtestId}`)],
      graphql: ['policyBacktest', { pack: 'zz-test', version: POLICY_VERSION, backtestId }],
    }),
    scope: 'policy:read',
    refused: {
      call: () => ({
        rest: ['GET', policyPath('/backtests/none')],
        graphql: ['policyBacktest', { pack: 'zz-test', version: POLICY_VERSION, backtestId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  cancelPolicyBacktest: {
    call: () => ({
      rest: ['POST', policyPath(`/backtests/${backtestId}/cancel`)],
      graphql: ['cancelPolicyBacktest', { pack: 'zz-test', version: POLICY_VERSION, backtestId }],
    }),
    scope: 'policy:write',
    refused: {
      call: () => ({
        rest: ['POST', policyPath('/backtests/none/cancel')],
        graphql: ['cancelPolicyBacktest', { pack: 'zz-test', version: POLICY_VERSION, backtestId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  policyDivergence: {
    call: () => ({
      rest: ['GET', `${policyPath('/divergence')}?from=2026-11-01T00:00:00Z&to=2026-11-24T00:00:00Z&limit=10`],
      graphql: [
        'policyDivergence',
        {
          pack: 'zz-test',
          version: POLICY_VERSION,
          from: '2026-11-01T00:00:00Z',
          to: '2026-11-24T00:00:00Z',
          limit: 10,
        },
      ],
    }),
    scope: 'policy:read',
    refused: {
      call: () => ({
        rest: ['GET', `${policyPath('/divergence')}?from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z`],
        graphql: [
          'policyDivergence',
          { pack: 'zz-test', version: POLICY_VERSION, from: '2026-11-24T00:00:00Z', to: '2026-11-24T00:00:00Z' },
        ],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  withdrawPolicyVersion: {
    call: () => policy('withdrawPolicyVersion', 'POST', '/withdraw', { reason: 'postponed' }, publisher),
    scope: 'policy:publish',
    refused: {
      call: () => policy('withdrawPolicyVersion', 'POST', '/withdraw', { reason: 'late' }, {}, '2031-01-01'),
      problem: 'NOT_FOUND',
    },
  },
  policyVersion: {
    call: () => policy('policyVersion', 'GET', ''),
    scope: 'policy:read',
    refused: { call: () => policy('policyVersion', 'GET', '', undefined, {}, '2031-01-01'), problem: 'NOT_FOUND' },
  },
  policyPacks: {
    call: () => ({ rest: ['GET', '/v1/policy-packs'], graphql: ['policyPacks', {}] }),
    scope: 'policy:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/policy-packs'],
        graphql: ['policyPacks', {}],
        headers: { 'test-clock': 'yesterday' },
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  createApiClient: {
    call: () => ({
      rest: ['POST', '/v1/api-clients', client],
      graphql: ['createApiClient', { input: client }],
      headers: { 'idempotency-key': 'the-same-key' },
    }),
    scope: 'admin',
    refused: {
      call: () => {
        const input = { ...client, clientId: 'a b', scopes: ['admin', 'admin'] };
        return { rest: ['POST', '/v1/api-clients', input], graphql: ['createApiClient', { input }] };
      },
      problem: 'VALIDATION_FAILED',
    },
  },
  rotateApiKey: {
    call: () => ({
      rest: ['POST', '/v1/api-clients/twin/rotate', { overlapSeconds: 60 }],
      graphql: ['rotateApiKey', { clientId: 'twin', overlapSeconds: 60 }],
    }),
    varying: ['key'],
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/api-clients/twin/rotate', { overlapSeconds: -1 }],
        graphql: ['rotateApiKey', { clientId: 'twin', overlapSeconds: -1 }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  apiClients: {
    call: () => ({ rest: ['GET', '/v1/api-clients'], graphql: ['apiClients', {}] }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/api-clients'],
        graphql: ['apiClients', {}],
        headers: { 'test-clock': 'yesterday' },
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  putDialer: {
    call: () => ({
      rest: ['PUT', '/v1/dialers/d1', dialer],
      graphql: ['putDialer', { dialerId: 'd1', input: dialer }],
    }),
    scope: 'admin',
    refused: {
      call: () => {
        const input = { ...dialer, platform: 'aspect', outcomes: { PTP: 'talked' } };
        return { rest: ['PUT', '/v1/dialers/d1', input], graphql: ['putDialer', { dialerId: 'd1', input }] };
      },
      problem: 'VALIDATION_FAILED',
    },
  },
  dialer: {
    call: () => ({ rest: ['GET', '/v1/dialers/d1'], graphql: ['dialer', { dialerId: 'd1' }] }),
    scope: 'admin',
    refused: {
      call: () => ({ rest: ['GET', '/v1/dialers/none'], graphql: ['dialer', { dialerId: 'none' }] }),
      problem: 'NOT_FOUND',
    },
  },
  dialers: {
    call: () => ({ rest: ['GET', '/v1/dialers'], graphql: ['dialers', {}] }),
    scope: 'admin',
    refused: {
      call: () => ({ rest: ['GET', '/v1/dialers'], graphql: ['dialers', {}], headers: { 'test-clock': 'yesterday' } }),
      problem: 'VALIDATION_FAILED',
    },
  },
  dialerPlatforms: {
    call: () => ({ rest: ['GET', '/v1/dialer-platforms'], graphql: ['dialerPlatforms', {}] }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/dialer-platforms'],
        graphql: ['dialerPlatforms', {}],
        headers: { 'test-clock': 'yesterday' },
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  createDialerUrlToken: {
    call: () => ({
      rest: ['POST', '/v1/dialers/d1/url-tokens', { route: 'events', overlapSeconds: 60 }],
      graphql: ['createDialerUrlToken', { dialerId: 'd1', route: 'events', overlapSeconds: 60 }],
    }),
    varying: ['token'],
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/dialers/d1/url-tokens', { route: 'pre-dial', overlapSeconds: 60 }],
        graphql: ['createDialerUrlToken', { dialerId: 'd1', route: 'pre-dial', overlapSeconds: 60 }],
      }),
      problem: 'UNPROCESSABLE',
    },
  },
  revokeDialerUrlTokens: {
    call: () => ({
      rest: ['POST', '/v1/dialers/d1/url-tokens/revoke', { route: 'events' }],
      graphql: ['revokeDialerUrlTokens', { dialerId: 'd1', route: 'events' }],
    }),
    // The second time there is none left.
    varying: ['revoked'],
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/dialers/none/url-tokens/revoke', { route: 'events' }],
        graphql: ['revokeDialerUrlTokens', { dialerId: 'none', route: 'events' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  revokeApiClient: {
    call: () => ({ rest: ['POST', '/v1/api-clients/twin/revoke'], graphql: ['revokeApiClient', { clientId: 'twin' }] }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/api-clients/none/revoke'],
        graphql: ['revokeApiClient', { clientId: 'none' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  createWebhookEndpoint: {
    call: () => ({
      rest: ['POST', '/v1/webhook-endpoints', { url: NOBODY }],
      graphql: ['createWebhookEndpoint', { input: { url: NOBODY } }],
      headers: { 'idempotency-key': 'the-same-endpoint' },
    }),
    scope: 'admin',
    refused: {
      call: () => {
        const input = { url: 'ftp://crm.example.com', eventTypes: ['import.begun'], enabled: null };
        return { rest: ['POST', '/v1/webhook-endpoints', input], graphql: ['createWebhookEndpoint', { input }] };
      },
      problem: 'VALIDATION_FAILED',
    },
  },
  webhookEndpoints: {
    call: () => ({ rest: ['GET', '/v1/webhook-endpoints'], graphql: ['webhookEndpoints', {}] }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/webhook-endpoints'],
        graphql: ['webhookEndpoints', {}],
        headers: { 'test-clock': 'yesterday' },
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  webhookEndpoint: endpointOperation('webhookEndpoint', 'GET', ''),
  changeWebhookEndpoint: {
    call: () => ({
      rest: ['PATCH', `/v1/webhook-endpoints/${endpointId}`, { description: 'CRM', eventTypes: null }],
      graphql: ['changeWebhookEndpoint', { endpointId, input: { description: 'CRM', eventTypes: null } }],
    }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['PATCH', `/v1/webhook-endpoints/${endpointId}`, { url: 'http://u:p@crm.example.com' }],
        graphql: ['changeWebhookEndpoint', { endpointId, input: { url: 'http://u:p@crm.example.com' } }],
      }),
      problem: 'UNPROCESSABLE',
    },
  },
  deleteWebhookEndpoint: endpointOperation('deleteWebhookEndpoint', 'DELETE', '', () => endedId),
  rotateWebhookSecret: {
    call: () => ({
      rest: ['POST', `/v1/webhook-endpoints/${endpointId}/rotate`, { overlapSeconds: 60 }],
      graphql: ['rotateWebhookSecret', { endpointId, overlapSeconds: 60 }],
    }),
    varying: ['secret'],
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/webhook-endpoints/${endpointId}/rotate`, { overlapSeconds: -1 }],
        graphql: ['rotateWebhookSecret', { endpointId, overlapSeconds: -1 }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  testWebhookEndpoint: endpointOperation('testWebhookEndpoint', 'POST', '/test'),
  replayWebhookEvents: {
    call: () => ({
      rest: ['POST', `/v1/webhook-endpoints/${endpointId}/replay`, { since: '2026-11-23T10:00:00+08:00' }],
      graphql: ['replayWebhookEvents', { endpointId, since: '2026-11-23T10:00:00+08:00' }],
    }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/webhook-endpoints/${endpointId}/replay`, { since: 'yesterday' }],
        graphql: ['replayWebhookEvents', { endpointId, since: 'yesterday' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  webhookDeliveries: {
    call: () => ({
      rest: ['GET', `/v1/webhook-endpoints/${endpointId}/deliveries?state=pending&limit=9`],
      graphql: ['webhookDeliveries', { endpointId, state: 'pending', limit: 9 }],
    }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['GET', `/v1/webhook-endpoints/${endpointId}/deliveries?cursor=mine`],
        graphql: ['webhookDeliveries', { endpointId, cursor: 'mine' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  replayWebhookDelivery: {
    call: () => ({
      rest: ['POST', `/v1/webhook-endpoints/${endpointId}/deliveries/${eventId}/replay`],
      graphql: ['replayWebhookDelivery', { endpointId, eventId }],
    }),
    scope: 'admin',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/webhook-endpoints/${endpointId}/deliveries/evt_1/replay`],
        graphql: ['replayWebhookDelivery', { endpointId, eventId: 'evt_1' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  reservations: {
    call: () => ({
      rest: ['GET', '/v1/reservations?status=unreported&olderThanSeconds=60&limit=1'],
      graphql: ['reservations', { status: 'unreported', olderThanSeconds: 60, limit: 1 }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/reservations?status=live&cursor=x'],
        graphql: ['reservations', { status: 'live', cursor: 'x' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  incidents: {
    call: () => ({
      rest: ['GET', '/v1/incidents?kind=reported_without_permission&limit=1'],
      graphql: ['incidents', { kind: 'reported_without_permission', limit: 1 }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/incidents?cursor=x'], graphql: ['incidents', { cursor: 'x' }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  searchCustomers: {
    call: () => ({
      rest: ['POST', '/v1/customers/search', { phone: '13800138041' }],
      graphql: ['searchCustomers', { input: { phone: '13800138041' } }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/customers/search', { phone: '1' }],
        graphql: ['searchCustomers', { input: { phone: '1' } }],
      }),
      problem: 'PHONE_INVALID',
    },
  },
  mergeCustomers: {
    call: () => merging({ mergeId: 'M1', survivorId: 'D1', mergedId: 'D2', reason: 'one card' }),
    scope: 'customers:write',
    refused: {
      call: () => merging({ survivorId: 'D1', mergedId: 'nobody', reason: 'one card' }),
      problem: 'NOT_FOUND',
    },
  },
  customerMerges: {
    call: () => ({
      rest: ['GET', '/v1/customer-merges?customerId=D1&status=standing'],
      graphql: ['customerMerges', { customerId: 'D1', status: 'standing' }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/customer-merges?limit=0'], graphql: ['customerMerges', { limit: 0 }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  customerMerge: {
    call: () => ({ rest: ['GET', '/v1/customer-merges/M1'], graphql: ['customerMerge', { mergeId: 'M1' }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/customer-merges/M9'], graphql: ['customerMerge', { mergeId: 'M9' }] }),
      problem: 'NOT_FOUND',
    },
  },
  undoCustomerMerge: {
    call: () => ({
      rest: ['POST', '/v1/customer-merges/M1/undo', { reason: 'two cards' }],
      graphql: ['undoCustomerMerge', { mergeId: 'M1', reason: 'two cards' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/customer-merges/M9/undo', { reason: 'two cards' }],
        graphql: ['undoCustomerMerge', { mergeId: 'M9', reason: 'two cards' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  duplicateCandidates: {
    call: () => ({
      rest: ['GET', '/v1/duplicate-candidates?customerId=D3&limit=5'],
      graphql: ['duplicateCandidates', { customerId: 'D3', limit: 5 }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/duplicate-candidates?status=new'],
        graphql: ['duplicateCandidates', { status: 'new' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  dismissDuplicateCandidate: {
    call: () => ({
      rest: ['POST', `/v1/duplicate-candidates/${candidateIds[0]}/dismiss`, { reason: 'father and son' }],
      graphql: ['dismissDuplicateCandidate', { candidateId: candidateIds[0], reason: 'father and son' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/duplicate-candidates/dup_1/dismiss', { reason: 'x' }],
        graphql: ['dismissDuplicateCandidate', { candidateId: 'dup_1', reason: 'x' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  mergeDuplicateCandidate: {
    call: () => mergingCandidate(candidateIds[1]!, 'D5'),
    scope: 'customers:write',
    refused: { call: () => mergingCandidate(candidateIds[1]!, 'C1'), problem: 'UNPROCESSABLE' },
  },
  createDuplicateSearch: {
    call: () => ({
      rest: ['POST', '/v1/duplicate-searches', { changedSince: '2026-11-23T00:00:00+08:00' }],
      graphql: ['createDuplicateSearch', { changedSince: '2026-11-23T00:00:00+08:00' }],
      headers: { 'idempotency-key': 'the-same-search' },
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', '/v1/duplicate-searches', { changedSince: 'today' }],
        graphql: ['createDuplicateSearch', { changedSince: 'today' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  duplicateSearch: {
    call: () => ({ rest: ['GET', `/v1/duplicate-searches/${searchId}`], graphql: ['duplicateSearch', { searchId }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/duplicate-searches/dse_1'],
        graphql: ['duplicateSearch', { searchId: 'dse_1' }],
      }),
      problem: 'NOT_FOUND',
    },
  },
  incident: {
    call: () => ({ rest: ['GET', `/v1/incidents/${incidentId}`], graphql: ['incident', { incidentId }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/incidents/inc_1'], graphql: ['incident', { incidentId: 'inc_1' }] }),
      problem: 'NOT_FOUND',
    },
  },
  explainIncident: {
    call: () => ({
      rest: ['POST', `/v1/incidents/${incidentId}/explain`, { reason: 'a slip' }],
      graphql: ['explainIncident', { incidentId, reason: 'a slip' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/incidents/${incidentId}/explain`, { reason: ' ' }],
        graphql: ['explainIncident', { incidentId, reason: ' ' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  closeIncident: {
    call: () => ({
      rest: ['POST', `/v1/incidents/${incidentId}/close`, { reason: 'settled' }],
      graphql: ['closeIncident', { incidentId, reason: 'settled' }],
    }),
    scope: 'customers:write',
    refused: {
      call: () => ({
        rest: ['POST', `/v1/incidents/${incidentId}/close`, { reason: 'not settled' }],
        graphql: ['closeIncident', { incidentId, reason: 'not settled' }],
      }),
      problem: 'INCIDENT_SETTLED',
    },
  },
  callRecordUpload: {
    call: () => ({ rest: ['GET', `/v1/call-records/${uploadId}`], graphql: ['callRecordUpload', { uploadId }] }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/call-records/cru_1'], graphql: ['callRecordUpload', { uploadId: 'cru_1' }] }),
      problem: 'NOT_FOUND',
    },
  },
  callRecordUploads: {
    call: () => ({
      rest: ['GET', '/v1/call-records?collectorId=vendor-7&limit=1'],
      graphql: ['callRecordUploads', { collectorId: 'vendor-7', limit: 1 }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({ rest: ['GET', '/v1/call-records?limit=0'], graphql: ['callRecordUploads', { limit: 0 }] }),
      problem: 'VALIDATION_FAILED',
    },
  },
  scorecard: {
    call: () => ({
      rest: ['GET', '/v1/collectors/bank/scorecard?from=2026-11-23&to=2026-11-24'],
      graphql: ['scorecard', { collectorId: 'bank', from: '2026-11-23', to: '2026-11-24' }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/collectors/bank/scorecard?from=2026-11-23&to=2026-11-23'],
        graphql: ['scorecard', { collectorId: 'bank', from: '2026-11-23', to: '2026-11-23' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
  scorecards: {
    call: () => ({
      rest: ['GET', '/v1/collectors/scorecards?from=2026-11-23&to=2026-11-24'],
      graphql: ['scorecards', { from: '2026-11-23', to: '2026-11-24' }],
    }),
    scope: 'customers:read',
    refused: {
      call: () => ({
        rest: ['GET', '/v1/collectors/scorecards?from=yesterday&to=2026-11-24'],
        graphql: ['scorecards', { from: 'yesterday', to: '2026-11-24' }],
      }),
      problem: 'VALIDATION_FAILED',
    },
  },
};

const dialer = {
  clientId: 'dialers',
  platform: 'vicidial',
  collector: { kind: 'third_party', id: 'vendor-7' },
  numberPrefixes: [{ strip: '9', length: 12 }],
  outcomes: { PTP: 'conversation' },
  allowedNetworks: ['203.0.113.0/24'],
};

test('every operation that both doors have is here', () => {
  const fields = rootFieldsOf(t.app.graphql.schema).map(({ name }) => name);
  expect(Object.keys(OPERATIONS).sort()).toEqual(fields.sort());
});

describe.each(Object.entries(OPERATIONS))('%s', (operation, { call, varying = [], scope, refused }) => {
  test('gives the same answer', async () => {
    const [rest, graphql] = dataOf(await ask(call()), operation) as Record<string, unknown>[];
    const without = Object.fromEntries(varying.map((field) => [field, null]));
    const strip = (value: unknown) => (Array.isArray(value) ? value : { ...(value as object), ...without });
    expect(strip(graphql)).toEqual(strip(rest));
    for (const field of varying) expect(rest![field], field).not.toEqual(graphql![field]);
  });

  test(`refuses the same with ${refused.problem}`, async () => {
    const [rest, graphql] = problemsOf(await ask(refused.call()));
    expect(graphql).toEqual(rest);
    expect(rest.code).toBe(refused.problem);
  });

  test(`refuses a key without ${scope}`, async () => {
    const others = ALL_SCOPES.filter((one) => !needed(operation, scope).includes(one));
    const headers = { ...call().headers, authorization: `Bearer ${await t.keyWith(others)}` };
    const [rest, graphql] = problemsOf(await ask({ ...call(), headers }));
    expect(graphql).toEqual(rest);
    expect(rest).toEqual({ code: 'FORBIDDEN', status: 403, errors: [] });
  });
});

const ALL_SCOPES: readonly Scope[] = [
  'contact:check',
  'contact:report',
  'customers:read',
  'customers:write',
  'accounts:read',
  'accounts:write',
  'personal-data:read',
  'imports:write',
  'repayment:read',
  'policy:read',
  'policy:write',
  'policy:publish',
  'admin',
];

/** The bank's own systems read about every collector, with either of two scopes. */
const OF_COLLECTORS = [
  'reservations',
  'incidents',
  'incident',
  'callRecordUpload',
  'callRecordUploads',
  'scorecard',
  'scorecards',
];

/** Scopes that open an operation, each by itself: whoever reports contacts may also record what restricts them. */
function needed(operation: string, scope: Scope): Scope[] {
  if (OF_COLLECTORS.includes(operation)) return [scope, 'admin'];
  // Whoever asked may have the own decision taken again.
  if (operation === 'replayContactPermission') return [scope, 'contact:check'];
  return operation === 'recordDirective' ? [scope, 'contact:report'] : [scope];
}
