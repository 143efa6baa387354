import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RETENTION_DAYS, webhookFigures, webhookRetention } from '../../src/webhooks/relay.ts';
import { post } from '../../src/webhooks/send.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf } from '../support/imports.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service.ts';
import { deliveriesOf, emit, eventOf, makeEndpoint, pass, relay } from '../support/webhooks.ts';

let t: TestApp;
let receiver: Receiver;
const others: TestApp[] = [];
beforeEach(async () => {
  // A replica that is a process of its own has the clock of the machine.
  t = await buildTestApp({ now: Temporal.Now.instant().round('second').toString() });
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  for (const other of others.splice(0)) await other.close();
  await t.close();
});

const idsOf = (calls: readonly Received[]) => calls.map(({ body }) => body.data.backtestId);
async function replica(settings: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  const now = t.services.clock().toString();
  const other = await buildTestApp({ database: t.database, now, settings });
  others.push(other);
  return other;
}

describe('several relays', () => {
  test('deliver each event once, in the order of its key', async () => {
    await makeEndpoint(t, receiver.url);
    receiver.answer((_, response) => setTimeout(() => response.writeHead(204).end(), Math.random() * 10));
    const replicas = [t, await replica(), await replica()];
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (let no = 1; no <= 12; no += 1) {
      await emit(t, ...keys.map((key) => eventOf(key, no)));
      if (no % 3 === 0) await Promise.all(replicas.map((one) => relay(one)));
    }
    await relay(t);
    for (const key of keys) {
      const got = idsOf(receiver.received).filter((id) => String(id).startsWith(key));
      expect(got).toEqual(Array.from({ length: 12 }, (_, index) => `${key}-${index + 1}`));
    }
    expect(receiver.received).toHaveLength(12 * keys.length);
  });

  test('leave the outbox to the one that is at it', async () => {
    await makeEndpoint(t, receiver.url);
    await emit(t, eventOf('a', 1));
    await t.services.db.transaction().execute(async (trx) => {
      await sql`SELECT pg_advisory_xact_lock(hashtextextended('webhook dispatch', 0))`.execute(trx);
      await relay(t);
      expect(receiver.received).toEqual([]);
    });
    await relay(t);
    expect(receiver.received).toHaveLength(1);
  });

  test('keep what was received when one of them was slow and another took over', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    const held: ServerResponse[] = [];
    receiver.answer((_, response) => held.push(response));
    await emit(t, eventOf('a', 1));
    const slow = relay(t);
    await expect.poll(() => held.length).toBe(1);
    const other = await replica();
    pass(other, 61);
    const second = relay(other);
    await expect.poll(() => held.length).toBe(2);
    const before = await deliveriesOf(t, endpointId);
    // The failure of a claim that has run out puts nothing off.
    held[0]!.writeHead(500).end();
    await slow;
    expect(await deliveriesOf(t, endpointId)).toMatchObject([{ ...before[0], attempts: 2, log: [{ status: 500 }] }]);
    held[1]!.writeHead(503).end();
    await second;
    expect(await deliveriesOf(t, endpointId)).toMatchObject([{ state: 'pending', attempts: 2 }]);

    pass(t, 1000);
    pass(other, 2000);
    const slowAgain = relay(t);
    await expect.poll(() => held.length).toBe(3);
    const third = relay(other);
    await expect.poll(() => held.length).toBe(4);
    held[3]!.writeHead(500).end();
    await third;
    held[2]!.writeHead(204).end();
    await slowAgain;
    expect(await deliveriesOf(t, endpointId)).toMatchObject([{ state: 'delivered', attempts: 4 }]);
  });

  test('make up for one that was killed between the delivery and its record, with the same id', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    const service = startService(t);
    const exited = once(service, 'exit');
    receiver.answer((_, response) => {
      service.kill('SIGKILL');
      exited.then(() => response.writeHead(204).end());
    });
    await emit(t, eventOf('a', 1), eventOf('a', 2));
    await exited;
    receiver.answer({ status: 204 });
    expect(await deliveriesOf(t, endpointId)).toMatchObject([
      { attempts: 0 },
      { state: 'pending', attempts: 1, log: [] },
    ]);
    t.setNow(Temporal.Now.instant().add({ seconds: 30 }).toString());
    await relay(t);
    expect(receiver.received).toHaveLength(1);
    t.setNow(Temporal.Now.instant().add({ seconds: 61 }).toString());
    await relay(t);
    expect(idsOf(receiver.received)).toEqual(['a-1', 'a-1', 'a-2']);
    const [first, again] = receiver.received as [Received, Received];
    expect(again.id).toBe(first.id);
  });
});

describe('the call itself', () => {
  const target = (timeoutMs = 5000) => ({ ...t.services.webhookTargets, timeoutMs });

  test('has a time limit, after which its endpoint rests', async () => {
    receiver.answer(() => undefined);
    const answer = await post(target(200), new URL(receiver.url), {}, '{}');
    expect(answer).toMatchObject({ status: null, error: 'TIMEOUT' });
    expect(answer.durationMs).toBeLessThan(2000);
    const { endpointId } = await makeEndpoint(t, receiver.url);
    await emit(t, eventOf('a', 1));
    await relay(t, { webhookTargets: target(200) });
    expect(await deliveriesOf(t, endpointId)).toMatchObject([{ state: 'pending', log: [{ error: 'TIMEOUT' }] }]);
    const { pausedUntil } = (await t.call('GET', `/v1/webhook-endpoints/${endpointId}`)).body;
    expect(Temporal.Instant.from(pausedUntil).since(t.services.clock()).total('seconds')).toBe(60);
  });

  test('reads an answer without an end no further than a limit', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      receiver.answer((_, response) => {
        response.writeHead(200).on('close', resolve);
        const more = (error?: Error | null) => {
          sent += 65_536;
          if (!error) response.write(Buffer.alloc(65_536), (failed) => setImmediate(more, failed));
        };
        more();
      });
    });
    expect(await post(target(), new URL(receiver.url), {}, '{}')).toMatchObject({ status: 200 });
    await closed;
    expect(sent).toBeLessThan(16_000_000);
  });

  test('goes to no private address in production, but to the networks that are set', async () => {
    const strict = await replica({ NODE_ENV: 'production' });
    const refused = await strict.call('POST', '/v1/webhook-endpoints', {
      url: receiver.url.replace('localhost', '10.0.0.1'),
    });
    expect(refused.body).toMatchObject({ code: 'UNPROCESSABLE', errors: [{ pointer: '/url' }] });
    // A name passes until it is looked up.
    const { endpointId } = await makeEndpoint(strict, receiver.url);
    const path = `/v1/webhook-endpoints/${endpointId}/test`;
    expect((await strict.call('POST', path)).body).toMatchObject({ delivered: false, error: 'ADDRESS_REFUSED' });
    await emit(strict, eventOf('a', 1));
    await relay(strict);
    expect(await deliveriesOf(strict, endpointId)).toMatchObject([{ log: [{ error: 'ADDRESS_REFUSED' }] }]);
    expect(receiver.received).toEqual([]);
    const opened = await replica({ NODE_ENV: 'production', WEBHOOK_PRIVATE_NETWORKS: '127.0.0.0/8, ::1' });
    expect((await opened.call('POST', path)).body).toMatchObject({ delivered: true, status: 204, error: null });
    expect(receiver.received).toHaveLength(1);
  });
});

describe('what is kept', () => {
  const signal = new AbortController().signal;

  test('goes after the time of retention, with the log and the endpoints that were deleted', async () => {
    const { endpointId } = await makeEndpoint(t, receiver.url);
    await emit(t, eventOf('a', 1));
    await relay(t);
    await t.call('DELETE', `/v1/webhook-endpoints/${endpointId}`);
    pass(t, RETENTION_DAYS * 86_400);
    await emit(t, eventOf('a', 2));
    await webhookRetention.run(t.services, t.app.log, signal);
    const counts = async () =>
      Promise.all(['outbox_events', 'webhook_attempts', 'webhook_endpoints'].map((table) => countOf(t, table)));
    expect(await counts()).toEqual([2, 1, 1]);
    pass(t, 1);
    await webhookRetention.run(t.services, t.app.log, signal);
    expect(await counts()).toEqual([1, 0, 0]);
  });

  test('is counted', async () => {
    const metric = async (line: string) => {
      await webhookFigures.run(t.services, t.app.log, signal);
      expect((await t.call('GET', '/metrics')).body).toContain(`\n${line}\n`);
    };
    await makeEndpoint(t, receiver.url);
    receiver.answer({ status: 500 });
    await emit(t, eventOf('a', 1), eventOf('b', 1));
    await relay(t);
    pass(t, 4);
    await metric('webhook_deliveries_pending 2');
    await metric('webhook_oldest_pending_seconds 4');
    await metric('webhook_attempts_total{outcome="failed"} 2');
    receiver.answer({ status: 410 });
    pass(t, 2);
    await relay(t);
    await metric('webhook_deliveries_pending 0');
    await metric('webhook_deliveries_dead 2');
  });
});
