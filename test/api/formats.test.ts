import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { permissionFormSchema } from '../../src/contact/formats.ts';
import { permissionRequestSchema } from '../../src/contact/schemas.ts';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor } from '../support/make.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const NIGHT = '2026-11-23T22:30:00+08:00';

let t: TestApp;
let made = 0;
/** A fresh debtor with a number of its own for every test. */
let id: string;
beforeAll(async () => {
  t = await buildTestApp();
});
afterAll(() => t.close());
beforeEach(async () => {
  made += 1;
  id = `F${made}`;
  await makeDebtor(t, id, { phone: `1361${String(1_000_000 + made)}` });
});

type Fields = Record<string, string>;

/** The question of `askFor` as flat text fields. */
const flat = (overrides: Fields = {}): Fields => ({
  customerId: id,
  accountIds: `${id}-A1`,
  contactPointId: 'm1',
  channel: 'voice',
  callerNumber: '95588',
  'collector.kind': 'creditor',
  'collector.id': 'bank',
  ...overrides,
});
const encoded = (fields: Fields) => new URLSearchParams(fields).toString();
const post = (fields: Fields, query = '', headers: Fields = {}) =>
  t.call('POST', `/v1/contact-permissions${query}`, encoded(fields), { ...FORM, ...headers });
const get = (fields: Fields, headers: Fields = {}) =>
  t.call('GET', `/v1/contact-permissions?${encoded(fields)}`, undefined, headers);
const json = (overrides: Record<string, unknown> = {}, query = '', headers: Fields = {}) =>
  t.call('POST', `/v1/contact-permissions${query}`, askFor(id, overrides), headers);

const pairs = (text: string) => Object.fromEntries(new URLSearchParams(text));
const typeOf = ({ headers }: TestAnswer) => String(headers['content-type']).split(';')[0];
const withoutId = ({ body }: TestAnswer) => ({ ...body, decisionId: null });

describe('a form and a URL', () => {
  test('give the decision of the JSON request, allowed and refused', async () => {
    for (const overrides of [{}, { at: NIGHT }, { purpose: 'service' }] as Fields[]) {
      const expected = withoutId(await json(overrides));
      expect(withoutId(await post(flat(overrides)))).toEqual(expected);
      expect(withoutId(await get(flat(overrides)))).toEqual(expected);
    }
  });

  test('write booleans as 1, 0, true and false, lists repeated or with commas, the collector either way', async () => {
    await t.call('PUT', `/v1/accounts/${id}-A2`, {
      customerId: id,
      currency: 'CNY',
      asOf: '2026-11-20T00:00:00+08:00',
      pastDueSince: '2026-08-20',
      balances: { principal: '1.00', interest: '0.00', penalty: '0.00', fees: '0.00' },
    });
    const record = { record: '1', mode: 'check', automated: 'true', recording: '0', ringless: 'false' };
    const {
      'collector.kind': collectorKind,
      'collector.id': collectorId,
      ...rest
    } = flat(record) as Record<'collector.kind' | 'collector.id' | 'customerId', string>;
    const asked = [
      await post(flat({ ...record, accountIds: `${id}-A1,${id}-A2` })),
      await t.call(
        'POST',
        '/v1/contact-permissions',
        `${encoded({ ...rest, collectorKind, collectorId })}&accountIds=${id}-A2`,
        FORM,
      ),
      await get(flat({ ...record, accountIds: `${id}-A1,${id}-A2` })),
    ];
    for (const { body } of asked) {
      expect(body.reasonCode, JSON.stringify(body)).toBe('RECORDING_REQUIRED');
      const { body: kept } = await t.call('GET', `/v1/contact-permissions/${body.decisionId}`);
      expect(kept.record.request).toMatchObject({
        accountIds: [`${id}-A1`, `${id}-A2`],
        automated: true,
        recording: false,
        ringless: false,
        collector: { kind: 'creditor', id: 'bank' },
      });
    }
  });

  test('are refused like JSON, with the same pointers: an unknown field, an empty one, a word for a boolean', async () => {
    const wrong = flat({ vip: '1', partyId: '', automated: 'yes', accountIds: `${id}-A1,`, 'collector.kind': 'bank' });
    const pointers = ['/accountIds/1', '/automated', '/collector/kind', '/partyId', '/vip'];
    const answer = await post(wrong);
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual(pointers);
    const found = await get(wrong);
    expect([found.status, found.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect((await post({})).body.errors.map((error: { pointer: string }) => error.pointer)).toContain('/customerId');
  });

  test('can say everything that JSON can', () => {
    const fields = Object.keys(permissionRequestSchema.shape).filter((name) => name !== 'collector');
    expect(Object.keys(permissionFormSchema.shape)).toEqual(expect.arrayContaining(fields));
  });

  test('take one slot for one requestId, whichever of them brings it, also twice', async () => {
    const question = flat({ mode: 'reserve', requestId: 'call/1' });
    const first = await get(question);
    expect(first.body.reservationId).toMatch(/^res_/);
    expect((await get(question)).body).toEqual(first.body);
    expect((await post(question)).body).toEqual(first.body);
    expect((await json({ mode: 'reserve', requestId: 'call/1' })).body).toEqual(first.body);
    const { rows } = await t.database.pool.query(
      'SELECT count(*)::int AS slots FROM reservations WHERE customer_id = $1',
      [id],
    );
    expect(rows).toEqual([{ slots: 1 }]);
  });
});

describe('a URL', () => {
  test('never holds an address, and says where it belongs', async () => {
    const { contactPointId: _, ...rest } = flat({ address: '13610000001' }) as Record<'contactPointId', string>;
    const answer = await get(rest);
    expect([answer.status, answer.body.code, answer.body.errors[0].pointer]).toEqual([
      400,
      'VALIDATION_FAILED',
      '/address',
    ]);
    expect(answer.body.detail).toContain('never in a URL');
    expect(JSON.stringify(answer.body) + t.logged.join('\n')).not.toContain('13610000001');
    expect((await post(rest)).status).toBe(200);
  });

  test('reserves only under a requestId, and takes no slot for HEAD', async () => {
    const answer = await get(flat({ mode: 'reserve' }));
    expect([answer.status, answer.body.errors]).toEqual([
      400,
      [expect.objectContaining({ pointer: '/requestId', code: 'REQUIRED' })],
    ]);
    const url = `/v1/contact-permissions?${encoded(flat({ mode: 'reserve', requestId: 'h' }))}`;
    const headers = { authorization: `Bearer ${t.keys.admin}` };
    expect((await t.app.inject({ method: 'HEAD', url, headers })).statusCode).toBe(405);
    expect((await get(flat())).body.permitted).toBe(true);
  });
});

describe('the answer', () => {
  test('as text is one line', async () => {
    const allowed = await json({}, '?format=text');
    expect([allowed.status, typeOf(allowed), allowed.body]).toEqual([200, 'text/plain', 'ALLOW']);
    const refused = await json({ at: NIGHT }, '?format=text');
    expect([refused.status, refused.body]).toEqual([200, 'DENY CALLING_HOURS 2026-11-24T08:00:00+08:00']);
    expect((await post(flat({ mode: 'reserve' }), '?format=text')).body).toMatch(/^ALLOW res_[\w-]+$/);
    await t.call('POST', `/v1/customers/${id}/directives`, { kind: 'deceased' });
    expect((await json({}, '?format=text')).body).toBe('DENY DECEASED');
  });

  test('as a form has the flat fields of JSON, booleans as 1 and 0, null as nothing, and no plus', async () => {
    for (const overrides of [
      { mode: 'reserve', requestId: 'f' },
      { at: NIGHT, record: true },
    ]) {
      const expected = (await json(overrides)).body as Record<string, unknown>;
      const answer = await json(overrides, '?format=form', { 'accept-language': 'en' });
      expect([answer.status, typeOf(answer)]).toEqual([200, FORM['content-type']]);
      expect(answer.body).not.toContain('+');
      const fields = pairs(answer.body);
      expect(fields).toMatchObject({
        permitted: expected.permitted ? '1' : '0',
        decision: expected.decision,
        reasonCode: expected.reasonCode ?? '',
        nextPermittedAt: expected.nextPermittedAt,
        validUntil: expected.validUntil ?? '',
        reservationId: expected.reservationId ?? '',
      });
      const scalars = Object.keys(expected).filter(
        (key) => typeof expected[key] !== 'object' || expected[key] === null,
      );
      expect(Object.keys(fields).sort()).toEqual(scalars.sort());
    }
  });

  test('as strings has the same, each a string and nothing nested', async () => {
    for (const overrides of [{}, { at: NIGHT }]) {
      const expected = (await json(overrides)).body;
      const { body, ...answer } = await json(overrides, '?format=strings');
      expect([answer.status, typeOf({ body, ...answer })]).toEqual([200, 'application/json']);
      expect(Object.values(body).filter((value) => typeof value !== 'string')).toEqual([]);
      expect(body).toMatchObject({
        permitted: String(expected.permitted),
        reasonCode: expected.reasonCode ?? '',
        retryAfterSeconds: String(expected.retryAfterSeconds),
        reservationId: '',
      });
    }
  });

  test('is chosen by Accept where the URL does not choose', async () => {
    const types = async (accept: string, query = '') => typeOf(await json({}, query, { accept }));
    expect(await types('text/plain')).toBe('text/plain');
    expect(await types('application/x-www-form-urlencoded')).toBe(FORM['content-type']);
    expect(await types('text/html, text/plain;q=0.9, application/json;q=0.5')).toBe('text/plain');
    for (const accept of ['*/*', 'application/json', 'text/html', 'image/*, */*;q=0.1', ''])
      expect(await types(accept), accept).toBe('application/json');
    expect(await types('text/plain', '?format=json')).toBe('application/json');
    expect((await json()).headers.vary).toBe('accept, accept-language');
  });

  test('is recorded alike, whatever its format', async () => {
    const { body } = await json({ record: true, at: NIGHT }, '?format=strings');
    const kept = await t.call('GET', `/v1/contact-permissions/${body.decisionId}`);
    expect(kept.body).toMatchObject({ reasonCode: 'CALLING_HOURS', permitted: false });
  });
});

describe('a problem', () => {
  const CASES: [string, number, string, () => Record<string, unknown>, Fields][] = [
    ['a wrong shape', 400, 'VALIDATION_FAILED', () => askFor(id, { channel: 'fax' }), {}],
    ['no key', 401, 'UNAUTHENTICATED', () => askFor(id), { authorization: '' }],
    ['nobody', 404, 'NOT_FOUND', () => askFor('nobody'), {}],
    ['no JSON', 400, 'MALFORMED_JSON', () => '{' as never, { 'content-type': 'application/json' }],
    ['another media type', 415, 'UNSUPPORTED_MEDIA_TYPE', () => '<a/>' as never, { 'content-type': 'text/xml' }],
  ];
  test.each(CASES)('%s is not 2xx in any format, and can be read in each', async (_, status, code, body, headers) => {
    const send = (format: string) => t.call('POST', `/v1/contact-permissions?format=${format}`, body(), headers);
    const asJson = await send('json');
    expect([asJson.status, typeOf(asJson), asJson.body.code]).toEqual([status, 'application/problem+json', code]);
    const text = await send('text');
    expect([text.status, typeOf(text), text.body]).toEqual([status, 'text/plain', `ERROR ${code}`]);
    const form = await send('form');
    expect([form.status, typeOf(form)]).toEqual([status, FORM['content-type']]);
    expect(pairs(form.body)).toMatchObject({ permitted: '0', decision: 'ERROR', code, status: String(status) });
    const strings = await send('strings');
    expect([strings.status, typeOf(strings)]).toEqual([status, 'application/json']);
    expect(strings.body).toMatchObject({ permitted: 'false', code, status: String(status) });
  });

  test('with the number is 422 in JSON, and a refusal for what reads a line or pairs', async () => {
    const body = { address: '12345', contactPointId: undefined };
    for (const format of ['json', 'strings']) {
      const answer = await json(body, `?format=${format}`);
      expect([answer.status, answer.body.code]).toEqual([422, 'PHONE_INVALID']);
    }
    const text = await json(body, '?format=text');
    expect([text.status, text.body]).toEqual([200, 'DENY INVALID_CONTACT_POINT']);
    const form = await json(body, '?format=form');
    expect(form.status).toBe(200);
    expect(pairs(form.body)).toMatchObject({ permitted: '0', decision: 'DENY', reasonCode: 'INVALID_CONTACT_POINT' });
  });

  test('of an unknown format is told in JSON', async () => {
    for (const query of ['?format=xml', '?format=', '?format=text&format=form', '?form=text']) {
      const answer = await json({}, query);
      expect([answer.status, answer.body.code ?? answer.body], query).toContain(400);
    }
    expect((await json({}, '?format=xml')).body.errors[0].pointer).toBe('/format');
  });
});
