import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf, gb18030 } from '../support/imports.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import {
  callFile,
  eventsOf,
  examine,
  examineLate,
  incidentsOf,
  reconcile,
  recoverUploads,
  sendCalls,
  uploadOf,
} from '../support/reconciliation.ts';

let t: TestApp;
const TEN = '2026-11-23T10:00:00+08:00';
const NOON = '2026-11-23T12:00:00+08:00';
const VENDOR = { kind: 'third_party', id: 'vendor-7' };

beforeAll(async () => {
  t = await buildTestApp({ now: TEN });
});
afterAll(() => t.close());
beforeEach(() => t.setNow(NOON));

let made = 0;
/** A debtor who may be called by vendor-7. */
async function newDebtor(): Promise<{ id: string; phone: string }> {
  made += 1;
  const debtor = { id: `R${made}`, phone: `138001360${String(made).padStart(2, '0')}` };
  await makeDebtor(t, debtor.id, { phone: debtor.phone });
  const directive = { directiveId: 'n', kind: 'vendor_notice', details: { collectorId: 'vendor-7' } };
  await t.call('POST', `/v1/customers/${debtor.id}/directives`, { ...directive, from: '2026-11-01T00:00:00+08:00' });
  return debtor;
}

/** Takes a slot of vendor-7 at ten, which ends at 10:03. */
async function reserve(id: string, overrides: Record<string, unknown> = {}) {
  t.setNow(TEN);
  const request = askFor(id, { mode: 'reserve', collector: VENDOR, ...overrides });
  const { body } = await t.call('POST', '/v1/contact-permissions', request);
  t.setNow(NOON);
  return body as { permitted: boolean; reservationId: string; decisionId: string };
}

async function report(id: string, attemptId: string, startedAt: string, overrides: Record<string, unknown> = {}) {
  const body = reportOf(id, attemptId, startedAt, 'no_answer', { collector: VENDOR, ...overrides });
  const answer = await t.call('POST', '/v1/contact-attempts', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
}

const row = (id: string, time: string, number: string) => ({
  vendor_call_id: id,
  started_at: `2026-11-23T${time}+08:00`,
  number,
});

describe('each call of a file is', () => {
  test('permitted when it was reported under a permission, whoever names it', async () => {
    const { id, phone } = await newDebtor();
    const { reservationId, decisionId } = await reserve(id);
    await report(id, 'p-1', '2026-11-23T10:00:05+08:00', { reservationId });
    const byId = await reconcile(t, callFile([row('p-1', '10:00:09', phone)]));
    expect(byId).toMatchObject({
      status: 'completed',
      rowsRead: 1,
      rowsExamined: 1,
      results: { permitted: 1, orphan: 0 },
    });
    expect(byId.records).toEqual([
      {
        row: 1,
        vendorCallId: 'p-1',
        startedAt: '2026-11-23T10:00:09+08:00',
        direction: 'outbound',
        result: 'permitted',
        attemptId: 'p-1',
        reservationId,
        decisionId,
        incidentId: null,
      },
    ]);
    const byNumber = await reconcile(
      t,
      callFile([row('carrier-1', '10:01:30', phone)]),
      'vendor=vendor-7&source=carrier',
    );
    expect(byNumber.records).toMatchObject([{ result: 'permitted', attemptId: 'p-1', reservationId }]);
    expect(await incidentsOf(t, `customerId=${id}`)).toEqual([]);
  });

  test('permitted when its permission was live and nobody has reported it', async () => {
    const { id, phone } = await newDebtor();
    const { reservationId } = await reserve(id);
    const { records } = await reconcile(t, callFile([row('q-1', '10:02:59', phone)]));
    expect(records).toMatchObject([{ result: 'permitted', attemptId: null, reservationId }]);
    const { body } = await t.call('GET', `/v1/reservations/${reservationId}`);
    expect(body).toMatchObject({ status: 'expired', attemptId: null });
  });

  test('matched to the report that it names, although another call of the file is nearer and comes a batch before', async () => {
    const { id, phone } = await newDebtor();
    const { reservationId } = await reserve(id);
    await report(id, 'named', '2026-11-23T10:01:00+08:00', { reservationId });
    const between = Array.from({ length: 500 }, (_, index) => row(`gap-${index}`, '10:00:00', '13711110000'));
    const file = callFile([row('near', '10:01:00', phone), ...between, row('named', '10:02:30', phone)]);
    const { records } = await reconcile(t, file);
    expect(records[0]).toMatchObject({ result: 'orphan', attemptId: null });
    expect(records.at(-1)).toMatchObject({ result: 'permitted', attemptId: 'named' });
  });

  test('found by the customer where the file has no number', async () => {
    const { id } = await newDebtor();
    const { reservationId } = await reserve(id);
    await report(id, 'c-1', '2026-11-23T10:00:05+08:00', { reservationId });
    const other = await newDebtor();
    await reserve(other.id);
    const { records } = await reconcile(
      t,
      callFile([
        { started_at: '2026-11-23T10:00:06+08:00', customer_id: id, contact_point_id: '' },
        { started_at: '2026-11-23T10:00:06+08:00', customer_id: other.id, contact_point_id: 'm1' },
        { started_at: '2026-11-23T10:00:06+08:00', customer_id: other.id, contact_point_id: 'm1' },
        { started_at: '2026-11-23T10:00:07+08:00', customer_id: 'nobody', contact_point_id: '' },
      ]),
    );
    expect(records.map(({ result }) => result)).toEqual(['permitted', 'permitted', 'unknown_number']);
    expect(records[0]).toMatchObject({ attemptId: 'c-1' });
  });

  test('late, refused, unasked or an orphan: an incident each, told in the same breath', async () => {
    const [late, refused, unasked, orphan] = [
      await newDebtor(),
      await newDebtor(),
      await newDebtor(),
      await newDebtor(),
    ];
    const { reservationId, decisionId } = await reserve(late.id);
    const refusal = await reserve(refused.id, { callerNumber: undefined });
    expect(refusal.permitted).toBe(false);
    await report(unasked.id, 'u-1', '2026-11-23T11:00:00+08:00');
    const { results, records } = await reconcile(
      t,
      callFile([
        row('l-1', '10:30:00', late.phone),
        row('f-1', '10:05:00', refused.phone),
        row('u-1', '11:00:10', unasked.phone),
        row('o-1', '10:00:00', orphan.phone),
      ]),
    );
    expect(results).toMatchObject({ late: 1, refused: 1, reportedWithoutPermission: 1, orphan: 1, permitted: 0 });
    expect(records).toMatchObject([
      { result: 'late', reservationId, decisionId },
      { result: 'refused', reservationId: null, decisionId: refusal.decisionId },
      { result: 'reported_without_permission', attemptId: 'u-1' },
      { result: 'orphan', attemptId: null, decisionId: null },
    ]);
    await examineLate(t);
    for (const [index, { id }] of [late, refused, unasked, orphan].entries()) {
      const { incidentId, result: kind, attemptId } = records[index]!;
      expect(await incidentsOf(t, `customerId=${id}`)).toMatchObject([
        { incidentId, kind, attemptId, collectorId: 'vendor-7', callRecords: [{ row: index + 1, source: 'vendor' }] },
      ]);
      const told = (await eventsOf(t, 'contact.without_permission')).filter((event) => event.customerId === id);
      expect(told).toMatchObject([{ incidentId, kind, collectorId: 'vendor-7', attemptId }]);
    }
  });

  test('of its own collector: the permission of another does not count', async () => {
    const { id, phone } = await newDebtor();
    await reserve(id, { collector: { kind: 'creditor', id: 'bank' } });
    const { records } = await reconcile(t, callFile([row('w-1', '10:01:00', phone)]));
    expect(records).toMatchObject([{ result: 'orphan' }]);
  });

  test('nobody’s when the number is on no file, and no matter when the debtor called', async () => {
    const { id, phone } = await newDebtor();
    const { results } = await reconcile(
      t,
      callFile([
        { ...row('n-1', '10:00:00', '13711110000'), direction: 'outbound' },
        { ...row('n-2', '10:00:00', phone), direction: 'inbound' },
      ]),
    );
    expect(results).toMatchObject({ unknownNumber: 1, inbound: 1, orphan: 0 });
    expect(await incidentsOf(t, `customerId=${id}`)).toEqual([]);
  });

  test('of the customer who had the number when it was dialled', async () => {
    const { id, phone } = await newDebtor();
    await reserve(id);
    const parties = [{ partyId: 'self', role: 'debtor', name: '张三', contactPoints: [] }];
    expect((await t.call('PUT', `/v1/customers/${id}`, { name: '张三', parties })).status).toBe(200);
    const { records } = await reconcile(t, callFile([row('h-1', '10:30:00', phone)]));
    expect(records).toMatchObject([{ result: 'late' }]);
  });
});

describe('two calls on one report', () => {
  test('leave one without, in two files too', async () => {
    const { id, phone } = await newDebtor();
    const { reservationId } = await reserve(id);
    await report(id, 'only-one', '2026-11-23T10:00:05+08:00', { reservationId });
    const results = [];
    for (const call of [row('r-1', '10:00:10', phone), row('r-2', '10:00:50', phone)])
      results.push(...(await reconcile(t, callFile([call]))).records.map(({ result }) => result));
    expect(results).toEqual(['permitted', 'orphan']);
  });
});

describe('two calls on one permission', () => {
  test('leave one without, in one file or in two', async () => {
    for (const files of [1, 2]) {
      const { id, phone } = await newDebtor();
      await reserve(id);
      const rows = [row(`t-${files}-1`, '10:00:10', phone), row(`t-${files}-2`, '10:02:10', phone)];
      const sent = files === 1 ? [callFile(rows)] : rows.map((one) => callFile([one]));
      const results = [];
      for (const file of sent) results.push(...(await reconcile(t, file)).records.map(({ result }) => result));
      expect(results).toEqual(['permitted', 'orphan']);
      expect(await incidentsOf(t, `customerId=${id}`)).toHaveLength(1);
    }
  });
});

describe('the same file twice', () => {
  test('changes nothing: its calls are duplicates, with or without ids', async () => {
    const { id, phone } = await newDebtor();
    const file = callFile([row('d-1', '10:00:00', phone), { ...row('', '10:10:00', phone) }]);
    const first = await reconcile(t, file);
    expect(first.results).toMatchObject({ orphan: 2, duplicate: 0 });
    const events = await countOf(t, 'outbox_events');
    const second = await reconcile(t, file);
    expect(second).toMatchObject({
      status: 'completed',
      rowsRead: 2,
      results: { orphan: 0, duplicate: 2 },
      records: [],
    });
    expect(await incidentsOf(t, `customerId=${id}`)).toHaveLength(2);
    expect(await countOf(t, 'outbox_events')).toBe(events);
  });

  test('in one file too', async () => {
    const { phone } = await newDebtor();
    const one = row('dd-1', '10:00:00', phone);
    expect((await reconcile(t, callFile([one, one]))).results).toMatchObject({ orphan: 1, duplicate: 1 });
  });

  test('another call under a known id is refused', async () => {
    const { phone } = await newDebtor();
    await reconcile(t, callFile([row('x-1', '10:00:00', phone)]));
    const second = await reconcile(t, callFile([row('x-1', '10:20:00', phone)]));
    expect(second).toMatchObject({ quarantined: 1, results: { duplicate: 0, orphan: 0 }, records: [] });
    const { body } = await t.call('GET', `/v1/call-records/${second.uploadId}/rejections`);
    expect(body).toEqual([{ row: 1, column: 'vendor_call_id', code: 'CONFLICT', maskedValue: '' }]);
  });

  test('with the same Idempotency-Key gives the first upload, with another file a conflict', async () => {
    const { phone } = await newDebtor();
    const headers = { 'idempotency-key': 'calls-2026-11-23' };
    const file = callFile([row('k-1', '10:00:00', phone)]);
    const first = await sendCalls(t, file, headers);
    const before = await countOf(t, 'call_record_uploads');
    const again = await sendCalls(t, file, headers);
    expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true', location: first.headers.location });
    expect(again.body.uploadId).toBe(first.body.uploadId);
    const other = await sendCalls(t, `${file}\r\n${Object.values(row('k-2', '10:00:00', phone)).join(',')}`, headers);
    expect(other.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_CONFLICT' });
    expect(await countOf(t, 'call_record_uploads')).toBe(before);
    expect(await countOf(t, `call_records WHERE upload_id NOT IN (SELECT upload_id FROM call_record_uploads)`)).toBe(0);
  });
});

describe('a file', () => {
  test('may be NDJSON, and GB18030; bad rows are quarantined one by one, masked', async () => {
    const { phone } = await newDebtor();
    const lines = [
      JSON.stringify({
        vendorCallId: 'j-1',
        startedAt: '2026-11-23T10:00:00+08:00',
        number: phone,
        durationSeconds: 12,
      }),
      '',
      JSON.stringify({ vendorCallId: 'j-2', startedAt: '2026-11-23 10:00:00', number: phone }),
      JSON.stringify({ startedAt: '2026-11-23T10:00:00+08:00', number: '123', name: '张三' }),
    ];
    const answer = await sendCalls(t, lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    expect(await examine(t, answer.body.uploadId)).toMatchObject({
      rowsRead: 3,
      quarantined: 2,
      results: { orphan: 1 },
    });
    const { body } = await t.call('GET', `/v1/call-records/${answer.body.uploadId}/rejections`);
    expect(body).toEqual([
      { row: 2, column: 'started_at', code: 'INVALID_TIME', maskedValue: '2***-**-** **:**:**' },
      { row: 3, column: 'name', code: 'UNKNOWN_FIELD', maskedValue: '' },
    ]);
    const chinese = gb18030(callFile([{ ...row('g-1', '10:00:00', phone), result: '无人接听' }]));
    const sent = await sendCalls(t, chinese, { 'content-type': 'text/csv; charset=gb18030' });
    expect(await examine(t, sent.body.uploadId)).toMatchObject({ quarantined: 0, rowsRead: 1 });
  });

  test('may give times of a zone that the query names', async () => {
    const { phone } = await newDebtor();
    const file = callFile([{ started_at: '2026/11/23 10:00:00', number: phone }]);
    expect(await reconcile(t, file)).toMatchObject({ quarantined: 1 });
    const named = await reconcile(t, file, 'vendor=vendor-7&timeZone=Asia/Shanghai');
    expect(named.records).toMatchObject([{ startedAt: TEN, result: 'orphan' }]);
  });

  test('may end with a line of totals, which must agree', async () => {
    const { phone } = await newDebtor();
    const file = callFile([row('z-1', '10:00:00', phone)]);
    expect((await sendCalls(t, `${file}\r\nTOTAL,1`)).status).toBe(202);
    expect((await sendCalls(t, `${file}\r\n合计,2`)).body).toMatchObject({ status: 422, code: 'UNPROCESSABLE' });
  });

  test('leaves no number in the clear: not in the rows, nor in what was refused', async () => {
    const { phone } = await newDebtor();
    const first = callFile([{ ...row(`20261123-${phone}.wav`, '10:00:00', phone), result: 'busy' }]);
    const second = callFile([{ ...row('s-1', '10:00:00', phone), result: `to ${phone}` }]);
    for (const file of [first, second]) await reconcile(t, file);
    for (const table of ['call_records', 'call_record_rejections', 'incidents', 'outbox_events']) {
      const { rows } = await t.database.pool.query(`SELECT ${table}::text AS row FROM ${table}`);
      expect(rows.length).toBeGreaterThan(0);
      for (const line of rows) expect(line.row).not.toContain(phone.slice(-8));
    }
    expect(t.logged.join('')).not.toContain(phone.slice(-8));
  });

  test.each<[string, number, string, string | Buffer, string, string]>([
    ['is empty', 422, 'UNPROCESSABLE', '', 'vendor=v', 'text/csv'],
    ['is empty NDJSON', 422, 'UNPROCESSABLE', '\n\n', 'vendor=v', 'application/x-ndjson'],
    ['is compressed', 415, 'UNSUPPORTED_MEDIA_TYPE', gzipSync('started_at,number'), 'vendor=v', 'text/csv'],
    ['is in another charset', 415, 'UNSUPPORTED_MEDIA_TYPE', 'started_at', 'vendor=v', 'text/csv; charset=big5'],
    ['is GB18030 and says UTF-8', 422, 'UNPROCESSABLE', gb18030('started_at,number\n无,无'), 'vendor=v', 'text/csv'],
    ['has no time of the calls', 422, 'UNPROCESSABLE', 'number\n13800138000', 'vendor=v', 'text/csv'],
    ['has a column of another name', 422, 'UNPROCESSABLE', 'started_at,phone\n', 'vendor=v', 'text/csv'],
    ['has an endless line', 422, 'UNPROCESSABLE', 'x'.repeat(100_000), 'vendor=v', 'application/x-ndjson'],
    ['is JSON', 415, 'UNSUPPORTED_MEDIA_TYPE', '{}', 'vendor=v', 'application/json'],
    ['is nobody’s', 400, 'VALIDATION_FAILED', 'started_at,number\n', '', 'text/csv'],
    ['names no zone', 400, 'VALIDATION_FAILED', 'started_at,number\n', 'vendor=v&timeZone=Here', 'text/csv'],
    ['is of an unknown source', 400, 'VALIDATION_FAILED', 'started_at,number\n', 'vendor=v&source=spy', 'text/csv'],
  ])('that %s is refused at once, and leaves nothing: %i %s', async (_, status, code, file, query, contentType) => {
    const before = [await countOf(t, 'call_record_uploads'), await countOf(t, 'call_records')];
    const answer = await sendCalls(t, file, { query, 'content-type': contentType });
    expect(answer.body).toMatchObject({ status, code });
    expect([await countOf(t, 'call_record_uploads'), await countOf(t, 'call_records')]).toEqual(before);
  });

  test('that breaks in the middle is refused, and what had arrived is gone', async () => {
    const { phone } = await newDebtor();
    const rows = Array.from({ length: 1200 }, (_, index) => row(`m-${index}`, '10:00:00', phone));
    const before = await countOf(t, 'call_records');
    const answer = await sendCalls(t, `${callFile(rows)}\r\n"an open quote`);
    expect(answer.body).toMatchObject({ status: 422, code: 'UNPROCESSABLE' });
    expect(await countOf(t, 'call_records')).toBe(before);
  });

  test('that is larger than the limit is refused, told or not', async () => {
    const limit = t.app.importLimitBytes;
    t.app.importLimitBytes = 100_000;
    const url = `${await listening()}/v1/call-records?vendor=vendor-7`;
    const headers = { authorization: `Bearer ${t.keys.admin}`, 'content-type': 'text/csv' };
    const file = callFile(Array.from({ length: 5_000 }, (_, index) => row(`b-${index}`, '10:00:00', '13800138000')));
    const before = await countOf(t, 'call_records');
    const told = await fetch(url, { method: 'POST', headers, body: file });
    const streamed = await fetch(url, { method: 'POST', headers, body: new Blob([file]).stream(), duplex: 'half' });
    t.app.importLimitBytes = limit;
    for (const answer of [told, streamed]) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    }
    expect(await countOf(t, 'call_records')).toBe(before);
  });

  test('that breaks off becomes a failed upload, with nothing examined', async () => {
    const { phone } = await newDebtor();
    const { port } = new URL(await listening());
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    const head = `POST /v1/call-records?vendor=vendor-9 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${t.keys.admin}\r\n`;
    const rows = Array.from({ length: 600 }, (_, index) => row(`cut-${index}`, '10:00:00', phone));
    socket.write(`${head}content-type: text/csv\r\ncontent-length: 1000000\r\n\r\n${callFile(rows)}\r\n`);
    await expect.poll(() => countOf(t, `call_records WHERE collector_id = 'vendor-9'`)).toBeGreaterThan(0);
    socket.destroy();
    const newest = async () => (await t.call('GET', '/v1/call-records?collectorId=vendor-9')).body.items[0];
    await expect
      .poll(newest)
      .toMatchObject({ status: 'failed', problem: { code: 'UPLOAD_INCOMPLETE' }, rowsExamined: 0 });
    await expect.poll(() => countOf(t, `call_records WHERE collector_id = 'vendor-9'`)).toBe(0);
  });

  test('whose receiver is gone is ended by another replica; one that stands still is queued again', async () => {
    const { phone } = await newDebtor();
    const sent = await sendCalls(t, callFile([row('lost-1', '10:00:00', phone)]));
    const { uploadId } = sent.body;
    const is = (status: string, seconds: number) =>
      t.database.pool.query(
        `UPDATE call_record_uploads SET status = $2, alive_at = clock_timestamp() - make_interval(secs => $3) WHERE upload_id = $1`,
        [uploadId, status, seconds],
      );
    const jobs = () => countOf(t, `graphile_worker.jobs WHERE key = '${uploadId}'`);
    await t.database.pool.query('DELETE FROM graphile_worker._private_jobs');
    await is('running', 590);
    await recoverUploads(t);
    expect(await jobs()).toBe(0);
    await is('running', 610);
    await recoverUploads(t);
    expect(await jobs()).toBe(1);
    await is('receiving', 10);
    await recoverUploads(t);
    expect(await uploadOf(t, uploadId)).toMatchObject({ status: 'receiving' });
    await is('receiving', 31);
    await recoverUploads(t);
    expect(await uploadOf(t, uploadId)).toMatchObject({ status: 'failed', problem: { code: 'UPLOAD_INCOMPLETE' } });
    expect(await countOf(t, `call_records WHERE upload_id = '${uploadId}'`)).toBe(0);
  });
});

async function listening(): Promise<string> {
  if (!t.app.server.listening) await t.app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(t.app.server.address() as AddressInfo).port}`;
}

describe('a vendor', () => {
  test('sends its own records and reads those only', async () => {
    t.setNow('2026-11-23T12:30:00+08:00');
    const { phone } = await newDebtor();
    const key = async (collectorId: string) => `Bearer ${await t.keyWith(['contact:report'], collectorId)}`;
    const [own, other] = [await key('vendor-7'), await key('vendor-8')];
    const file = callFile([row('own-1', '10:00:00', phone)]);
    const sent = await sendCalls(t, file, { query: '', authorization: own });
    expect(sent.body).toMatchObject({ collectorId: 'vendor-7', status: 'queued', rowsRead: 1 });
    expect((await sendCalls(t, file, { authorization: other })).body).toMatchObject({ code: 'FORBIDDEN' });
    const read = (authorization: string, path: string) =>
      t.call('GET', `/v1/call-records${path}`, undefined, { authorization });
    const mine = await read(own, `/${sent.body.uploadId}`);
    expect(mine.status).toBe(200);
    for (const path of ['', '/rejections', '/results'])
      expect((await read(other, `/${sent.body.uploadId}${path}`)).status).toBe(404);
    expect((await read(other, '')).body.items).toEqual([]);
    expect((await read(own, '')).body.items[0]).toEqual(mine.body);
    const without = `Bearer ${await t.keyWith(['contact:check'], 'vendor-7')}`;
    expect((await sendCalls(t, file, { query: '', authorization: without })).status).toBe(403);
    expect((await read(without, '')).status).toBe(403);
  });
});
