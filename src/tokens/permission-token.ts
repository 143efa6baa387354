import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type JSONWebKeySet, SignJWT } from 'jose';

/** Who signs: the same for every installation, because the key set tells them apart. */
export const TOKEN_ISSUER = 'collections-rules-service';
export const TOKEN_TYPE = 'permission+jwt';

/** An Ed25519 key; `kid` names it in tokens and in the published key set. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** What a token says: this collector may contact this address on this channel once, from then until then. */
export interface Grant {
  readonly reservationId: string;
  readonly decisionId: string;
  readonly collectorId: string;
  readonly channel: string;
  /** The one stored form: E.164 for a telephone number, without blanks. */
  readonly address: string;
  readonly evaluatedAt: Temporal.Instant;
  readonly expiresAt: Temporal.Instant;
}

/**
 * The claim `adr`: base64url of the SHA-256 of `<reservationId>:<address>`. Whoever has the number in hand can compare it;
 * the reservation's random id is the salt, so two tokens do not show that they are about one number, and no table of all
 * numbers made once reads them. It hides the number from a glance and from a join, not from somebody who tries all numbers
 * on one token: telephone numbers are few.
 */
export function addressHash(reservationId: string, address: string): string {
  return createHash('sha256').update(`${reservationId}:${address}`).digest('base64url');
}

/** Whole seconds since 1970, rounded down: a token never outlives its reservation. */
function numericDate(instant: Temporal.Instant): number {
  return Math.floor(instant.epochMilliseconds / 1000);
}

/** Signs a grant as a compact JWS (RFC 7515, EdDSA of RFC 8037). The same grant and key give the same token. */
export async function signPermission({ kid, privateKey }: SigningKey, grant: Grant): Promise<string> {
  const { reservationId, decisionId, channel, address } = grant;
  return new SignJWT({ decisionId, channel, adr: addressHash(reservationId, address) })
    .setProtectedHeader({ alg: 'EdDSA', kid, typ: TOKEN_TYPE })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(grant.collectorId)
    .setJti(reservationId)
    .setNotBefore(numericDate(grant.evaluatedAt))
    .setExpirationTime(numericDate(grant.expiresAt))
    .sign(privateKey);
}

/** The public halves, as RFC 7517 has them. */
export function keySetOf(keys: readonly SigningKey[]): JSONWebKeySet {
  return {
    keys: keys.map(({ kid, privateKey }) => {
      const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' });
      return { kty: kty!, crv: crv!, x: x!, kid, use: 'sig', alg: 'EdDSA' };
    }),
  };
}
