import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accountRecord, normaliseAccount } from '../../src/accounts/record.ts';
import type { AccountRecord } from '../../src/accounts/repository.ts';
import { accountInputSchema } from '../../src/accounts/schemas.ts';
import { recordStates } from '../../src/accounts/states.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';

const NOW = '2026-11-23T10:00:00+08:00';

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
  for (const customerId of ['C1', 'C2']) {
    const parties = [{ partyId: 'self', role: 'debtor', name: '张三' }];
    const { status } = await t.call('PUT', `/v1/customers/${customerId}`, { name: '张三', parties });
    expect(status).toBe(201);
  }
});
afterAll(() => t.close());
beforeEach(() => t.setNow(NOW));

type Body = Record<string, unknown>;

/** The account of the contract, with what a test wants to be different. */
function account(more: Body = {}): Body {
  return {
    customerId: 'C1',
    product: 'credit_card',
    currency: 'CNY',
    asOf: '2026-11-20T00:00:00+08:00',
    pastDueSince: '2026-08-20',
    annualRate: '0.1825',
    status: 'open',
    balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00' },
    minimumPaymentDue: '1200.00',
    creditLimit: '50000.00',
    debtGroupId: null,
    ...more,
  };
}

const balances = (more: Body) => ({
  balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '0.00', ...more },
});

let made = 0;
function freshId(): string {
  made += 1;
  return `A-${made}`;
}

const put = (id: string, body: unknown, headers?: Record<string, string>) =>
  t.call('PUT', `/v1/accounts/${id}`, body, headers);
const get = (id: string, headers?: Record<string, string>) => t.call('GET', `/v1/accounts/${id}`, undefined, headers);

async function snapshots(accountId: string): Promise<{ asOf: string; principal: string }[]> {
  const rows = await t.database.db
    .selectFrom('account_snapshots')
    .select(['as_of', 'content'])
    .where('account_id', '=', accountId)
    .orderBy('as_of')
    .orderBy('recorded_at')
    .execute();
  return rows.map((row) => ({
    asOf: row.as_of.toString(),
    principal: (row.content.balances as { principal: string }).principal,
  }));
}

async function problem(body: unknown, status: number): Promise<{ code: string; errors: string[] }> {
  const answer = await put(freshId(), body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  const { code, errors } = answer.body as { code: string; errors: { pointer: string; code: string }[] };
  return { code, errors: errors.map((error) => `${error.pointer} ${error.code}`) };
}

describe('PUT /v1/accounts/{accountId}', () => {
  test('records what GET then returns, with days, bucket and segment', async () => {
    const id = freshId();
    const created = await put(id, account());
    expect(created.status).toBe(201);
    expect(created.headers.etag).toBe('"v1"');
    expect(created.body).toEqual({
      ...account(),
      accountId: id,
      dailyRate: null,
      instalmentBalance: null,
      cashAdvanceBalance: null,
      penaltyRule: null,
      graceDays: null,
      graceAmount: null,
      inCollectionProcedures: null,
      genuineCard: null,
      statementDay: null,
      dueDays: null,
      minimumPaymentRule: null,
      compoundInterest: null,
      allocationOrder: null,
      accruedInterest: null,
      paymentsThrough: null,
      balanceParts: null,
      cardToken: null,
      cardLast4: null,
      daysPastDue: 95,
      bucket: 'M4',
      segment: 'long_term',
      updatedAt: '2026-11-23T10:00:00+08:00',
    });
    const read = await get(id);
    expect([read.status, read.headers.etag]).toEqual([200, '"v1"']);
    expect(read.body).toEqual(created.body);
  });

  test('keeps every optional fact', async () => {
    const facts = {
      annualRate: null,
      dailyRate: '0.0005',
      instalmentBalance: '100.00',
      cashAdvanceBalance: '0.00',
      penaltyRule: { rate: '0.05', rateFromSecondMonth: '0.06', minimum: '10.00', cap: '500.00' },
      graceDays: 5,
      graceAmount: '20.00',
      inCollectionProcedures: false,
      genuineCard: true,
    };
    const id = freshId();
    expect((await put(id, account(facts))).body).toMatchObject(facts);
    expect((await get(id)).body).toMatchObject(facts);
    const partly = account({ penaltyRule: { rate: '0.05' } });
    expect((await put(id, partly)).body.penaltyRule).toEqual({
      rate: '0.05',
      rateFromSecondMonth: null,
      minimum: null,
      cap: null,
    });
  });

  test('takes the necessary alone: an open credit card that has missed nothing', async () => {
    const { customerId, currency, asOf, balances: sums } = account();
    const { status, body } = await put(freshId(), { customerId, currency, asOf, balances: sums });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      product: 'credit_card',
      status: 'open',
      pastDueSince: null,
      minimumPaymentDue: null,
      daysPastDue: 0,
      bucket: 'M0',
      segment: 'current',
    });
  });

  test("writes amounts with exactly the currency's decimals", async () => {
    const yuan = await put(freshId(), account(balances({ principal: '-8000', interest: '0.5' })));
    expect(yuan.body.balances).toMatchObject({ principal: '-8000.00', interest: '0.50' });
    const plain = { principal: '8000', interest: '0', penalty: '0', fees: '0' };
    const yen = await put(
      freshId(),
      account({ currency: 'JPY', balances: plain, minimumPaymentDue: '1200', creditLimit: null }),
    );
    expect(yen.body).toMatchObject({ balances: plain, minimumPaymentDue: '1200' });
    const dinar = await put(freshId(), account({ currency: 'KWD', balances: { ...plain, principal: '1.234' } }));
    expect(dinar.body.balances.principal).toBe('1.234');
    const largest = await put(
      freshId(),
      account({ currency: 'KWD', balances: { ...plain, principal: '999999999999999.999' } }),
    );
    expect(largest.body.balances.principal).toBe('999999999999999.999');
  });

  test('that changes nothing keeps version, time and history', async () => {
    const id = freshId();
    await put(id, account());
    t.setNow('2026-11-23T11:00:00+08:00');
    const same = account({ asOf: '2026-11-19T16:00:00Z', ...balances({ principal: '8000' }), graceDays: null });
    const again = await put(id, same);
    expect([again.status, again.headers.etag, again.body.updatedAt]).toEqual([
      200,
      '"v1"',
      '2026-11-23T10:00:00+08:00',
    ]);
    expect(await snapshots(id)).toHaveLength(1);
  });

  test('of a newer state overwrites, of an older one is history only, and the answer is the current state', async () => {
    const id = freshId();
    const state = (day: string, principal: string) =>
      account({ asOf: `2026-11-${day}T00:00:00+08:00`, ...balances({ principal }) });
    await put(id, state('18', '8000.00'));
    const newer = await put(id, state('20', '7000.00'));
    expect([newer.status, newer.headers.etag, newer.body.balances.principal]).toEqual([200, '"v2"', '7000.00']);
    for (let times = 0; times < 2; times += 1) {
      const older = await put(id, state('19', '7500.00'));
      expect([older.status, older.headers.etag]).toEqual([200, '"v2"']);
      expect(older.body).toEqual(newer.body);
    }
    const corrected = await put(id, state('20', '6900.00'));
    expect([corrected.headers.etag, corrected.body.balances.principal]).toEqual(['"v3"', '6900.00']);
    expect((await get(id)).body).toEqual(corrected.body);
    expect((await snapshots(id)).map(({ asOf, principal }) => `${asOf.slice(0, 10)} ${principal}`)).toEqual([
      '2026-11-17 8000.00',
      '2026-11-18 7500.00',
      '2026-11-19 7000.00',
      '2026-11-19 6900.00',
    ]);
  });

  test('by twenty clients at once, in any order, leaves the newest state and the whole history', async () => {
    const id = freshId();
    const days = [7, 19, 3, 12, 20, 1, 15, 9, 5, 18, 2, 11, 14, 6, 17, 4, 13, 8, 16, 10];
    const answers = await Promise.all(
      days.map((day) =>
        put(
          id,
          account({
            asOf: `2026-11-${String(day).padStart(2, '0')}T12:00:00+08:00`,
            ...balances({ principal: `${day}.00` }),
          }),
        ),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 19 }, () => 200), 201]);
    expect((await get(id)).body.balances.principal).toBe('20.00');
    expect((await snapshots(id)).map(({ principal }) => principal)).toEqual(
      Array.from({ length: 20 }, (_, n) => `${n + 1}.00`),
    );
  });

  test('honours If-Match', async () => {
    const id = freshId();
    expect((await put(id, account(), { 'if-match': '"v1"' })).status).toBe(412);
    expect((await get(id)).status).toBe(404);
    await put(id, account());
    expect((await put(id, account({ status: 'legal' }), { 'if-match': '"v1"' })).headers.etag).toBe('"v2"');
    const stale = await put(id, account({ status: 'sold' }), { 'if-match': '"v1"' });
    expect([stale.status, stale.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
    expect((await get(id)).body.status).toBe('legal');
  });

  test('for an unknown customer is 404 and takes the id from nobody', async () => {
    const id = freshId();
    const { status, body } = await put(id, account({ customerId: 'nobody' }));
    expect([status, body.code, body.errors[0].pointer]).toEqual([404, 'NOT_FOUND', '/customerId']);
    expect((await put(id, account())).status).toBe(201);
  });

  test('for the account of another customer is 409, and changes nothing', async () => {
    const id = freshId();
    await put(id, account());
    const { status, body } = await put(id, account({ customerId: 'C2', status: 'sold' }));
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'ACCOUNT_OF_OTHER_CUSTOMER', '/customerId']);
    expect(JSON.stringify(body)).not.toContain('C1');
    expect((await get(id)).body).toMatchObject({ customerId: 'C1', status: 'open' });
    expect(await snapshots(id)).toHaveLength(1);
  });

  test('of two customers for one new account at once gives it to one of them', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = freshId();
      const answers = await Promise.all(['C1', 'C2', 'C1', 'C2'].map((customerId) => put(id, account({ customerId }))));
      const { customerId } = (await get(id)).body;
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 201, 409, 409]);
      expect(answers.filter(({ status }) => status < 300).map(({ body }) => body.customerId)).toEqual([
        customerId,
        customerId,
      ]);
    }
  });
});

describe('the standing of an account', () => {
  test.each([
    ['2026-08-20T23:59:59+08:00', 0, 'M0', 'current'],
    ['2026-08-21T00:00:00+08:00', 1, 'M0', 'current'],
    ['2026-08-23T23:59:59+08:00', 3, 'M0', 'current'],
    ['2026-08-24T00:00:00+08:00', 4, 'M1', 'mild'],
    ['2026-09-19T12:00:00+08:00', 30, 'M1', 'mild'],
    ['2026-09-20T00:00:00+08:00', 31, 'M2', 'mild'],
    ['2026-11-18T23:59:59+08:00', 90, 'M3', 'mild'],
    ['2026-11-19T00:00:00+08:00', 91, 'M4', 'long_term'],
    ['2027-02-16T00:00:00+08:00', 180, 'M6', 'long_term'],
    ['2027-02-17T00:00:00+08:00', 181, 'M7+', 'long_term'],
  ])("at %s, due on 20 August, is %i days in the bank's zone, %s and %s", async (now, daysPastDue, bucket, segment) => {
    await put('A-standing', account({ asOf: '2026-08-20T00:00:00+08:00' }));
    const { body } = await t.call('GET', '/v1/accounts/A-standing', undefined, { 'test-clock': now });
    expect(body).toMatchObject({ daysPastDue, bucket, segment });
  });

  test('follows its own grace before that of the pack', async () => {
    expect((await put(freshId(), account({ graceDays: 95 }))).body).toMatchObject({
      daysPastDue: 95,
      bucket: 'M0',
      segment: 'current',
    });
    expect((await put(freshId(), account({ graceDays: 94 }))).body.bucket).toBe('M4');
    expect((await put(freshId(), account({ minimumPaymentDue: '10.00' }))).body.bucket).toBe('M0');
    expect((await put(freshId(), account({ minimumPaymentDue: '10.01' }))).body.bucket).toBe('M4');
    expect((await put(freshId(), account({ minimumPaymentDue: '10.00', graceAmount: '9.99' }))).body.bucket).toBe('M4');
  });

  test('is known also before the first version of the pack', async () => {
    await put('A-standing', account());
    const { status, body } = await t.call('GET', '/v1/accounts/A-standing', undefined, {
      'test-clock': '2020-01-01T00:00:00Z',
    });
    expect([status, body.daysPastDue, body.bucket]).toEqual([200, 0, 'M0']);
  });
});

describe('a body of the wrong shape is refused with a pointer', () => {
  test.each<[string, unknown, string]>([
    ['a missing customer', account({ customerId: undefined }), '/customerId REQUIRED'],
    ['an unknown field', account({ pastDue: true }), '/pastDue UNKNOWN_FIELD'],
    ['what only the answer has', account({ bucket: 'M1' }), '/bucket UNKNOWN_FIELD'],
    ['an unknown component', account(balances({ tax: '1.00' })), '/balances/tax UNKNOWN_FIELD'],
    ['a missing component', account(balances({ fees: undefined })), '/balances/fees REQUIRED'],
    ['an amount as a number', account(balances({ principal: 8000 })), '/balances/principal INVALID_TYPE'],
    ['an amount with an exponent', account(balances({ principal: '8e3' })), '/balances/principal INVALID_FORMAT'],
    ['an amount with grouping', account(balances({ principal: '8,000.00' })), '/balances/principal INVALID_FORMAT'],
    ['an amount with a plus', account(balances({ principal: '+8000.00' })), '/balances/principal INVALID_FORMAT'],
    ['an amount in full width', account(balances({ principal: '８０００' })), '/balances/principal INVALID_FORMAT'],
    [
      'an amount beyond all money',
      account(balances({ principal: '1000000000000000.00' })),
      '/balances/principal INVALID_FORMAT',
    ],
    ['negative interest', account(balances({ interest: '-0.01' })), '/balances/interest INVALID_FORMAT'],
    ['a negative minimum payment', account({ minimumPaymentDue: '-1.00' }), '/minimumPaymentDue INVALID_FORMAT'],
    ['a rate as a number', account({ annualRate: 0.1825 }), '/annualRate INVALID_TYPE'],
    ['a rate in per cent', account({ annualRate: '18.25' }), '/annualRate INVALID_FORMAT'],
    ['a rate of a year as one of a day', account({ dailyRate: '0.1825' }), '/dailyRate INVALID_FORMAT'],
    ['a rate of a day a little too high', account({ dailyRate: '0.010000000001' }), '/dailyRate INVALID_FORMAT'],
    ['a currency in lower case', account({ currency: 'cny' }), '/currency INVALID_FORMAT'],
    ['a currency that does not exist', account({ currency: 'XQX' }), '/currency INVALID_VALUE'],
    ['an instant without offset', account({ asOf: '2026-11-20T00:00:00' }), '/asOf INVALID_FORMAT'],
    ['an instant that is a date', account({ asOf: '2026-11-20' }), '/asOf INVALID_FORMAT'],
    ['no instant', account({ asOf: undefined }), '/asOf REQUIRED'],
    ['an instant that is a number', account({ asOf: 1 }), '/asOf INVALID_TYPE'],
    ['an instant with ten decimals', account({ asOf: '2026-11-20T00:00:00.1234567891Z' }), '/asOf INVALID_VALUE'],
    ['an instant in the year 0', account({ asOf: '0000-11-20T00:00:00Z' }), '/asOf INVALID_VALUE'],
    ['an impossible date', account({ pastDueSince: '2026-02-29' }), '/pastDueSince INVALID_FORMAT'],
    ['a date in the year 0', account({ pastDueSince: '0000-01-01' }), '/pastDueSince INVALID_VALUE'],
    ['an unknown status', account({ status: 'lost' }), '/status INVALID_VALUE'],
    ['half a day of grace', account({ graceDays: 0.5 }), '/graceDays INVALID_TYPE'],
    ['a negative grace', account({ graceDays: -1 }), '/graceDays TOO_SMALL'],
    ['an over-long product', account({ product: 'x'.repeat(41) }), '/product INVALID_FORMAT'],
    ['a penalty rule without a rate', account({ penaltyRule: {} }), '/penaltyRule/rate REQUIRED'],
    ['a word for a truth', account({ genuineCard: 'yes' }), '/genuineCard INVALID_TYPE'],
  ])('%s', async (_, body, expected) => {
    expect(await problem(body, 400)).toEqual({ code: 'VALIDATION_FAILED', errors: [expected] });
  });
});

describe('a body without a valid meaning is refused with every pointer', () => {
  test.each<[string, unknown, string[]]>([
    ['three decimals of a yuan', account(balances({ principal: '8000.001' })), ['/balances/principal TOO_PRECISE']],
    ['twenty decimals', account(balances({ principal: `0.${'1'.repeat(20)}` })), ['/balances/principal TOO_PRECISE']],
    [
      'decimals of a yen, be they zeros',
      account({ currency: 'JPY' }),
      [
        '/balances/principal TOO_PRECISE',
        '/balances/interest TOO_PRECISE',
        '/balances/penalty TOO_PRECISE',
        '/balances/fees TOO_PRECISE',
        '/minimumPaymentDue TOO_PRECISE',
        '/creditLimit TOO_PRECISE',
      ],
    ],
    [
      'a penalty rule in tenths of a fen',
      account({ penaltyRule: { rate: '0.05', minimum: '1.001', cap: '2.002' } }),
      ['/penaltyRule/minimum TOO_PRECISE', '/penaltyRule/cap TOO_PRECISE'],
    ],
    ['more than a day in the future', account({ asOf: '2026-11-24T10:00:00.001+08:00' }), ['/asOf IN_THE_FUTURE']],
    ['a due date after the state', account({ pastDueSince: '2026-11-21' }), ['/pastDueSince OUT_OF_ORDER']],
    ['two rates', account({ dailyRate: '0.0005' }), ['/dailyRate INVALID_VALUE']],
  ])('%s', async (_, body, errors) => {
    expect(await problem(body, 422)).toEqual({ code: 'UNPROCESSABLE', errors });
  });

  test("but a state of tomorrow, and a due date that is the state's day in the bank's zone, are accepted", async () => {
    expect((await put(freshId(), account({ asOf: '2026-11-24T10:00:00+08:00' }))).status).toBe(201);
    expect((await put(freshId(), account({ asOf: '2026-11-20T16:00:00Z', pastDueSince: '2026-11-21' }))).status).toBe(
      201,
    );
    expect((await put(freshId(), account({ asOf: '2026-11-20T15:59:59Z', pastDueSince: '2026-11-21' }))).status).toBe(
      422,
    );
  });
});

describe('GET', () => {
  test('of an unknown account is 404', async () => {
    const { status, body } = await get('nothing');
    expect([status, body.code, body.errors[0].pointer]).toEqual([404, 'NOT_FOUND', '/accountId']);
    expect((await get('a%20b')).status).toBe(400);
  });

  test('lists the accounts of one customer in the order of their ids', async () => {
    await t.call('PUT', '/v1/customers/C3', {
      name: '王五',
      parties: [{ partyId: 'self', role: 'debtor', name: '王五' }],
    });
    expect((await t.call('GET', '/v1/customers/C3/accounts')).body).toEqual({ items: [] });
    await put('L-2', account({ customerId: 'C3' }));
    await put('L-1', account({ customerId: 'C3', status: 'settled' }));
    const { body } = await t.call('GET', '/v1/customers/C3/accounts');
    expect(body.items).toEqual([(await get('L-1')).body, (await get('L-2')).body]);
    expect((await t.call('GET', '/v1/customers/nobody/accounts')).status).toBe(404);
  });

  test('and PUT need a key with the scope of the operation', async () => {
    const id = freshId();
    await put(id, account());
    expect((await get(id, { authorization: '' })).status).toBe(401);
    const header = async (...scopes: Parameters<TestApp['keyWith']>[0]) => ({
      authorization: `Bearer ${await t.keyWith(scopes)}`,
    });
    const dialer = await header('contact:check', 'contact:report', 'customers:read');
    const reader = await header('accounts:read');
    const writer = await header('accounts:write');
    expect((await get(id, dialer)).body.code).toBe('FORBIDDEN');
    expect((await t.call('GET', '/v1/customers/C1/accounts', undefined, dialer)).status).toBe(403);
    expect((await put(id, account(), dialer)).status).toBe(403);
    expect((await get(id, reader)).status).toBe(200);
    expect((await t.call('GET', '/v1/customers/C1/accounts', undefined, reader)).status).toBe(200);
    expect((await put(id, account(), reader)).status).toBe(403);
    expect((await get(id, writer)).status).toBe(403);
    expect((await put(id, account(), writer)).status).toBe(200);
  });
});

describe('many accounts at once', () => {
  const ids = Array.from({ length: 300 }, (_, n) => `B-${n}`);

  function records(list: readonly string[], more: Body = {}): AccountRecord[] {
    const now = t.services.clock();
    return list.map((id) => {
      const { account: normalised, errors } = normaliseAccount(
        accountInputSchema.parse(account(more)),
        'Asia/Shanghai',
        now,
      );
      expect(errors).toEqual([]);
      return accountRecord(id, normalised, now);
    });
  }
  const write = (list: readonly AccountRecord[]) =>
    t.database.db
      .transaction()
      .execute((trx) => recordStates(trx, t.services.policy.current(), list, t.services.clock()));

  test('are created, left alone, replaced, kept as history and refused in one call', async () => {
    expect(new Set((await write(records(ids.slice(0, 200)))).values())).toEqual(new Set(['created']));
    const outcomes = await write([
      ...records(['B-0', 'B-299']),
      ...records(['B-1'], { status: 'legal' }),
      ...records(['B-2'], { asOf: '2026-11-19T00:00:00+08:00', status: 'legal' }),
      ...records(['B-3', 'B-298'], { customerId: 'C2' }),
    ]);
    expect(Object.fromEntries(outcomes)).toEqual({
      'B-0': 'unchanged',
      'B-299': 'created',
      'B-1': 'updated',
      'B-2': 'older',
      'B-3': 'other_customer',
      'B-298': 'created',
    });
    expect((await get('B-1')).body.status).toBe('legal');
    expect((await get('B-2')).body.status).toBe('open');
    expect((await get('B-3')).body.customerId).toBe('C1');
    expect(await Promise.all(['B-0', 'B-1', 'B-2', 'B-3'].map(async (id) => (await snapshots(id)).length))).toEqual([
      1, 2, 2, 1,
    ]);
    expect((await write([])).size).toBe(0);
  });

  test('by two writers in opposite orders do not wait for each other in a circle', async () => {
    for (let round = 0; round < 5; round += 1) {
      const fees = (minor: number) => balances({ fees: `${round}.${minor}0` });
      await Promise.all([
        write(records(ids.slice(4, 298), fees(1))),
        write(records(ids.slice(4, 298).reverse(), fees(2))),
      ]);
    }
    expect(
      new Set(await Promise.all(['B-4', 'B-150', 'B-297'].map(async (id) => (await get(id)).body.balances.fees))).size,
    ).toBe(1);
  });
});

describe('through GraphQL', () => {
  const FIELDS = `accountId customerId product currency asOf pastDueSince annualRate dailyRate status balances { principal interest penalty fees }
    minimumPaymentDue creditLimit debtGroupId instalmentBalance cashAdvanceBalance penaltyRule { rate rateFromSecondMonth minimum cap }
    graceDays graceAmount inCollectionProcedures genuineCard statementDay dueDays
    minimumPaymentRule { principalRate floor } compoundInterest allocationOrder accruedInterest paymentsThrough
    balanceParts { kind billed amount } cardToken cardLast4 daysPastDue bucket segment updatedAt`;
  const PUT = `mutation ($id: ID!, $input: AccountInput!) { putAccount(accountId: $id, input: $input) { ${FIELDS} } }`;
  const GET = `query ($id: ID!) { account(accountId: $id) { ${FIELDS} } }`;
  const LIST = `query ($id: ID!) { accounts(customerId: $id) { ${FIELDS} } }`;

  test('the same account is written, read and listed as through REST', async () => {
    await t.call('PUT', '/v1/customers/C4', {
      name: '赵六',
      parties: [{ partyId: 'self', role: 'debtor', name: '赵六' }],
    });
    const input = account({
      customerId: 'C4',
      product: null,
      penaltyRule: { rate: '0.05', cap: null },
      genuineCard: true,
    });
    const written = await t.graphql(PUT, { id: 'G-1', input });
    expect(written.body.errors).toBeUndefined();
    const rest = (await get('G-1')).body;
    expect(rest).toMatchObject({ product: 'credit_card', bucket: 'M4', genuineCard: true });
    expect(written.body.data.putAccount).toEqual(rest);
    expect((await t.graphql(GET, { id: 'G-1' })).body.data.account).toEqual(rest);
    expect((await t.graphql(LIST, { id: 'C4' })).body.data.accounts).toEqual([rest]);
  });

  test('the same codes and pointers come back', async () => {
    const code = (answer: { body: { errors: { extensions: { code: string; errors: { pointer: string }[] } }[] } }) => {
      const { extensions } = answer.body.errors[0]!;
      return [extensions.code, ...extensions.errors.map((error) => error.pointer)];
    };
    const write = (input: Body) => t.graphql(PUT, { id: 'G-2', input });
    expect(code(await t.graphql(GET, { id: 'nothing' }))).toEqual(['NOT_FOUND', '/accountId']);
    expect(code(await write(account({ customerId: 'nobody' })))).toEqual(['NOT_FOUND', '/customerId']);
    expect(code(await write(account({ asOf: '2026-11-20' })))).toEqual(['VALIDATION_FAILED', '/asOf']);
    expect(code(await write(account(balances({ principal: '0.001' }))))).toEqual([
      'UNPROCESSABLE',
      '/balances/principal',
    ]);
    await put('G-3', account({ customerId: 'C2' }));
    expect(code(await t.graphql(PUT, { id: 'G-3', input: account() }))).toEqual([
      'ACCOUNT_OF_OTHER_CUSTOMER',
      '/customerId',
    ]);
    const dialer = { authorization: `Bearer ${await t.keyWith(['contact:check'])}` };
    expect(code(await t.graphql(GET, { id: 'G-3' }, dialer))).toEqual(['FORBIDDEN']);
  });
});
