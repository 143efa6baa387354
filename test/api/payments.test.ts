import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import { askFor } from '../support/make.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
});
afterAll(() => t.close());
beforeEach(() => t.setNow(NOW));

type Body = Record<string, unknown>;

let made = 0;
/** A debtor with the account of the contract, due since 20 August, of which a test wants something different. */
async function makeAccount(more: Body = {}): Promise<string> {
  made += 1;
  const customerId = `M${made}`;
  const point = { contactPointId: 'm1', kind: 'phone', value: `1380013${1000 + made}`, line: 'mobile' };
  const parties = [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints: [point] }];
  await t.call('PUT', `/v1/customers/${customerId}`, { name: '张三', parties });
  const { status, body } = await putState(customerId, { asOf: '2026-11-20T08:00:00+08:00', ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return `${customerId}-A1`;
}

function putState(customerId: string, more: Body): Promise<TestAnswer> {
  return t.call('PUT', `/v1/accounts/${customerId}-A1`, {
    customerId,
    currency: 'CNY',
    pastDueSince: '2026-08-20',
    annualRate: '0.1825',
    balances: { principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '50.00' },
    minimumPaymentDue: '1200.00',
    ...more,
  });
}

const customerOf = (accountId: string) => accountId.replace('-A1', '');
const post = (accountId: string, path: string, body?: unknown) =>
  t.call('POST', `/v1/accounts/${accountId}/${path}`, body);
const get = (accountId: string, path = '') => t.call('GET', `/v1/accounts/${accountId}${path}`);
const pay = (accountId: string, paymentId: string, amount: string, postedOn = '2026-11-20', more: Body = {}) =>
  post(accountId, 'payments', { paymentId, amount, postedOn, ...more });
/** The account without what says when and how often it was written. */
async function stateOf(accountId: string): Promise<Body> {
  const { updatedAt: _, ...account } = (await get(accountId)).body;
  return account;
}
const codes = ({ status, body }: TestAnswer) => [
  status,
  body.code,
  ...(body.errors ?? []).map((error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`),
];

describe('POST /v1/accounts/{accountId}/payments', () => {
  test('up to 90 days past due pays charges before principal, and the account shows it', async () => {
    const id = await makeAccount({ pastDueSince: '2026-08-22' });
    const { status, body } = await pay(id, 'P1', '1000.00');
    expect(status).toBe(201);
    expect(body).toEqual({
      paymentId: 'P1',
      accountId: id,
      customerId: customerOf(id),
      currency: 'CNY',
      amount: '1000.00',
      postedOn: '2026-11-20',
      includedInState: null,
      status: 'posted',
      reversedOn: null,
      reversalReason: null,
      allocation: { fees: '50.00', penalty: '100.00', interest: '600.00', principal: '250.00', unapplied: '0.00' },
      recordedAt: NOW,
      balances: { principal: '7750.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
      minimumPaymentDue: '200.00',
      pastDueSince: '2026-08-22',
      daysPastDue: 93,
    });
    const account = await get(id);
    expect(account.headers.etag).toBe('"v2"');
    expect(account.body).toMatchObject({
      balances: body.balances,
      minimumPaymentDue: '200.00',
      balanceParts: [{ kind: 'retail', billed: true, amount: '7750.00' }],
    });
    expect((await get(id, '/payments/P1')).body).toEqual(body);
  });

  test('from 91 days pays principal first', async () => {
    const id = await makeAccount({ pastDueSince: '2026-08-21' });
    const { body } = await pay(id, 'P1', '8050.00');
    expect(body.allocation).toEqual({
      fees: '50.00',
      penalty: '0.00',
      interest: '0.00',
      principal: '8000.00',
      unapplied: '0.00',
    });
  });

  test('follows the order of the contract inside the charges, never against the article', async () => {
    const id = await makeAccount({ pastDueSince: null, allocationOrder: ['interest', 'retail', 'penalty'] });
    const { allocation } = (await pay(id, 'P1', '640.00')).body;
    expect(allocation).toMatchObject({ fees: '0.00', penalty: '40.00', interest: '600.00', principal: '0.00' });
  });

  test('that is too much leaves a credit; twice is once; other content is a conflict', async () => {
    const id = await makeAccount();
    const first = await pay(id, 'P1', '10000.00');
    expect(first.body.balances).toEqual({ principal: '-1250.00', interest: '0.00', penalty: '0.00', fees: '0.00' });
    expect(first.body.allocation.unapplied).toBe('1250.00');
    const again = await pay(id, 'P1', '10000.0');
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(codes(await pay(id, 'P1', '10000.01'))).toEqual([409, 'PAYMENT_CONFLICT']);
    expect(codes(await pay(id, 'P1', '10000.00', '2026-11-21'))).toEqual([409, 'PAYMENT_CONFLICT']);
  });

  test.each([
    ['0.00', '2026-11-20', [422, 'UNPROCESSABLE', '/amount TOO_SMALL']],
    ['1.005', '2026-11-20', [422, 'UNPROCESSABLE', '/amount TOO_PRECISE']],
    ['1.00', '2026-11-24', [422, 'UNPROCESSABLE', '/postedOn IN_THE_FUTURE']],
    ['-1.00', '2026-11-20', [400, 'VALIDATION_FAILED', '/amount INVALID_FORMAT']],
  ])('of %s on %s is refused', async (amount, postedOn, expected) => {
    const id = await makeAccount();
    const before = await stateOf(id);
    expect(codes(await pay(id, 'P1', amount, postedOn))).toEqual(expected);
    expect(await stateOf(id)).toEqual(before);
  });

  test('that the newest state includes moves nothing; it says how it was spread where an older state is known', async () => {
    const id = await makeAccount();
    await putState(customerOf(id), { asOf: '2026-11-10T00:00:00+08:00' });
    const before = await stateOf(id);
    const { body } = await pay(id, 'P1', '700.00', '2026-11-12');
    expect(body.allocation).toMatchObject({ fees: '50.00', penalty: '100.00', interest: '550.00' });
    expect((await pay(id, 'P2', '700.00', '2026-11-01')).body.allocation).toBeNull();
    expect(await stateOf(id)).toEqual(before);
  });

  test('follows the sender where it says what the state includes', async () => {
    const id = await makeAccount();
    expect((await pay(id, 'P1', '50.00', '2026-11-10', { includedInState: false })).body.balances.fees).toBe('0.00');
    const other = await makeAccount();
    expect((await pay(other, 'P1', '50.00', '2026-11-20', { includedInState: true })).body.balances.fees).toBe('50.00');
    const through = await makeAccount({ paymentsThrough: '2026-11-18', pastDueSince: null });
    expect((await pay(through, 'P1', '50.00', '2026-11-19')).body.balances.fees).toBe('0.00');
  });

  test('lets decisions see the cure', async () => {
    const id = await makeAccount();
    const customerId = customerOf(id);
    const ask = async () => (await t.call('POST', '/v1/contact-permissions', askFor(customerId))).body;
    expect((await ask()).permitted).toBe(true);
    const { body } = await pay(id, 'P1', '1200.00');
    expect([body.pastDueSince, body.daysPastDue]).toEqual([null, 0]);
    expect(await ask()).toMatchObject({ permitted: false, reasonCode: 'NOT_OVERDUE' });
    await post(id, 'payments/P1/reversal');
    expect((await ask()).permitted).toBe(true);
  });

  test('is told, and so are a cure and what follows when it is taken back', async () => {
    const id = await makeAccount();
    await pay(id, 'P1', '1200.00');
    await post(id, 'payments/P1/reversal', { reason: 'duplicate' });
    const rows = await t.database.db
      .selectFrom('outbox_events')
      .select(['type', 'data'])
      .where('subject_key', '=', customerOf(id))
      .orderBy('seq')
      .execute();
    expect(rows.map(({ type }) => type)).toEqual([
      'payment.recorded',
      'account.cured',
      'payment.reversed',
      'account.past_due',
    ]);
    expect(rows[1]!.data).toEqual({ accountId: id, customerId: customerOf(id), pastDueSince: '2026-08-20' });
  });
});

describe('a recorded decision', () => {
  const decide = async (id: string) =>
    (await t.call('POST', '/v1/contact-permissions', askFor(customerOf(id), { record: true }))).body;
  const replayed = async (decisionId: string) => {
    const { body } = await t.call('POST', `/v1/contact-permissions/${decisionId}/replay`, { as: 'as_known_now' });
    return [body.decision.permitted, body.identical];
  };

  test('after a payment replays as it was: what is known now has the payment too', async () => {
    const id = await makeAccount();
    await pay(id, 'P1', '1200.00', '2026-11-22');
    const { decisionId, permitted } = await decide(id);
    expect([permitted, await replayed(decisionId)]).toEqual([false, [false, true]]);
  });

  test('before a payment that was told late and posted earlier would be another', async () => {
    const id = await makeAccount();
    const { decisionId, permitted } = await decide(id);
    expect(permitted).toBe(true);
    t.setNow('2026-11-23T11:00:00+08:00');
    // Posted on the day of the decision and told after it: nobody knows which came first.
    await pay(id, 'P1', '1200.00', '2026-11-23');
    expect(await replayed(decisionId)).toEqual([true, true]);
    await pay(id, 'P2', '1200.00', '2026-11-22');
    expect(await replayed(decisionId)).toEqual([false, false]);
  });
});

describe('POST …/reversal', () => {
  test('restores the state exactly, also without a body, and twice is once', async () => {
    const id = await makeAccount();
    await pay(id, 'P0', '33.33');
    const before = await stateOf(id);
    await pay(id, 'P1', '9999.99');
    const reversed = await post(id, 'payments/P1/reversal');
    expect(reversed.status).toBe(200);
    expect(reversed.body).toMatchObject({ status: 'reversed', reversedOn: '2026-11-23', balances: before.balances });
    expect(reversed.body.allocation.unapplied).toBe('1283.32');
    expect(await stateOf(id)).toEqual(before);
    expect((await post(id, 'payments/P1/reversal', {})).body).toEqual(reversed.body);
    expect(codes(await post(id, 'payments/P1/reversal', { kind: 'chargeback' }))).toEqual([409, 'PAYMENT_CONFLICT']);
    expect(codes(await post(id, 'payments/P9/reversal'))).toEqual([404, 'NOT_FOUND', '/paymentId UNKNOWN_REFERENCE']);
    await post(id, 'payments/P0/reversal');
    expect(await stateOf(id)).toMatchObject({ balanceParts: null, minimumPaymentDue: '1200.00' });
  });

  test('of a payment that the newest state includes returns its parts on its own day', async () => {
    const id = await makeAccount({
      balances: { principal: '8000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
    });
    await putState(customerOf(id), { asOf: '2026-11-10T00:00:00+08:00' });
    await pay(id, 'P1', '750.00', '2026-11-12');
    const { body } = await post(id, 'payments/P1/reversal', { reversedOn: '2026-11-21' });
    expect(body.balances).toEqual({ principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '50.00' });
  });

  test('as a chargeback owes again from its day what was paid', async () => {
    const id = await makeAccount();
    await pay(id, 'P1', '1200.00');
    const { body } = await post(id, 'payments/P1/reversal', { kind: 'chargeback', reversedOn: '2026-11-22' });
    expect(body).toMatchObject({ status: 'charged_back', pastDueSince: '2026-11-22', daysPastDue: 1 });
    expect(body.balances).toEqual({ principal: '8000.00', interest: '600.00', penalty: '100.00', fees: '50.00' });
    const moves = (await get(id, '/delinquency-history')).body.items;
    expect(moves.map((move: Body) => [move.on, move.from, move.to])).toEqual([['2026-11-20', null, 'M0']]);
  });

  test.each([
    [{ reversedOn: '2026-11-19' }, '/reversedOn OUT_OF_ORDER'],
    [{ reversedOn: '2026-11-24' }, '/reversedOn IN_THE_FUTURE'],
  ])('with %j is refused', async (body, problem) => {
    const id = await makeAccount();
    await pay(id, 'P1', '1.00');
    expect(codes(await post(id, 'payments/P1/reversal', body))).toEqual([422, 'UNPROCESSABLE', problem]);
  });
});

describe('states and facts', () => {
  test('in any order give the same account', async () => {
    const states = [
      { asOf: '2026-11-10T00:00:00+08:00' },
      {
        asOf: '2026-11-15T00:00:00+08:00',
        balances: { principal: '7000.00', interest: '1.00', penalty: '2.00', fees: '3.00' },
      },
    ];
    const steps = (id: string) => [
      () => putState(customerOf(id), states[0]!),
      () => putState(customerOf(id), states[1]!),
      () => pay(id, 'P1', '10.00', '2026-11-12'),
      () => pay(id, 'P2', '4.00', '2026-11-16'),
      () => post(id, 'charges', { chargeId: 'K1', kind: 'purchase', amount: '70.00', postedOn: '2026-11-16' }),
      () => post(id, 'payments/P1/reversal', { reversedOn: '2026-11-18' }),
    ];
    const orders = [
      [0, 1, 2, 3, 4, 5],
      [1, 2, 5, 4, 3, 0],
      [0, 2, 3, 5, 4, 1],
    ];
    const told: unknown[] = [];
    for (const order of orders) {
      const id = await makeAccount({ asOf: '2026-11-01T00:00:00+08:00' });
      for (const step of order) expect((await steps(id)[step]!()).status).toBeLessThan(300);
      const { balances, balanceParts, minimumPaymentDue, pastDueSince } = await stateOf(id);
      told.push({ balances, balanceParts, minimumPaymentDue, pastDueSince });
    }
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
    // P2 paid the fees of the newest state and a part of its penalty; what P1 had paid of the older one came back.
    expect(told[0]).toMatchObject({
      balances: { principal: '7070.00', interest: '1.00', penalty: '1.00', fees: '10.00' },
    });
  });

  test('a repeat of the state is no change though payments moved the balances, and an older one stays history', async () => {
    const id = await makeAccount();
    await pay(id, 'P1', '1000.00');
    const before = await get(id);
    const again = await putState(customerOf(id), { asOf: '2026-11-20T08:00:00+08:00' });
    expect([again.headers.etag, again.body]).toEqual([before.headers.etag, before.body]);
    await putState(customerOf(id), { asOf: '2026-11-05T00:00:00+08:00', pastDueSince: null });
    expect((await get(id)).body).toEqual(before.body);
    const next = await putState(customerOf(id), { asOf: '2026-11-22T00:00:00+08:00' });
    expect(next.body).toMatchObject({ balances: { fees: '50.00', principal: '8000.00' }, balanceParts: null });
  });

  test('the currency may change while there are no facts, and in no state afterwards', async () => {
    const id = await makeAccount({ currency: 'USD' });
    const put = (more: Body) => putState(customerOf(id), { asOf: '2026-11-21T08:00:00+08:00', ...more });
    expect((await put({ currency: 'CNY' })).status).toBe(200);
    await pay(id, 'P1', '100.00');
    const before = await stateOf(id);
    for (const asOf of ['2026-11-19T08:00:00+08:00', '2026-11-21T08:00:00+08:00', '2026-11-22T08:00:00+08:00'])
      expect(codes(await put({ asOf, currency: 'USD' }))).toEqual([422, 'UNPROCESSABLE', '/currency INVALID_VALUE']);
    expect(await stateOf(id)).toEqual(before);
    const { rows } = await t.database.pool.query(
      `SELECT content ->> 'currency' AS currency FROM account_snapshots WHERE account_id = $1 ORDER BY as_of`,
      [id],
    );
    expect(rows).toEqual([{ currency: 'USD' }, { currency: 'CNY' }]);
  });

  test('parts of the balances are kept, must sum to them, and follow what is paid', async () => {
    const balanceParts = [
      { kind: 'retail', billed: true, amount: '5000.00' },
      { kind: 'instalment', billed: false, amount: '3000.00' },
      { kind: 'interest', billed: true, amount: '600.00' },
      { kind: 'penalty', billed: true, amount: '100.00' },
      { kind: 'annual_fee', billed: true, amount: '50.00' },
    ];
    const id = await makeAccount({ balanceParts, instalmentBalance: '3000.00' });
    expect((await get(id)).body.balanceParts).toEqual(balanceParts);
    await pay(id, 'P1', '6000.00');
    expect(await stateOf(id)).toMatchObject({
      instalmentBalance: '2000.00',
      balances: { principal: '2000.00', interest: '600.00', penalty: '100.00', fees: '50.00' },
    });
    const wrong = await putState('M1', { asOf: NOW, balanceParts: balanceParts.slice(1) });
    expect(codes(wrong)).toEqual([422, 'UNPROCESSABLE', '/balanceParts INVALID_VALUE']);
  });

  test('a card is known by token and last four digits, never by its number', async () => {
    const id = await makeAccount({ cardToken: 'tok_4f2a', cardLast4: '1234' });
    expect((await get(id)).body).toMatchObject({ cardToken: 'tok_4f2a', cardLast4: '1234' });
    for (const cardToken of ['6222021234567890123', '6222-0212-3456-7890', '622202:123456']) {
      const refused = await putState(customerOf(id), { asOf: NOW, cardToken });
      expect(codes(refused)).toEqual([400, 'VALIDATION_FAILED', '/cardToken INVALID_VALUE']);
    }
  });

  test('a statement day needs the days to the due date', async () => {
    const refused = await putState('M1', { asOf: NOW, statementDay: 5 });
    expect(codes(refused)).toEqual([422, 'UNPROCESSABLE', '/dueDays REQUIRED']);
  });
});

describe('an account that bills itself', () => {
  const billed = {
    asOf: '2026-09-01T00:00:00+08:00',
    pastDueSince: null,
    annualRate: null,
    dailyRate: '0.0005',
    balances: { principal: '10000.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
    minimumPaymentDue: null,
    statementDay: 5,
    dueDays: 20,
    penaltyRule: { rate: '0.05', rateFromSecondMonth: '0.06', minimum: '30.00' },
  };

  test('is refused where years at an absurd rate make a number beyond all money', async () => {
    await t.call('PUT', '/v1/customers/HUGE', {
      name: '张三',
      parties: [{ partyId: 'self', role: 'debtor', name: '张三' }],
    });
    const balances = { principal: '999999999999999.00', interest: '0.00', penalty: '0.00', fees: '0.00' };
    const absurd = { ...billed, asOf: '2010-09-01T00:00:00+08:00', dailyRate: '0.01', balances };
    expect(codes(await putState('HUGE', absurd)).slice(0, 2)).toEqual([422, 'UNPROCESSABLE']);
    expect((await t.call('GET', '/v1/accounts/HUGE-A1')).status).toBe(404);
  });

  test('has interest, minimum payments and penalties; a late payment computes them anew', async () => {
    const id = await makeAccount(billed);
    // 4 days to 5 September, 30 to 5 October on 10,020.00, 31 to 5 November on 10,170.30.
    const ledger = (await get(id, '/ledger')).body;
    const lines = ledger.postings.map((one: { on: string; kind: string; parts: { amount: string }[] }) => {
      return `${one.on} ${one.kind} ${one.parts[0]!.amount}`;
    });
    expect(lines.filter((line: string) => !line.includes('statement'))).toEqual([
      '2026-09-05 interest 20.00',
      '2026-09-29 penalty 51.00',
      '2026-10-05 interest 150.30',
      '2026-10-29 penalty 133.28',
      '2026-11-05 interest 157.64',
    ]);
    expect(ledger.balances).toEqual({ principal: '10000.00', interest: '327.94', penalty: '184.28', fees: '0.00' });
    expect(await stateOf(id)).toMatchObject({ balances: ledger.balances, pastDueSince: '2026-09-25', bucket: 'M2' });

    const { body } = await pay(id, 'P1', '1020.00', '2026-09-28');
    expect(body.allocation).toMatchObject({ interest: '20.00', principal: '1000.00' });
    expect(body.pastDueSince).toBe('2026-10-25');
    // 5 % of 10 % of 9,000.00 and 146.73 of interest: a first miss.
    expect(body.balances.penalty).toBe('52.34');
    const moves = (await get(id, '/delinquency-history')).body.items;
    expect(moves.map((move: { on: string; to: string }) => `${move.on} ${move.to}`)).toEqual([
      '2026-09-01 M0',
      '2026-10-29 M1',
    ]);
  });

  test('is rolled forward when its day has come, and is past due for decisions on the day after its due date', async () => {
    t.setNow('2026-09-25T10:00:00+08:00');
    const id = await makeAccount(billed);
    expect(await stateOf(id)).toMatchObject({ pastDueSince: null, minimumPaymentDue: '1020.00' });
    const roll = background.sweeps.find(({ name }) => name === 'accounts that bill themselves')!;
    const sweep = () => roll.run(t.services, SILENT, new AbortController().signal);
    await sweep();
    expect(await stateOf(id)).toMatchObject({ pastDueSince: null });
    t.setNow('2026-09-26T00:00:01+08:00');
    await sweep();
    expect(await stateOf(id)).toMatchObject({ pastDueSince: '2026-09-25', daysPastDue: 1, bucket: 'M0' });
    t.setNow('2026-09-29T09:00:00+08:00');
    await sweep();
    expect(await stateOf(id)).toMatchObject({ balances: { penalty: '51.00' }, bucket: 'M1' });
    const version = (await get(id)).headers.etag;
    await sweep();
    expect((await get(id)).headers.etag).toBe(version);
  });

  test('is the same whether it was rolled day by day or told at once', async () => {
    t.setNow('2026-09-02T10:00:00+08:00');
    const rolled = await makeAccount(billed);
    const roll = background.sweeps.find(({ name }) => name === 'accounts that bill themselves')!;
    for (const on of ['2026-09-06', '2026-09-26', '2026-10-01', '2026-10-06', '2026-11-01']) {
      t.setNow(`${on}T10:00:00+08:00`);
      await roll.run(t.services, SILENT, new AbortController().signal);
    }
    const atOnce = await makeAccount(billed);
    const { balances, balanceParts, pastDueSince } = await stateOf(rolled);
    expect(await stateOf(atOnce)).toMatchObject({ balances, balanceParts, pastDueSince });
  });

  test('follows a change of its rate, and charges', async () => {
    const id = await makeAccount(billed);
    const change = { changeId: 'R1', from: '2026-09-05', dailyRate: '0' };
    expect((await post(id, 'rate-changes', change)).status).toBe(201);
    expect((await post(id, 'rate-changes', change)).status).toBe(200);
    expect(codes(await post(id, 'rate-changes', { ...change, dailyRate: '0.0001' }))).toEqual([409, 'CHARGE_CONFLICT']);
    expect((await stateOf(id)).balances).toMatchObject({ interest: '20.00' });
    const waiver = { chargeId: 'K1', kind: 'waiver', component: 'interest', amount: '25.00', postedOn: '2026-11-23' };
    const { status, body } = await post(id, 'charges', waiver);
    expect([status, body.amount, body.balances.interest]).toEqual([201, '-25.00', '0.00']);
    expect((await post(id, 'charges', waiver)).status).toBe(200);
    expect(codes(await post(id, 'charges', { ...waiver, amount: '24.00' }))).toEqual([409, 'CHARGE_CONFLICT']);
  });
});

describe('an account that cannot be rolled', () => {
  test('holds up no other one; it is told of by its id, once a day', async () => {
    t.setNow('2026-09-02T10:00:00+08:00');
    const terms = {
      asOf: '2026-09-01T00:00:00+08:00',
      pastDueSince: null,
      annualRate: null,
      statementDay: 5,
      dueDays: 20,
    };
    const balances = { principal: '900000000000000.00', interest: '0.00', penalty: '0.00', fees: '0.00' };
    const immense = await makeAccount({ ...terms, dailyRate: '0.01', compoundInterest: true, balances });
    const others = [await makeAccount(terms), await makeAccount(terms)];
    const said: object[] = [];
    const log = { ...SILENT, error: (line: object) => said.push(line) };
    const roll = background.sweeps.find(({ name }) => name === 'accounts that bill themselves')!;
    // After 18 months of compound interest the balance is more than its column takes.
    t.setNow('2028-06-01T10:00:00+08:00');
    for (let time = 0; time < 2; time += 1) await roll.run(t.services, log as never, new AbortController().signal);
    for (const id of others) expect(await stateOf(id)).toMatchObject({ pastDueSince: '2026-09-25', bucket: 'M7+' });
    expect(await stateOf(immense)).toMatchObject({ pastDueSince: null });
    expect(said).toEqual([{ accountId: immense, code: '22003' }]);
    t.setNow('2028-06-02T10:00:00+08:00');
    await roll.run(t.services, log as never, new AbortController().signal);
    expect(said).toHaveLength(2);
  });
});

describe('GET', () => {
  test('the ledger of a day: opening and postings sum to the parts, also of an older state', async () => {
    const id = await makeAccount();
    await putState(customerOf(id), { asOf: '2026-11-01T00:00:00+08:00' });
    await pay(id, 'P1', '9000.00', '2026-11-21');
    await post(id, 'charges', { chargeId: 'K1', kind: 'purchase', amount: '100.00', postedOn: '2026-11-22' });
    const { body } = await get(id, '/ledger');
    const cents = (parts: { kind: string; billed: boolean; amount: string }[]) =>
      parts.map(({ kind, billed, amount }) => [`${kind} ${billed}`, Math.round(Number(amount) * 100)] as const);
    const sums = new Map<string, number>();
    for (const [name, amount] of [body.opening, ...body.postings].flatMap(({ parts }) => cents(parts)))
      sums.set(name, (sums.get(name) ?? 0) + amount);
    expect([...sums].filter(([, amount]) => amount !== 0)).toEqual(cents(body.parts));
    expect(body).toMatchObject({ unapplied: '150.00', pastDueSince: null, allocationSource: 'card-measures-57' });
    expect(body.postings.map((posting: Body) => `${posting.on} ${posting.kind} ${posting.factId}`)).toEqual([
      '2026-11-21 payment P1',
      '2026-11-22 purchase K1',
      '2026-11-22 credit P1',
    ]);
    const older = (await get(id, '/ledger?on=2026-11-10')).body;
    expect([older.opening.from, older.postings, older.daysPastDue]).toEqual(['2026-11-01', [], 82]);
    expect(codes(await get(id, '/ledger?on=2026-10-31'))).toEqual([404, 'NOT_FOUND', '/on UNKNOWN_REFERENCE']);
    expect((await get(id, '/ledger?on=2027-11-24')).status).toBe(200);
    expect(codes(await get(id, '/ledger?on=2027-11-25'))).toEqual([422, 'UNPROCESSABLE', '/on IN_THE_FUTURE']);
  });

  test('payments page by page, the last posting date first', async () => {
    const id = await makeAccount();
    const days = ['2026-11-20', '2026-11-22', '2026-11-21', '2026-11-01', '2026-11-22'];
    for (const [no, on] of days.entries()) await pay(id, `P${no}`, '1.00', on);
    await post(id, 'payments/P2/reversal');
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = cursor === '' ? '?limit=2' : `?limit=2&cursor=${cursor}`;
      const { body } = await get(id, `/payments${path}`);
      seen.push(...body.items.map((item: Body) => `${item.paymentId} ${item.status} ${item.allocation !== null}`));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(['P4 posted true', 'P1 posted true', 'P2 reversed true', 'P0 posted true', 'P3 posted false']);
  });
});

test('one payment for several accounts pays what is past due longest first, to the fen, once', async () => {
  const first = await makeAccount();
  const customerId = customerOf(first);
  const state = { customerId, currency: 'CNY', asOf: '2026-11-20T00:00:00+08:00' };
  const balances = { principal: '1000.00', interest: '0.00', penalty: '0.00', fees: '0.00' };
  const put = (name: string, more: Body) =>
    t.call('PUT', `/v1/accounts/${customerId}-${name}`, { ...state, balances, minimumPaymentDue: '100.00', ...more });
  await put('A2', { pastDueSince: '2026-07-20' });
  await put('A3', {});
  await put('A4', { status: 'settled' });
  const body = { paymentId: 'W1', amount: '1350.01', currency: 'CNY', postedOn: '2026-11-21' };
  const paid = await t.call('POST', `/v1/customers/${customerId}/payments`, body);
  expect(paid.status).toBe(201);
  const parts = paid.body.parts.map((part: Body) => [part.accountId, part.amount]);
  expect(parts).toEqual([
    [`${customerId}-A1`, '1200.00'],
    [`${customerId}-A2`, '100.00'],
    [`${customerId}-A3`, '50.01'],
  ]);
  const again = await t.call('POST', `/v1/customers/${customerId}/payments`, body);
  expect([again.status, again.body]).toEqual([200, paid.body]);
  const other = await t.call('POST', `/v1/customers/${customerId}/payments`, { ...body, amount: '1350.02' });
  expect(codes(other)).toEqual([409, 'PAYMENT_CONFLICT']);
  // A0 came later, and has no part of it.
  await put('A0', {});
  const before = await stateOf(`${customerId}-A0`);
  expect(codes(await pay(`${customerId}-A0`, 'W1', '10.00'))).toEqual([409, 'PAYMENT_CONFLICT']);
  expect(await stateOf(`${customerId}-A0`)).toEqual(before);
  const repeated = await t.call('POST', `/v1/customers/${customerId}/payments`, body);
  expect([repeated.status, repeated.body]).toEqual([200, paid.body]);
  // Two payments of accounts have nothing to do with each other.
  for (const name of ['A0', 'A3']) expect((await pay(`${customerId}-${name}`, 'W3', '10.00')).status).toBe(201);
  const nobody = { ...body, paymentId: 'W2', accountIds: ['none'] };
  expect(codes(await t.call('POST', `/v1/customers/${customerId}/payments`, nobody))).toEqual([
    404,
    'NOT_FOUND',
    '/accountIds/0 UNKNOWN_REFERENCE',
  ]);
});

describe('calculators', () => {
  test('interest and penalty of given figures', async () => {
    const segments = [
      { balance: '1000.00', days: 24 },
      { balance: '900.00', days: 12 },
    ];
    const interest = (more: Body) =>
      t.call('POST', '/v1/interest-calculations', { dailyRate: '0.0005', segments, ...more });
    expect((await interest({})).body).toEqual({ interest: '17.40' });
    expect((await interest({ cap: '10.00' })).body).toEqual({ interest: '10.00' });
    const penalty = async (more: Body) =>
      (
        await t.call('POST', '/v1/penalty-calculations', {
          minimumDue: '1200.00',
          paid: '200.00',
          rate: '0.05',
          rateFromSecondMonth: '0.06',
          minimum: '30.00',
          ...more,
        })
      ).body;
    expect(await penalty({})).toEqual({ penalty: '50.00' });
    expect(await penalty({ consecutiveMissed: 2 })).toEqual({ penalty: '60.00' });
    expect(await penalty({ paid: '1000.00' })).toEqual({ penalty: '30.00' });
    expect(await penalty({ paid: '1200.00' })).toEqual({ penalty: '0.00' });
    expect(await penalty({ paid: '1300.00' })).toEqual({ penalty: '0.00' });
    expect(await penalty({ cap: '20.00' })).toEqual({ penalty: '20.00' });
  });
});
