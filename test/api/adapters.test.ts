import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import { makeDebtor } from '../support/make.ts';

const NIGHT = '2026-11-23T22:30:00+08:00';
const DAY = '2026-11-23T10:00:00+08:00';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const collector = { kind: 'creditor', id: 'bank' };

let t: TestApp;
let made = 0;
/** A fresh debtor with a number of its own for every test. */
let id: string;
let phone: string;
beforeAll(async () => {
  t = await buildTestApp({ now: DAY });
});
afterAll(() => t.close());
beforeEach(async () => {
  made += 1;
  id = `D${made}`;
  phone = `1362${String(1_000_000 + made)}`;
  t.setNow(DAY);
  await makeDebtor(t, id, { phone });
});

const encoded = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const codeOf = ({ body }: TestAnswer) => body.reasonCode as string | null;
const attempt = async (attemptId: string) => (await t.call('GET', `/v1/contact-attempts/${attemptId}`)).body;

/** A calling record of Genesys OCS, with the attached data of the bank. */
const gsw = (overrides: Record<string, unknown> = {}) => ({
  GSW_CALL_ATTEMPT_GUID: `guid-${id}`,
  GSW_CUSTOMER_ID: id,
  GSW_PHONE: phone,
  GSW_CAMPAIGN_NAME: 'Late stage',
  GSW_ATTEMPTS: 2,
  callerNumber: '95588',
  collector,
  ...overrides,
});
const ocs = (record: unknown, headers = {}) => t.call('POST', '/v1/adapters/genesys-ocs', record, headers);
const ocsReport = (record: unknown, headers = {}) =>
  t.call('POST', '/v1/adapters/genesys-ocs/call-reports', record, headers);

describe('Genesys OCS pre-dial validation', () => {
  test('is 200 and takes the slot, then 409 with the reason and the time it ends', async () => {
    const allowed = await ocs(gsw());
    expect([allowed.status, allowed.body.decision]).toEqual([200, 'ALLOW']);
    expect(allowed.body.reservationId).toMatch(/^res_/);
    const refused = await ocs(gsw({ GSW_CALL_ATTEMPT_GUID: `other-${id}` }));
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      permitted: false,
      reasonCode: 'MINIMUM_GAP',
      nextPermittedAt: '2026-11-23T10:30:00+08:00',
    });
  });

  test('gives the first answer to the same attempt again', async () => {
    const first = await ocs(gsw());
    expect((await ocs(gsw())).body).toEqual(first.body);
  });

  test('takes the record as a form, and our own names', async () => {
    const { collector: _, ...rest } = gsw() as Record<string, unknown>;
    const form = {
      ...(rest as Record<string, string>),
      GSW_ATTEMPTS: '2',
      'collector.kind': 'creditor',
      collectorId: 'bank',
    };
    expect((await ocs(encoded(form), FORM)).status).toBe(200);
    const own = {
      requestId: 'own',
      customerId: id,
      contactPointId: 'm1',
      channel: 'voice',
      callerNumber: '95588',
      collector,
    };
    expect(codeOf(await ocs(own))).toBe('MINIMUM_GAP');
    t.setNow(NIGHT);
    expect(codeOf(await ocs({ ...own, requestId: 'own-2' }))).toBe('CALLING_HOURS');
  });

  test('refuses a number that is none, and is no answer at all for a record that says too little', async () => {
    const refused = await ocs(gsw({ GSW_PHONE: '12345' }));
    expect([refused.status, codeOf(refused)]).toEqual([409, 'INVALID_CONTACT_POINT']);
    const unknown = await ocs(gsw({ GSW_CUSTOMER_ID: 'nobody' }));
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NOT_FOUND']);
    const empty = await ocs({});
    expect([empty.status, empty.body.errors.map(({ pointer }: { pointer: string }) => pointer)]).toEqual([
      400,
      ['/customerId'],
    ]);
    expect((await ocs(gsw(), { authorization: '' })).status).toBe(401);
  });

  test('reads no deeper than it must: nested attached data and empty columns mean nothing', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`);
    const answer = await ocs(gsw({ deep, GSW_TZ_NAME: null, contactPointId: '', partyId: ' ' }));
    expect([answer.status, answer.body.code ?? answer.body.decision]).toEqual([200, 'ALLOW']);
  });
});

describe('OCS call report records', () => {
  const started = () => gsw({ GSW_HIST_SEQUENCE_NUM: 0, GSW_CALL_TIME: 0 });
  const ended = (result: number) =>
    gsw({ GSW_HIST_SEQUENCE_NUM: 1, GSW_CALL_TIME: '1795399210', GSW_CALL_RESULT: result });

  test('settle the slot of the attempt: placed, then its result', async () => {
    const { reservationId } = (await ocs(gsw())).body;
    const first = await ocsReport(started());
    expect([first.status, first.body.outcome, first.body.reservationId, first.body.late]).toEqual([
      200,
      'placed',
      reservationId,
      false,
    ]);
    const second = await ocsReport(ended(33));
    expect([second.status, second.body.outcome, second.body.corrections.length]).toEqual([200, 'conversation', 1]);
  });

  test('come twice, and change nothing the second time', async () => {
    for (const record of [started(), started(), ended(7), ended(7), started()])
      expect((await ocsReport(record)).status).toBe(200);
    expect(await attempt(`guid-${id}`)).toMatchObject({ outcome: 'no_answer', corrections: [{ correctionNo: 1 }] });
  });

  test('come out of order: the last one holds', async () => {
    const last = await ocsReport(ended(6));
    expect([last.status, last.body.outcome, last.body.startedAt]).toEqual([200, 'busy', '2026-11-23T10:00:10+08:00']);
    const first = await ocsReport(started());
    expect([first.status, first.body.outcome, first.body.corrections]).toEqual([200, 'busy', []]);
  });

  test('come at once, and end the same', async () => {
    const answers = await Promise.all(
      [started(), ended(9), started(), ended(9), ended(9)].map((one) => ocsReport(one)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect((await attempt(`guid-${id}`)).outcome).toBe('voicemail');
  });

  test('replace a result by a newer one, and know the older name of the sequence', async () => {
    await ocsReport({ ...gsw({ GSW_OCS_SEQUENCE_NO: '0' }), GSW_CALL_RESULT: 28 });
    expect((await attempt(`guid-${id}`)).outcome).toBe('placed');
    await ocsReport(ended(33));
    expect((await ocsReport(ended(53))).body.outcome).toBe('wrong_number');
  });

  test('of a call with another customer are refused', async () => {
    await ocsReport(ended(7));
    await makeDebtor(t, `${id}-other`, { phone: `1363${String(1_000_000 + made)}` });
    const answer = await ocsReport({ ...ended(7), GSW_CUSTOMER_ID: `${id}-other`, GSW_PHONE: '' });
    expect([answer.status, answer.body.code]).toEqual([409, 'ATTEMPT_CONFLICT']);
  });

  test('with a result that nobody knows count as answered, are counted and warned of', async () => {
    const unknownResults = async () => {
      const { body } = await t.call('GET', '/metrics');
      return Number(/^dialer_unknown_results_total\{platform="genesys-ocs"\} (\d+)$/m.exec(body)?.[1] ?? 0);
    };
    const [before, counted] = [t.logged.length, await unknownResults()];
    expect((await ocsReport(ended(999))).body.outcome).toBe('answered');
    const warnings = t.logged.slice(before).filter((line) => JSON.parse(line).level === 40);
    expect(warnings.map((line) => JSON.parse(line))).toMatchObject([{ resultCode: '999', outcome: 'answered' }]);
    expect(await unknownResults()).toBe(counted + 1);
    // What is no code may be anything: it is not written down.
    await ocsReport({
      ...ended(0),
      GSW_CALL_ATTEMPT_GUID: `n-${id}`,
      GSW_CALL_RESULT: '张三 said no, call 13800138000',
    });
    expect(t.logged.slice(before).join('\n')).not.toContain('13800138000');
  });
});

describe('Amazon Connect', () => {
  const profile = (ProfileId: string, data: unknown, IdempotencyToken = `token-${id}-${ProfileId}`) => ({
    ProfileId,
    CustomerData: typeof data === 'string' ? data : JSON.stringify(data),
    IdempotencyToken,
  });
  const journey = (CustomerProfiles: unknown[]) =>
    t.call('POST', '/v1/adapters/amazon-connect', {
      InvocationMetadata: { CampaignContext: { CampaignId: 'c', RunId: 'r', ActionId: 'a', CampaignName: 'n' } },
      Items: { CustomerProfiles },
    });
  const data = () => ({ customerId: id, contactPointId: 'm1', callerNumber: '95588', collector });

  test('answers each profile of a journey once, in order, with strings alone', async () => {
    const { status, body } = await journey([
      profile('allowed', data()),
      profile('refused', data()),
      profile('nobody', { ...data(), customerId: 'nobody' }),
      profile('broken', '{"customerId":'),
      profile('list', '[1]'),
      profile('invalid', { ...data(), contactPointId: undefined, PhoneNumber: '12345' }),
    ]);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['Items']);
    const results = body.Items.CustomerProfiles as { Id: string; ResultData: Record<string, string> }[];
    expect(
      results.map(({ Id, ResultData }) => [Id, ResultData.permitted, ResultData.reasonCode ?? ResultData.code]),
    ).toEqual([
      ['allowed', 'true', ''],
      ['refused', 'false', 'MINIMUM_GAP'],
      ['nobody', 'false', 'NOT_FOUND'],
      // Nothing but the id of the profile says whom it is about.
      ['broken', 'false', 'VALIDATION_FAILED'],
      ['list', 'false', 'VALIDATION_FAILED'],
      ['invalid', 'false', 'PHONE_INVALID'],
    ]);
    const values = results.flatMap(({ ResultData }) => Object.values(ResultData));
    expect(values.filter((value) => typeof value !== 'string')).toEqual([]);
  });

  test('gives the first answer to an IdempotencyToken again', async () => {
    const [first, again] = [await journey([profile('p', data())]), await journey([profile('p', data())])];
    expect(first.body.Items.CustomerProfiles[0].ResultData.reservationId).toMatch(/^res_/);
    expect(again.body).toEqual(first.body);
    expect((await journey([])).body).toEqual({ Items: { CustomerProfiles: [] } });
  });

  test('answers a flow with a flat map of strings: parameters before attributes, the contact id as request id', async () => {
    const event = (Parameters: Record<string, string>) =>
      t.call('POST', '/v1/adapters/amazon-connect', {
        Name: 'ContactFlowEvent',
        Details: {
          ContactData: {
            ContactId: `contact-${id}`,
            Channel: 'VOICE',
            InitiationMethod: 'API',
            Attributes: { customerId: id, callerNumber: '13800138000', collector },
            CustomerEndpoint: { Address: `+86${phone}`, Type: 'TELEPHONE_NUMBER' },
            SystemEndpoint: { Address: '+8695588', Type: 'TELEPHONE_NUMBER' },
            Queue: null,
          },
          Parameters,
        },
      });
    const { status, body } = await event({ callerNumber: '95588' });
    expect([status, body.permitted, body.decision]).toEqual([200, 'true', 'ALLOW']);
    expect(Object.values(body).filter((value) => typeof value !== 'string')).toEqual([]);
    expect((await event({ callerNumber: '95588' })).body).toEqual(body);
    const refused = await event({ callerNumber: '95588', customerId: 'nobody' });
    expect([refused.status, refused.body.permitted, refused.body.code]).toEqual([200, 'false', 'NOT_FOUND']);
  });

  test('refuses an event of neither kind', async () => {
    const answer = await t.call('POST', '/v1/adapters/amazon-connect', { Records: [] });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('FreeSWITCH', () => {
  const channel = (overrides: Record<string, string> = {}) => ({
    hostname: 'fs-1',
    section: 'dialplan',
    'Unique-ID': `uuid-${id}`,
    'Caller-Context': 'default',
    'Hunt-Context': 'collections',
    'Hunt-Destination-Number': phone,
    variable_customer_id: id,
    variable_effective_caller_id_number: '95588',
    variable_permitted_bridge: `sofia/gateway/carrier/${phone}`,
    'collector.kind': 'creditor',
    'collector.id': 'bank',
    ...overrides,
  });
  const dialplan = (fields: Record<string, string> | string, headers = {}) =>
    t.call('POST', '/v1/adapters/freeswitch/dialplan', typeof fields === 'string' ? fields : encoded(fields), {
      ...FORM,
      ...headers,
    });
  const actionsOf = ({ body }: TestAnswer): string[] =>
    [...String(body).matchAll(/<action application="([^"]*)" data="([^"]*)"\/>/g)].map(
      ([, app, data]) => `${app} ${data}`,
    );
  const lastOf = (answer: TestAnswer) => actionsOf(answer).at(-1);

  test('goes on where the call says, and the channel knows the reservation', async () => {
    const answer = await dialplan(channel());
    expect([answer.status, String(answer.headers['content-type'])]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(answer.body).toMatch(/^<\?xml version="1.0"/);
    expect(answer.body).toContain('<context name="collections">');
    expect(actionsOf(answer)).toEqual([
      expect.stringMatching(/^set contact_decision_id=dec_/),
      expect.stringMatching(/^set contact_reservation_id=res_/),
      `set contact_next_permitted_at=${DAY}`,
      `bridge sofia/gateway/carrier/${phone}`,
    ]);
    expect(lastOf(await dialplan(channel()))).toBe(`bridge sofia/gateway/carrier/${phone}`);
  });

  test('hangs up a refusal, with its reason', async () => {
    t.setNow(NIGHT);
    expect(actionsOf(await dialplan(channel())).slice(1)).toEqual([
      'set contact_reason_code=CALLING_HOURS',
      'set contact_next_permitted_at=2026-11-24T08:00:00+08:00',
      'hangup CALL_REJECTED',
    ]);
  });

  test('hangs up every error, at 200, because at any other status FreeSWITCH dials from its disk', async () => {
    const key = await t.keyWith(['contact:report']);
    const broken = await t.call('POST', '/v1/adapters/freeswitch/dialplan', '{', {
      'content-type': 'application/json',
    });
    for (const [answer, error] of [
      [await dialplan(channel(), { authorization: '' }), 'UNAUTHENTICATED'],
      [await dialplan(channel(), { authorization: `Bearer ${key}` }), 'FORBIDDEN'],
      [await dialplan(channel({ variable_customer_id: 'nobody' })), 'NOT_FOUND'],
      [await dialplan(channel({ 'Hunt-Destination-Number': '12' })), 'PHONE_INVALID'],
      [await dialplan('section=dialplan'), 'VALIDATION_FAILED'],
      [await dialplan(''), 'VALIDATION_FAILED'],
      [await dialplan('section=directory&user=1000'), 'VALIDATION_FAILED'],
      [await dialplan(channel(), { 'content-type': 'text/xml' }), 'UNSUPPORTED_MEDIA_TYPE'],
      [await dialplan(`a=${'x'.repeat(1_100_000)}`), 'PAYLOAD_TOO_LARGE'],
      [await dialplan(channel(), { 'test-clock': 'now' }), 'VALIDATION_FAILED'],
      [broken, 'MALFORMED_JSON'],
    ] as const) {
      expect([answer.status, actionsOf(answer)], error).toEqual([
        200,
        [`set contact_error=${error}`, 'hangup CALL_REJECTED'],
      ]);
      expect(answer.body).not.toContain('not found');
    }
  });

  test('hangs up when the service fails or its database is gone', async () => {
    const { decider } = t.services;
    const fail = async () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }));
    Object.assign(t.services, { decider: { check: fail, record: fail } });
    const answer = await dialplan(channel());
    Object.assign(t.services, { decider });
    expect(actionsOf(answer)).toEqual(['set contact_error=UNAVAILABLE', 'hangup CALL_REJECTED']);
  });

  test('hangs up a permitted call that nothing tells where to go, and one that brings an expression', async () => {
    for (const permitted of ['', `\${system(reboot)}`, `sofia/x;\${uuid}`, "sofia/'x'"]) {
      const answer = await dialplan(channel({ variable_permitted_bridge: permitted }));
      expect(actionsOf(answer).slice(-2), permitted).toEqual([
        'set contact_error=NO_DESTINATION',
        'hangup CALL_REJECTED',
      ]);
    }
    const transfer = channel({ variable_permitted_bridge: '', variable_permitted_transfer: '9000 XML dialout' });
    expect(lastOf(await dialplan(transfer))).toBe('transfer 9000 XML dialout');
  });

  test('escapes what it repeats', async () => {
    const context = `a"><action application="bridge" data="x"/>&'\u0000\u0008`;
    const { body } = await dialplan(channel({ 'Hunt-Context': context }));
    expect(body).toContain(
      '<context name="a&quot;&gt;&lt;action application=&quot;bridge&quot; data=&quot;x&quot;/&gt;&amp;&apos;">',
    );
    const bridge = await dialplan(channel({ variable_permitted_bridge: 'sofia/a?b=<c>&d' }));
    expect(lastOf(bridge)).toBe('hangup CALL_REJECTED');
  });
});

describe('Asterisk', () => {
  const fields = (overrides: Record<string, string> = {}) => ({
    uniqueid: `pbx-1795399200.${made}`,
    customerId: id,
    address: phone,
    callerNumber: '95588',
    'collector.kind': 'creditor',
    'collector.id': 'bank',
    ...overrides,
  });
  const ask = (overrides: Record<string, string> = {}, query = '', headers = {}) =>
    t.call('POST', `/v1/adapters/asterisk${query}`, encoded(fields(overrides)), { ...FORM, accept: '*/*', ...headers });
  const pairs = (text: string) => Object.fromEntries(new URLSearchParams(text));

  test('is answered in pairs, or as the URL says', async () => {
    const allowed = await ask();
    expect([allowed.status, allowed.headers['content-type']]).toEqual([200, `${FORM['content-type']}; charset=utf-8`]);
    expect(pairs(allowed.body)).toMatchObject({ permitted: '1', decision: 'ALLOW', reasonCode: '' });
    const refused = await ask({ uniqueid: `1795399300.${made}` }, '?format=text');
    expect(refused.body).toBe('DENY MINIMUM_GAP 2026-11-23T10:30:00+08:00');
    expect((await ask({}, '?format=json')).body.decision).toBe('ALLOW');
  });

  test('can read every problem: permitted is 0', async () => {
    for (const [answer, status, code] of [
      [await ask({}, '', { authorization: '' }), 401, 'UNAUTHENTICATED'],
      [await ask({ customerId: 'nobody' }), 404, 'NOT_FOUND'],
      [await ask({ customerId: '' }), 400, 'VALIDATION_FAILED'],
    ] as const)
      expect([answer.status, pairs(answer.body)]).toEqual([status, expect.objectContaining({ permitted: '0', code })]);
    const number = await ask({ address: '12' });
    expect([number.status, pairs(number.body)]).toEqual([
      200,
      expect.objectContaining({ permitted: '0', reasonCode: 'INVALID_CONTACT_POINT' }),
    ]);
  });

  test('reports with the same unique id and its DIALSTATUS; the start is in the id', async () => {
    const { reservationId } = pairs((await ask()).body);
    const report = (dialstatus: string) =>
      t.call('POST', '/v1/adapters/asterisk/call-reports', encoded(fields({ dialstatus })), FORM);
    const { status, body } = await report('NOANSWER');
    expect([status, body.outcome, body.reservationId]).toEqual([200, 'no_answer', reservationId]);
    expect(body.startedAt).toBe('2026-11-23T10:00:00+08:00');
    expect((await report('NOANSWER')).body).toEqual(body);
  });
});

describe('VICIdial event URLs', () => {
  const event = (name: string, overrides: Record<string, string> = {}) =>
    t.call(
      'GET',
      `/v1/adapters/vicidial/events?${encoded({
        event: name,
        call_id: `V${id}`,
        uniqueid: '1795399200.77',
        vendor_lead_code: id,
        source_id: 'm1',
        ...overrides,
      })}`,
    );
  let key: string;
  beforeAll(async () => {
    const client = { clientId: 'vici', name: 'VICIdial', scopes: ['contact:report'], collectorId: 'vici' };
    key = (await t.call('POST', '/v1/api-clients', client)).body.key;
    await t.call('PUT', '/v1/dialers/vici', { clientId: 'vici', platform: 'vicidial' });
  });
  const asVici = (url: string) => t.call('GET', url, undefined, { authorization: `Bearer ${key}` });
  const send = (name: string, overrides: Record<string, string> = {}) =>
    asVici(
      `/v1/adapters/vicidial/events?${encoded({
        event: name,
        call_id: `V${id}`,
        uniqueid: '1795399200.77',
        vendor_lead_code: id,
        source_id: 'm1',
        ...overrides,
      })}`,
    );

  test('are contact attempts: start, disposition, and no agent', async () => {
    const start = await send('start');
    expect([start.status, start.body.outcome, start.body.startedAt]).toEqual([200, 'answered', DAY]);
    expect((await send('dispo', { dispo: 'NI' })).body).toMatchObject({
      attemptId: `V${id}`,
      outcome: 'conversation',
      contactPointId: 'm1',
      collector: { kind: 'third_party', id: 'vici' },
    });
    expect((await send('dispo', { dispo: 'NI' })).body.corrections).toHaveLength(1);
    expect((await send('start')).body.outcome).toBe('conversation');
    expect((await send('no-agent', { call_id: `N${id}`, status: 'NA' })).body.outcome).toBe('no_answer');
    expect((await send('no-agent', { call_id: `U${id}`, status: 'OWNCODE' })).body.outcome).toBe('answered');
  });

  test('never hold a number, whatever it is called', async () => {
    for (const name of ['phone_number', 'address', 'alt_phone', 'first_name']) {
      const answer = await send('start', { [name]: phone });
      expect([answer.status, answer.body.errors[0].pointer, answer.body.errors[0].code]).toEqual([
        400,
        `/${name}`,
        'UNKNOWN_FIELD',
      ]);
    }
    expect(t.logged.join('\n')).not.toContain(phone);
  });

  test('need to say who contacts', async () => {
    const answer = await event('start');
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, '/collector']);
  });
});
