import { sql } from 'kysely';
import type { Db } from '../db/database.ts';

/** A process at work renews the locks of its jobs; another takes a job over when its lock is older than this. */
const LOST_SECONDS = 10;

/** Says that somebody is still at these jobs. */
export async function renewJobs(db: Db, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await sql`UPDATE graphile_worker._private_jobs SET locked_at = clock_timestamp()
             WHERE id = ANY(${jobIds}::bigint[]) AND locked_at IS NOT NULL`.execute(db);
}

/** Gives back to the queue what a process was at that is gone. */
export async function unlockLostJobs(db: Db): Promise<void> {
  await sql`UPDATE graphile_worker._private_jobs SET locked_at = NULL, locked_by = NULL
             WHERE locked_at < clock_timestamp() - make_interval(secs => ${LOST_SECONDS})`.execute(db);
}
