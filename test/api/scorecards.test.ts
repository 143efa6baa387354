import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { callFile, examineLate, incidentsOf, reconcile } from '../support/reconciliation.ts';

let t: TestApp;
const VENDOR = { kind: 'third_party', id: 'vendor-7' };
const BANK = { kind: 'creditor', id: 'bank' };
const WEEK = 'from=2026-11-23&to=2026-11-30';

/** `23 10:00:05` of November 2026, at the bank. */
const at = (time: string) => `2026-11-${time.replace(' ', 'T')}+08:00`;

let made = 0;
/** A debtor who may be called by vendor-7. */
async function newDebtor(): Promise<{ id: string; phone: string }> {
  made += 1;
  const debtor = { id: `S${made}`, phone: `138001350${String(made).padStart(2, '0')}` };
  await makeDebtor(t, debtor.id, { phone: debtor.phone });
  const notice = { directiveId: 'n', kind: 'vendor_notice', details: { collectorId: 'vendor-7' } };
  await t.call('POST', `/v1/customers/${debtor.id}/directives`, { ...notice, from: at('01 00:00:00') });
  return debtor;
}

/** Asks for a slot at that time, for a debtor of its own. */
async function ask(time: string, overrides: Record<string, unknown> = {}) {
  const debtor = await newDebtor();
  t.setNow(at(time));
  const request = askFor(debtor.id, { mode: 'reserve', collector: VENDOR, ...overrides });
  const { body } = await t.call('POST', '/v1/contact-permissions', request);
  return { ...debtor, permitted: body.permitted as boolean, reservationId: body.reservationId as string };
}

async function report(id: string, startedAt: string, reservationId: string | null): Promise<void> {
  t.setNow(at('29 20:00:00'));
  const call = reportOf(id, `call-${id}`, at(startedAt), 'no_answer', { collector: VENDOR, reservationId });
  expect((await t.call('POST', '/v1/contact-attempts', call)).status).toBe(201);
}

/** A week of vendor-7 from Monday the 23rd, looked at on Sunday at 22:00. */
beforeAll(async () => {
  t = await buildTestApp({ now: at('22 12:00:00') });
  // Seven slots: two reported in time, one late, one released, two never, one that may still be reported.
  const used = await ask('23 08:00:00');
  await report(used.id, '23 08:00:10', used.reservationId);
  const also = await ask('25 10:00:00');
  await report(also.id, '25 10:00:10', also.reservationId);
  const late = await ask('24 10:00:00');
  await report(late.id, '24 10:05:00', late.reservationId);
  const released = await ask('26 10:00:00');
  await t.call('POST', `/v1/reservations/${released.reservationId}/release`, { reason: 'hung up' });
  await ask('27 10:00:00');
  await ask('27 11:00:00');
  await ask('29 21:30:00');
  // Two refusals; the first debtor is called all the same.
  const refused = await ask('27 12:00:00', { recording: false });
  expect([refused.permitted, (await ask('27 23:00:00')).permitted]).toEqual([false, false]);
  // Outside the week, of another collector, or no reservation at all.
  await ask('22 21:59:00');
  await ask('30 08:00:00');
  await ask('25 11:00:00', { collector: BANK });
  t.setNow(at('25 12:00:00'));
  const check = askFor(used.id, { collector: VENDOR, recording: false, record: true });
  expect((await t.call('POST', '/v1/contact-permissions', check)).body.permitted).toBe(false);
  // A contact that nobody had asked for, and two that only the call records show, of which one is closed.
  await report((await newDebtor()).id, '28 10:00:00', null);
  const [first, second] = [await newDebtor(), await newDebtor()];
  t.setNow(at('29 22:00:00'));
  await reconcile(
    t,
    callFile([
      { vendor_call_id: `call-${used.id}`, started_at: at('23 08:00:12'), number: used.phone },
      { vendor_call_id: 'spite', started_at: at('27 12:05:00'), number: refused.phone },
      { vendor_call_id: 'orphan-1', started_at: at('29 21:59:59'), number: first.phone },
      { vendor_call_id: 'orphan-2', started_at: at('23 00:00:00'), number: second.phone },
      { vendor_call_id: 'before', started_at: at('22 23:59:59'), number: first.phone },
      { vendor_call_id: 'stranger', started_at: at('28 10:00:00'), number: '13711110000' },
    ]),
  );
  await examineLate(t);
  const [closed] = await incidentsOf(t, `customerId=${second.id}`);
  await t.call('POST', `/v1/incidents/${closed!.incidentId}/close`, { reason: 'a test call of the bank' });
});
afterAll(() => t.close());

test('a week of a vendor, figure by figure', async () => {
  const { status, body } = await t.call('GET', `/v1/collectors/vendor-7/scorecard?${WEEK}`);
  expect(status).toBe(200);
  expect(body).toEqual({
    collectorId: 'vendor-7',
    from: '2026-11-23',
    to: '2026-11-30',
    reservationsTaken: 7,
    reportedInTime: 2,
    reportedLate: 1,
    unreported: 2,
    released: 1,
    pending: 1,
    refusedAsks: 2,
    contactsWithoutPermission: 5,
    incidentKinds: { late: 1, reportedWithoutPermission: 1, refused: 1, orphan: 2 },
    incidentsOpen: 4,
    callsExamined: 4,
    callsWithoutPermission: 3,
    rates: {
      reportedInTime: '0.3333',
      reportedLate: '0.1667',
      unreported: '0.3333',
      released: '0.1667',
      refused: '0.2222',
      callsWithoutPermission: '0.7500',
    },
  });
});

test('one hour after its end an open slot is unreported', async () => {
  const pending = async (now: string) => {
    t.setNow(at(now));
    const { body } = await t.call('GET', `/v1/collectors/vendor-7/scorecard?${WEEK}`);
    return [body.pending, body.unreported];
  };
  expect(await pending('29 22:32:59')).toEqual([1, 2]);
  expect(await pending('29 22:33:00')).toEqual([0, 3]);
});

test('the first day counts, the last does not', async () => {
  const taken = async (period: string) =>
    (await t.call('GET', `/v1/collectors/vendor-7/scorecard?${period}`)).body.reservationsTaken;
  expect(await taken('from=2026-11-22&to=2026-11-23')).toBe(1);
  expect(await taken('from=2026-11-23&to=2026-11-24')).toBe(1);
  expect(await taken('from=2026-11-22&to=2026-12-01')).toBe(9);
});

test('the bank reads every collector, a vendor its own', async () => {
  const list = async (authorization = `Bearer ${t.keys.admin}`) =>
    (await t.call('GET', `/v1/collectors/scorecards?${WEEK}`, undefined, { authorization })).body.items.map(
      (card: { collectorId: string; reservationsTaken: number }) => [card.collectorId, card.reservationsTaken],
    );
  expect(await list()).toEqual([
    ['bank', 1],
    ['vendor-7', 7],
  ]);
  const authorization = `Bearer ${await t.keyWith(['contact:report'], 'vendor-7')}`;
  expect(await list(authorization)).toEqual([['vendor-7', 7]]);
  const read = (collectorId: string) =>
    t.call('GET', `/v1/collectors/${collectorId}/scorecard?${WEEK}`, undefined, { authorization });
  expect((await read('vendor-7')).status).toBe(200);
  expect((await read('bank')).body).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});

test('a collector that did nothing has zeroes and no rates; one that nobody knows is none', async () => {
  await t.keyWith(['contact:check'], 'vendor-9');
  const { body } = await t.call('GET', `/v1/collectors/vendor-9/scorecard?${WEEK}`);
  expect(body).toMatchObject({ reservationsTaken: 0, contactsWithoutPermission: 0, callsExamined: 0 });
  expect(Object.values(body.rates)).toEqual([null, null, null, null, null, null]);
  expect((await t.call('GET', `/v1/collectors/vendor-8/scorecard?${WEEK}`)).body).toMatchObject({ code: 'NOT_FOUND' });
});

test('without days it is the last seven, with today', async () => {
  t.setNow(at('29 23:59:59'));
  const named = await t.call('GET', `/v1/collectors/vendor-7/scorecard?${WEEK}`);
  expect((await t.call('GET', '/v1/collectors/vendor-7/scorecard')).body).toEqual(named.body);
});

test.each([
  'from=2026-11-23',
  'from=2026-11-23&to=2026-11-23',
  'from=2026-11-23&to=2026-11-22',
  'from=2026-08-29&to=2026-11-30',
  'from=2026-02-30&to=2026-03-02',
])('%s is no period', async (period) => {
  for (const path of ['vendor-7/scorecard', 'scorecards'])
    expect((await t.call('GET', `/v1/collectors/${path}?${period}`)).body).toMatchObject({ code: 'VALIDATION_FAILED' });
});
