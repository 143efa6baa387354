import { type Selectable, sql } from 'kysely';
import { type Ctx, requireScope, type Services } from '../context.ts';
import type { Db, Trx } from '../db/database.ts';
import type { DuplicateSearchesTable } from '../db/tables.ts';
import { notFound } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId } from '../ids.ts';
import { addJob, type JobRun, type JobTask } from '../jobs/jobs.ts';
import { wireInstant } from '../validation.ts';
import { findCandidates } from './find.ts';
import type { DuplicateSearch, NewDuplicateSearch } from './schemas.ts';

/** Looks for candidates in the whole portfolio, or in what a file has changed. */

type SearchRow = Selectable<DuplicateSearchesTable>;

/** Customers looked at in one transaction. */
const BATCH_SIZE = 500;
const TASK = 'duplicate search';
const ATTEMPTS = 8;

export async function createDuplicateSearch(
  ctx: Ctx,
  input: NewDuplicateSearch,
  idempotencyKey?: string,
): Promise<Once<DuplicateSearch>> {
  requireScope(ctx, 'customers:write');
  return once(ctx, 'createDuplicateSearch', idempotencyKey, input, async (trx) =>
    searchOf(await queueDuplicateSearch(trx, { ...input, clientId: ctx.caller.clientId, now: ctx.now })),
  );
}

/** Queues a search in the transaction of what calls for it, such as the end of an import. */
export async function queueDuplicateSearch(
  trx: Trx,
  wanted: { readonly changedSince: string | null; readonly clientId: string; readonly now: Temporal.Instant },
): Promise<SearchRow> {
  const row = await trx
    .insertInto('duplicate_searches')
    .values({
      search_id: newId('dse', wanted.now.epochMilliseconds),
      client_id: wanted.clientId,
      status: 'queued',
      changed_since: wanted.changedSince,
      last_customer_id: null,
      customers_read: 0,
      candidates_found: 0,
      created_at: wanted.now.toString(),
      started_at: null,
      finished_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await queue(trx, row.search_id);
  return row;
}

export async function getDuplicateSearch(ctx: Ctx, searchId: string): Promise<DuplicateSearch> {
  requireScope(ctx, 'customers:read');
  const row = await find(ctx.db, searchId);
  if (!row) throw notFound('/searchId', 'search');
  return searchOf(row);
}

async function queue(trx: Db | Trx, searchId: string): Promise<void> {
  await addJob(trx, TASK, { searchId }, { jobKey: searchId, maxAttempts: ATTEMPTS });
}

/** Any replica takes a search over, from the batch after the last one that was counted. */
export const duplicateSearchTask: JobTask = {
  name: TASK,
  exclusive: true,
  run: async (services, payload, run) => {
    const { searchId } = payload as { searchId: string };
    try {
      await runSearch(services, searchId, run);
    } catch (error) {
      if (run.lastAttempt) await end(services, searchId, 'failed');
      throw error;
    }
  },
};

async function runSearch(services: Services, searchId: string, { signal }: JobRun): Promise<void> {
  const { db, clock } = services;
  const row = await db
    .updateTable('duplicate_searches')
    .set({ status: 'running', started_at: sql<string>`coalesce(started_at, ${clock().toString()})` })
    .where('search_id', '=', searchId)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst();
  if (!row) return;
  for (;;) {
    if (signal.aborted) return queue(db, searchId);
    if (!(await searchBatch(services, row))) break;
  }
  await end(services, searchId, 'completed');
}

/** One transaction: candidates and progress, so that whoever goes on does so exactly here. False when nobody is left. */
async function searchBatch({ db, vault, clock }: Services, { search_id, changed_since }: SearchRow): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { last_customer_id: last } = await trx
      .selectFrom('duplicate_searches')
      .select('last_customer_id')
      .where('search_id', '=', search_id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    const rows = await trx
      .selectFrom('customers')
      .select(['customer_id', 'updated_at'])
      .$if(last !== null, (query) => query.where('customer_id', '>', last!))
      .orderBy('customer_id')
      .limit(BATCH_SIZE)
      .execute();
    const changed = rows.filter(
      ({ updated_at }) => changed_since === null || Temporal.Instant.compare(updated_at, changed_since) >= 0,
    );
    const ids = changed.map((row) => row.customer_id);
    const found = ids.length === 0 ? 0 : await findCandidates(trx, vault, ids, clock());
    await trx
      .updateTable('duplicate_searches')
      .set({
        last_customer_id: rows.at(-1)?.customer_id ?? last,
        customers_read: sql`customers_read + ${ids.length}`,
        candidates_found: sql`candidates_found + ${found}`,
      })
      .where('search_id', '=', search_id)
      .execute();
    return rows.length === BATCH_SIZE;
  });
}

async function end({ db, clock }: Services, searchId: string, status: 'completed' | 'failed'): Promise<void> {
  await db
    .updateTable('duplicate_searches')
    .set({ status, finished_at: clock().toString() })
    .where('search_id', '=', searchId)
    .where('status', '=', 'running')
    .execute();
}

async function find(db: Db, searchId: string): Promise<SearchRow | undefined> {
  return db.selectFrom('duplicate_searches').selectAll().where('search_id', '=', searchId).executeTakeFirst();
}

function searchOf(row: SearchRow): DuplicateSearch {
  return {
    searchId: row.search_id,
    status: row.status as DuplicateSearch['status'],
    changedSince: wireInstant(row.changed_since),
    customersRead: Number(row.customers_read),
    candidatesFound: Number(row.candidates_found),
    createdAt: wireInstant(row.created_at),
    startedAt: wireInstant(row.started_at),
    finishedAt: wireInstant(row.finished_at),
  };
}
