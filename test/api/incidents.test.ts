import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf } from '../support/imports.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { callFile, eventsOf, examineLate, incidentsOf, reconcile } from '../support/reconciliation.ts';

let t: TestApp;
const TEN = '2026-11-23T10:00:00+08:00';

beforeAll(async () => {
  t = await buildTestApp({ now: TEN });
});
afterAll(() => t.close());
beforeEach(() => t.setNow(TEN));

let made = 0;
async function newDebtor(): Promise<{ id: string; phone: string }> {
  made += 1;
  const debtor = { id: `I${made}`, phone: `138001370${String(made).padStart(2, '0')}` };
  await makeDebtor(t, debtor.id, { phone: debtor.phone });
  return debtor;
}

async function report(id: string, attemptId: string, startedAt: string, overrides: Record<string, unknown> = {}) {
  const answer = await t.call(
    'POST',
    '/v1/contact-attempts',
    reportOf(id, attemptId, startedAt, 'no_answer', overrides),
  );
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}

async function reserve(id: string) {
  const { body } = await t.call('POST', '/v1/contact-permissions', askFor(id, { mode: 'reserve' }));
  expect(body.permitted).toBe(true);
  return body as { reservationId: string; decisionId: string };
}

/** An incident of the bank's own calls: a report that nobody had asked for. */
async function newIncident(): Promise<string> {
  const { id } = await newDebtor();
  await report(id, `unasked-${id}`, TEN);
  await examineLate(t);
  return (await incidentsOf(t, `customerId=${id}`))[0]!.incidentId;
}

describe('a reported contact becomes an incident', () => {
  test('when nobody had asked for it, and is told in the same breath, once', async () => {
    const { id } = await newDebtor();
    await report(id, 'unasked', '2026-11-23T09:59:00+08:00');
    await examineLate(t);
    await examineLate(t);
    const [incident, ...others] = await incidentsOf(t, `customerId=${id}`);
    expect(others).toEqual([]);
    expect(incident).toEqual({
      incidentId: expect.stringMatching(/^inc_/),
      kind: 'reported_without_permission',
      status: 'open',
      collectorId: 'bank',
      customerId: id,
      channel: 'voice',
      occurredAt: '2026-11-23T09:59:00+08:00',
      detectedAt: TEN,
      attemptId: 'unasked',
      reservationId: null,
      decisionId: null,
      callRecords: [],
      explanation: null,
      closing: null,
    });
    const mine = (event: Record<string, unknown>) => event.customerId === id;
    expect((await eventsOf(t, 'contact.without_permission')).filter(mine)).toEqual([
      {
        incidentId: incident!.incidentId,
        kind: 'reported_without_permission',
        customerId: id,
        channel: 'voice',
        collectorId: 'bank',
        attemptId: 'unasked',
        reservationId: null,
        startedAt: '2026-11-23T09:59:00+08:00',
      },
    ]);
    expect((await eventsOf(t, 'reservation.reported_late')).filter(mine)).toHaveLength(1);
    expect(await countOf(t, 'late_attempts')).toBe(0);
  });

  test('when it began after its permission had ended', async () => {
    const { id } = await newDebtor();
    const { reservationId, decisionId } = await reserve(id);
    t.setNow('2026-11-23T10:10:00+08:00');
    await report(id, 'slow', '2026-11-23T10:03:00+08:00', { reservationId });
    await examineLate(t);
    expect(await incidentsOf(t, `customerId=${id}`)).toMatchObject([
      { kind: 'late', attemptId: 'slow', reservationId, decisionId },
    ]);
  });

  test('and none when it was permitted, or the debtor called', async () => {
    const { id } = await newDebtor();
    const { reservationId } = await reserve(id);
    await report(id, 'permitted', TEN, { reservationId });
    await report(id, 'inbound', TEN, { direction: 'inbound' });
    await examineLate(t);
    expect(await incidentsOf(t, `customerId=${id}`)).toEqual([]);
  });
});

describe('one contact that several sources show is one incident', () => {
  const record = (phone: string, startedAt: string, id: string) =>
    callFile([{ vendor_call_id: id, started_at: startedAt, number: phone }]);

  test('a record first, and its report later', async () => {
    const { id, phone } = await newDebtor();
    await reconcile(t, record(phone, '2026-11-23T09:58:30+08:00', 'o1'), 'vendor=bank');
    expect(await incidentsOf(t, `customerId=${id}`)).toMatchObject([{ kind: 'orphan', attemptId: null }]);
    await report(id, 'told-later', '2026-11-23T09:59:00+08:00');
    await examineLate(t);
    expect(await incidentsOf(t, `customerId=${id}`)).toMatchObject([
      { kind: 'reported_without_permission', attemptId: 'told-later', callRecords: [{ vendorCallId: 'o1' }] },
    ]);
  });

  test('a report first, then the record of the vendor and that of the carrier', async () => {
    const { id, phone } = await newDebtor();
    await report(id, 'told-first', '2026-11-23T09:59:00+08:00');
    await examineLate(t);
    await reconcile(t, record(phone, '2026-11-23T09:59:20+08:00', 'o2'), 'vendor=bank');
    await reconcile(t, record(phone, '2026-11-23T09:59:10+08:00', 'k2'), 'vendor=bank&source=carrier');
    const [incident, ...others] = await incidentsOf(t, `customerId=${id}`);
    expect(others).toEqual([]);
    expect(incident!.callRecords.map(({ source, vendorCallId }) => [source, vendorCallId])).toEqual([
      ['vendor', 'o2'],
      ['carrier', 'k2'],
    ]);
  });

  test('an orphan that vendor and carrier show; a second call of the minute is another one', async () => {
    const { id, phone } = await newDebtor();
    const rows = [
      { vendor_call_id: 'o3', started_at: '2026-11-23T09:00:00+08:00', number: phone },
      { vendor_call_id: 'o4', started_at: '2026-11-23T09:01:00+08:00', number: phone },
    ];
    await reconcile(t, callFile(rows), 'vendor=bank');
    await reconcile(t, callFile(rows), 'vendor=bank&source=carrier');
    const incidents = await incidentsOf(t, `customerId=${id}`);
    expect(incidents.map(({ callRecords }) => callRecords.map(({ source }) => source))).toEqual([
      ['vendor', 'carrier'],
      ['vendor', 'carrier'],
    ]);
    const told = (await eventsOf(t, 'contact.without_permission')).filter((event) => event.customerId === id);
    expect(told).toHaveLength(2);
  });
});

describe('an incident', () => {
  const post = (path: string, reason: string, authorization = `Bearer ${t.keys.admin}`) =>
    t.call('POST', `/v1/incidents/${path}`, { reason }, { authorization });

  test('is explained, then closed, each with who and why', async () => {
    const incidentId = await newIncident();
    t.setNow('2026-11-23T11:00:00+08:00');
    const explained = await post(`${incidentId}/explain`, '张三 asked us to call back');
    expect(explained.body).toMatchObject({
      status: 'explained',
      explanation: { at: '2026-11-23T11:00:00+08:00', clientId: 'admin', reason: '张三 asked us to call back' },
      closing: null,
    });
    const closed = await post(`${incidentId}/close`, 'the recording confirms it');
    expect(closed.body).toMatchObject({
      status: 'closed',
      explanation: explained.body.explanation,
      closing: { clientId: 'admin', reason: 'the recording confirms it' },
    });
    expect((await t.call('GET', `/v1/incidents/${incidentId}`)).body).toEqual(closed.body);
  });

  test('keeps what was said of it: the same again changes nothing, other words are refused', async () => {
    const incidentId = await newIncident();
    const first = await post(`${incidentId}/explain`, 'a slip');
    t.setNow('2026-11-23T12:00:00+08:00');
    expect((await post(`${incidentId}/explain`, 'a slip')).body).toEqual(first.body);
    expect((await post(`${incidentId}/explain`, 'no slip')).body).toMatchObject({
      status: 409,
      code: 'INCIDENT_SETTLED',
    });
    const closed = await post(`${incidentId}/close`, 'done');
    expect((await post(`${incidentId}/close`, 'done')).body).toEqual(closed.body);
    expect((await post(`${incidentId}/close`, 'again')).body).toMatchObject({ code: 'INCIDENT_SETTLED' });
    const unexplained = await newIncident();
    await post(`${unexplained}/close`, 'done');
    expect((await post(`${unexplained}/explain`, 'too late')).body).toMatchObject({ code: 'INCIDENT_SETTLED' });
  });

  test('holds no name in the clear that somebody wrote', async () => {
    const incidentId = await newIncident();
    await post(`${incidentId}/explain`, 'secret words about 张三');
    const { rows } = await t.database.pool.query(
      'SELECT incidents::text AS row FROM incidents WHERE incident_id = $1',
      [incidentId],
    );
    expect(rows[0].row).toContain(incidentId);
    expect(rows[0].row).not.toMatch(/secret|张三/);
  });

  test('of a vendor is explained by this vendor and closed by the bank alone', async () => {
    const { id } = await newDebtor();
    const collector = { kind: 'third_party', id: 'vendor-7' };
    await report(id, 'vendor-call', TEN, { collector });
    await examineLate(t);
    const [incident] = await incidentsOf(t, `customerId=${id}`);
    const key = async (collectorId: string) =>
      `Bearer ${await t.keyWith(['contact:report', 'customers:write'], collectorId)}`;
    const [own, other] = [await key('vendor-7'), await key('vendor-9')];
    const read = (authorization: string, path: string) =>
      t.call('GET', `/v1/incidents${path}`, undefined, { authorization });
    expect((await read(own, '')).body.items.map(({ incidentId }: { incidentId: string }) => incidentId)).toEqual([
      incident!.incidentId,
    ]);
    expect((await read(other, '')).body.items).toEqual([]);
    expect((await read(other, '?collectorId=vendor-7')).status).toBe(403);
    expect((await read(other, `/${incident!.incidentId}`)).status).toBe(404);
    expect((await post(`${incident!.incidentId}/explain`, 'mine', other)).status).toBe(404);
    expect((await post(`${incident!.incidentId}/explain`, 'mine', own)).body).toMatchObject({ status: 'explained' });
    expect((await post(`${incident!.incidentId}/close`, 'done', own)).status).toBe(403);
  });
});

describe('the list', () => {
  test('is filtered, and comes page by page, the newest first', async () => {
    const detected = async (time: string) => {
      t.setNow(`2026-11-23T${time}:00+08:00`);
      return newIncident();
    };
    const [first, second, third] = [await detected('13:00'), await detected('13:01'), await detected('13:02')];
    await t.call('POST', `/v1/incidents/${second}/close`, { reason: 'done' });
    const ids = async (query: string) => (await incidentsOf(t, query)).map(({ incidentId }) => incidentId);
    const all = await ids('kind=reported_without_permission&limit=200');
    expect(all.slice(0, 3)).toEqual([third, second, first]);
    expect(await ids('status=closed&limit=1')).toEqual([second]);
    expect(await ids('status=open&limit=2')).toEqual([third, first]);
    const hour = (from: number, to: number) =>
      `from=${encodeURIComponent(`2026-11-23T${from}:00:00+08:00`)}&to=${encodeURIComponent(`2026-11-23T${to}:00:00+08:00`)}`;
    expect(await ids(`${hour(10, 11)}&limit=3`)).toEqual([third, second, first]);
    expect(await ids(`${hour(11, 12)}&limit=3`)).toEqual([]);
    const page = await t.call('GET', '/v1/incidents?limit=2');
    const next = await t.call('GET', `/v1/incidents?limit=2&cursor=${page.body.nextCursor}`);
    expect(next.body.items[0].incidentId).toBe(first);
    const other = await t.call('GET', `/v1/incidents?limit=2&status=open&cursor=${page.body.nextCursor}`);
    expect(other.body).toMatchObject({ errors: [{ pointer: '/cursor' }] });
  });
});
