import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instantOf, withoutPrefix } from '../../src/adapters/mapping.ts';
import { loadPlatforms } from '../../src/dialers/platforms.ts';
import { PLATFORMS } from '../../src/dialers/schemas.ts';
import { isInside, networkList } from '../../src/networks.ts';
import { buildTestApp, type TestAnswer, type TestApp } from '../support/app.ts';
import { documentOf } from '../support/graphql.ts';
import { askFor, makeDebtor } from '../support/make.ts';

const DAY = '2026-11-23T10:00:00+08:00';
let t: TestApp;
beforeAll(async () => {
  t = await buildTestApp({ now: DAY });
});
afterAll(() => t.close());

const as = (key: string) => ({ authorization: `Bearer ${key}` });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

/** A bank's own client with a key. */
async function makeClient(
  clientId: string,
  scopes = ['contact:check', 'contact:report'],
  collectorId: string | null = null,
) {
  const answer = await t.call('POST', '/v1/api-clients', { clientId, name: clientId, scopes, collectorId });
  expect(answer.status).toBe(201);
  return answer.body.key as string;
}

const put = (dialerId: string, body: Record<string, unknown>, headers = {}) =>
  t.call('PUT', `/v1/dialers/${dialerId}`, body, headers);
const bank = { collector: { kind: 'creditor', id: 'bank' }, callerNumber: '95588' };
const refusal = ({ status, body }: TestAnswer) => [status, body.code, body.errors?.[0]?.pointer];

describe('a dialer', () => {
  test('is put, read, listed and replaced as a whole, with its version', async () => {
    await makeClient('whole');
    const input = { clientId: 'whole', platform: 'genesys-ocs', ...bank, outcomes: { '33': 'answered' } };
    const made = await put('whole-1', input);
    expect([made.status, made.headers.etag]).toEqual([201, '"v1"']);
    expect(made.body).toMatchObject({ dialerId: 'whole-1', outcomes: { '33': 'answered' }, fields: {}, channel: null });
    const read = await t.call('GET', '/v1/dialers/whole-1');
    expect([read.status, read.headers.etag, read.body]).toEqual([200, '"v1"', made.body]);
    const stale = await put('whole-1', input, { 'if-match': '"v7"' });
    expect(refusal(stale).slice(0, 2)).toEqual([412, 'PRECONDITION_FAILED']);
    const replaced = await put('whole-1', { clientId: 'whole', platform: 'asterisk' }, { 'if-match': '"v1"' });
    expect([replaced.status, replaced.headers.etag, replaced.body.outcomes]).toEqual([200, '"v2"', {}]);
    expect((await t.call('GET', '/v1/dialers')).body.items).toContainEqual(replaced.body);
    expect(refusal(await t.call('GET', '/v1/dialers/none'))).toEqual([404, 'NOT_FOUND', '/dialerId']);
  });

  test.each([
    ['a client that is not there', { clientId: 'nobody' }, [422, 'UNPROCESSABLE', '/clientId']],
    ['a platform that nobody knows', { platform: 'aspect' }, [400, 'VALIDATION_FAILED', '/platform']],
    ['an outcome that is none', { outcomes: { '33': 'talked' } }, [400, 'VALIDATION_FAILED', '/outcomes/33']],
    ['a field of nothing', { fields: { balance: ['B'] } }, [400, 'VALIDATION_FAILED', '/fields/balance']],
    [
      'a prefix with letters',
      { numberPrefixes: [{ strip: 'a' }] },
      [400, 'VALIDATION_FAILED', '/numberPrefixes/0/strip'],
    ],
    ['a network that is none', { allowedNetworks: ['10.0.0.0/33'] }, [400, 'VALIDATION_FAILED', '/allowedNetworks/0']],
    [
      'a destination for OCS',
      { onPermitted: { application: 'bridge', data: 'x' } },
      [400, 'VALIDATION_FAILED', '/onPermitted'],
    ],
    ['a typing error', { callerNo: '95588' }, [400, 'VALIDATION_FAILED', '/callerNo']],
  ])('is refused with %s', async (_, change, expected) => {
    const answer = await put('refused', { clientId: 'whole', platform: 'genesys-ocs', ...change });
    expect(refusal(answer)).toEqual(expected);
  });

  test('of each platform comes with defaults that are data, and says what it needs', async () => {
    const { body } = await t.call('GET', '/v1/dialer-platforms');
    expect(body.items.map(({ platform }: { platform: string }) => platform)).toEqual(PLATFORMS);
    for (const { fields, outcomes, tokenRoutes, platform } of loadPlatforms().values()) {
      expect(fields.customerId?.length, platform).toBeGreaterThan(0);
      expect(fields.attemptId?.length, platform).toBeGreaterThan(0);
      expect(Object.keys(outcomes).length, platform).toBeGreaterThan(5);
      // A number never stands in a URL.
      if (tokenRoutes.includes('events')) expect(fields.address).toBeUndefined();
    }
  });

  test('that speaks for nobody is the platform’s default; of several one must be named', async () => {
    const key = await makeClient('several');
    await makeDebtor(t, 'S1', { phone: '13640000001' });
    const ask = (query: string, record: Record<string, unknown>) =>
      t.call(
        'POST',
        `/v1/adapters/genesys-ocs${query}`,
        { GSW_CUSTOMER_ID: 'S1', GSW_PHONE: '13640000001', ...record },
        as(key),
      );
    expect((await ask('', { ...bank, GSW_CALL_ATTEMPT_GUID: 'g1' })).status).toBe(200);
    await put('several-1', { clientId: 'several', platform: 'genesys-ocs', ...bank });
    expect((await ask('', {})).body.reasonCode).toBe('MINIMUM_GAP');
    await put('several-2', { clientId: 'several', platform: 'genesys-ocs', collector: bank.collector });
    await put('several-3', { clientId: 'several', platform: 'asterisk', ...bank });
    expect(refusal(await ask('', {}))).toEqual([400, 'VALIDATION_FAILED', '/dialerId']);
    expect((await ask('?dialerId=several-1', {})).body.reasonCode).toBe('MINIMUM_GAP');
    expect((await ask('?dialerId=several-2', {})).body.reasonCode).toBe('CALLER_NUMBER');
    for (const other of ['several-3', 'whole-1', 'none'])
      expect(refusal(await ask(`?dialerId=${other}`, {}))).toEqual([404, 'NOT_FOUND', '/dialerId']);
  });

  test('maps the bank’s own keys and codes, and takes the default for the rest', async () => {
    const key = await makeClient('mapped');
    await makeDebtor(t, 'M1', { phone: '13640000002' });
    await put('mapped-1', {
      clientId: 'mapped',
      platform: 'genesys-ocs',
      ...bank,
      purpose: 'service',
      recording: true,
      fields: { customerId: ['CRM_NO'], contactPointId: ['CRM_PHONE'], outcome: ['WRAP_UP', 'GSW_CALL_RESULT'] },
      outcomes: { PTP: 'conversation', '33': 'answered' },
      defaultOutcome: 'no_answer',
    });
    const record = { CRM_NO: 'M1', CRM_PHONE: 'm1', GSW_CUSTOMER_ID: 'another', GSW_CALL_ATTEMPT_GUID: 'm-1' };
    const asked = await t.call('POST', '/v1/adapters/genesys-ocs', record, as(key));
    expect(asked.status, JSON.stringify(asked.body)).toBe(200);
    const { body } = await t.call('GET', `/v1/contact-permissions/${asked.body.decisionId}`);
    expect(body.record.request).toMatchObject({ customerId: 'M1', contactPointId: 'm1', purpose: 'service' });
    const report = async (fields: Record<string, string>) => {
      const sent = { ...record, ...fields, GSW_HIST_SEQUENCE_NUM: '1' };
      return (await t.call('POST', '/v1/adapters/genesys-ocs/call-reports', sent, as(key))).body.outcome;
    };
    expect(await report({ WRAP_UP: 'PTP' })).toBe('conversation');
    expect(await report({ GSW_CALL_RESULT: '33' })).toBe('answered');
    expect(await report({ WRAP_UP: 'OTHER', GSW_CALL_RESULT: '33' })).toBe('no_answer');
    // The vendor's own code and our own words go on as before.
    expect(await report({ GSW_CALL_RESULT: '6' })).toBe('busy');
    expect(await report({ WRAP_UP: 'voicemail' })).toBe('voicemail');
  });

  test('speaks in the name the bank has given it, whatever its record says', async () => {
    const key = await makeClient('named', ['contact:check'], 'vendor-9');
    await makeDebtor(t, 'N1', { phone: '13640000003' });
    const record = { GSW_CUSTOMER_ID: 'N1', GSW_PHONE: '13640000003', callerNumber: '95588' };
    const asVendor = await t.call('POST', '/v1/adapters/genesys-ocs', record, as(key));
    expect(asVendor.body.reasonCode).toBe('VENDOR_NOT_NOTIFIED');
    const claimed = { ...record, collector: { kind: 'creditor', id: 'bank' } };
    expect((await t.call('POST', '/v1/adapters/genesys-ocs', claimed, as(key))).body.code).toBe('FORBIDDEN');
    await makeClient('named-2');
    await put('named-2', {
      clientId: 'named-2',
      platform: 'genesys-ocs',
      collector: { kind: 'third_party', id: 'vendor-9' },
    });
    const token = (await t.call('POST', '/v1/dialers/named-2/url-tokens', { route: 'pre-dial' })).body.token;
    const answer = await t.call('POST', `/v1/adapters/genesys-ocs?token=${token}`, claimed, { authorization: '' });
    expect(answer.body.reasonCode).toBe('VENDOR_NOT_NOTIFIED');
  });

  test('sends its calls on in FreeSWITCH as configured, where the call does not say', async () => {
    const key = await makeClient('fs');
    await makeDebtor(t, 'FS1', { phone: '13640000004' });
    const data = `sofia/gateway/carrier/\${destination_number}`;
    await put('fs-1', {
      clientId: 'fs',
      platform: 'freeswitch',
      ...bank,
      onPermitted: { application: 'bridge', data },
    });
    const channel = new URLSearchParams({
      'Unique-ID': 'u1',
      variable_customer_id: 'FS1',
      'Hunt-Destination-Number': '13640000004',
    });
    const headers = { ...basic('fs', key), 'content-type': 'application/x-www-form-urlencoded' };
    const { body } = await t.call('POST', '/v1/adapters/freeswitch/dialplan', channel.toString(), headers);
    expect(body).toContain(`<action application="bridge" data="sofia/gateway/carrier/\${destination_number}"/>`);
  });
});

describe('number prefixes', () => {
  const numberPrefixes = [
    { strip: '90', add: '0', length: 13 },
    { strip: '9', add: '', length: 12 },
    { strip: '+86', add: '' },
  ];
  test.each([
    ['9 138 0013 8000', '13800138000'],
    ['9013800138000', '013800138000'],
    ['+8613800138000', '13800138000'],
    ['13800138000', '13800138000'],
    // Twelve digits alone: a number of that length is not one behind a trunk prefix.
    ['95588', '95588'],
    ['(0755) 8888-6666', '(0755) 8888-6666'],
  ])('make %s %s', (number, expected) => {
    expect(withoutPrefix({ numberPrefixes } as never, number)).toBe(expected);
  });

  test('lead every writing of a number to the one that is on file', async () => {
    const key = await makeClient('trunk', ['contact:check']);
    await put('trunk-1', { clientId: 'trunk', platform: 'asterisk', ...bank, numberPrefixes });
    for (const [index, address] of ['913640000010', '9013640000010', '+8613640000010', '013640000010'].entries()) {
      const customerId = `T${index}`;
      await makeDebtor(t, customerId, { phone: '13640000010' });
      const form = new URLSearchParams({ customerId, address, uniqueid: `1795399200.${index}` }).toString();
      const headers = { ...as(key), 'content-type': 'application/x-www-form-urlencoded' };
      const { status, body } = await t.call('POST', '/v1/adapters/asterisk?format=text', form, headers);
      // One number has one budget, so only the first call is permitted; a number that is not on file would be refused as such.
      expect([status, body.split(' ').slice(0, 2).join(' ')], address).toEqual([
        200,
        index === 0 ? expect.stringMatching(/^ALLOW res_/) : 'DENY MINIMUM_GAP',
      ]);
    }
  });
});

test('instants are read as vendors write them', () => {
  const at = '2026-11-23T02:00:00Z';
  for (const text of ['1795399200', 1795399200, '1795399200.77', 'pbx-1.example-1795399200.77', '1795399200000'])
    expect(instantOf(text), String(text)).toBe(at);
  expect([instantOf(undefined), instantOf('0'), instantOf('yesterday'), instantOf(DAY)]).toEqual([
    undefined,
    undefined,
    'yesterday',
    DAY,
  ]);
});

describe('Basic', () => {
  test('is a key with its client id as the user, on every route', async () => {
    const key = await makeClient('weak', ['imports:write']);
    const status = async (headers: Record<string, string>) =>
      (await t.call('GET', '/v1/imports', undefined, headers)).status;
    expect(await status(basic('weak', key))).toBe(200);
    expect(await status({ authorization: basic('weak', key).authorization.replace('Basic', 'BASIC ') })).toBe(200);
    expect(await status(basic('admin', t.keys.admin))).toBe(200);
    for (const [user, password] of [
      ['other', key],
      ['', key],
      ['weak', ''],
      ['weak', `${key}x`],
      ['weak:', key],
      ['admin', key],
      ['weak', t.keys.admin],
    ] as const)
      expect(await status(basic(user, password)), `${user}:${password}`).toBe(401);
    for (const authorization of ['Basic', 'Basic %%%', `Basic ${Buffer.from(key).toString('base64')}`, `Digest ${key}`])
      expect(await status({ authorization }), authorization).toBe(401);
    const graphql = await t.graphql('{ imports { nextCursor } }', {}, basic('weak', key));
    expect(graphql.body.errors).toBeUndefined();
  });

  test('is asked for beside Bearer', async () => {
    const { headers } = await t.call('GET', '/v1/imports', undefined, { authorization: '' });
    expect(headers['www-authenticate']).toBe('Bearer realm="collections-rules", Basic realm="collections-rules"');
  });
});

describe('a URL token', () => {
  let key: string;
  let token: string;
  const newToken = async (body: Record<string, unknown> = { route: 'events' }) =>
    (await t.call('POST', '/v1/dialers/vici-1/url-tokens', body)).body.token as string;
  const event = (sent: string, headers = { authorization: '' }, app = t) => {
    const query = `event=start&call_id=c1&uniqueid=1795399200.1&vendor_lead_code=U1&source_id=m1&token=${sent}`;
    return app.call('GET', `/v1/adapters/vicidial/events?${query}`, undefined, headers);
  };
  beforeAll(async () => {
    key = await makeClient('vici');
    await makeDebtor(t, 'U1', { phone: '13640000020' });
    await put('vici-1', { clientId: 'vici', platform: 'vicidial', collector: bank.collector });
    token = await newToken();
  });

  test('is shown once with its path, and only its SHA-256 is kept', async () => {
    const made = await t.call('POST', '/v1/dialers/vici-1/url-tokens', { route: 'events', overlapSeconds: 3600 });
    expect([made.status, made.body.path]).toEqual([201, '/v1/adapters/vicidial/events']);
    expect(made.body.token).toMatch(/^ut_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    const { rows } = await t.database.pool.query(
      'SELECT secret_sha256 FROM dialer_url_tokens ORDER BY created_at, token_id',
    );
    expect(rows).toContainEqual({ secret_sha256: createHash('sha256').update(made.body.token).digest() });
    const dump = await t.database.pool.query(`SELECT t::text FROM dialer_url_tokens t`);
    expect(JSON.stringify(dump.rows)).not.toContain(made.body.token.slice(20));
  });

  test('opens its one route with its one scope, and is in no log line', async () => {
    const before = t.logged.length;
    expect((await event(token)).status).toBe(200);
    expect((await event(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).status).toBe(401);
    expect((await event('ut_0123456789abcdef_x')).status).toBe(401);
    expect((await event('')).status).toBe(401);
    const elsewhere = [
      ['POST', '/v1/adapters/vicidial/call-reports'],
      ['POST', '/v1/adapters/genesys-ocs'],
      ['POST', '/v1/contact-permissions'],
      ['GET', '/v1/contact-permissions'],
      ['GET', '/v1/contact-attempts/c1'],
      ['GET', '/v1/imports'],
      ['POST', '/graphql'],
    ] as const;
    for (const [method, path] of elsewhere) {
      const answer = await t.call(method, `${path}?token=${token}`, method === 'POST' ? {} : undefined, {
        authorization: '',
      });
      expect(answer.status, path).toBe(401);
    }
    expect((await t.call('GET', '/v1/imports', undefined, as(token))).status).toBe(401);
    expect(t.logged.slice(before).join('\n')).not.toContain(token.slice(20));
  });

  test('goes behind a header, which must then be right', async () => {
    expect((await event(token, as('ck_wrong'))).status).toBe(401);
    expect((await event('ut_wrong', as(key))).status).toBe(200);
  });

  test('speaks for its dialer alone', async () => {
    await put('vici-2', { clientId: 'vici', platform: 'vicidial', collector: { kind: 'third_party', id: 'v2' } });
    expect((await event(token)).status).toBe(200);
    const other = `/v1/adapters/vicidial/events?dialerId=vici-2&event=start&call_id=c2&vendor_lead_code=U1&source_id=m1&token=${token}`;
    const { body } = await t.call('GET', other, undefined, { authorization: '' });
    expect([body.attemptId, body.collector]).toEqual(['c2', bank.collector]);
  });

  test('is rotated with an overlap, to the second, and revoked at once, also where it was not seen yet', async () => {
    const first = await newToken();
    const second = await newToken({ route: 'events', overlapSeconds: 60 });
    const statuses = async (app = t) => [
      (await event(first, undefined, app)).status,
      (await event(second, undefined, app)).status,
    ];
    expect(await statuses()).toEqual([200, 200]);
    t.setNow('2026-11-23T10:00:59.999+08:00');
    expect(await statuses()).toEqual([200, 200]);
    t.setNow('2026-11-23T10:01:00+08:00');
    expect(await statuses()).toEqual([401, 200]);
    const revoked = await t.call('POST', '/v1/dialers/vici-1/url-tokens/revoke', { route: 'events' });
    expect(revoked.body).toEqual({ dialerId: 'vici-1', route: 'events', revoked: 1 });
    expect(await statuses()).toEqual([401, 401]);
    const replica = await buildTestApp({ database: t.database, now: '2026-11-23T10:01:00+08:00' });
    expect(await statuses(replica)).toEqual([401, 401]);
    await replica.close();
    t.setNow(DAY);
    token = await newToken();
  });

  test('ends with its client, and with the scope of it', async () => {
    const clientKey = await makeClient('short', ['contact:report']);
    await put('short-1', { clientId: 'short', platform: 'vicidial', ...bank });
    const made = await t.call('POST', '/v1/dialers/short-1/url-tokens', { route: 'events' });
    expect((await event(made.body.token)).status).not.toBe(401);
    await t.database.pool.query(`UPDATE api_clients SET scopes = '{imports:write}' WHERE client_id = 'short'`);
    t.services.dialers.forget();
    expect((await event(made.body.token)).status).toBe(403);
    await t.call('POST', '/v1/api-clients/short/revoke');
    expect((await event(made.body.token)).status).toBe(401);
    expect((await event('x', as(clientKey))).status).toBe(401);
  });

  test('is made only where no header can be sent, and for a client that has the scope', async () => {
    const make = (dialerId: string, route: string) => t.call('POST', `/v1/dialers/${dialerId}/url-tokens`, { route });
    expect(refusal(await make('vici-1', 'pre-dial'))).toEqual([422, 'UNPROCESSABLE', '/route']);
    expect(refusal(await make('vici-1', 'imports'))).toEqual([400, 'VALIDATION_FAILED', '/route']);
    expect(refusal(await make('none', 'events'))).toEqual([404, 'NOT_FOUND', '/dialerId']);
    await makeClient('poor', ['imports:write']);
    await put('poor-1', { clientId: 'poor', platform: 'genesys-ocs' });
    expect(refusal(await make('poor-1', 'call-reports'))).toEqual([422, 'UNPROCESSABLE', '/route']);
    const revoke = await t.call('POST', '/v1/dialers/none/url-tokens/revoke', { route: 'events' });
    expect(refusal(revoke)).toEqual([404, 'NOT_FOUND', '/dialerId']);
  });

  test('of an Idempotency-Key is made once, over either door', async () => {
    const headers = { 'idempotency-key': 'url-token-1' };
    const send = () =>
      t.call('POST', '/v1/dialers/vici-1/url-tokens', { route: 'events', overlapSeconds: 60 }, headers);
    const [first, again] = [await send(), await send()];
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true']);
    const variables = { dialerId: 'vici-1', route: 'events', overlapSeconds: 60 };
    const graphql = await t.graphql(documentOf(t.app.graphql.schema, 'createDialerUrlToken'), variables, headers);
    expect(graphql.body.data.createDialerUrlToken).toEqual(first.body);
  });
});

describe('the networks of a dialer', () => {
  test('are addresses and ranges of either family', () => {
    const list = networkList(['203.0.113.7', '10.0.0.0/8', '2001:db8::/32'])!;
    const inside = ['203.0.113.7', '10.255.0.1', '2001:db8::1', '::ffff:10.1.2.3'];
    const outside = ['203.0.113.8', '11.0.0.1', '2001:db9::1', '::ffff:11.1.2.3'];
    expect(inside.filter((address) => !isInside(list, address))).toEqual([]);
    expect(outside.filter((address) => isInside(list, address))).toEqual([]);
    for (const wrong of ['', 'localhost', '10.0.0.0/', '10.0.0.0/33', '::/129', '10.0.0', '10.0.0.0/8/8'])
      expect(networkList([wrong]), wrong).toBeNull();
  });

  test('shut everybody else out, with a key and with a token', async () => {
    const key = await makeClient('inside');
    await makeDebtor(t, 'I1', { phone: '13640000030' });
    await put('inside-1', {
      clientId: 'inside',
      platform: 'genesys-ocs',
      ...bank,
      allowedNetworks: ['203.0.113.0/24'],
    });
    const token = (await t.call('POST', '/v1/dialers/inside-1/url-tokens', { route: 'pre-dial' })).body.token;
    const record = { GSW_CUSTOMER_ID: 'I1', GSW_PHONE: '13640000030', GSW_CALL_ATTEMPT_GUID: 'inside' };
    const send = async (remoteAddress: string, url: string, headers: Record<string, string>) =>
      (await t.app.inject({ method: 'POST', url, headers, payload: record, remoteAddress })).statusCode;
    for (const [url, headers] of [
      ['/v1/adapters/genesys-ocs', as(key)],
      [`/v1/adapters/genesys-ocs?token=${token}`, {}],
    ] as const) {
      expect(await send('203.0.113.9', url, headers)).toBe(200);
      expect(await send('198.51.100.1', url, headers)).toBe(403);
      // Whoever is no trusted proxy cannot say that it is somebody else.
      expect(await send('198.51.100.1', url, { ...headers, 'x-forwarded-for': '203.0.113.9' })).toBe(403);
    }
    const behind = await buildTestApp({ database: t.database, settings: { TRUSTED_PROXIES: '198.51.100.0/24' } });
    const forwarded = { ...as(key), 'x-forwarded-for': '203.0.113.9' };
    const url = '/v1/adapters/genesys-ocs';
    const options = { method: 'POST' as const, url, headers: forwarded, payload: record };
    expect((await behind.app.inject({ ...options, remoteAddress: '198.51.100.1' })).statusCode).toBe(200);
    expect((await behind.app.inject({ ...options, remoteAddress: '192.0.2.1' })).statusCode).toBe(403);
    await behind.close();
  });
});

describe('wrong keys', () => {
  test('are refused unheard after so many a minute, and do not silence those that were good', async () => {
    const limited = await buildTestApp({ database: t.database, settings: { AUTH_FAILURES_PER_MINUTE: '5' } });
    const key = await makeClient('steady', ['imports:write']);
    const fresh = await makeClient('fresh', ['imports:write']);
    const send = (headers: Record<string, string>, remoteAddress = '203.0.113.1') =>
      limited.app.inject({ method: 'GET', url: '/v1/imports', headers, remoteAddress });
    expect((await send(as(key))).statusCode).toBe(200);
    for (let sent = 0; sent < 5; sent += 1) expect((await send(as(`ck_wrong_${sent}`))).statusCode).toBe(401);
    const refused = await send(basic('steady', 'wrong'));
    expect([refused.statusCode, refused.json().code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await send(as(key))).statusCode).toBe(200);
    expect((await send(as(fresh))).statusCode).toBe(429);
    expect((await send(as(fresh), '203.0.113.2')).statusCode).toBe(200);
    // Nothing that was shown is no wrong key.
    for (let sent = 0; sent < 8; sent += 1) expect((await send({}, '203.0.113.3')).statusCode).toBe(401);
    await limited.close();
  });
});

test('a key that may only check sees no more through an adapter than through the one route', async () => {
  const key = await makeClient('narrow', ['contact:check']);
  await makeDebtor(t, 'A1', { phone: '13640000040', residentId: '11010519491231002X' });
  const record = { GSW_CUSTOMER_ID: 'A1', GSW_PHONE: '13640000040', ...bank };
  const answers = [
    await t.call('POST', '/v1/adapters/genesys-ocs', record, as(key)),
    await t.call('POST', '/v1/contact-permissions?format=strings', askFor('A1'), as(key)),
  ];
  expect(JSON.stringify(answers.map(({ body }) => body))).not.toMatch(/张三|13640000040|1101051949|8000\.00/);
  expect((await t.call('POST', '/v1/adapters/genesys-ocs/call-reports', record, as(key))).body.code).toBe('FORBIDDEN');
});
