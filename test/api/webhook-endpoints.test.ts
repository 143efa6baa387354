import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../src/webhooks/events.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { openapiOf } from '../support/contract.ts';
import { fencedBlocks } from '../support/readme.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { emit, eventOf, makeEndpoint, pass, relay } from '../support/webhooks.ts';

const URL_OF_CRM = 'https://crm.example.com/hooks';
const PATH = '/v1/webhook-endpoints';

let t: TestApp;
let receiver: Receiver;
beforeAll(async () => {
  t = await buildTestApp();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await t.close();
});

test('an endpoint is made, read, changed and ended', async () => {
  const made = await t.call('POST', PATH, { url: URL_OF_CRM, eventTypes: ['import.completed'] });
  const { secret, ...endpoint } = made.body;
  expect(made.status).toBe(201);
  expect(endpoint).toEqual({
    endpointId: expect.stringMatching(/^whe_/),
    url: URL_OF_CRM,
    description: '',
    eventTypes: ['import.completed'],
    enabled: true,
    disabledReason: null,
    pausedUntil: null,
    createdAt: '2026-11-23T10:00:00+08:00',
    updatedAt: '2026-11-23T10:00:00+08:00',
    deletedAt: null,
  });
  const path = `${PATH}/${endpoint.endpointId}`;
  const read = await t.call('GET', path);
  expect([read.body, read.headers.etag]).toEqual([endpoint, '"v1"']);
  expect((await t.call('GET', PATH)).body.items).toContainEqual(endpoint);

  pass(t, 60);
  const changes = { eventTypes: null, description: 'CRM' };
  const changed = await t.call('PATCH', path, changes, { 'if-match': '"v1"' });
  const now = { ...endpoint, ...changes, updatedAt: '2026-11-23T10:01:00+08:00' };
  expect([changed.body, changed.headers.etag]).toEqual([now, '"v2"']);
  const late = await t.call('PATCH', path, { enabled: false }, { 'if-match': '"v1"' });
  expect([late.status, late.body.code]).toEqual([412, 'PRECONDITION_FAILED']);

  const ended = await t.call('DELETE', path);
  expect(ended.body).toEqual({ ...now, enabled: false, deletedAt: '2026-11-23T10:01:00+08:00' });
  pass(t, 60);
  expect((await t.call('DELETE', path)).body).toEqual(ended.body);
  expect((await t.call('GET', PATH)).body.items).toEqual([]);
  for (const [method, rest, body] of [
    ['GET', ''],
    ['PATCH', '', { enabled: true }],
    ['POST', '/rotate', {}],
    ['POST', '/test'],
    ['POST', '/replay', { since: '2026-11-23T00:00:00Z' }],
    ['GET', '/deliveries'],
    ['POST', '/deliveries/evt_1/replay'],
  ] as const)
    expect((await t.call(method, path + rest, body)).body.code, rest).toBe('NOT_FOUND');
});

test('a secret has 32 bytes, is shown once and is sealed where it is stored', async () => {
  const headers = { 'idempotency-key': 'endpoint-1' };
  const { secret, endpointId } = await makeEndpoint(t, URL_OF_CRM);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const rotated = await t.call('POST', `${PATH}/${endpointId}/rotate`, {}, headers);
  const again = await t.call('POST', `${PATH}/${endpointId}/rotate`, {}, headers);
  expect(rotated.body.secret).not.toBe(secret);
  expect([again.body, again.headers['idempotent-replayed']]).toEqual([rotated.body, 'true']);
  expect((await t.call('GET', `${PATH}/${endpointId}`)).body.secret).toBeUndefined();
  const { rows } = await t.database.pool.query<{ secret_sealed: Buffer; secret_no: number }>(
    'SELECT secret_no, secret_sealed FROM webhook_secrets WHERE endpoint_id = $1 ORDER BY secret_no',
    [endpointId],
  );
  expect(rows.map((row) => row.secret_no)).toEqual([1, 2]);
  for (const row of rows) expect(row.secret_sealed.toString('latin1')).not.toContain(secret.slice(6, 30));
  expect(t.logged.join()).not.toContain(secret.slice(6));
  // A third one leaves the second and itself.
  await t.call('POST', `${PATH}/${endpointId}/rotate`, { overlapSeconds: 0 });
  const left = await t.database.pool.query(
    'SELECT secret_no, expires_at IS NULL AS newest FROM webhook_secrets WHERE endpoint_id = $1 ORDER BY secret_no',
    [endpointId],
  );
  expect(left.rows).toEqual([
    { secret_no: 2, newest: false },
    { secret_no: 3, newest: true },
  ]);
});

test.each([
  [{ url: 'ftp://crm.example.com/' }, '/url', 'VALIDATION_FAILED'],
  [{ url: 'crm.example.com' }, '/url', 'VALIDATION_FAILED'],
  [{ url: 'https://user:secret@crm.example.com/' }, '/url', 'UNPROCESSABLE'],
  [{ url: URL_OF_CRM, eventTypes: [] }, '/eventTypes', 'VALIDATION_FAILED'],
  [{ url: URL_OF_CRM, eventTypes: ['import.begun'] }, '/eventTypes/0', 'VALIDATION_FAILED'],
  [{ url: URL_OF_CRM, eventTypes: ['import.completed', 'import.completed'] }, '/eventTypes', 'VALIDATION_FAILED'],
  [{ url: URL_OF_CRM, secret: 'whsec_mine' }, '/secret', 'VALIDATION_FAILED'],
])('%j is refused at %s', async (body, pointer, code) => {
  const answer = await t.call('POST', PATH, body);
  expect(answer.body).toMatchObject({ code, errors: [{ pointer }] });
});

test('a test event is sent at once, signed, once, and nothing of it is kept', async () => {
  const { endpointId } = await makeEndpoint(t, receiver.url, { eventTypes: ['import.completed'], enabled: false });
  const path = `${PATH}/${endpointId}`;
  expect((await t.call('POST', `${path}/test`)).body).toMatchObject({ delivered: true, status: 204, error: null });
  const [call] = receiver.received.splice(0);
  expect(call!.body).toMatchObject({ type: 'webhook.test', data: { endpointId } });
  expect(call!.headers['webhook-signature']).toMatch(/^v1,/);
  receiver.answer({ status: 500 });
  expect((await t.call('POST', `${path}/test`)).body).toMatchObject({ delivered: false, status: 500 });
  receiver.answer({ status: 204 });
  expect(receiver.received.splice(0)).toHaveLength(1);
  expect((await t.call('GET', `${path}/deliveries`)).body).toEqual({ items: [], nextCursor: null });
});

test('deliveries are read page by page with a cursor that fits its own filters alone', async () => {
  const { endpointId } = await makeEndpoint(t, receiver.url);
  for (const no of [1, 2, 3, 4, 5]) await emit(t, eventOf('page', no));
  await relay(t);
  const sent = receiver.received.splice(0).map(({ id }) => id);
  const path = `${PATH}/${endpointId}/deliveries`;
  const read = async (query: string) => (await t.call('GET', `${path}?${query}`)).body;
  const first = await read('limit=2&state=delivered');
  const second = await read(`limit=2&state=delivered&cursor=${first.nextCursor}`);
  const last = await read(`limit=2&state=delivered&cursor=${second.nextCursor}`);
  const ids = [first, second, last].flatMap(({ items }) => items.map(({ eventId }: { eventId: string }) => eventId));
  expect(ids).toEqual(sent.toReversed());
  expect(last.nextCursor).toBeNull();
  expect(first.items[0].log).toMatchObject([{ status: 204, error: null }]);
  expect((await read('state=dead')).items).toEqual([]);
  for (const query of [`limit=2&cursor=${first.nextCursor}`, 'cursor=abc', 'cursor=', `cursor=${'A'.repeat(200)}`]) {
    const { code, errors } = await read(query);
    expect([code, errors[0].pointer], query).toEqual(['VALIDATION_FAILED', '/cursor']);
  }
});

test('openapi.yaml tells the shape of every event', () => {
  const { webhooks } = openapiOf(t.app) as unknown as {
    webhooks: Record<
      string,
      { post: { requestBody: { content: Record<string, { schema: Record<string, unknown> }> } } }
    >;
  };
  expect(Object.keys(webhooks)).toEqual([...EVENT_TYPES]);
  for (const [type, { post }] of Object.entries(webhooks)) {
    const { schema } = post.requestBody.content['application/json']!;
    expect(schema).toMatchObject({
      type: 'object',
      properties: { type: { const: type } },
      required: ['type', 'timestamp', 'data'],
    });
  }
});

test.each(['README.md', 'README.zh-CN.md'])(
  'the receiver of %s takes what is signed and nothing else',
  async (file) => {
    const block = fencedBlocks(readFileSync(file, 'utf8')).find(({ text }) => text.includes('standardwebhooks'))!;
    const folder = mkdtempSync(join(tmpdir(), 'receiver-'));
    try {
      const path = join(folder, 'receiver.mjs');
      writeFileSync(
        path,
        block.text.replace("'standardwebhooks'", JSON.stringify(import.meta.resolve('standardwebhooks'))),
      );
      const { eventOf: read } = await import(/* @vite-ignore */ pathToFileURL(path).href);
      // It compares the timestamp with the clock of the machine.
      const now = Temporal.Now.instant();
      t.setNow(now.toString());
      const { endpointId, secret } = await makeEndpoint(t, receiver.url);
      await t.call('POST', `${PATH}/${endpointId}/test`);
      const [{ text, headers, body }] = receiver.received.splice(0) as [Received];
      expect(read(text, headers, secret)).toEqual(body);
      expect(() => read(`${text} `, headers, secret)).toThrow();
      t.setNow(now.subtract({ minutes: 6 }).toString());
      await t.call('POST', `${PATH}/${endpointId}/test`);
      const [late] = receiver.received.splice(0) as [Received];
      expect(() => read(late.text, late.headers, secret)).toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
