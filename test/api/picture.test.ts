import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CustomerPicture } from '../../src/picture/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { storeAttempt, storeMerge, storePayment, storeReversal } from '../support/facts.ts';
import { documentOf } from '../support/graphql.ts';
import { makeDebtor, reportOf } from '../support/make.ts';

const NOW = '2026-11-23T10:00:00+08:00';
let t: TestApp;
let reader: { authorization: string };
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
  reader = { authorization: `Bearer ${await t.keyWith(['customers:read', 'accounts:read'])}` };
});
afterAll(() => t.close());

async function pictureOf(customerId: string, headers = {}): Promise<CustomerPicture> {
  const { status, body } = await t.call('GET', `/v1/customers/${customerId}/picture`, undefined, headers);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}
const record = (id: string, entry: Record<string, unknown>) =>
  t.call('POST', `/v1/customers/${id}/case-entries`, entry);
const STATEMENT = {
  previousBalance: '7000.00',
  paymentsTotal: '500.00',
  newCharges: '1800.00',
  adjustments: '0.00',
  interest: '110.50',
  statementBalance: '8410.50',
  minimumDue: '841.05',
  dueOn: '2026-11-25',
};
const putStatement = (accountId: string, on: string, changes = {}) =>
  t.call('PUT', `/v1/accounts/${accountId}/statements/${on}`, { ...STATEMENT, ...changes });

/** What the driver was asked while `work` ran, but for the begin and end of transactions. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const query = vi.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    const texts = query.mock.calls.map(([first]) =>
      typeof first === 'string' ? first : (first as { text: string }).text,
    );
    return texts.filter((text) => !/^\s*(begin|start transaction|set|commit|rollback)\b/i.test(text));
  } finally {
    query.mockRestore();
  }
}

describe('the picture of a customer', () => {
  test('has the people, and what is known of every way to reach them', async () => {
    await makeDebtor(t, 'C1', { residentId: '11010519491231002X' });
    await makeDebtor(t, 'C1other', { phone: '13800138001' });
    for (const [index, outcome] of ['conversation', 'no_answer', 'no_answer', 'busy', 'conversation'].entries())
      await storeAttempt(t, 'C1', `a${index}`, `2026-11-1${index}T01:30:00Z`, { outcome });
    await storeAttempt(t, 'C1', 'old', '2026-07-01T02:00:00Z');
    await storeAttempt(t, 'C1', 'older', '2026-01-01T02:00:00Z', { outcome: 'conversation' });
    await storeAttempt(t, 'C1', 'text', '2026-11-20T02:00:00Z', { channel: 'sms', outcome: 'delivered' });
    await storeAttempt(t, 'C1', 'inbound', '2026-11-21T02:00:00Z', { direction: 'inbound', outcome: 'conversation' });
    const late = reportOf('C1', 'a9', '2026-11-22T15:00:00+08:00', 'answered');
    await t.call('POST', '/v1/contact-attempts', late);
    await t.call('PATCH', '/v1/contact-attempts/a9', { outcome: 'wrong_number' });
    const optOut = { directiveId: 'no-sms', kind: 'channel_opt_out', channel: 'sms' };
    await t.call('POST', '/v1/customers/C1/directives', optOut);
    const consent = {
      kind: 'hours_consent',
      partyId: 'friend',
      details: { windows: [{ from: '20:00', to: '21:00' }] },
    };
    await t.call('POST', '/v1/customers/C1/directives', { directiveId: 'late', ...consent });
    await t.call('POST', '/v1/customers/C1/directives', { directiveId: 'over', kind: 'dispute' });
    await t.call('POST', '/v1/customers/C1/directives/over/end', {});

    const { customer, parties, masked, directives } = await pictureOf('C1');
    expect(masked).toBe(false);
    expect(customer).toEqual({
      customerId: 'C1',
      name: '张三',
      residentId: '11010519491231002X',
      residentIdCheck: 'valid',
      birthDate: null,
      language: 'zh-CN',
      jurisdictions: ['CN'],
      timeZones: ['Asia/Shanghai'],
      region: null,
      sameAs: [],
      survivorId: null,
    });
    expect(parties.map(({ partyId, role, name }) => [partyId, role, name])).toEqual([
      ['self', 'debtor', '张三'],
      ['friend', 'contact', '李四'],
    ]);
    expect(parties[0]!.contactPoints).toEqual([
      {
        contactPointId: 'm1',
        kind: 'phone',
        value: '+8613800138000',
        line: 'mobile',
        status: 'active',
        place: null,
        timeZones: [],
        verifiedOn: null,
        provenance: null,
        sharedPhone: false,
        wrongSince: '2026-11-22T15:00:00+08:00',
        consents: [],
        optOuts: ['no-sms'],
        lastAttemptAt: '2026-11-22T15:00:00+08:00',
        lastReachedAt: '2026-11-21T10:00:00+08:00',
        last90Days: { attempts: 6, rightParty: 2, rate: '0.3333' },
        last180Days: { attempts: 7, rightParty: 2, rate: '0.2857' },
        bestHour: { hour: 9, timeZone: 'Asia/Shanghai', attempts: 5, rightParty: 2 },
      },
    ]);
    // The friend's number is on file for every customer that these tests make.
    expect(parties[1]!.contactPoints[0]).toMatchObject({
      sharedPhone: true,
      consents: ['late'],
      lastAttemptAt: null,
      last180Days: { attempts: 0, rate: null },
      bestHour: null,
    });
    expect(directives.map(({ directiveId }) => directiveId).sort()).toEqual(['late', 'no-sms']);
  });

  test('has the accounts, with what was billed, paid and placed, and how they came to their bucket', async () => {
    await makeDebtor(t, 'C2');
    const account = (await t.call('GET', '/v1/accounts/C2-A1')).body;
    const state = { customerId: 'C2', currency: 'CNY', minimumPaymentDue: '1200.00', balances: account.balances };
    const put = (changes: Record<string, unknown>) => t.call('PUT', '/v1/accounts/C2-A1', { ...state, ...changes });
    await put({ asOf: '2026-09-01T00:00:00+08:00', pastDueSince: '2026-08-20' });
    await put({ asOf: '2026-10-10T00:00:00+08:00' });
    await put({ asOf: '2026-10-01T00:00:00+08:00', pastDueSince: '2026-08-20' });
    await put({ asOf: '2026-11-22T00:00:00+08:00', pastDueSince: '2026-10-20', creditLimit: '50000.00' });
    for (const [index, month] of ['08', '09', '10', '11'].entries())
      await putStatement('C2-A1', `2026-${month}-05`, { statementBalance: `${index}.00` });
    for (let day = 1; day <= 6; day += 1) await storePayment(t, 'C2-A1', `P${day}`, `2026-11-0${day}`, `${day}.00`);
    await storeReversal(t, 'C2-A1', 'P6', '2026-11-07');
    const placed = { accountId: 'C2-A1', on: '2026-11-01', details: { collectorId: 'vendor-7', mandate: 'telephone' } };
    await record('C2', { entryId: 'placed', kind: 'placement', ...placed });
    const flat = { type: 'real_estate', description: 'flat in Pudong' };
    await record('C2', { entryId: 'flat', kind: 'collateral', accountId: 'C2-A1', details: flat });
    await record('C2', { entryId: 'car', kind: 'collateral', details: { ...flat, type: 'vehicle' } });

    const { accounts, collateral } = await pictureOf('C2');
    expect(accounts).toHaveLength(1);
    const [first] = accounts;
    expect(first!.account).toEqual((await t.call('GET', '/v1/accounts/C2-A1')).body);
    expect([first!.total, first!.creditUse]).toEqual(['8700.00', '0.1740']);
    expect(first!.statements).toEqual((await t.call('GET', '/v1/accounts/C2-A1/statements?limit=3')).body.items);
    expect(first!.statements[2]!.continuity?.previousStatementOn).toBe('2026-08-05');
    expect(first!.payments.map(({ paymentId }) => paymentId)).toEqual(['P6', 'P5', 'P4', 'P3', 'P2']);
    expect(first!.payments[0]).toEqual({
      paymentId: 'P6',
      amount: '6.00',
      postedOn: '2026-11-06',
      reversal: 'chargeback',
      reversedOn: '2026-11-07',
    });
    expect(first!.placement).toMatchObject({ entryId: 'placed', inForce: true });
    expect(first!.collateral.map(({ entryId }) => entryId)).toEqual(['flat']);
    expect(collateral.map(({ entryId }) => entryId)).toEqual(['car']);
    const history = (await t.call('GET', '/v1/accounts/C2-A1/delinquency-history')).body.items;
    expect(first!.delinquency).toEqual(history.toReversed());
    expect(first!.delinquency.map(({ cause: _, ...move }) => move)).toEqual([
      { on: '2026-11-22', from: 'M4', to: 'M2', daysPastDue: 33 },
      { on: '2026-11-20', from: 'M0', to: 'M4', daysPastDue: 92 },
      { on: '2026-10-10', from: 'M2', to: 'M0', daysPastDue: 0 },
      { on: '2026-09-20', from: 'M1', to: 'M2', daysPastDue: 31 },
      { on: '2026-09-01', from: null, to: 'M1', daysPastDue: 12 },
    ]);
  });

  test('has the newest of each circumstance, and what is open', async () => {
    await makeDebtor(t, 'C3');
    const income = (entryId: string, on: string, monthlyAmount: string) =>
      record('C3', { entryId, kind: 'income', on, details: { monthlyAmount, currency: 'CNY', source: 'salary' } });
    await income('i2', '2026-10-01', '4000.00');
    await income('i3', '2026-11-01', '9000.00');
    await income('i1', '2026-01-01', '6000.00');
    await t.call('POST', '/v1/customers/C3/case-entries/i3/end', {});
    await record('C3', { entryId: 'why', kind: 'default_reason', details: { reason: 'illness' } });
    for (const id of ['c1', 'c2'])
      await record('C3', { entryId: id, kind: 'complaint', details: { receivedVia: 'phone', subject: 'a text' } });
    await t.call('POST', '/v1/customers/C3/case-entries/c1/end', { outcome: 'withdrawn' });
    for (let note = 1; note <= 6; note += 1)
      await record('C3', {
        entryId: `n${note}`,
        kind: 'note',
        on: `2026-11-0${note}`,
        details: { text: `note ${note}` },
      });
    await t.call('POST', '/v1/customers/C3/directives', { directiveId: 'D1', kind: 'dispute', accountId: 'C3-A1' });
    const picture = await pictureOf('C3');
    expect(picture.circumstances.map(({ entryId }) => entryId).sort()).toEqual(['i2', 'why']);
    expect(picture.complaints.map(({ entryId }) => entryId)).toEqual(['c2']);
    expect(picture.disputes.map(({ directiveId }) => directiveId)).toEqual(['D1']);
    expect(picture.disputes).toEqual((await t.call('GET', '/v1/customers/C3/directives')).body.items);
    expect(picture.notes.map(({ entryId }) => entryId)).toEqual(['n6', 'n5', 'n4', 'n3', 'n2']);
    expect(picture.timeline).toEqual((await t.call('GET', '/v1/customers/C3/timeline')).body);
  });

  test('without personal-data:read shows no name, no number, no income, no text', async () => {
    await makeDebtor(t, 'C4', { residentId: '110105194912310038' });
    const salary = { monthlyAmount: '6543.21', currency: 'CNY', source: 'salary' };
    await record('C4', { entryId: 'i', kind: 'income', details: salary });
    await record('C4', { entryId: 'n', kind: 'note', details: { text: 'her sister 13800138999 called' } });
    await record('C4', { entryId: 'c', kind: 'complaint', details: { receivedVia: 'phone', subject: 'neighbour' } });
    const picture = await pictureOf('C4', reader);
    expect(picture.masked).toBe(true);
    expect(JSON.stringify(picture)).not.toMatch(
      /张三|李四|13800138000|110105194912310038|6543\.21|sister|neighbour|salary/,
    );
    expect(picture.customer.name).toBe('张*');
    expect(picture.parties[0]!.contactPoints[0]!.value).toBe('+86*******8000');
    expect(picture.circumstances[0]!.details).toEqual({ monthlyAmount: null, currency: null, source: null });
    expect(JSON.stringify(await pictureOf('C4'))).toMatch(/6543\.21/);
  });

  test('of merged customers is one, whichever was asked for', async () => {
    await makeDebtor(t, 'C5');
    await makeDebtor(t, 'C6');
    await record('C6', { entryId: 'why', kind: 'default_reason', details: { reason: 'illness' } });
    await storeMerge(t, 'C5', 'C6', '2026-11-22T12:00:00+08:00');
    const survivor = await pictureOf('C5');
    expect(survivor.customer).toMatchObject({ sameAs: ['C6'], survivorId: 'C5' });
    expect(survivor.accounts.map(({ account }) => account.accountId)).toEqual(['C5-A1', 'C6-A1']);
    expect(survivor.parties.map(({ customerId }) => customerId)).toEqual(['C5', 'C5', 'C6', 'C6']);
    expect(survivor.parties[0]!.contactPoints[0]!.sharedPhone).toBe(true);
    expect(survivor.circumstances).toMatchObject([{ entryId: 'why', customerId: 'C6' }]);
    const merged = await pictureOf('C6');
    expect(merged.customer.customerId).toBe('C6');
    expect([merged.accounts, merged.circumstances]).toEqual([survivor.accounts, survivor.circumstances]);
    expect(merged.timeline.items).toEqual(survivor.timeline.items);
  });

  test('of more records of one resident id than anybody has is that of one record', async () => {
    const residentId = '110105194912310038';
    for (let no = 0; no <= 51; no += 1) await makeDebtor(t, `PLACE-${no}`, { residentId });
    const { body } = await t.call('GET', '/v1/customers/PLACE-7/picture');
    expect(body.customer.sameAs).toEqual([]);
    expect(body.accounts.map(({ account }: { account: { accountId: string } }) => account.accountId)).toEqual([
      'PLACE-7-A1',
    ]);
    const timeline = (await t.call('GET', '/v1/customers/PLACE-7/timeline')).body;
    expect(new Set(timeline.items.map(({ customerId }: { customerId: string }) => customerId))).toEqual(
      new Set(['PLACE-7']),
    );
    expect((await t.call('GET', '/v1/customers/PLACE-7')).body).toMatchObject({ sameAs: [], survivorId: null });
  });

  test('takes both scopes, and is 404 for strangers', async () => {
    for (const scope of ['customers:read', 'accounts:read'] as const) {
      const authorization = `Bearer ${await t.keyWith([scope])}`;
      const answer = await t.call('GET', '/v1/customers/C1/picture', undefined, { authorization });
      expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await t.call('GET', '/v1/customers/nobody/picture')).status).toBe(404);
  });

  test('is not for the key of a collector, who would read what others did', async () => {
    const authorization = `Bearer ${await t.keyWith(['customers:read', 'accounts:read'], 'vendor-7')}`;
    const answer = await t.call('GET', '/v1/customers/C1/picture', undefined, { authorization });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });
});

describe('a screen', () => {
  const ACCOUNTS = 200;
  beforeAll(async () => {
    await makeDebtor(t, 'S200');
    await t.database.pool.query(
      `WITH made AS (
         INSERT INTO accounts SELECT (jsonb_populate_record(a, jsonb_build_object('account_id', 'S200-B' || n))).*
           FROM accounts a, generate_series(2, $1) n WHERE a.account_id = 'S200-A1' RETURNING account_id
       ) INSERT INTO account_directory SELECT account_id, 'S200' FROM made`,
      [ACCOUNTS],
    );
    await t.database.pool.query(
      `INSERT INTO account_snapshots
       SELECT s.customer_id, a.account_id, s.as_of - n * interval '1 month', s.content_hash, s.content, NULL, s.recorded_at
         FROM account_snapshots s, accounts a, generate_series(1, 6) n WHERE s.account_id = 'S200-A1' AND a.customer_id = 'S200'`,
    );
    await t.call('PUT', '/v1/customers/S0', {
      name: '王五',
      parties: [{ partyId: 'self', role: 'debtor', name: '王五' }],
    });
  });

  test.each([
    ['S0', 0],
    ['S200', ACCOUNTS],
  ])('of %s is filled by five SQL statements, with %i accounts', async (customerId, accounts) => {
    let picture: CustomerPicture | undefined;
    const asked = await statementsOf(async () => {
      picture = await pictureOf(customerId);
    });
    expect(picture!.accounts).toHaveLength(accounts);
    expect(asked).toHaveLength(5);
  });

  test.each(['S0', 'S200'])(
    'of %s is one GraphQL query, still with five statements, and the same',
    async (customerId) => {
      const document = documentOf(t.app.graphql.schema, 'customerPicture');
      expect(document).toMatch(/accounts \{.*statements \{.*payments \{.*timeline \{/);
      let picture: CustomerPicture | undefined;
      const asked = await statementsOf(async () => {
        picture = (await t.graphql(document, { customerId })).body.data.customerPicture;
      });
      expect(asked).toHaveLength(5);
      // Cursors are sealed, so no two are equal.
      const withoutCursor = (one: CustomerPicture) => ({ ...one, timeline: one.timeline.items });
      expect(withoutCursor(picture!)).toEqual(withoutCursor(await pictureOf(customerId)));
    },
  );

  test('goes on with the timeline where its first page ends', async () => {
    const { timeline } = await pictureOf('S200');
    const path = '/v1/customers/S200/timeline?limit=100';
    const next = (await t.call('GET', `${path}&cursor=${timeline.nextCursor}`)).body;
    const whole = (await t.call('GET', path)).body;
    expect([...timeline.items, ...next.items].slice(0, 100)).toEqual(whole.items);
  });
});
