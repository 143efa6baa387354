import type { Services } from '../../src/context.ts';
import type { NewEvent } from '../../src/webhooks/events.ts';
import { emitEvents } from '../../src/webhooks/outbox.ts';
import { webhookRelay } from '../../src/webhooks/relay.ts';
import type { Delivery, EndpointWithSecret } from '../../src/webhooks/schemas.ts';
import type { TestApp } from './app.ts';

export async function makeEndpoint(
  t: TestApp,
  url: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<EndpointWithSecret> {
  const answer = await t.call('POST', '/v1/webhook-endpoints', { url, ...overrides });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** An event whose number tells it from the others of its key. */
export function eventOf(key: string, no: number): NewEvent {
  const data = { backtestId: `${key}-${no}`, pack: 'p', version: 'v', decisionsRead: no, differing: 0 };
  return { type: 'backtest.completed', key, data };
}

export async function emit(t: TestApp, ...events: NewEvent[]): Promise<void> {
  await t.services.db.transaction().execute((trx) => emitEvents(trx, t.services.clock(), events));
}

/** One turn of the relay, until nothing is due. */
export async function relay(t: TestApp, services: Partial<Services> = {}): Promise<void> {
  await webhookRelay.run({ ...t.services, ...services }, t.app.log, new AbortController().signal);
}

/** Sets the clock so many seconds on. */
export function pass(t: TestApp, seconds: number): void {
  t.setNow(
    t.services
      .clock()
      .add({ milliseconds: Math.ceil(seconds * 1000) })
      .toString(),
  );
}

export async function deliveriesOf(t: TestApp, endpointId: string, query = ''): Promise<Delivery[]> {
  return (await t.call('GET', `/v1/webhook-endpoints/${endpointId}/deliveries?${query}`)).body.items;
}
