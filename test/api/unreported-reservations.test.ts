import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { eventsOf, tellUnreported } from '../support/reconciliation.ts';

let t: TestApp;
let vendor: string;
const TEN = '2026-11-23T10:00:00+08:00';

beforeAll(async () => {
  t = await buildTestApp({ now: TEN });
  vendor = await t.keyWith(['contact:check', 'contact:report'], 'vendor-7');
});
afterAll(() => t.close());

let made = 0;
/** Takes a slot at ten for a debtor of its own; it ends at 10:03. */
async function reserve(authorization?: string) {
  made += 1;
  const id = `U${made}`;
  t.setNow(TEN);
  await makeDebtor(t, id, { phone: `138001380${String(made).padStart(2, '0')}` });
  const directive = { directiveId: 'n', kind: 'vendor_notice', details: { collectorId: 'vendor-7' } };
  await t.call('POST', `/v1/customers/${id}/directives`, directive);
  const request = askFor(id, { mode: 'reserve', ...(authorization && { collector: undefined }) });
  const { body } = await t.call('POST', '/v1/contact-permissions', request, authorization ? { authorization } : {});
  expect(body.permitted, JSON.stringify(body)).toBe(true);
  return { id, reservationId: body.reservationId as string, decisionId: body.decisionId as string };
}

const list = (query = '', headers = {}) =>
  t.call('GET', `/v1/reservations?status=unreported${query}`, undefined, headers);
const ids = async (query = '', headers = {}) =>
  (await list(query, headers)).body.items.map((one: { reservationId: string }) => one.reservationId) as string[];

describe('a reservation that nobody reports', () => {
  test('is told an hour after its end, once, and keeps its slot', async () => {
    const { id, reservationId, decisionId } = await reserve();
    t.setNow('2026-11-23T11:02:59+08:00');
    await tellUnreported(t);
    expect(await ids()).not.toContain(reservationId);
    t.setNow('2026-11-23T11:03:00+08:00');
    await tellUnreported(t);
    await tellUnreported(t);
    const { items } = (await list()).body;
    expect(items).toContainEqual({
      reservationId,
      decisionId,
      customerId: id,
      partyId: 'self',
      contactPointId: 'm1',
      channel: 'voice',
      purpose: 'collect',
      collectorId: 'bank',
      reservedAt: TEN,
      expiresAt: '2026-11-23T10:03:00+08:00',
      unreportedAt: '2026-11-23T11:03:00+08:00',
    });
    const told = (await eventsOf(t, 'reservation.unreported')).filter((event) => event.reservationId === reservationId);
    expect(told).toEqual([
      {
        reservationId,
        decisionId,
        customerId: id,
        partyId: 'self',
        channel: 'voice',
        collectorId: 'bank',
        expiredAt: '2026-11-23T10:03:00+08:00',
      },
    ]);
    const { body } = await t.call('POST', '/v1/contact-permissions', askFor(id, { at: '2026-11-23T10:20:00+08:00' }));
    expect(body).toMatchObject({ permitted: false, reasonCode: 'MINIMUM_GAP' });
  });

  test.each([
    [
      'reported',
      async ({ id, reservationId }: { id: string; reservationId: string }) =>
        t.call(
          'POST',
          '/v1/contact-attempts',
          reportOf(id, `late-${id}`, '2026-11-23T10:00:05+08:00', 'no_answer', { reservationId }),
        ),
    ],
    [
      'released',
      async ({ reservationId }: { reservationId: string }) =>
        t.call('POST', `/v1/reservations/${reservationId}/release`, { reason: 'never dialled' }),
    ],
  ])('leaves the list when it is %s after all, and is not told again', async (_, settle) => {
    const reservation = await reserve();
    t.setNow('2026-11-23T12:00:00+08:00');
    await tellUnreported(t);
    expect(await ids()).toContain(reservation.reservationId);
    const before = (await eventsOf(t, 'reservation.unreported')).length;
    expect((await settle(reservation)).status).toBeLessThan(300);
    await tellUnreported(t);
    expect(await ids()).not.toContain(reservation.reservationId);
    expect(await eventsOf(t, 'reservation.unreported')).toHaveLength(before);
  });

  test('is none when it was reported or released in time', async () => {
    const [reported, released] = [await reserve(), await reserve()];
    const { id, reservationId } = reported;
    await t.call('POST', '/v1/contact-attempts', reportOf(id, `in-time-${id}`, TEN, 'busy', { reservationId }));
    await t.call('POST', `/v1/reservations/${released.reservationId}/release`, { reason: 'hung up' });
    t.setNow('2026-11-23T12:00:00+08:00');
    await tellUnreported(t);
    const listed = await ids();
    expect(listed).not.toContain(reservationId);
    expect(listed).not.toContain(released.reservationId);
  });
});

describe('the list', () => {
  test('comes page by page, the oldest first, and counts all pages', async () => {
    for (let count = 0; count < 3; count += 1) await reserve(`Bearer ${vendor}`);
    t.setNow('2026-11-23T13:00:00+08:00');
    await tellUnreported(t);
    const all = await ids('&collectorId=vendor-7');
    expect(all).toHaveLength(3);
    const first = (await list('&collectorId=vendor-7&limit=2')).body;
    expect(first.total).toBe(3);
    const second = (await list(`&collectorId=vendor-7&limit=2&cursor=${first.nextCursor}`)).body;
    expect(second).toMatchObject({ total: 3, nextCursor: null });
    const paged = [...first.items, ...second.items].map((one: { reservationId: string }) => one.reservationId);
    expect(paged).toEqual(all);
    const other = await list(`&collectorId=bank&limit=2&cursor=${first.nextCursor}`);
    expect(other.body).toMatchObject({ status: 400, errors: [{ pointer: '/cursor', code: 'INVALID_VALUE' }] });
  });

  test('may leave out what ended shortly ago', async () => {
    t.setNow('2026-11-23T13:00:00+08:00');
    expect((await ids('&olderThanSeconds=10620')).length).toBeGreaterThan(0);
    expect(await ids('&olderThanSeconds=10621')).toEqual([]);
  });

  test('shows a vendor its own only', async () => {
    const headers = { authorization: `Bearer ${vendor}` };
    expect(await ids('', headers)).toEqual(await ids('&collectorId=vendor-7'));
    expect((await list('&collectorId=bank', headers)).body).toMatchObject({ code: 'FORBIDDEN' });
    const dialer = { authorization: `Bearer ${await t.keyWith(['contact:check', 'contact:report'])}` };
    expect((await list('', dialer)).body).toMatchObject({ code: 'FORBIDDEN' });
  });
});
