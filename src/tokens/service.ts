import type { JSONWebKeySet } from 'jose';
import type { Pool } from 'pg';
import { createBatcher } from '../batcher.ts';
import type { PermissionAnswer, PermissionRequest } from '../contact/schemas.ts';
import type { Ctx } from '../context.ts';
import { sealedAt } from '../customers/repository.ts';
import type { Vault } from '../personal-data.ts';
import { normaliseAddress } from '../phone.ts';
import { KIND_OF_CHANNEL } from '../rules/contact/facts.ts';
import { type Grant, keySetOf, type SigningKey, signPermission } from './permission-token.ts';
import { loadPermittedAddresses, type ReservationKey } from './repository.ts';

/** Makes the tokens of permitted reservations. */
export interface PermissionTokens {
  /** What verifies them; without keys when none is set, and then no answer carries a token. */
  readonly keySet: JSONWebKeySet;
  /** `address` where it is known already, else it is looked up; null when there is nothing that may be signed for. */
  readonly issue: (
    grant: Omit<Grant, 'address'> & ReservationKey & { address: string | null },
  ) => Promise<string | null>;
}

/** The first key signs; all are published, so that a new one is known before it signs and an old one is after. */
export function createPermissionTokens(
  keys: readonly SigningKey[],
  { pool, vault }: { readonly pool: Pool; readonly vault: Vault },
): PermissionTokens {
  const signer = keys[0];
  const lookUp = createBatcher((asked: readonly ReservationKey[]) => loadPermittedAddresses(pool, asked), {
    maxItems: 64,
    concurrency: 2,
  });
  return {
    keySet: keySetOf(keys),
    issue: async (grant) => {
      if (!signer) return null;
      const found = grant.address === null ? await lookUp(grant) : null;
      const address = found
        ? vault.open(sealedAt.value(grant.customerId, found.contact_point_id), found.value_sealed)
        : grant.address;
      return address === null ? null : signPermission(signer, { ...grant, address });
    },
  };
}

/**
 * Adds the token to the answer of a permitted reservation of a call or a message; other answers stay without one. Call it
 * when the decision is committed: it looks the number up where the request has none, and signs. A repeated request gets a
 * token that says the same, unless the slot was given back or the number has changed. The permission stands without it, so
 * a failure is logged and gives none.
 */
export async function withToken(
  ctx: Ctx,
  request: PermissionRequest,
  collectorId: string,
  answer: PermissionAnswer,
  repeated: boolean,
): Promise<PermissionAnswer> {
  const { reservationId, reservationExpiresAt, decisionId, evaluatedAt } = answer;
  const kind = KIND_OF_CHANNEL[request.channel];
  if (reservationId === null || reservationExpiresAt === null || kind === null || kind === 'postal') return answer;
  const issued = ctx.tokens.issue({
    customerId: request.customerId,
    reservationId,
    decisionId,
    collectorId,
    channel: request.channel,
    address: request.address === undefined || repeated ? null : normaliseAddress(kind, request.address),
    evaluatedAt: Temporal.Instant.from(evaluatedAt),
    expiresAt: Temporal.Instant.from(reservationExpiresAt),
  });
  const permissionToken = await issued.catch((error) => {
    ctx.log.error({ err: error, reservationId }, 'a permission token could not be made');
    return null;
  });
  return { ...answer, permissionToken };
}
