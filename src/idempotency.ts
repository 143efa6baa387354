import { sql } from 'kysely';
import { z } from 'zod';
import type { Ctx } from './context.ts';
import type { Trx } from './db/database.ts';
import { AppError } from './errors.ts';
import { fingerprint } from './fingerprint.ts';

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

export interface Once<T> {
  readonly answer: T;
  readonly replayed: boolean;
}

/**
 * Runs an effect in a transaction, once per Idempotency-Key of a client and operation: the key is written in the
 * transaction of the effect, and a repeat gets the first answer. Throws IDEMPOTENCY_CONFLICT (the same key, another
 * body) and IDEMPOTENCY_IN_PROGRESS (the first one is still running). Without a key the effect just runs.
 */
export async function once<T>(
  ctx: Ctx,
  operation: string,
  key: string | undefined,
  body: unknown,
  effect: (trx: Trx) => Promise<T>,
): Promise<Once<T>> {
  return ctx.db.transaction().execute(async (trx) => {
    if (key === undefined) return { answer: await effect(trx), replayed: false };
    const { clientId } = ctx.caller;
    const address = { table: 'idempotency_keys', column: 'answer', rowId: `${clientId}/${operation}/${key}` };
    const lock = await sql<{
      taken: boolean;
    }>`SELECT pg_try_advisory_xact_lock(hashtextextended(${address.rowId}, 1)) AS taken`.execute(trx);
    if (!lock.rows[0]?.taken) {
      throw new AppError('IDEMPOTENCY_IN_PROGRESS', 'A request with this Idempotency-Key is still running.', {
        retryAfterSeconds: 1,
      });
    }
    const bare = fingerprint(body);
    // Keyed, since whoever read the table could guess a body of few possible ones from its bare hash.
    const print = ctx.vault.index('request', bare.toString('hex'));
    const earlier = await trx
      .selectFrom('idempotency_keys')
      .select(['fingerprint', 'answer'])
      .where('client_id', '=', clientId)
      .where('operation', '=', operation)
      .where('key', '=', key)
      .executeTakeFirst();
    if (earlier) {
      // A key that an earlier release has stored holds the bare hash until it is dropped.
      if (!earlier.fingerprint.equals(print) && !earlier.fingerprint.equals(bare))
        throw new AppError('IDEMPOTENCY_CONFLICT', 'This Idempotency-Key was used with another body.');
      return { answer: JSON.parse(ctx.vault.open(address, earlier.answer)) as T, replayed: true };
    }
    const answer = await effect(trx);
    await trx
      .insertInto('idempotency_keys')
      .values({
        client_id: clientId,
        operation,
        key,
        fingerprint: print,
        answer: ctx.vault.seal(address, JSON.stringify(answer)),
        created_at: ctx.now.toString(),
      })
      .execute();
    return { answer, replayed: false };
  });
}
