import { createHash } from 'node:crypto';
import type { RawBuilder } from 'kysely';
import type { Ctx } from '../context.ts';

/** Asks one statement. `named`: planned once per connection, for statements whose text is one of few. */
export type Ask = <T>(statement: RawBuilder<T>, named?: boolean) => Promise<T[]>;

const names = new Map<string, string>();

/** What PostgreSQL knows a statement by; the same text has the same name in every process. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `picture_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    names.set(text, name);
  }
  return name;
}

/** Runs statements that all see one state of the database. To plan them would cost more than to run them. */
export async function inSnapshot<T>(ctx: Pick<Ctx, 'pool' | 'db'>, work: (ask: Ask) => Promise<T>): Promise<T> {
  const client = await ctx.pool.connect();
  let broken = true;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await work(async (statement, named = true) => {
      const { sql: text, parameters } = statement.compile(ctx.db);
      const { rows } = await client.query({ text, values: [...parameters], ...(named && { name: nameOf(text) }) });
      return rows;
    });
    await client.query('COMMIT');
    broken = false;
    return result;
  } catch (error) {
    broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}
