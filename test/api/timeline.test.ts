import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TimelineItem } from '../../src/picture/schemas.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import {
  storeAttempt,
  storeCharge,
  storeDirective,
  storeIncident,
  storeMerge,
  storePayment,
  storeReversal,
} from '../support/facts.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { reconcile, tellUnreported } from '../support/reconciliation.ts';

const NOW = '2026-11-23T10:00:00+08:00';
let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: NOW });
});
afterAll(() => t.close());

async function page(customerId: string, query = ''): Promise<{ items: TimelineItem[]; nextCursor: string | null }> {
  const { status, body } = await t.call('GET', `/v1/customers/${customerId}/timeline?${query}`);
  expect(status, JSON.stringify([body, t.logged.at(-2)])).toBe(200);
  return body;
}
const told = ({ at, kind, id }: TimelineItem) => `${at} ${kind} ${id}`;

/** All items, page by page; `between` happens after each page. */
async function walk(
  customerId: string,
  limit: number,
  between: (items: TimelineItem[]) => Promise<void> = async () => {},
) {
  const items: TimelineItem[] = [];
  let cursor: string | null = null;
  do {
    const next: Awaited<ReturnType<typeof page>> = await page(
      customerId,
      `limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`,
    );
    items.push(...next.items);
    cursor = next.nextCursor;
    if (cursor !== null) await between(items);
  } while (cursor !== null);
  return items;
}

describe('a timeline', () => {
  test('has everything that happened, the newest first, and personal data nowhere', async () => {
    await makeDebtor(t, 'C1');
    t.setNow('2026-11-20T09:00:00+08:00');
    const reserve = async (requestId: string) =>
      (await t.call('POST', '/v1/contact-permissions', askFor('C1', { mode: 'reserve', requestId }))).body;
    const lost = await reserve('lost');
    t.setNow('2026-11-20T15:00:00+08:00');
    await tellUnreported(t);
    t.setNow('2026-11-21T09:00:00+08:00');
    const given = await reserve('given');
    await t.call('POST', `/v1/reservations/${given.reservationId}/release`, { reason: '张三 asked' });
    t.setNow('2026-11-21T10:30:00+08:00');
    await t.call(
      'POST',
      '/v1/contact-attempts',
      reportOf('C1', 'call-1', '2026-11-21T10:00:00+08:00', 'no_answer', { note: 'a text' }),
    );
    t.setNow('2026-11-21T11:00:00+08:00');
    await t.call('PATCH', '/v1/contact-attempts/call-1', { outcome: 'conversation' });
    t.setNow('2026-11-22T09:00:00+08:00');
    const directive = { directiveId: 'D1', kind: 'dispute', accountId: 'C1-A1', from: '2026-11-19T00:00:00+08:00' };
    await t.call('POST', '/v1/customers/C1/directives', directive);
    await t.call('POST', '/v1/customers/C1/directives/D1/end', {});
    const entry = {
      entryId: 'E1',
      kind: 'complaint',
      on: '2026-11-18',
      details: { receivedVia: 'phone', subject: 'a text' },
    };
    await t.call('POST', '/v1/customers/C1/case-entries', entry);
    await t.call('POST', '/v1/customers/C1/case-entries/E1/end', { outcome: 'upheld', text: 'a text' });
    await t.call('PUT', '/v1/accounts/C1-A1/statements/2026-11-05', STATEMENT);
    await t.call('PUT', '/v1/accounts/C1-A1/statements/2026-11-05', { ...STATEMENT, minimumDue: '800.00' });
    await storePayment(t, 'C1-A1', 'P1', '2026-11-10', '1234.56');
    await storeReversal(t, 'C1-A1', 'P1', '2026-11-12');
    await storeCharge(t, 'C1-A1', 'F1', '2026-11-11');
    await storeIncident(t, 'C1', 'inc_x', '2026-11-17T09:00:00+08:00');
    await makeDebtor(t, 'C1m');
    await storeMerge(t, 'C1', 'C1m', '2026-11-22T12:00:00+08:00');
    const calls = 'started_at,number,vendor_call_id\r\n2026-11-21T10:00:00+08:00,13800138000,v1';
    await reconcile(t, calls, 'vendor=bank');
    t.setNow(NOW);
    const { items, nextCursor } = await page('C1');
    expect(nextCursor).toBeNull();
    expect(items.map(told)).toEqual([
      '2026-11-22T12:00:00+08:00 customer_merged mrg_C1m',
      '2026-11-22T09:00:00+08:00 case_entry_ended E1',
      '2026-11-22T09:00:00+08:00 directive_ended D1',
      '2026-11-21T11:00:00+08:00 attempt_corrected call-1',
      expect.stringMatching(/^2026-11-21T10:00:00\+08:00 incident inc_/),
      expect.stringMatching(/^2026-11-21T10:00:00\+08:00 call_record cru_/),
      '2026-11-21T10:00:00+08:00 contact_attempt call-1',
      `2026-11-21T09:00:00+08:00 reservation_released ${given.reservationId}`,
      `2026-11-21T09:00:00+08:00 decision ${given.decisionId}`,
      `2026-11-20T15:00:00+08:00 reservation_unreported ${lost.reservationId}`,
      `2026-11-20T09:00:00+08:00 decision ${lost.decisionId}`,
      '2026-11-20T00:00:00+08:00 account_state C1m-A1',
      '2026-11-20T00:00:00+08:00 account_state C1-A1',
      '2026-11-19T00:00:00+08:00 directive_begun D1',
      '2026-11-18T00:00:00+08:00 case_entry_begun E1',
      '2026-11-17T09:00:00+08:00 incident inc_x',
      '2026-11-12T00:00:00+08:00 payment_reversal P1',
      '2026-11-11T00:00:00+08:00 charge F1',
      '2026-11-10T00:00:00+08:00 payment P1',
      '2026-11-05T00:00:00+08:00 statement 2026-11-05',
    ]);
    expect(JSON.stringify(items)).not.toMatch(/张三|13800138000|a text/);
    const of = (kind: string) => items.find((item) => item.kind === kind)!;
    expect(of('contact_attempt')).toMatchObject({
      collectorId: 'bank',
      summary: { outcome: 'conversation', channel: 'voice', contactPointId: 'm1' },
    });
    expect(of('decision')).toMatchObject({
      accountIds: ['C1-A1'],
      collectorId: 'bank',
      summary: { permitted: true, reasonCode: null, channel: 'voice', purpose: 'collect', mode: 'reserve' },
    });
    expect(of('payment')).toMatchObject({ accountIds: ['C1-A1'], summary: { amount: '1234.56', currency: 'CNY' } });
    expect(of('payment_reversal').summary).toEqual({ kind: 'chargeback', amount: '1234.56', currency: 'CNY' });
    expect(of('statement').summary).toMatchObject({ amount: '8410.50', version: 2 });
    expect(of('case_entry_ended').summary).toEqual({ kind: 'complaint', outcome: 'upheld' });
    expect((await page('C1m')).items).toEqual(items);
  });

  test('shows the bucket of a state and of the one before', async () => {
    await makeDebtor(t, 'C2');
    const account = (await t.call('GET', '/v1/accounts/C2-A1')).body;
    const state = { customerId: 'C2', currency: 'CNY', minimumPaymentDue: '1200.00', balances: account.balances };
    await t.call('PUT', '/v1/accounts/C2-A1', { ...state, asOf: '2026-11-22T00:00:00+08:00' });
    await t.call('PUT', '/v1/accounts/C2-A1', {
      ...state,
      asOf: '2026-09-01T00:00:00+08:00',
      pastDueSince: '2026-08-20',
    });
    const { items } = await page('C2', 'kinds=account_state');
    expect(items.map(({ summary }) => [summary.bucketBefore, summary.bucket, summary.daysPastDue])).toEqual([
      ['M4', 'M0', 0],
      ['M1', 'M4', 92],
      [null, 'M1', 12],
    ]);
    expect(items[0]!.summary).toMatchObject({ status: 'open', total: '8700.00', currency: 'CNY' });
  });

  test('can be narrowed to kinds and a period, and a cursor goes with its filters', async () => {
    await makeDebtor(t, 'C3');
    for (const [day, id] of [
      ['01', 'P1'],
      ['02', 'P2'],
      ['03', 'P3'],
    ] as const)
      await storePayment(t, 'C3-A1', id, `2026-11-${day}`);
    await storeCharge(t, 'C3-A1', 'F1', '2026-11-02');
    const ids = async (query: string) => (await page('C3', query)).items.map(({ id }) => id);
    const midnight = encodeURIComponent('2026-11-02T00:00:00+08:00');
    expect(await ids('kinds=payment,charge')).toEqual(['P3', 'P2', 'F1', 'P1']);
    expect(await ids(`kinds=payment&from=${midnight}`)).toEqual(['P3', 'P2']);
    expect(await ids(`kinds=payment&until=${midnight}`)).toEqual(['P1']);
    const { nextCursor } = await page('C3', 'kinds=payment&limit=1');
    expect(await ids(`kinds=payment&limit=1&cursor=${nextCursor}`)).toEqual(['P2']);
    const other = await t.call('GET', `/v1/customers/C3/timeline?kinds=charge&cursor=${nextCursor}`);
    expect([other.status, other.body.errors[0].pointer]).toEqual([400, '/cursor']);
    const unknown = await t.call('GET', '/v1/customers/C3/timeline?kinds=payment,nothing');
    expect([unknown.status, unknown.body.errors[0].pointer]).toEqual([400, '/kinds']);
  });

  test('tells nothing that is still to come', async () => {
    await makeDebtor(t, 'C4');
    const plan = { accountId: 'C4-A1', on: '2026-12-01', details: { collectorId: 'vendor-7', mandate: 'all' } };
    await t.call('POST', '/v1/customers/C4/case-entries', { entryId: 'E1', kind: 'placement', ...plan });
    await t.call('POST', '/v1/customers/C4/directives', { kind: 'dispute', until: '2026-12-01T00:00:00+08:00' });
    const kinds = async () => (await page('C4')).items.map(({ kind }) => kind);
    expect(await kinds()).toEqual(['directive_begun', 'account_state']);
    t.setNow('2026-12-01T00:00:00+08:00');
    expect(await kinds()).toEqual(['case_entry_begun', 'directive_ended', 'directive_begun', 'account_state']);
    t.setNow(NOW);
  });

  test('is for who may read customers and accounts, and 404 for strangers', async () => {
    for (const scope of ['customers:read', 'accounts:read'] as const) {
      const authorization = `Bearer ${await t.keyWith([scope])}`;
      const answer = await t.call('GET', '/v1/customers/C1/timeline', undefined, { authorization });
      expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await t.call('GET', '/v1/customers/nobody/timeline')).status).toBe(404);
  });

  test('is not for the key of a collector, who would read what others did', async () => {
    const authorization = `Bearer ${await t.keyWith(['customers:read', 'accounts:read'], 'vendor-7')}`;
    const answer = await t.call('GET', '/v1/customers/C1/timeline', undefined, { authorization });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });
});

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

interface Fact {
  readonly kind: 'payment' | 'charge' | 'contact_attempt' | 'directive_begun' | 'incident';
  /** Few of them, so that many facts share an instant. */
  readonly day: number;
  readonly hour: number;
}

describe('pages of a timeline', () => {
  let made = 0;
  const fact: fc.Arbitrary<Fact> = fc.record({
    kind: fc.constantFrom('payment', 'charge', 'contact_attempt', 'directive_begun', 'incident'),
    day: fc.integer({ min: 1, max: 4 }),
    hour: fc.constantFrom(0, 0, 9),
  });

  async function store(customerId: string, { kind, day, hour }: Fact): Promise<string> {
    made += 1;
    const id = `f-${made}`;
    const date = `2026-11-0${day}`;
    const at = `${date}T0${hour}:00:00+08:00`;
    if (kind === 'payment') await storePayment(t, `${customerId}-A1`, id, date);
    else if (kind === 'charge') await storeCharge(t, `${customerId}-A1`, id, date);
    else if (kind === 'contact_attempt') await storeAttempt(t, customerId, id, at);
    else if (kind === 'directive_begun') await storeDirective(t, customerId, id, at);
    else await storeIncident(t, customerId, id, at);
    return id;
  }

  test('lose no fact and tell none twice, whatever arrives between them', async () => {
    const run = fc.record({
      before: fc.array(fact, { maxLength: 14 }),
      between: fc.array(fact, { maxLength: 6 }),
      limit: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ before, between, limit }) => {
        made += 1;
        const customerId = `X${made}`;
        await makeDebtor(t, customerId);
        const there = new Set<string>();
        for (const one of before) there.add(await store(customerId, one));
        const late = [...between];
        const seen = await walk(customerId, limit, async (items) => {
          const next = late.shift();
          if (next === undefined) return;
          const id = await store(customerId, next);
          // What lies behind the last item is met; what lies before it belongs to a page that was read.
          const whole = (await walk(customerId, 200)).map((item) => item.id);
          if (whole.indexOf(id) > whole.indexOf(items.at(-1)!.id)) there.add(id);
        });
        const ids = seen.filter(({ kind }) => kind !== 'account_state').map(({ id }) => id);
        expect([...ids].sort()).toEqual([...there].sort());
        const instants = seen.map(({ at }) => Temporal.Instant.from(at).epochMilliseconds);
        expect(instants).toEqual([...instants].sort((a, b) => b - a));
      }),
      { numRuns: 40, seed: 20261123 },
    );
  }, 60_000);
});
