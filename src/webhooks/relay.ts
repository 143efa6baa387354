import type { Services } from '../context.ts';
import type { JobLog, Sweep } from '../jobs/jobs.ts';
import { wireInstant } from '../validation.ts';
import { type Claim, claimDeliveries, dispatchEvents, queueFigures, removeOld, settle, stopEndpoint } from './queue.ts';
import { validSecrets } from './repository.ts';
import { pauseSeconds, retryAfterSeconds } from './schedule.ts';
import { type Answer, post } from './send.ts';
import { signedHeaders } from './signature.ts';

/** How long events and the log of their deliveries are kept. */
export const RETENTION_DAYS = 30;

/** Delivers what the outbox holds, at least once, in the order of each key. */
export const webhookRelay: Sweep = {
  name: 'webhook relay',
  everySeconds: 1,
  run: async (services, log, signal) => {
    while (!signal.aborted && (await dispatchEvents(services.db, services.clock())));
    for (let more = true; more && !signal.aborted; ) {
      const claims = await claimDeliveries(services.db, services.clock());
      const byEndpoint = Map.groupBy(claims, (claim) => claim.endpoint_id);
      await Promise.all([...byEndpoint].map(([endpointId, own]) => deliverTo(services, endpointId, own, log)));
      more = claims.length > 0;
    }
  },
};

export const webhookRetention: Sweep = {
  name: 'webhook retention',
  everySeconds: 3600,
  run: async ({ db, clock }, _, signal) => removeOld(db, clock().subtract({ hours: 24 * RETENTION_DAYS }), signal),
};

export const webhookFigures: Sweep = {
  name: 'webhook figures',
  everySeconds: 15,
  run: async ({ db, clock, metrics }) => {
    const { pending, oldest, dead } = await queueFigures(db);
    const oldestSeconds = oldest === null ? 0 : clock().since(oldest).total('seconds');
    metrics.webhooks.show({ pending, oldestSeconds, dead });
  },
};

/** The body that is signed and sent: the event, thin, the same bytes at every attempt. */
export function bodyOf(type: string, occurredAt: Temporal.Instant, data: object): string {
  return JSON.stringify({ type, timestamp: wireInstant(occurredAt), data });
}

/** Where an outcome cannot be recorded, the claim runs out, and the delivery is made anew with the same id. */
async function deliverTo(services: Services, endpointId: string, claims: readonly Claim[], log: JobLog): Promise<void> {
  const giveBack = (err: unknown) => log.warn({ err, endpointId }, 'a webhook could not be sent or recorded');
  try {
    const secrets = await validSecrets(services.db, services.vault, endpointId, services.clock());
    await Promise.all(claims.map((claim) => deliver(services, claim, secrets, log).catch(giveBack)));
  } catch (error) {
    giveBack(error);
  }
}

async function deliver(services: Services, claim: Claim, secrets: readonly string[], log: JobLog): Promise<void> {
  const { clock, webhookTargets } = services;
  const body = bodyOf(claim.type, claim.occurred_at, claim.data);
  const startedAt = clock();
  const headers = signedHeaders(secrets, claim.event_id, startedAt, body);
  const answer = await post(webhookTargets, new URL(claim.url), headers, body);
  const result = await record(services, claim, startedAt, answer);
  services.metrics.webhooks.countAttempt(result);
  if (result === 'delivered') return;
  const { endpoint_id: endpointId, event_id: eventId, attempts } = claim;
  log[result === 'dead' ? 'warn' : 'info'](
    { endpointId, eventId, attempts, status: answer.status, error: answer.error },
    result === 'dead' ? 'a webhook is given up' : 'a webhook was not delivered',
  );
}

async function record(
  { db, clock }: Services,
  claim: Claim,
  startedAt: Temporal.Instant,
  answer: Answer,
): Promise<'delivered' | 'failed' | 'dead'> {
  const now = clock();
  const isGone = answer.status === 410;
  const retryIn = isGone ? null : retryAfterSeconds(claim.attempts, Math.random());
  const pausedUntil = isOverloaded(answer) ? later(now, pauseSeconds(answer.retryAfter, now)) : null;
  if (isGone) await stopEndpoint(db, claim.endpoint_id, 'gone');
  if (pausedUntil !== null) await stopEndpoint(db, claim.endpoint_id, pausedUntil);
  const attempt = { ...answer, startedAt };
  const result = isSuccess(answer.status) ? 'delivered' : retryIn === null ? 'dead' : 'failed';
  if (result === 'failed')
    await settle(db, claim, attempt, { state: 'pending', now, next: latest(later(now, retryIn!), pausedUntil) });
  else await settle(db, claim, attempt, { state: result, now, next: now });
  return result;
}

export function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

function isOverloaded({ status, error }: Answer): boolean {
  return status === 429 || status === 502 || status === 504 || error === 'TIMEOUT';
}

function later(now: Temporal.Instant, seconds: number): Temporal.Instant {
  return now.add({ milliseconds: Math.round(seconds * 1000) });
}

function latest(one: Temporal.Instant, other: Temporal.Instant | null): Temporal.Instant {
  return other !== null && Temporal.Instant.compare(other, one) > 0 ? other : one;
}
