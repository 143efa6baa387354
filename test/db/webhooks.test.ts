import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EVENT_TYPES } from '../../src/webhooks/events.ts';
import { emitEvents } from '../../src/webhooks/outbox.ts';
import { RETRY_SECONDS } from '../../src/webhooks/schedule.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { deliveriesOf, emit, eventOf, makeEndpoint, pass, relay } from '../support/webhooks.ts';

let t: TestApp;
let receiver: Receiver;
beforeEach(async () => {
  // Receivers compare the timestamp of a signature with their own clock.
  t = await buildTestApp({ now: Temporal.Now.instant().round('second').toString() });
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await t.close();
});

const idsOf = (calls: readonly Received[]) => calls.map(({ body }) => body.data.backtestId);
const signaturesOf = ({ headers }: Received) => String(headers['webhook-signature']).split(' ');
const verify = (secret: string, { text, headers }: Received) =>
  new Webhook(secret).verify(text, headers as Record<string, string>);

describe('what is sent', () => {
  test('is signed as Standard Webhooks say, and thin', async () => {
    const { secret } = await makeEndpoint(t, receiver.url);
    await emit(t, { ...eventOf('p', 1), data: { ...eventOf('p', 1).data, name: '张三' } as never });
    await relay(t);
    expect(receiver.received).toHaveLength(1);
    const [call] = receiver.received as [Received];
    expect(verify(secret, call)).toEqual({
      type: 'backtest.completed',
      timestamp: expect.stringMatching(/^20\d\d-\d\d-\d\dT\S+\+08:00$/),
      data: eventOf('p', 1).data,
    });
    expect(call.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^evt_[0-9a-f-]{36}$/),
      'webhook-timestamp': String(Math.floor(t.services.clock().epochMilliseconds / 1000)),
    });
    expect(() => verify(secret, { ...call, text: call.text.replace('"p"', '"q"') })).toThrow();
  });

  test('is nothing of a transaction that was rolled back', async () => {
    await makeEndpoint(t, receiver.url);
    const emitting = t.services.db.transaction().execute(async (trx) => {
      await emitEvents(trx, t.services.clock(), [eventOf('p', 1)]);
      throw new Error('the effect failed');
    });
    await expect(emitting).rejects.toThrow('the effect failed');
    await relay(t);
    expect(receiver.received).toEqual([]);
    await emit(t, eventOf('p', 2));
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['p-2']);
  });

  test('is what an endpoint asked for, and nothing while it is disabled', async () => {
    const wanted = await makeEndpoint(t, receiver.url, { eventTypes: ['backtest.completed'] });
    await makeEndpoint(t, receiver.url, { eventTypes: EVENT_TYPES.filter((type) => type !== 'backtest.completed') });
    await makeEndpoint(t, receiver.url, { enabled: false });
    await emit(t, eventOf('p', 1));
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['p-1']);
    await t.call('PATCH', `/v1/webhook-endpoints/${wanted.endpointId}`, { enabled: false });
    await emit(t, eventOf('p', 2));
    await relay(t);
    await t.call('PATCH', `/v1/webhook-endpoints/${wanted.endpointId}`, { enabled: true });
    await emit(t, eventOf('p', 3));
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['p-1', 'p-3']);
  });

  test('carries two signatures for the overlap of a rotation, and one after it', async () => {
    const { endpointId, secret: old } = await makeEndpoint(t, receiver.url);
    const path = `/v1/webhook-endpoints/${endpointId}/rotate`;
    const rotated = await t.call('POST', path, { overlapSeconds: 60 });
    const { secret } = rotated.body;
    await emit(t, eventOf('p', 1));
    await relay(t);
    const [both] = receiver.received as [Received];
    expect(signaturesOf(both)).toHaveLength(2);
    expect([verify(old, both), verify(secret, both)]).toEqual([both.body, both.body]);
    pass(t, 60);
    await emit(t, eventOf('p', 2));
    await relay(t);
    const [, one] = receiver.received as [Received, Received];
    expect(signaturesOf(one)).toHaveLength(1);
    expect(verify(secret, one)).toEqual(one.body);
    expect(() => verify(old, one)).toThrow();
  });
});

describe('what was not received', () => {
  test('is tried again on schedule, and is dead after the tenth attempt', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    receiver.answer((call, response) => response.writeHead(call.body.data.backtestId === 'p-1' ? 500 : 204).end());
    await emit(t, eventOf('p', 1), eventOf('p', 2));
    for (const [attempt, seconds] of [...RETRY_SECONDS.slice(1), null].entries()) {
      await relay(t);
      if (seconds === null) break;
      expect(receiver.received).toHaveLength(attempt + 1);
      const [behind, first] = await deliveriesOf(t, endpointId);
      expect(behind!.nextAttemptAt).toBe(first!.nextAttemptAt);
      expect(first).toMatchObject({ state: 'pending', attempts: attempt + 1, finishedAt: null });
      const wait = Temporal.Instant.from(first!.nextAttemptAt!).since(t.services.clock()).total('seconds');
      expect(wait).toBeGreaterThanOrEqual(seconds);
      expect(wait).toBeLessThanOrEqual(seconds * 1.1);
      pass(t, wait - 0.01);
      await relay(t);
      expect(receiver.received).toHaveLength(attempt + 1);
      pass(t, 0.01);
    }
    const [second, first] = await deliveriesOf(t, endpointId);
    expect(first).toMatchObject({ state: 'dead', attempts: 10, nextAttemptAt: null });
    expect(first!.log.map(({ status }) => status)).toEqual(Array(10).fill(500));
    expect(second).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(idsOf(receiver.received)).toEqual([...Array(10).fill('p-1'), 'p-2']);
  });

  test('is sent again with the same id when it is replayed, one or all since an instant', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    await emit(t, eventOf('a', 1), eventOf('b', 1));
    await relay(t);
    pass(t, 60);
    const since = t.services.clock().toString();
    await emit(t, eventOf('a', 2));
    await relay(t);
    const ids = receiver.received.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    const [delivery] = await deliveriesOf(t, endpointId, 'state=delivered&type=backtest.completed&limit=1');
    const path = `/v1/webhook-endpoints/${endpointId}`;
    const replayed = await t.call('POST', `${path}/deliveries/${delivery!.eventId}/replay`);
    expect(replayed.body).toMatchObject({ eventId: ids[2], state: 'pending', attempts: 0, finishedAt: null });
    await relay(t);
    expect((await t.call('POST', `${path}/replay`, { since })).body).toEqual({ replayed: 1 });
    await relay(t);
    expect((await t.call('POST', `${path}/replay`, { since: '2026-01-01T00:00:00Z' })).body).toEqual({ replayed: 3 });
    await relay(t);
    expect(receiver.received.map(({ id }) => id).slice(3, 5)).toEqual([ids[2], ids[2]]);
    const all = receiver.received.map(({ id }) => id).slice(5);
    expect(all.toSorted()).toEqual(ids.toSorted());
    expect(all.indexOf(ids[0]!)).toBeLessThan(all.indexOf(ids[2]!));
    expect((await deliveriesOf(t, endpointId))[0]!.log).toHaveLength(4);
  });

  test('reaches an endpoint that came later when it is replayed', async () => {
    await emit(t, eventOf('a', 1));
    await relay(t);
    const { endpointId } = await makeEndpoint(t, receiver.url);
    await relay(t);
    expect(receiver.received).toEqual([]);
    const since = t.services.clock().subtract({ hours: 1 }).toString();
    await t.call('POST', `/v1/webhook-endpoints/${endpointId}/replay`, { since });
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['a-1']);
  });

  test('holds back later events of its key, and no others', async () => {
    await makeEndpoint(t, receiver.url);
    receiver.answer((call, response) => response.writeHead(call.body.data.backtestId === 'a-1' ? 503 : 200).end());
    await emit(t, eventOf('a', 1), eventOf('a', 2), eventOf('b', 1));
    await relay(t);
    await emit(t, eventOf('a', 3));
    await relay(t);
    expect(idsOf(receiver.received).toSorted()).toEqual(['a-1', 'b-1']);
    receiver.answer({ status: 200 });
    pass(t, 6);
    await relay(t);
    expect(idsOf(receiver.received).slice(2)).toEqual(['a-1', 'a-2', 'a-3']);
  });

  test('lets later events of its key go as soon as it is received', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    receiver.answer({ status: 500 });
    await emit(t, eventOf('a', 1), eventOf('a', 2));
    await relay(t);
    receiver.answer({ status: 200 });
    const [, first] = await deliveriesOf(t, endpointId);
    await t.call('POST', `/v1/webhook-endpoints/${endpointId}/deliveries/${first!.eventId}/replay`);
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['a-1', 'a-1', 'a-2']);
  });

  test('ends the endpoint when that says 410', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    receiver.answer({ status: 410 });
    await emit(t, eventOf('a', 1), eventOf('a', 2));
    await relay(t);
    await emit(t, eventOf('a', 3));
    pass(t, 100_000);
    await relay(t);
    expect(receiver.received).toHaveLength(1);
    const path = `/v1/webhook-endpoints/${endpointId}`;
    expect((await t.call('GET', path)).body).toMatchObject({ enabled: false, disabledReason: 'gone' });
    expect((await deliveriesOf(t, endpointId)).map(({ state }) => state)).toEqual(['pending', 'dead']);
    receiver.answer({ status: 204 });
    const enabled = await t.call('PATCH', path, { enabled: true });
    expect(enabled.body).toMatchObject({ enabled: true, disabledReason: null });
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['a-1', 'a-2']);
  });

  test.each([429, 502, 504])('gives an endpoint that says %d the pause it asks for', async (status) => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    receiver.answer({ status, headers: { 'retry-after': '120' } });
    await emit(t, eventOf('a', 1));
    await relay(t);
    receiver.answer({ status: 204 });
    await emit(t, eventOf('b', 1));
    pass(t, 119);
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['a-1']);
    const { pausedUntil } = (await t.call('GET', `/v1/webhook-endpoints/${endpointId}`)).body;
    expect(Temporal.Instant.from(pausedUntil).since(t.services.clock()).total('seconds')).toBe(1);
    pass(t, 1);
    await relay(t);
    expect(idsOf(receiver.received).toSorted()).toEqual(['a-1', 'a-1', 'b-1']);
  });

  test('is not looked for elsewhere: a redirect is a failure', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    receiver.answer({ status: 307, headers: { location: '/elsewhere' } });
    await emit(t, eventOf('a', 1));
    await relay(t);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hooks']);
    expect(await deliveriesOf(t, endpointId)).toMatchObject([
      { state: 'pending', log: [{ status: 307, error: null }] },
    ]);
  });

  test('by a port where nobody listens is told with the reason', async () => {
    const { endpointId } = await makeEndpoint(t, 'http://127.0.0.1:1/');
    await emit(t, eventOf('a', 1));
    await relay(t);
    expect(await deliveriesOf(t, endpointId)).toMatchObject([{ log: [{ status: null, error: 'ECONNREFUSED' }] }]);
  });
});
