import { createHmac, randomBytes } from 'node:crypto';

/**
 * Standard Webhooks 1.0 with symmetric keys. The package `standardwebhooks` verifies what this signs, in the tests and for
 * receivers; to sign with several secrets it would have to be called for each, and brings its own SHA-256.
 */

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The headers of one attempt; every secret that is valid signs, so that a receiver may change over at its own time. */
export function signedHeaders(
  secrets: readonly string[],
  eventId: string,
  at: Temporal.Instant,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(at.epochMilliseconds / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${eventId}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'content-type': 'application/json',
    'user-agent': 'collections-rules-service',
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
